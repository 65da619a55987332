//! A stream with its creator, and what everyone does with it.

use serde_json::json;
use spillway_protocol::{
    api::{JoinReply, Stream, StreamStatus},
    ids::StreamId,
    room::Welcome,
};

use crate::{Api, LIMIT, Person, RoomSocket, eventually};

/// A stream that was made for one scenario.
#[derive(Debug, Clone)]
pub struct Broadcast {
    /// Its creator.
    pub creator: Person,
    /// Its id.
    pub id: StreamId,
    /// The creator's stream key.
    pub key: String,
    api: Api,
}

impl Broadcast {
    /// Someone registers, makes a stream and presses start.
    pub async fn create(api: &Api) -> Self {
        let creator = Person::register(api).await;
        Self::create_by(&creator).await
    }

    /// Someone makes a further stream and presses start.
    pub async fn create_by(creator: &Person) -> Self {
        let stream = creator.create_stream().await;
        let start = creator.start_stream(stream.id).await;
        Self::of(creator, stream.id, start.stream_key)
    }

    /// A stream that someone made and started.
    pub fn of(creator: &Person, id: StreamId, key: String) -> Self {
        Self { creator: creator.clone(), id, key, api: creator.api().clone() }
    }

    /// The API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// A path below the stream's own.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/streams/{}{rest}", self.id)
    }

    /// The stream as everyone sees it.
    pub async fn get(&self) -> Stream {
        self.api.get(&self.path("")).send().await.expect(200)
    }

    /// Waits until the stream is in this state.
    pub async fn until_status(&self, status: StreamStatus) -> Stream {
        eventually(&format!("the stream is {status:?}"), LIMIT * 2, async || {
            Some(self.get().await).filter(|stream| stream.status == status)
        })
        .await
    }

    /// Joins, with or without being someone.
    pub async fn join(&self, person: Option<&Person>) -> JoinReply {
        let call = self.api.post(&self.path("/join"), json!({}));
        let call = match person {
            Some(person) => call.by(person),
            None => call,
        };
        call.send().await.expect(200)
    }

    /// Joins and opens the room's socket.
    pub async fn enter(&self, person: Option<&Person>) -> (RoomSocket, Welcome) {
        let url = self.join(person).await.chat_url.expect("there is a chat URL");
        RoomSocket::join(&url, self.id).await
    }

    /// The playback URL that everyone gets.
    pub async fn playback_url(&self) -> String {
        self.join(None).await.playback_url.expect("there is a playback URL")
    }

    /// The picture's playlist as everyone gets it; `None` while there is nothing to play.
    pub async fn picture_playlist(&self) -> Option<String> {
        let reply = self.api.get(&format!("/play/public/{}/video.m3u8", self.id)).send().await;
        (reply.status == 200).then(|| reply.text())
    }

    /// Waits until the picture's playlist says something.
    pub async fn until_listed(&self, says: &str) -> String {
        eventually(&format!("the playlist says {says}"), LIMIT * 2, async || {
            self.picture_playlist().await.filter(|text| text.contains(says))
        })
        .await
    }
}
