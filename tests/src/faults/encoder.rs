//! An encoder that comes back, as people set theirs up.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use xtask::{process::Process, run::Pattern};

/// How long after it ended it is started again.
const PAUSE: Duration = Duration::from_millis(500);

/// ffmpeg with the test pattern, started again whenever it ends, until this is dropped.
pub struct ReturningEncoder {
    over: Arc<AtomicBool>,
    started: Arc<AtomicU32>,
    running: Option<JoinHandle<()>>,
}

impl ReturningEncoder {
    /// Begins to push to an RTMP URL with its key; `log` is of the run that is under way.
    pub fn push(url: String, pattern: Pattern, log: PathBuf) -> Self {
        let (over, started) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (ended, count) = (over.clone(), started.clone());
        let running = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                count.fetch_add(1, Ordering::Relaxed);
                let mut ffmpeg = Process::start("encoder", pattern.push(&url), &log).unwrap();
                while ffmpeg.ended().is_none() && !ended.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(50));
                }
                drop(ffmpeg);
                thread::sleep(PAUSE);
            }
        });
        Self { over, started, running: Some(running) }
    }

    /// How often it was started so far.
    pub fn starts(&self) -> u32 {
        self.started.load(Ordering::Relaxed)
    }
}

impl Drop for ReturningEncoder {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(running) = self.running.take() {
            running.join().ok();
        }
    }
}
