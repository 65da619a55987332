//! What `up` says once everything answers: to a person, and as `target/up.json` to programs.

use std::{fmt, path::Path};

use anyhow::Result;
use serde::Serialize;

use super::{
    accounts::{Account, Accounts},
    demo::Demo,
};
use crate::run::{Edge, Origin, private_file};

/// Where everything is.
#[derive(Serialize)]
pub(super) struct Announcement {
    edge: String,
    rtmp: String,
    origin: String,
    pids: Pids,
    demo: Option<DemoAnnouncement>,
    admin: Account,
}

#[derive(Serialize)]
struct Pids {
    edge: u32,
    origin: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoAnnouncement {
    #[serde(flatten)]
    account: Account,
    stream_id: String,
    stream_key: String,
    watch_url: String,
    studio_url: String,
    overlay_url: String,
}

impl Announcement {
    pub(super) fn of(edge: &Edge, origin: &Origin, rtmp: &str, demo: Option<Demo>, accounts: &Accounts) -> Self {
        let url = edge.url();
        let demo = demo.map(|demo| DemoAnnouncement {
            account: accounts.demo.clone(),
            stream_id: demo.stream_id.to_string(),
            watch_url: format!("{url}/watch/{}", demo.stream_id),
            studio_url: format!("{url}/studio/{}", demo.stream_id),
            overlay_url: format!("{url}/overlay/{}", demo.stream_id),
            stream_key: demo.key,
        });
        Self {
            pids: Pids { edge: edge.process.id(), origin: origin.process.id() },
            edge: url,
            rtmp: rtmp.to_owned(),
            origin: origin.url(),
            demo,
            admin: accounts.admin.clone(),
        }
    }

    /// Writes it down at once; it holds passwords, so its owner alone can read it.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        private_file(path, &serde_json::to_string_pretty(self)?)
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| writeln!(f, "  {name:<12}{value}");
        if let Some(demo) = &self.demo {
            line("watch", &demo.watch_url)?;
            line("studio", &demo.studio_url)?;
            line("overlay", &demo.overlay_url)?;
            line("sign in", &format!("{}  {}", demo.account.email, demo.account.password))?;
        } else {
            line("pages", &self.edge)?;
        }
        line("admin", &format!("{}  {}", self.admin.email, self.admin.password))?;
        line("OBS server", &self.rtmp)?;
        match &self.demo {
            Some(demo) => line("stream key", &demo.stream_key),
            None => line("stream key", "press start in the studio"),
        }
    }
}
