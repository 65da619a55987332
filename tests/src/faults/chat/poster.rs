//! Someone who writes over HTTP.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::json;

use super::{Conversation, PACE, line};
use crate::{Broadcast, Person};

/// How long after a line was not taken it is sent again.
const AGAIN: Duration = Duration::from_millis(300);

/// Says line after line, each until it is acknowledged.
pub(super) async fn post(stream: Broadcast, person: Person, mut conversation: Conversation) {
    let client = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    let url = format!("{}{}", stream.api().url(), stream.path("/chat"));
    for n in 0.. {
        if conversation.speaking.wait_for(|speaking| *speaking).await.is_err() {
            return;
        }
        let (begun, line) = (Instant::now(), line(&person, n));
        let body = json!({ "message": line, "clientId": line });
        loop {
            let sent = client.post(&url).bearer_auth(&person.access_token).json(&body).send().await;
            if sent.is_ok_and(|reply| reply.status() == 201) {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        conversation.said.lock().unwrap().push(line);
        tokio::time::sleep(PACE.saturating_sub(begun.elapsed())).await;
    }
}
