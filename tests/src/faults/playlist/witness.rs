//! A viewer that reads a stream's playlists as often as it can, whatever happens to the edge.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use reqwest::Client;
use tokio::task::JoinHandle;

use super::{History, Listing};

/// How often each playlist is asked for.
const PACE: Duration = Duration::from_millis(200);

/// Reads until dropped.
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
    reading: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    histories: BTreeMap<&'static str, History>,
    wrong: Vec<String>,
    read: u64,
    failed: u64,
    ended: u32,
}

impl Witness {
    /// Begins to read the picture's and the sound's playlist below this URL.
    pub fn of(base: String) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let reading = tokio::spawn(read(base, seen.clone()));
        Self { seen, reading }
    }

    /// How many segments were seen so far.
    pub fn segments(&self) -> usize {
        self.seen().histories.values().map(History::len).sum()
    }

    /// Whether both playlists said that nothing follows.
    pub fn saw_the_end(&self) -> bool {
        self.seen().ended == 2
    }

    /// How many playlists were read, and how many answers were none.
    pub fn reads(&self) -> (u64, u64) {
        let seen = self.seen();
        (seen.read, seen.failed)
    }

    /// All that was listed, if nothing of it was contradicted.
    pub fn histories(&self) -> BTreeMap<&'static str, History> {
        let seen = self.seen();
        assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
        seen.histories.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(base: String, seen: Arc<Mutex<Seen>>) {
    let client = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    let mut over = BTreeMap::from([("video", false), ("audio", false)]);
    while over.values().any(|over| !over) {
        for (&rendition, over) in &mut over {
            let text = playlist(&client, &format!("{base}{rendition}.m3u8")).await;
            let mut seen = seen.lock().unwrap();
            seen.read += 1;
            let Some(text) = text else {
                seen.failed += 1;
                continue;
            };
            let history = seen.histories.entry(rendition).or_default();
            match Listing::parse(&text).map(|listing| (listing.ended, history.add(listing))) {
                Ok((ended, Ok(()))) if ended && !*over => {
                    *over = true;
                    seen.ended += 1;
                }
                Ok((_, Ok(()))) => {}
                Ok((_, Err(wrong))) | Err(wrong) => seen.wrong.push(format!("{rendition}: {wrong}")),
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn playlist(client: &Client, url: &str) -> Option<String> {
    let response = client.get(url).send().await.ok()?;
    if response.status() != 200 {
        return None;
    }
    response.text().await.ok()
}
