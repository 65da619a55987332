//! Requests that wait for something to have happened.

use std::{cell::RefCell, time::Duration};

use futures_channel::oneshot;

use crate::{asking::within, failure::Failure};

/// How long a request waits for what usually takes a moment.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// Requests that wait at once; more are told to come again.
const MOST: usize = 10_000;

/// Whoever waits.
pub(super) struct Waiting<T>(RefCell<Vec<oneshot::Sender<T>>>);

impl<T: Clone> Waiting<T> {
    pub(super) fn nobody() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Waits until told.
    pub(super) async fn wait(&self) -> Result<T, Failure> {
        self.wait_for(LIMIT).await?.ok_or_else(|| Failure::unavailable("nothing was heard in time"))
    }

    /// Waits until told; `None` when that takes longer than `limit`.
    pub(super) async fn wait_for(&self, limit: Duration) -> Result<Option<T>, Failure> {
        let (tell, told) = oneshot::channel();
        {
            let mut waiting = self.0.borrow_mut();
            if waiting.len() >= MOST {
                // Whoever gave up stays in the list until someone is told, or there is no room.
                waiting.retain(|sender| !sender.is_canceled());
            }
            if waiting.len() >= MOST {
                return Err(Failure::unavailable("too many requests wait"));
            }
            waiting.push(tell);
        }
        match within(limit, told).await {
            Ok(Ok(what)) => Ok(Some(what)),
            Ok(Err(_)) => Err(Failure::unavailable("the object was reset")),
            Err(_late) => Ok(None),
        }
    }

    /// Tells everyone.
    pub(super) fn tell(&self, what: &T) {
        let waiting = std::mem::take(&mut *self.0.borrow_mut());
        for sender in waiting {
            // Whoever has gone wants no answer.
            let _ = sender.send(what.clone());
        }
    }
}
