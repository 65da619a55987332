//! One stream's tags, on their way to the segmenter: parsed, bounded, and put on one line of time.

use spillway_protocol::pipe::{Config, Tag};

use crate::{
    aac::AudioFormat,
    avc::{AccessUnit, ParameterSets},
    clock::{AudioClock, VideoClock, WentBack},
    flv::{AudioTag, Refused, Unsupported, VideoTag},
    format::{Format, VideoFormat},
    opening::{Opening, Picture},
    rungs::{Rungs, Transcoded},
    sbr,
    segmenter::{Run, Segmenter, Step, Unit},
};

/// The largest picture that is taken; at 50 Mbit/s a keyframe is well below.
const MAX_PICTURE: usize = 4 * 1024 * 1024;
/// The largest frame of sound.
const MAX_SOUND: usize = 64 * 1024;
/// No tag is further from the epoch's zero: about 35 years.
const MAX_TIME_MS: i64 = 1 << 40;
/// Between decoding and showing a picture lies no more than this.
const MAX_OFFSET_MS: i32 = 5_000;
/// A picture that is shown before the epoch's zero by no more than this is the first: tracks are interleaved, and the first tag of
/// all is not always the earliest. The clock squeezes what comes before zero into what follows.
const EARLY_US: i64 = 900_000;
/// A track's formats are not nearer to each other than this: each costs an init section, and a segment.
const FORMATS_APART_US: i64 = 500_000;

/// The stream cannot go on; a new process may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// Times fall.
    #[error(transparent)]
    WentBack(#[from] WentBack),
    /// A time out of all reason.
    #[error("a tag's time is out of range")]
    Time,
}

/// Why a single tag was left out: what the streamer is warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Skipped {
    Video,
    Audio,
    TooLarge,
}

impl Skipped {
    fn code(self) -> &'static str {
        match self {
            Self::Video => "VIDEO_UNSUPPORTED",
            Self::Audio => "AUDIO_UNSUPPORTED",
            Self::TooLarge => "FRAME_TOO_LARGE",
        }
    }
}

/// A stream's state.
#[derive(Debug)]
pub(crate) struct Stream {
    segmenter: Segmenter,
    video: Track<VideoFormat, VideoClock>,
    /// What the video's format was read from.
    sets: ParameterSets,
    /// The first pictures of a run.
    opening: Opening,
    audio: Track<AudioFormat, AudioClock>,
    /// The first frames of a format that may have more to it than it says.
    unheard: Vec<(Tag, Vec<u8>)>,
    /// When the first keyframe of the video's run is shown.
    first_pts_us: u64,
    warned: Vec<Skipped>,
    rungs: Rungs,
}

#[derive(Debug)]
struct Track<F, Clock> {
    format: Option<F>,
    /// The format has not gone to the segmenter.
    fresh: bool,
    /// How many runs have begun, and when the newest did.
    runs: u64,
    begun_us: Option<i64>,
    clock: Clock,
}

