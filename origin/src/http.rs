//! What an operator asks over HTTP: is it well, and what does it count.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::Serialize;

use crate::{
    condition::{Condition, Failing},
    metrics::{CONTENT_TYPE, Metrics},
};

/// What is shown.
#[derive(Clone)]
struct Figures {
    metrics: Arc<Metrics>,
    condition: Arc<Condition>,
}

/// How the origin is as a whole.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Ok,
    /// It serves, but not as it should; what fails is said beside it.
    Degraded,
}

/// The answer to `GET /healthz`: always 200, as an origin whose surroundings fail is not mended by a restart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: Status,
    streams: i64,
    /// Bytes that wait for R2.
    outbox_bytes: i64,
    #[serde(flatten)]
    failing: Failing,
}

/// The routes.
pub(crate) fn router(metrics: Arc<Metrics>, condition: Arc<Condition>) -> Router {
    let figures = Figures { metrics, condition };
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(text)).with_state(figures)
}

async fn healthz(State(Figures { metrics, condition }): State<Figures>) -> impl IntoResponse {
    let failing = condition.failing();
    let status = if failing.is_any() { Status::Degraded } else { Status::Ok };
    Json(Health { status, streams: metrics.streams.get(), outbox_bytes: metrics.outbox_bytes.get(), failing })
}

async fn text(State(Figures { metrics, .. }): State<Figures>) -> impl IntoResponse {
    metrics.text().map(|text| ([(header::CONTENT_TYPE, CONTENT_TYPE)], text)).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}
