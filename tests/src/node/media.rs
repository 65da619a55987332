//! Media that was never filmed: objects in the bucket, and the reports that go with them.

use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, aws::AmazonS3Builder, path::Path};
use spillway_protocol::{
    ids::StreamId,
    link::{PartReport, Report, SegmentReport},
    media::{Epoch, MediaObject, ObjectName, PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
};

use super::{Link, Node, now};
use crate::{Broadcast, System};

/// How long each segment is, in microseconds; each has one part.
pub const SEGMENT_US: u64 = 2_000_000;

/// The bucket, as an origin sees it.
pub struct Bucket {
    store: Box<dyn ObjectStore>,
}

impl Bucket {
    /// The bucket of a system.
    pub fn of(system: &System) -> Self {
        let bucket = system.edge.bucket();
        let store = AmazonS3Builder::new()
            .with_endpoint(bucket.endpoint)
            .with_virtual_hosted_style_request(false)
            .with_allow_http(true)
            .with_region("auto")
            .with_bucket_name(bucket.name)
            .with_access_key_id(bucket.access_key)
            .with_secret_access_key(bucket.access_secret)
            .build()
            .unwrap();
        Self { store: Box::new(store) }
    }

    /// Writes an object, once.
    pub async fn put(&self, stream: StreamId, object: &MediaObject, bytes: Vec<u8>) {
        let key = Path::from(object.key(stream));
        self.store.put_opts(&key, PutPayload::from(bytes), PutMode::Create.into()).await.unwrap();
    }

    /// Whether there is such a key.
    pub async fn has(&self, key: &str) -> bool {
        self.store.head(&Path::from(key)).await.is_ok()
    }
}

/// A stream that is live because a test says so.
pub struct Live {
    /// The stream.
    pub stream: StreamId,
    /// This publisher's epoch.
    pub epoch: Epoch,
    /// Its link.
    pub link: Link,
    bucket: Bucket,
    next: u32,
}

impl Live {
    /// A publisher with this key goes live, with picture and sound.
    pub async fn begin(system: &System, broadcast: &Broadcast, publisher: &str) -> Self {
        let (granted, mut link) = Node::of(system).go_live(&broadcast.key, publisher).await;
        assert_eq!(granted.stream_id, broadcast.id);
        assert_eq!(link.welcome().await, 0);
        let mut live =
            Self { stream: granted.stream_id, epoch: granted.epoch, link, bucket: Bucket::of(system), next: 0 };
        for track in [picture(), sound()] {
            let init = live.object(&track.rendition, ObjectName::Init { version: 0 });
            live.bucket.put(live.stream, &init, b"init".to_vec()).await;
        }
        live.announce().await;
        live.link.until_stored().await;
        live
    }

    /// Reports that media begins, and its tracks.
    pub async fn announce(&mut self) {
        self.link.report(Report::Started { at: now(), target_ms: 2_000, part_target_ms: Some(2_000) }).await;
        for track in [picture(), sound()] {
            self.link.report(Report::Track { track, init: 0 }).await;
        }
    }

    /// Puts and reports the next segment of both renditions; its bytes are those of [`body`].
    pub async fn segment(&mut self) -> u32 {
        let number = self.next;
        for rendition in [RenditionId::video(), RenditionId::audio()] {
            self.put_segment(&rendition, number).await;
            self.report_segment(rendition, number).await;
        }
        self.link.until_stored().await;
        self.next += 1;
        number
    }

    /// Puts a segment and its one part into the bucket.
    pub async fn put_segment(&self, rendition: &RenditionId, number: u32) {
        let part = self.object(rendition, ObjectName::Part(SegmentIndex(number), PartIndex(0)));
        let segment = self.object(rendition, ObjectName::Segment(SegmentIndex(number)));
        for object in [part, segment] {
            self.bucket.put(self.stream, &object, body(number)).await;
        }
    }

    /// Reports a segment and its one part.
    pub async fn report_segment(&mut self, rendition: RenditionId, number: u32) {
        let (segment, size) = (SegmentIndex(number), body(number).len() as u64);
        let start_us = u64::from(number) * SEGMENT_US;
        let part = PartReport {
            rendition: rendition.clone(),
            segment,
            part: PartIndex(0),
            start_us,
            duration_us: SEGMENT_US,
            independent: true,
            last: true,
            size,
        };
        self.link.report(Report::Part(part)).await;
        let report = SegmentReport {
            rendition,
            segment,
            start_us,
            duration_us: SEGMENT_US,
            independent: true,
            size,
            init: 0,
            parts: 1,
        };
        self.link.report(Report::Segment(report)).await;
    }

    fn object(&self, rendition: &RenditionId, name: ObjectName) -> MediaObject {
        MediaObject { epoch: self.epoch, rendition: rendition.clone(), name }
    }
}

/// A segment's bytes: 1,000 of them, so that ranges can be told apart.
pub fn body(number: u32) -> Vec<u8> {
    (0..1_000_u32).map(|n| u8::try_from((n + number) % 251).unwrap()).collect()
}

fn picture() -> Track {
    let kind = TrackKind::Video { width: 1280, height: 720, frame_rate_millis: 30_000 };
    Track { rendition: RenditionId::video(), codec: "avc1.64001f".to_owned(), kind }
}

fn sound() -> Track {
    let kind = TrackKind::Audio { channels: 2, sample_rate: 48_000 };
    Track { rendition: RenditionId::audio(), codec: "mp4a.40.2".to_owned(), kind }
}
