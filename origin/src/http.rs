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

use crate::metrics::{CONTENT_TYPE, Metrics};

/// The answer to `GET /healthz`.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    streams: i64,
}

/// The routes.
pub(crate) fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(figures)).with_state(metrics)
}

async fn healthz(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    Json(Health { status: "ok", streams: metrics.streams.get() })
}

async fn figures(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    metrics.text().map(|text| ([(header::CONTENT_TYPE, CONTENT_TYPE)], text)).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}