impl Stream {
    /// Nothing has come yet.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            segmenter: Segmenter::new(config),
            video: Track::new(VideoClock::default()),
            sets: ParameterSets::default(),
            opening: Opening::default(),
            audio: Track::new(AudioClock::default()),
            unheard: Vec::new(),
            first_pts_us: 0,
            warned: Vec::new(),
            rungs: Rungs::default(),
        }
    }

    /// What is to be done by now.
    pub(crate) fn steps(&mut self) -> impl Iterator<Item = Step> + use<> {
        self.segmenter.steps()
    }

    /// Nothing follows but what rungs make of what has come.
    pub(crate) fn finish(&mut self) -> Result<(), Broken> {
        self.open()?;
        self.hear()?;
        self.segmenter.finish();
        Ok(())
    }

    /// A video tag.
    pub(crate) fn video(&mut self, tag: Tag, body: &[u8]) -> Result<(), Broken> {
        match VideoTag::parse(body) {
            Err(Refused::Codec) => self.skip(Skipped::Video),
            Err(Refused::Short) | Ok(VideoTag::Nothing) => {}
            Ok(VideoTag::Config(record)) => match ParameterSets::parse(record) {
                Ok(sets) => return self.set_up(sets),
                Err(Unsupported) => return self.refuse_video(),
            },
            Ok(VideoTag::Picture { data, .. }) if data.len() > MAX_PICTURE => self.skip(Skipped::TooLarge),
            Ok(VideoTag::Picture { keyframe, offset_ms, data }) => {
                return self.picture(tag, keyframe, offset_ms, data);
            }
        }
        Ok(())
    }

    /// Takes the parameter sets that hold from here on.
    fn set_up(&mut self, sets: ParameterSets) -> Result<(), Broken> {
        if !sets.are_whole() {
            // The rest comes with the pictures.
            if self.video.format.is_none() {
                self.sets = sets;
            }
        } else if self.video.format.is_none() || sets != self.sets {
            self.open()?;
            self.sets = sets;
            match VideoFormat::of(&self.sets) {
                Ok(format) => self.video.take(Some(format)),
                Err(Unsupported) => self.refuse_video()?,
            }
        }
        Ok(())
    }

    fn refuse_video(&mut self) -> Result<(), Broken> {
        self.open()?;
        self.video.take(None);
        self.skip(Skipped::Video);
        Ok(())
    }

    fn picture(&mut self, tag: Tag, keyframe: bool, offset_ms: i32, data: &[u8]) -> Result<(), Broken> {
        let unit = AccessUnit::parse(data, &self.sets);
        let keyframe = keyframe || unit.is_idr();
        // Other sets hold from a keyframe on; elsewhere they stay where they are, among the pictures.
        if (keyframe || !unit.has_picture())
            && let Some(sets) = self.sets.with(&unit)
        {
            self.set_up(sets)?;
        }
        if !unit.has_picture() {
            if !unit.is_whole() {
                self.skip(Skipped::Video);
            }
            return Ok(());
        }
        let track = &self.video;
        let opens = track.fresh && self.opening.is_empty();
        // Nothing can be decoded before a keyframe of this very format.
        if track.format.is_none() || (opens && !keyframe) {
            return Ok(());
        }
        let decoded_us = time_us(tag)?;
        if !track.may_go_on(decoded_us) {
            return Ok(());
        }
        let ahead_us = i64::from(offset_ms.clamp(-MAX_OFFSET_MS, MAX_OFFSET_MS)) * 1_000;
        let pts_us = decoded_us.saturating_add(ahead_us);
        if pts_us < -EARLY_US {
            return Ok(());
        }
        let picture = Picture { decoded_us, pts_us, keyframe, data: unit.bytes(&self.sets) };
        if self.video.fresh {
            self.opening.push(picture).into_iter().try_for_each(|picture| self.show(picture))
        } else {
            self.show(picture)
        }
    }

    /// Shows what was held, as far as its times are known.
    fn open(&mut self) -> Result<(), Broken> {
        self.opening.end().into_iter().try_for_each(|picture| self.show(picture))
    }

    fn show(&mut self, picture: Picture) -> Result<(), Broken> {
        let Picture { decoded_us, pts_us, keyframe, mut data } = picture;
        let track = &mut self.video;
        // The run's keyframe was shown before there was anything to see: the next one begins it.
        if track.fresh && !keyframe {
            return Ok(());
        }
        if track.fresh {
            track.clock.restart();
        }
        let (time_us, pts_us) = track.clock.time(decoded_us, pts_us)?;
        if let (Ok(time_us), Ok(pts_us)) = (u64::try_from(time_us), u64::try_from(pts_us)) {
            if track.fresh {
                self.first_pts_us = pts_us;
            }
            // What is shown before the first keyframe refers to pictures that never came.
            if pts_us >= self.first_pts_us {
                let run = track.run(Format::Video, decoded_us, track.clock.ahead_us());
                // ffmpeg passes over a second init section: what later runs are decoded with stands in their keyframes too.
                if keyframe && track.runs > 1 {
                    data = [self.sets.bytes(), data].concat();
                }
                self.segmenter.video(run, Unit { time_us, pts_us, keyframe, data });
            }
        }
        Ok(())
    }

    /// An audio tag.
    pub(crate) fn audio(&mut self, tag: Tag, body: &[u8]) -> Result<(), Broken> {
        match AudioTag::parse(body) {
            Err(Refused::Codec) => self.skip(Skipped::Audio),
            Err(Refused::Short) | Ok(AudioTag::Nothing) => {}
            Ok(AudioTag::Config(record)) => {
                if self.audio.format.as_ref().is_none_or(|known| known.record != record) {
                    let format = AudioFormat::parse(record).ok();
                    self.hear()?;
                    if let (Some(old), Some(_)) = (&self.audio.format, &format) {
                        self.audio.clock.restart(old);
                    }
                    if format.is_none() {
                        self.skip(Skipped::Audio);
                    }
                    self.audio.take(format);
                }
            }
            Ok(AudioTag::Frame(data)) if data.len() > MAX_SOUND => self.skip(Skipped::TooLarge),
            Ok(AudioTag::Frame(data)) => {
                // A picture that stands still is seen while sound goes on.
                if self.opening.is_overdue(time_us(tag)?) {
                    self.open()?;
                }
                return self.sound(tag, data);
            }
        }
        Ok(())
    }

    fn sound(&mut self, tag: Tag, data: &[u8]) -> Result<(), Broken> {
        if data.is_empty() || !self.audio.fresh || !self.audio.format.as_ref().is_some_and(AudioFormat::may_have_sbr) {
            return self.frame(tag, data);
        }
        self.unheard.push((tag, data.to_vec()));
        if self.unheard.len() < sbr::FRAMES { Ok(()) } else { self.hear() }
    }

    /// Hears what was put off, now that it is known what it is.
    fn hear(&mut self) -> Result<(), Broken> {
        let unheard = std::mem::take(&mut self.unheard);
        if let Some(format) = &mut self.audio.format
            && unheard.len() == sbr::FRAMES
            && unheard.iter().all(|(_, frame)| sbr::is_in(frame))
        {
            format.has_sbr();
        }
        unheard.iter().try_for_each(|(tag, frame)| self.frame(*tag, frame))
    }

    fn frame(&mut self, tag: Tag, data: &[u8]) -> Result<(), Broken> {
        let track = &mut self.audio;
        let Some(format) = track.format.as_ref().filter(|_| !data.is_empty()) else { return Ok(()) };
        let tag_us = time_us(tag)?;
        if !track.may_go_on(tag_us) {
            return Ok(());
        }
        if let Some(Ok(time_us)) = track.clock.time(tag_us, format)?.map(u64::try_from) {
            let unit = Unit { time_us, pts_us: time_us, keyframe: true, data: data.to_vec() };
            self.segmenter.audio(track.run(Format::Audio, tag_us, 0), unit);
        }
        Ok(())
    }

    /// A rung's picture.
    pub(crate) fn rung(&mut self, picture: Transcoded) {
        let (lines, run, unit) = self.rungs.unit(picture);
        self.segmenter.rung(lines, run, unit);
    }

    /// Nothing more comes of a rung.
    pub(crate) fn end_rung(&mut self, lines: u16) {
        self.segmenter.end_rung(lines);
    }

    /// Nothing more comes of any rung.
    pub(crate) fn finish_rungs(&mut self) {
        self.segmenter.finish_rungs();
    }

    /// What concerns the rungs, and the streamer should know.
    pub(crate) fn warn(&mut self, code: &'static str) {
        self.segmenter.warn(code);
    }

    fn skip(&mut self, why: Skipped) {
        if !self.warned.contains(&why) {
            self.warned.push(why);
            self.segmenter.warn(why.code());
        }
    }
}

