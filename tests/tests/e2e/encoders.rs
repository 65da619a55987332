//! What encoders send, from the ordinary to the strange: it is listed as it is, and ffmpeg plays it without a word.

use std::{path::PathBuf, time::Duration};

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, clip},
    eventually,
    faults::freeze,
    player, system,
};
use spillway_protocol::api::StreamStatus;

/// A media playlist as far as these scenarios ask.
#[derive(Debug)]
struct Listed {
    text: String,
    target: f64,
    durations: Vec<f64>,
    /// When segments begin, in seconds.
    starts: Vec<f64>,
}

impl Listed {
    fn of(text: String) -> Self {
        let values = |tag: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix(tag))
                .map(|value| value.trim_end_matches(',').to_owned())
                .collect()
        };
        #[expect(clippy::cast_precision_loss)]
        let seconds = |time: &String| spillway_protocol::time::Timestamp::parse(time).unwrap().millis() as f64 / 1e3;
        Self {
            target: values("#EXT-X-TARGETDURATION:")[0].parse().unwrap(),
            durations: values("#EXTINF:").iter().map(|duration| duration.parse().unwrap()).collect(),
            starts: values("#EXT-X-PROGRAM-DATE-TIME:").iter().map(seconds).collect(),
            text,
        }
    }

    /// No segment is longer than the target; none is missing between two.
    fn is_whole(&self) {
        assert!(!self.text.contains("#EXT-X-GAP") && !self.text.contains("#EXT-X-DISCONTINUITY\n"), "{}", self.text);
        assert!(self.durations.iter().all(|duration| duration.round() <= self.target), "{}", self.text);
        for (pair, duration) in self.starts.windows(2).zip(&self.durations) {
            assert!((pair[1] - pair[0] - duration).abs() < 0.05, "{}", self.text);
        }
    }
}

async fn listed(stream: &Broadcast, rendition: &str, segments: usize) -> Listed {
    let path = format!("/play/public/{}/{rendition}.m3u8", stream.id);
    let text = eventually(&format!("{segments} segments of {rendition} are listed"), LIMIT * 3, async || {
        let reply = stream.api().get(&path).send().await;
        (reply.status == 200).then(|| reply.text()).filter(|text| text.matches("#EXTINF").count() >= segments)
    })
    .await;
    Listed::of(text)
}

async fn multivariant(stream: &Broadcast) -> String {
    stream.api().get(&stream.playback_url().await).send().await.text()
}

/// Someone streams with these arguments of ffmpeg.
async fn streams(arguments: &str) -> (Broadcast, Encoder) {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let (clip, media) = (clip(), media(""));
    let arguments: Vec<_> = arguments
        .split_whitespace()
        .map(|word| word.replace("CLIP", clip.to_str().unwrap()).replace("MEDIA/", media.to_str().unwrap()))
        .collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let encoder = Encoder::ffmpeg_of(system, &stream.key, &arguments);
    stream.until_status(StreamStatus::Live).await;
    (stream, encoder)
}

/// The pipeline's own media.
fn media(name: &str) -> PathBuf {
    xtask::Workspace::this().path("origin/pipeline/tests/media").join(name)
}

async fn is_played(stream: &Broadcast, seconds: u32) {
    player::ffmpeg(&stream.playback_url().await, seconds).await.without_a_word();
}

/// Picture and sound are listed whole, and cut together.
async fn is_listed_whole(stream: &Broadcast, segments: usize) -> (Listed, Listed) {
    let (video, audio) = tokio::join!(listed(stream, "video", segments), listed(stream, "audio", segments));
    video.is_whole();
    audio.is_whole();
    for (video, audio) in video.starts.iter().zip(&audio.starts).skip(1) {
        assert!((video - audio).abs() < 0.1, "{video} {audio}");
    }
    (video, audio)
}

