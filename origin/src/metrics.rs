//! What the origin counts, as Prometheus text.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::ingest::limit::Limit;

/// The media type of the text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How an attempt to publish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Outcome {
    /// The key was good.
    Accepted,
    /// It was not, or not now.
    Refused,
    /// The edge could not be asked.
    Unavailable,
}

/// The label of publishes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PublishLabels {
    /// How it ended.
    pub(crate) outcome: Outcome,
}

/// The label of refusals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    limit: Limit,
}

/// All figures, and the registry that names them.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// RTMP connections open.
    pub(crate) connections: Gauge,
    /// Streams that are being published.
    pub(crate) streams: Gauge,
    /// Bytes from encoders.
    pub(crate) received: Counter,
    /// Attempts to publish.
    pub(crate) publishes: Family<PublishLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    /// Pipelines that failed.
    pub(crate) pipeline_failures: Counter,
    /// Pipelines that were started in place of one that failed.
    pub(crate) pipeline_restarts: Counter,
    /// Rungs that run.
    pub(crate) rungs: Gauge,
    /// Rungs that were given up: there was no CPU for them, or they fell behind, or they failed.
    pub(crate) rungs_given_up: Counter,
    /// Segments that were told as missing.
    pub(crate) gaps: Counter,
    /// Time from the first try to R2's acknowledgement.
    pub(crate) put_seconds: Histogram,
    /// Bytes that R2 has acknowledged.
    pub(crate) put_bytes: Counter,
    /// PUTs that failed and were tried again.
    pub(crate) put_failures: Counter,
    /// Bytes that wait for R2.
    pub(crate) outbox_bytes: Gauge,
    /// Epochs whose reports the Room has not all acknowledged.
    pub(crate) outbox_epochs: Gauge,
    /// Reports that Rooms have acknowledged.
    pub(crate) reports: Counter,
    /// Origin links that were lost.
    pub(crate) link_losses: Counter,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("spillway_origin"),
            connections: Gauge::default(),
            streams: Gauge::default(),
            received: Counter::default(),
            publishes: Family::default(),
            refusals: Family::default(),
            pipeline_failures: Counter::default(),
            pipeline_restarts: Counter::default(),
            rungs: Gauge::default(),
            rungs_given_up: Counter::default(),
            gaps: Counter::default(),
            put_seconds: Histogram::new(exponential_buckets(0.005, 2.0, 12)),
            put_bytes: Counter::default(),
            put_failures: Counter::default(),
            outbox_bytes: Gauge::default(),
            outbox_epochs: Gauge::default(),
            reports: Counter::default(),
            link_losses: Counter::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("connections", "RTMP connections open", metrics.connections.clone());
        registry.register("streams", "Streams being published", metrics.streams.clone());
        registry.register_with_unit("received", "Bytes from encoders", Unit::Bytes, metrics.received.clone());
        registry.register("publishes", "Attempts to publish", metrics.publishes.clone());
        registry.register("refusals", "Connections that went beyond a limit", metrics.refusals.clone());
        registry.register("pipeline_failures", "Pipelines that failed", metrics.pipeline_failures.clone());
        let restarts = metrics.pipeline_restarts.clone();
        registry.register("pipeline_restarts", "Pipelines started in place of one that failed", restarts);
        registry.register("rungs", "Rungs that run", metrics.rungs.clone());
        registry.register("rungs_given_up", "Rungs that were given up", metrics.rungs_given_up.clone());
        registry.register("gaps", "Segments told as missing", metrics.gaps.clone());
        let put = metrics.put_seconds.clone();
        registry.register_with_unit("put", "Time until R2 acknowledged an object", Unit::Seconds, put);
        registry.register_with_unit("put", "Bytes that R2 has acknowledged", Unit::Bytes, metrics.put_bytes.clone());
        registry.register("put_failures", "PUTs that failed and were tried again", metrics.put_failures.clone());
        registry.register_with_unit("outbox", "Bytes that wait for R2", Unit::Bytes, metrics.outbox_bytes.clone());
        registry.register("outbox_epochs", "Epochs not yet told in full", metrics.outbox_epochs.clone());
        registry.register("reports", "Reports that Rooms have acknowledged", metrics.reports.clone());
        registry.register("link_losses", "Origin links that were lost", metrics.link_losses.clone());
        metrics
    }

    /// A connection went beyond a limit, and was let go or not let in.
    pub(crate) fn refused(&self, limit: Limit) {
        self.refusals.get_or_create(&RefusalLabels { limit }).inc();
    }

    /// The text; `None` only if a figure cannot be written.
    pub(crate) fn text(&self) -> Option<String> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).ok().map(|()| text)
    }
}
