//! Requests that wait for something to have happened.

use std::{cell::RefCell, time::Duration};

use futures_channel::oneshot;

use crate::{asking::within, failure::Failure};

/// How long a request waits.
const LIMIT: Duration = Duration::from_secs(5);

/// Whoever waits.
pub(super) struct Waiting<T>(RefCell<Vec<oneshot::Sender<T>>>);

impl<T: Clone> Waiting<T> {
    pub(super) fn nobody() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Waits until told.
    pub(super) async fn wait(&self) -> Result<T, Failure> {
        let (tell, told) = oneshot::channel();
        {
            let mut waiting = self.0.borrow_mut();
            // Whoever gave up stays in the list until then.
            waiting.retain(|sender| !sender.is_canceled());
            waiting.push(tell);
        }
        match within(LIMIT, told).await {
            Ok(Ok(what)) => Ok(what),
            Ok(Err(_)) => Err(Failure::unavailable("the object was reset")),
            Err(late) => Err(Failure::unavailable(late)),
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
