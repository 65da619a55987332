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

use super::Pattern;
use crate::process::Process;

/// How often one looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// ffmpeg with the test pattern, started again whenever it ends, until this is dropped.
#[derive(Debug)]
pub struct ReturningEncoder {
    over: Arc<AtomicBool>,
    started: Arc<AtomicU32>,
    running: Option<JoinHandle<()>>,
}

impl ReturningEncoder {
    /// Begins to push to an RTMP URL with its key; after its end it waits for `pause`. `log` is of the run that is under way.
    pub fn push(url: String, pattern: Pattern, pause: Duration, log: PathBuf) -> Self {
        let (over, started) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (ended, count) = (over.clone(), started.clone());
        let running = thread::spawn(move || {
            let is_over = || ended.load(Ordering::Relaxed);
            while !is_over() {
                if let Ok(mut ffmpeg) = Process::start("encoder", pattern.push(&url), &log) {
                    count.fetch_add(1, Ordering::Relaxed);
                    while ffmpeg.ended().is_none() && !is_over() {
                        thread::sleep(LOOK);
                    }
                }
                if !is_over() {
                    thread::sleep(pause);
                }
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
