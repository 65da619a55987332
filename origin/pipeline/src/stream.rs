//! One stream's tags, on their way to the segmenter: parsed, bounded, and put on one line of time.

use spillway_protocol::pipe::{Config, Tag};

use crate::{
    clock::{AudioClock, VideoClock, WentBack},
    flv::{AudioTag, Refused, VideoTag},
    format::{AudioFormat, Format, Unsupported, VideoFormat},
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
    /// Times below the epoch's zero cannot be written: the first one lifts all others with it.
    lift_us: Option<i64>,
    video: Track<VideoFormat, VideoClock>,
    audio: Track<AudioFormat, AudioClock>,
    /// When the first keyframe of the video's run is shown.
    first_pts_us: u64,
    warned: Vec<Skipped>,
}

#[derive(Debug)]
struct Track<F, Clock> {
    format: Option<F>,
    /// The format has not gone to the segmenter.
    fresh: bool,
    clock: Clock,
}

impl Stream {
    /// Nothing has come yet.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            segmenter: Segmenter::new(config),
            lift_us: None,
            video: Track { format: None, fresh: false, clock: VideoClock::default() },
            audio: Track { format: None, fresh: false, clock: AudioClock::default() },
            first_pts_us: 0,
            warned: Vec::new(),
        }
    }

    /// What is to be done by now.
    pub(crate) fn steps(&mut self) -> impl Iterator<Item = Step> + use<> {
        self.segmenter.steps()
    }

    /// Nothing follows.
    pub(crate) fn finish(&mut self) {
        self.segmenter.finish();
    }

    /// A video tag.
    pub(crate) fn video(&mut self, tag: Tag, body: &[u8]) -> Result<(), Broken> {
        match VideoTag::parse(body) {
            Err(Refused::Codec) => self.skip(Skipped::Video),
            Err(Refused::Short) | Ok(VideoTag::Nothing) => {}
            Ok(VideoTag::Config(record)) => {
                if self.video.format.as_ref().is_none_or(|known| known.record != record) {
                    let format = VideoFormat::parse(record);
                    self.video.take(format).unwrap_or_else(|Unsupported| self.skip(Skipped::Video));
                }
            }
            Ok(VideoTag::Picture { data, .. }) if data.len() > MAX_PICTURE => self.skip(Skipped::TooLarge),
            Ok(VideoTag::Picture { keyframe, offset_ms, data }) => {
                return self.picture(tag, keyframe, offset_ms, data);
            }
        }
        Ok(())
    }

    fn picture(&mut self, tag: Tag, keyframe: bool, offset_ms: i32, data: &[u8]) -> Result<(), Broken> {
        let track = &mut self.video;
        // Nothing can be decoded before a keyframe of this very format.
        if data.is_empty() || track.format.is_none() || (track.fresh && !keyframe) {
            return Ok(());
        }
        let decoded_us = lifted(tag, &mut self.lift_us)?;
        let ahead_us = i64::from(offset_ms.clamp(-MAX_OFFSET_MS, MAX_OFFSET_MS)) * 1_000;
        let pts_us = decoded_us.saturating_add(ahead_us);
        if track.fresh {
            track.clock.restart();
        }
        let time_us = track.clock.time(decoded_us, pts_us)?;
        if let (Ok(time_us), Ok(pts_us)) = (u64::try_from(time_us), u64::try_from(pts_us)) {
            if track.fresh {
                self.first_pts_us = pts_us;
            }
            // What is shown before the first keyframe refers to pictures that never came.
            if pts_us >= self.first_pts_us {
                let unit = Unit { time_us, pts_us, keyframe, data: data.to_vec() };
                self.segmenter.video(track.run(Format::Video, track.clock.ahead_us()), unit);
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
                    let format = AudioFormat::parse(record);
                    if let (Some(old), Ok(_)) = (&self.audio.format, &format) {
                        self.audio.clock.restart(old);
                    }
                    self.audio.take(format).unwrap_or_else(|Unsupported| self.skip(Skipped::Audio));
                }
            }
            Ok(AudioTag::Frame(data)) if data.len() > MAX_SOUND => self.skip(Skipped::TooLarge),
            Ok(AudioTag::Frame(data)) => return self.sound(tag, data),
        }
        Ok(())
    }

    fn sound(&mut self, tag: Tag, data: &[u8]) -> Result<(), Broken> {
        let track = &mut self.audio;
        let Some(format) = track.format.as_ref().filter(|_| !data.is_empty()) else { return Ok(()) };
        let time_us = track.clock.time(lifted(tag, &mut self.lift_us)?, format)?;
        if let Ok(time_us) = u64::try_from(time_us) {
            let unit = Unit { time_us, pts_us: time_us, keyframe: true, data: data.to_vec() };
            self.segmenter.audio(track.run(Format::Audio, 0), unit);
        }
        Ok(())
    }

    fn skip(&mut self, why: Skipped) {
        if !self.warned.contains(&why) {
            self.warned.push(why);
            self.segmenter.warn(why.code());
        }
    }
}

impl<F: Clone, Clock> Track<F, Clock> {
    /// Takes another format; while there is none that can be handled, the track's media are left out.
    fn take(&mut self, format: Result<F, Unsupported>) -> Result<(), Unsupported> {
        self.fresh = format.is_ok();
        self.format = format.as_ref().ok().cloned();
        format.map(drop)
    }

    /// The run that begins with the next unit, if one does.
    fn run(&mut self, kind: impl FnOnce(F) -> Format, ahead_us: u64) -> Option<Run> {
        let format = self.format.clone().filter(|_| std::mem::take(&mut self.fresh))?;
        Some(Run { format: kind(format), ahead_us })
    }
}

/// A tag's time in microseconds.
fn lifted(tag: Tag, lift_us: &mut Option<i64>) -> Result<i64, Broken> {
    if tag.dts_ms.unsigned_abs() > MAX_TIME_MS.unsigned_abs() {
        return Err(Broken::Time);
    }
    let time_us = tag.dts_ms * 1_000;
    Ok(time_us + *lift_us.get_or_insert(time_us.min(0).abs()))
}
