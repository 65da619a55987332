//! Signals: the ones that ask us to end, and the one that tells that a process of ours has.

use std::{
    fs,
    path::PathBuf,
    sync::mpsc::{Receiver, channel},
    thread,
};

use anyhow::{Context as _, Result};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::process;

/// Tells when processes of ours end.
pub(super) struct Deaths(Receiver<()>);

impl Deaths {
    /// Waits until some process of ours has ended since the last time.
    pub(super) fn wait(&self) -> Result<()> {
        self.0.recv().context("the watch over signals has ended")
    }
}

/// From now on, being asked to end ends all that we started, takes the announcement away, and ends us.
pub(super) fn watch(announced: PathBuf) -> Result<Deaths> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGCHLD])?;
    let (tell, deaths) = channel();
    thread::spawn(move || {
        for signal in signals.forever() {
            if signal == SIGCHLD {
                // Nobody listens while things are still being started: whoever starts a process watches it then.
                tell.send(()).ok();
                continue;
            }
            fs::remove_file(&announced).ok();
            println!("\nEnding.");
            process::end_all();
            std::process::exit(0);
        }
    });
    Ok(Deaths(deaths))
}
