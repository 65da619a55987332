//! A viewer in a process of its own, which can be stopped as a laptop is that is closed.

use std::time::Duration;

use xtask::{Workspace, process::Process};

use super::{Frozen, freeze};
use crate::{Broadcast, System, eventually, unique_name};

/// How long the process has to be let into the room.
const LIMIT: Duration = Duration::from_secs(15);

/// A process with a socket to a stream's room.
pub struct ViewerProcess {
    process: Process,
}

impl ViewerProcess {
    /// Starts one, and waits until it is in the room.
    pub async fn join(system: &System, stream: &Broadcast) -> Self {
        let workspace = Workspace::this();
        let url = stream.join(None).await.chat_url.expect("there is a chat URL");
        let mut node = workspace.command(workspace.path("node_modules/.bin/node"));
        node.arg(workspace.path("tests/viewers/room.cjs")).args([url, stream.id.to_string()]);
        let log = system.scratch.path().join(format!("log/viewer-{}.log", unique_name()));
        let viewer = Self { process: Process::start("viewer", node, &log).unwrap() };
        eventually("the viewer is let in", LIMIT, async || viewer.said("WELCOME").then_some(())).await;
        viewer
    }

    fn said(&self, what: &str) -> bool {
        std::fs::read_to_string(self.process.log()).unwrap_or_default().contains(what)
    }

    /// Stops it where it is.
    pub fn freeze(&self) -> Frozen {
        freeze(self.process.id())
    }

    /// Whether it was told that its socket is closed, and with which code.
    pub fn was_closed_with(&self, code: u16) -> bool {
        self.said(&format!("CLOSED {code}"))
    }
}
