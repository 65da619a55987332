//! What Cloudflare and others ask, in US dollars, beyond what a plan includes. `bench/README.md` says where each stands and when it was read.

/// A million requests to a Worker, whether it runs or Workers Caching answers in its place.
pub(super) const WORKER_REQUESTS: f64 = 0.30;
/// A million milliseconds that a Worker runs.
pub(super) const WORKER_MILLISECONDS: f64 = 0.02;
/// A million requests to Durable Objects.
pub(super) const OBJECT_REQUESTS: f64 = 0.15;
/// So many messages from sockets are one request.
pub(super) const MESSAGES_A_REQUEST: f64 = 20.0;
/// A million gigabyte-seconds of Durable Objects that are awake.
pub(super) const OBJECT_GIGABYTE_SECONDS: f64 = 12.50;
/// What an object is billed for, in gigabytes, whatever it takes.
pub(super) const OBJECT_GIGABYTES: f64 = 0.128;
/// A million rows that Durable Objects write.
pub(super) const OBJECT_ROWS: f64 = 1.00;
/// A million writes to R2.
pub(super) const R2_WRITES: f64 = 4.50;
/// A million reads from R2.
pub(super) const R2_READS: f64 = 0.36;

/// 1,000 hours watched elsewhere, at 720p, without what a stream costs before anyone watches.
pub(super) const ELSEWHERE: [(&str, f64); 3] = [
    // $1 a 1,000 minutes delivered.
    ("Cloudflare Stream", 60.0),
    // $0.0008 a minute delivered at 720p.
    ("Mux", 48.0),
    // $0.075 an hour of HD delivered in North America and Europe.
    ("Amazon IVS", 75.0),
];
