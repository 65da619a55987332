//! The rungs of a stream: the source is decoded once, and encoded for each of them. What goes in waits here as it came, in few bytes,
//! while decoder and encoders are busy: passthrough never waits for a rung. Whatever fails here ends rungs, and nothing else.

mod decoder;
mod encoder;
mod encoders;
mod line;
mod pace;
mod pictures;
mod running;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Instant};

use spillway_protocol::pipe::Ladder;

use crate::{
    format::Format,
    ladder,
    rungs::Transcoded,
    segmenter::{Picture, Run},
};
use line::LineError;
pub(crate) use line::Wake;
use pace::Pace;
use running::Running;

/// What the rungs have made.
#[derive(Debug)]
pub(crate) enum Made {
    /// These run from here on.
    Ladder(Ladder),
    /// A picture of a rung.
    Picture(Transcoded),
    /// Nothing more comes of the rung of so many lines.
    Ended(u16),
    /// What the streamer should know.
    Warning(&'static str),
}

/// One stream's rungs.
pub(crate) struct Transcoder {
    /// Lines of the rungs that may be made; those that were given up are gone.
    allowed: Vec<u16>,
    /// Pictures that were not decoded, and their bytes.
    waiting: VecDeque<Picture>,
    bytes: usize,
    running: Option<Running>,
    pace: Pace,
    /// The time of the source's newest picture.
    newest_us: u64,
    /// What was said of the rungs that run.
    said: Vec<u16>,
    wake: Wake,
    made: Vec<Made>,
}

impl Transcoder {
    /// None runs; these may.
    pub(crate) fn new(allowed: Vec<u16>, wake: Wake) -> Self {
        let (waiting, pace, made) = (VecDeque::new(), Pace::default(), Vec::new());
        Self { allowed, waiting, bytes: 0, running: None, pace, newest_us: 0, said: Vec::new(), wake, made }
    }

    /// A picture of the source.
    pub(crate) fn push(&mut self, picture: Picture) {
        if self.allowed.is_empty() {
            return;
        }
        self.newest_us = self.newest_us.max(picture.unit.time_us);
        self.bytes = self.bytes.saturating_add(picture.unit.data.len());
        self.waiting.push_back(picture);
    }

    /// Goes on as far as that is possible now, and says what came of it.
    pub(crate) fn poll(&mut self, now: Instant) -> Vec<Made> {
        while self.step() {}
        // What decoder and encoders hold is no more than some pictures, and none of their fault.
        let lag_us = self.waiting.front().map_or(0, |picture| self.newest_us.saturating_sub(picture.unit.time_us));
        if self.running.is_some() && self.pace.falls_behind(lag_us, self.bytes, now) {
            self.give_up_top();
        }
        std::mem::take(&mut self.made)
    }

    /// Nothing follows: what waits is encoded to its end.
    pub(crate) fn finish(&mut self) {
        if self.waiting.is_empty()
            && let Some(running) = &mut self.running
        {
            running.end();
        }
    }

    /// Nothing is on its way any more.
    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.running.is_none()
    }

    /// One step; `false` when there is nothing to do now.
    fn step(&mut self) -> bool {
        if let Some(running) = &mut self.running {
            if let Err(error) = running.go_on(&mut self.made) {
                self.fail(&error);
                return true;
            }
            if running.is_done() {
                self.running = None;
                return true;
            }
            let begins = self.waiting.front().is_some_and(|picture| picture.run.is_some());
            if begins {
                running.end();
            }
            if begins || !running.has_room() {
                return false;
            }
        }
        let Some(picture) = self.waiting.pop_front() else { return false };
        self.bytes = self.bytes.saturating_sub(picture.unit.data.len());
        if let Some(run) = &picture.run {
            self.begin(run);
        }
        if let Some(running) = &mut self.running
            && let Err(error) = running.push(picture)
        {
            self.fail(&error);
        }
        true
    }

    /// A run begins, when all of the one before is done with: its rungs are those of its own size.
    fn begin(&mut self, run: &Run) {
        let Format::Video(source) = &run.format else { return };
        let rungs = ladder::rungs(source, &self.allowed);
        self.say(rungs.iter().map(|rung| rung.lines).collect());
        if rungs.is_empty() {
            return;
        }
        match Running::open(source, rungs, &self.wake) {
            Ok(running) => self.running = Some(running),
            Err(error) => self.fail(&error),
        }
    }

    /// The rungs are too many: the top one goes, for good.
    fn give_up_top(&mut self) {
        let Some(lines) = self.running.as_mut().and_then(Running::give_up_top) else { return };
        self.allowed.retain(|allowed| *allowed < lines);
        self.made.push(Made::Warning("RUNG_DROPPED"));
        if let Some(rungs) = self.running.as_ref().map(Running::rungs) {
            self.running = self.running.take().filter(|_| !rungs.is_empty());
            self.say(rungs);
        }
        self.stop_if_none_may();
    }

    /// Says what runs, and what has ended.
    fn say(&mut self, rungs: Vec<u16>) {
        let said = std::mem::replace(&mut self.said, rungs.clone());
        let ended = said.into_iter().filter(|lines| !rungs.contains(lines));
        self.made.extend(ended.map(Made::Ended));
        self.made.push(Made::Ladder(Ladder { rungs }));
    }

    /// Decoding or encoding is not possible: the picture goes on without rungs.
    fn fail(&mut self, error: &LineError) {
        eprintln!("spillway-pipeline: rungs: {error}");
        self.made.push(Made::Warning("RUNGS_FAILED"));
        self.running = None;
        self.say(Vec::new());
        self.allowed.clear();
        self.stop_if_none_may();
    }

    fn stop_if_none_may(&mut self) {
        if self.allowed.is_empty() {
            self.waiting.clear();
            self.bytes = 0;
        }
    }
}
