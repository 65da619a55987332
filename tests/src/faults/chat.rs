//! A room full of people that talk through whatever happens to the edge: clients that come back and go on where they were,
//! and lines that are sent until they are acknowledged.

mod client;
mod poster;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle};

pub use client::Client;
use poster::post;

use crate::{Broadcast, Person};

/// How often each writer has something to say: a person may say a line a second.
pub const PACE: Duration = Duration::from_secs(2);

/// What every writer has in common.
#[derive(Clone)]
struct Conversation {
    /// Whether anyone is to write.
    speaking: watch::Receiver<bool>,
    /// The lines that were acknowledged.
    said: Arc<Mutex<Vec<String>>>,
}

/// A conversation, until it is dropped.
pub struct Chat {
    clients: Vec<Client>,
    posters: Vec<JoinHandle<()>>,
    speaking: watch::Sender<bool>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    /// So many write over HTTP, so many over their sockets, and so many read alone.
    pub async fn begin(stream: &Broadcast, posters: usize, writers: usize, readers: usize) -> Self {
        let (speaking, said) = (watch::Sender::new(false), Arc::default());
        let conversation = Conversation { speaking: speaking.subscribe(), said: Arc::clone(&said) };
        let mut clients: Vec<Client> = (0..readers).map(|n| Client::reader(stream, n % 2 == 0)).collect();
        for n in 0..writers {
            let person = Person::register(stream.api()).await;
            clients.push(Client::writer(stream, person, n % 2 == 0, conversation.clone()));
        }
        let mut posting = Vec::new();
        for _ in 0..posters {
            let person = Person::register(stream.api()).await;
            posting.push(tokio::spawn(post(stream.clone(), person, conversation.clone())));
        }
        Self { clients, posters: posting, speaking, said }
    }

    /// Everyone begins to write.
    pub fn speak(&self) {
        self.speaking.send_replace(true);
    }

    /// Everyone stops once what they have begun is acknowledged.
    pub fn hush(&self) {
        self.speaking.send_replace(false);
    }

    /// The lines that were acknowledged so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// The clients.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.posters.iter().for_each(JoinHandle::abort);
    }
}

/// The name of someone's `n`th line; its own text as well.
fn line(person: &Person, n: u32) -> String {
    format!("{} says {n:04}", person.me.username)
}
