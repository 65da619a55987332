//! The demo stream: the same one as last time as long as it has not ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use spillway_protocol::{
    api::{JoinReply, StartReply, Stream, StreamStatus},
    ids::StreamId,
    problem::Code,
};

use super::{accounts::Accounts, api::Api};

/// The demo stream, ready to be pushed to.
pub(super) struct Demo {
    /// The stream.
    pub(super) stream_id: StreamId,
    /// The creator's key.
    pub(super) key: String,
    server: String,
    /// What the stream listed before: the same one may have been live a moment ago.
    listed_before: Option<String>,
}

impl Demo {
    /// Where ffmpeg pushes to.
    pub(super) fn push_url(&self) -> String {
        format!("{}/{}", self.server, self.key)
    }
}

/// Takes up the stream of last time, or makes a new one when that is over.
pub(super) fn prepare(api: &Api, accounts: &mut Accounts) -> Result<Demo> {
    let token = accounts.demo.sign_in(api)?.access_token;
    if let Some(last) = accounts.stream_id
        && let Some(demo) = start(api, last, &token)?
    {
        return Ok(demo);
    }
    let body = json!({ "title": "Test pattern", "description": "A moving picture, a clock and a beep a second." });
    let stream: Stream = api.post("/api/v1/streams", Some(&token), &body)?.good()?;
    accounts.stream_id = Some(stream.id);
    accounts.save()?;
    start(api, stream.id, &token)?.context("a new stream was over at once")
}

/// Presses start; `None` when the stream is over.
fn start(api: &Api, stream_id: StreamId, token: &str) -> Result<Option<Demo>> {
    let reply = api.post::<StartReply>(&format!("/api/v1/streams/{stream_id}/start"), Some(token), &json!({}))?;
    let Some(reply) = reply.unless(Code::StreamOver)? else { return Ok(None) };
    let listed_before = media_playlist(api, stream_id)?;
    Ok(Some(Demo { stream_id, key: reply.stream_key, server: reply.stream_url, listed_before }))
}

/// Waits until the stream is live and lists something new to play.
pub(super) fn until_playable(api: &Api, demo: &Demo) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        let stream: Stream = api.get(&format!("/api/v1/streams/{}", demo.stream_id))?.good()?;
        let listed = media_playlist(api, demo.stream_id)?;
        if stream.status == StreamStatus::Live && listed.is_some() && listed != demo.listed_before {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(200));
    }
    bail!("the test pattern was not playable within a minute; see the logs of pattern, origin and edge")
}

/// The media playlist of the stream's first variant, once it lists a segment.
fn media_playlist(api: &Api, id: StreamId) -> Result<Option<String>> {
    let join: JoinReply = api.post(&format!("/api/v1/streams/{id}/join"), None, &json!({}))?.good()?;
    let url = join.playback_url.context("the demo stream has no playback URL")?;
    let Some(multivariant) = api.text(&url) else { return Ok(None) };
    let Some(variant) = multivariant.lines().find(|line| !line.is_empty() && !line.starts_with('#')) else {
        return Ok(None);
    };
    let (folder, _) = url.rsplit_once('/').context("the playback URL has no path")?;
    Ok(api.text(&format!("{folder}/{variant}")).filter(|playlist| playlist.contains("#EXTINF")))
}