#[tokio::test]
async fn he_aac_is_listed_as_what_it_is() {
    let is_listed = async |file: &str, codec: &str| {
        let arguments = format!("-re -i CLIP -re -stream_loop -1 -i MEDIA/{file} -map 0:v -map 1:a -c copy");
        let (stream, _encoder) = streams(&arguments).await;
        is_listed_whole(&stream, 2).await;
        let index = multivariant(&stream).await;
        assert!(index.contains(&format!(",{codec}\"")), "{index}");
        is_played(&stream, 4).await;
    };
    tokio::join!(is_listed("he-aac.flv", "mp4a.40.5"), is_listed("he-aac-v2.flv", "mp4a.40.29"));
}

#[tokio::test]
async fn sound_alone_is_a_stream() {
    let (stream, _encoder) = streams("-re -i CLIP -vn -c copy").await;
    listed(&stream, "audio", 3).await.is_whole();
    assert!(multivariant(&stream).await.contains("CODECS=\"mp4a.40.2\""));
    is_played(&stream, 4).await;
}

#[tokio::test]
async fn a_picture_alone_is_a_stream() {
    let (stream, _encoder) = streams("-re -i CLIP -an -c copy").await;
    listed(&stream, "video", 3).await.is_whole();
    assert!(!multivariant(&stream).await.contains("TYPE=AUDIO"));
    is_played(&stream, 4).await;
}

/// Past 2²⁴ ms the time on a chunk needs its extension; at 2³¹ ms ffmpeg begins again at 0.
#[tokio::test]
async fn times_grow_past_every_border_without_a_trace() {
    let (extended, wrapping) = tokio::join!(
        streams("-re -i CLIP -c copy -output_ts_offset 16773"),
        streams("-re -i CLIP -c copy -output_ts_offset 2147479"),
    );
    let is_whole = async |stream: &Broadcast| {
        is_listed_whole(stream, 4).await;
        is_played(stream, 6).await;
    };
    tokio::join!(is_whole(&extended.0), is_whole(&wrapping.0));
}

const PICTURE: &str = "-re -f lavfi -i testsrc2=size=320x180:rate=30 -re -f lavfi -i sine=sample_rate=48000 \
                       -c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1 -sc_threshold 0 -c:a aac";

#[tokio::test]
async fn gops_of_half_a_second_are_gathered_to_segments() {
    let (stream, _encoder) = streams(&format!("{PICTURE} -g 15")).await;
    let (video, _) = is_listed_whole(&stream, 3).await;
    assert!(
        video.target <= 2.0 && video.durations.iter().all(|duration| (duration - 2.0).abs() < 0.1),
        "{}",
        video.text
    );
    is_played(&stream, 4).await;
}

#[tokio::test]
async fn gops_of_ten_seconds_are_segments() {
    let (stream, _encoder) = streams(&format!("{PICTURE} -g 300")).await;
    let (video, _) = is_listed_whole(&stream, 2).await;
    assert!((video.target - 10.0).abs() < 0.1, "{}", video.text);
    is_played(&stream, 8).await;
}

#[tokio::test]
async fn a_picture_that_grows_is_one_discontinuity_each_time() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::growing(system, &stream.key);
    let text = stream.until_listed("/video/init2.mp4").await;
    for rendition in ["video", "audio"] {
        let text = listed(&stream, rendition, 4).await.text;
        assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 2, "{rendition}: {text}");
    }
    assert_eq!(text.matches("#EXT-X-MAP").count(), 3, "{text}");
    is_played(&stream, 6).await;
}

#[tokio::test]
async fn an_encoder_that_stalls_goes_on_in_the_same_epoch() {
    let (stream, mut encoder) = streams(PICTURE).await;
    listed(&stream, "video", 1).await;
    let frozen = freeze(encoder.id());
    // What is to be seen is that nothing happens in this time.
    tokio::time::sleep(Duration::from_secs(4)).await;
    drop(frozen);
    let before = listed(&stream, "video", 1).await.durations.len();
    is_listed_whole(&stream, before + 2).await;
    assert!(encoder.is_running(), "{}", encoder.log());
    is_played(&stream, 4).await;
}
