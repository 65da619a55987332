//! Keeps the test pattern on air.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{process::Process, run::Pattern};

/// How long after ffmpeg ended it is started again.
const PAUSE: Duration = Duration::from_secs(2);

/// ffmpeg, started again whenever it ends.
pub(super) struct PatternLoop {
    over: Arc<AtomicBool>,
}

impl PatternLoop {
    /// Begins to push the pattern.
    pub(super) fn start(url: String, log: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                if let Ok(mut ffmpeg) = Process::start("pattern", Pattern::default().push(&url), &log) {
                    ffmpeg.wait().ok();
                }
                thread::sleep(PAUSE);
            }
        });
        Self { over }
    }
}

impl Drop for PatternLoop {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
