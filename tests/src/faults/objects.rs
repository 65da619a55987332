//! Which of the edge's objects are awake, as the files tell that workerd holds open.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use super::process::children;
use crate::{System, eventually};

/// An object sleeps after 10 s without work; what is still to be done by an alarm comes before that.
const SLEEP: Duration = Duration::from_mins(1);

/// The objects of one class.
#[derive(Debug, Clone, Copy)]
pub struct Objects {
    class: &'static str,
}

impl Objects {
    /// The Rooms.
    pub const ROOMS: Self = Self { class: "Room" };
    /// The Relays.
    pub const RELAYS: Self = Self { class: "Relay" };

    /// Those that are awake now, each by the name of its file.
    pub fn awake(self, system: &System) -> BTreeSet<String> {
        let folder = format!("/do/spillway-{}", self.class);
        let held = host(system).map(open_files).unwrap_or_default();
        held.iter()
            .filter_map(|path| {
                let path = Path::new(path);
                let stands_here = path.parent()?.to_str()?.ends_with(&folder);
                let name = path.file_name()?.to_str()?.strip_suffix(".sqlite")?;
                (stands_here && name != "metadata").then(|| name.to_owned())
            })
            .collect()
    }

    /// Waits until all of them sleep: what they kept in memory alone is gone.
    pub async fn until_asleep(self, system: &System) {
        eventually(&format!("every {} sleeps", self.class), SLEEP, async || {
            self.awake(system).is_empty().then_some(())
        })
        .await;
    }
}

/// The process that the objects live in: of wrangler's two workerds the one that keeps their folders open.
pub(super) fn host(system: &System) -> Option<u32> {
    let keeps = |pid: &u32| open_files(*pid).iter().any(|path| path.contains("/do/spillway-"));
    children(system.edge.process.id(), "workerd").into_iter().find(keeps)
}

fn open_files(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()?.to_str().map(str::to_owned)).collect()
}
