//! What is billed when a thousand watch a stream in one place for an hour.

use serde_json::{Value, json};

use super::prices;

/// Viewers, and hours of a stream that they watch.
const VIEWERS: f64 = 1_000.0;
const HOUR: f64 = 3_600.0;
/// Rows that the Room writes for a report: the timeline's, and the report's number. A segment's row is a new one, with its index.
const ROWS_A_REPORT: f64 = 2.0;
/// How often the page says that it is there.
const PING_SECONDS: f64 = 8.0;
/// The Room and one Relay.
const OBJECTS: f64 = 2.0;

/// What was counted, a second where nothing else is said.
pub(super) struct Counted {
    /// One viewer's requests for media.
    pub(super) media: f64,
    /// One viewer's requests for playlists.
    pub(super) playlists: f64,
    /// One viewer's requests before the picture plays, once.
    pub(super) start: f64,
    /// Objects that the origin puts into R2.
    pub(super) puts: f64,
    /// Reports that the origin sends to the Room.
    pub(super) reports: f64,
    /// Milliseconds that the Worker runs for a request, at most.
    pub(super) cpu_ms: f64,
    /// Whether the viewer has a socket.
    pub(super) socket: bool,
}

struct Line {
    what: &'static str,
    count: f64,
    price: f64,
}

impl Line {
    fn dollars(&self) -> f64 {
        self.count * self.price / 1e6
    }
}

impl Counted {
    fn lines(&self) -> Vec<Line> {
        let line = |what, count, price| Line { what, count, price };
        let shared = HOUR * (self.media + self.playlists);
        let sockets =
            if self.socket { VIEWERS * (1.0 + HOUR / PING_SECONDS / prices::MESSAGES_A_REQUEST) } else { 0.0 };
        let reports = HOUR * self.reports;
        // Each report at most one call of the Relay; a playlist that is asked for, one in all.
        let calls = reports / prices::MESSAGES_A_REQUEST + reports + HOUR * self.playlists;
        let awake = OBJECTS * HOUR * prices::OBJECT_GIGABYTES;
        vec![
            line("Worker requests: media, every viewer's", VIEWERS * HOUR * self.media, prices::WORKER_REQUESTS),
            line(
                "Worker requests: playlists, every viewer's",
                VIEWERS * HOUR * self.playlists,
                prices::WORKER_REQUESTS,
            ),
            line("Worker requests: page, join, socket", VIEWERS * self.start, prices::WORKER_REQUESTS),
            line(
                "Worker milliseconds: what no cache has",
                (shared + VIEWERS * self.start) * self.cpu_ms,
                prices::WORKER_MILLISECONDS,
            ),
            line("Object requests: sockets and pings", sockets, prices::OBJECT_REQUESTS),
            line("Object requests: reports, news, playlists", calls, prices::OBJECT_REQUESTS),
            line("Object gigabyte-seconds", awake, prices::OBJECT_GIGABYTE_SECONDS),
            line("Object rows written", reports * ROWS_A_REPORT, prices::OBJECT_ROWS),
            line("R2 writes", HOUR * self.puts, prices::R2_WRITES),
            line("R2 reads: each object once", HOUR * self.media, prices::R2_READS),
        ]
    }

    fn dollars(&self) -> f64 {
        self.lines().iter().map(Line::dollars).sum()
    }

    /// The bill, what it would be with the cache that an isolate asks itself, and what would bring it down.
    pub(super) fn bill(&self) -> Value {
        let lines: Vec<Value> = self
            .lines()
            .iter()
            .map(|line| {
                json!({ "what": line.what, "count": line.count.round(), "millionDollars": line.price, "dollars": line.dollars() })
            })
            .collect();
        let everyone = VIEWERS * HOUR * (self.media + self.playlists);
        let each_run = everyone * self.cpu_ms * prices::WORKER_MILLISECONDS / 1e6;
        let levers: Value = self.levers().map(|(what, media)| (what.to_owned(), json!(self.with(media)))).collect();
        json!({
            "lines": lines,
            "dollars": self.dollars(),
            "dollarsWhenTheWorkerRunsEachTime": self.dollars() + each_run,
            "levers": levers,
        })
    }

    /// With so many requests for media a second and viewer.
    fn with(&self, media: f64) -> f64 {
        self.dollars() - VIEWERS * HOUR * (self.media - media) * prices::WORKER_REQUESTS / 1e6
    }

    /// Requests for media a second and viewer, were it otherwise. The sound makes as many as the picture.
    fn levers(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let tracks = 2.0;
        [
            ("sound in the picture's parts", self.media / tracks),
            ("parts of 0.5 s", tracks / 0.5),
            ("parts of 1 s", tracks),
            ("parts of 0.5 s, sound in the picture's", 1.0 / 0.5),
            ("segments of 2 s, whole or streamed as they grow", tracks / 2.0),
            ("segments of 2 s, sound in the picture's", 1.0 / 2.0),
            ("media from R2 under a domain of its own", 0.0),
        ]
        .into_iter()
    }
}
