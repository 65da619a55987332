//! A whole system of a scenario's own, whose processes may be killed and whose R2 and origin link may fail.

use std::{path::PathBuf, time::Duration};

use xtask::run::{Bucket, Origin, Pattern, ReturningEncoder, Upstream};

use super::{Proxy, Seed, children, kill, objects};
use crate::{Broadcast, System, free_port, unique_name};

/// How long after the encoder was let go it comes back.
const ENCODER_PAUSE: Duration = Duration::from_millis(500);

/// Edge, origin, and the proxies between them.
pub struct Setup {
    /// The edge.
    pub system: System,
    /// Before R2, as the origin reaches it.
    pub r2: Proxy,
    /// Before the edge, as the origin reaches it: the right to publish, and the origin link.
    pub link: Proxy,
    origin: Option<Origin>,
    rtmp_port: u16,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// wrangler with all that it started; whoever ran it starts it again.
    Edge,
    /// workerd with the Worker and its objects; wrangler starts it again.
    Worker,
    /// The origin; whoever ran it starts it again.
    Origin,
    /// A stream's media process; the origin sees to what follows.
    Pipeline,
}

impl Victim {
    /// All that may be killed.
    pub const ALL: [Self; 4] = [Self::Edge, Self::Worker, Self::Origin, Self::Pipeline];
}

impl Setup {
    /// Starts all of it.
    pub async fn start(name: &str, seed: Seed) -> Self {
        let system = System::own(name);
        let Upstream { edge, bucket } = system.edge.upstream();
        let r2 = Proxy::before(&bucket.endpoint, seed.chance("r2")).await;
        let link = Proxy::before(&edge, seed.chance("link")).await;
        let mut setup = Self { system, r2, link, origin: None, rtmp_port: free_port() };
        setup.start_origin();
        setup
    }

    fn start_origin(&mut self) {
        let Upstream { edge, bucket } = self.system.edge.upstream();
        let endpoint = self.r2.url(&bucket.endpoint);
        let upstream = Upstream { edge: self.link.url(&edge), bucket: Bucket { endpoint, ..bucket } };
        self.origin = Some(self.system.start_origin_on(&upstream, self.system.scratch.path(), self.rtmp_port));
    }

    /// The port that the origin takes RTMP on.
    pub fn rtmp_port(&self) -> u16 {
        self.rtmp_port
    }

    /// The origin.
    pub fn origin(&self) -> &Origin {
        self.origin.as_ref().expect("the origin runs")
    }

    /// An encoder that pushes into a stream, and comes back whenever it is let go.
    pub fn encoder(&self, stream: &Broadcast, pattern: Pattern) -> ReturningEncoder {
        let url = format!("rtmp://127.0.0.1:{}/live/{}", self.rtmp_port, stream.key);
        ReturningEncoder::push(url, pattern, ENCODER_PAUSE, self.log("encoder"))
    }

    /// Kills one, and starts it again where nobody else does. Whether it was there.
    pub fn crash(&mut self, victim: Victim) -> bool {
        match victim {
            Victim::Edge => {
                self.system.restart_edge();
                true
            }
            Victim::Worker => objects::host(&self.system).is_some_and(kill),
            Victim::Origin => {
                let mut origin = self.origin.take().expect("the origin runs");
                origin.process.kill();
                std::fs::rename(origin.process.log(), self.log("origin")).unwrap();
                self.start_origin();
                true
            }
            Victim::Pipeline => children(self.origin().process.id(), "spillway-pipeline").into_iter().any(kill),
        }
    }

    /// All processes whose memory is watched, by name.
    pub fn processes(&self) -> Vec<(&'static str, u32)> {
        let (edge, origin) = (self.system.edge.process.id(), self.origin().process.id());
        let mut all = vec![("wrangler", edge), ("origin", origin)];
        all.extend(children(edge, "workerd").into_iter().map(|pid| ("workerd", pid)));
        all.extend(children(origin, "spillway-pipeline").into_iter().map(|pid| ("pipeline", pid)));
        all
    }

    fn log(&self, name: &str) -> PathBuf {
        self.system.scratch.path().join(format!("log/{name}-{}.log", unique_name()))
    }
}
