//! Requests that wait for something to have happened.

use std::{cell::RefCell, time::Duration};

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use worker::Delay;

use crate::failure::Failure;

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
        match select(told, Delay::from(LIMIT)).await {
            Either::Left((Ok(what), _)) => Ok(what),
            Either::Left((Err(_), _)) => Err(Failure::unavailable("the object was reset")),
            Either::Right(_) => Err(Failure::unavailable("nothing happened in time")),
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