impl<F: Clone, Clock> Track<F, Clock> {
    fn new(clock: Clock) -> Self {
        Self { format: None, fresh: false, runs: 0, begun_us: None, clock }
    }

    /// Takes another format; while there is none that can be handled, the track's media are left out.
    fn take(&mut self, format: Option<F>) {
        self.fresh = format.is_some();
        self.format = format;
    }

    /// Whether media may be taken at this time: another format has to wait a little.
    fn may_go_on(&self, at_us: i64) -> bool {
        !self.fresh || self.begun_us.is_none_or(|begun| at_us.abs_diff(begun) >= FORMATS_APART_US.unsigned_abs())
    }

    /// The run that begins with the next unit, if one does.
    fn run(&mut self, kind: impl FnOnce(F) -> Format, at_us: i64, ahead_us: u64) -> Option<Run> {
        let format = self.format.clone().filter(|_| std::mem::take(&mut self.fresh))?;
        self.runs = self.runs.saturating_add(1);
        self.begun_us = Some(at_us);
        Some(Run { format: kind(format), ahead_us })
    }
}

/// A tag's time in microseconds.
fn time_us(tag: Tag) -> Result<i64, Broken> {
    if tag.dts_ms.unsigned_abs() > MAX_TIME_MS.unsigned_abs() {
        return Err(Broken::Time);
    }
    Ok(tag.dts_ms * 1_000)
}
