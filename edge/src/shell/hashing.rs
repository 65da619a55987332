//! Hashing passwords in turn, so that what else the isolate serves has its turns too.

use std::{cell::RefCell, time::Duration};

use worker::Delay;

use super::clock;
use crate::{
    auth::turns::{Full, Turn, Turns},
    failure::Failure,
};

thread_local! {
    static TURNS: RefCell<Turns> = RefCell::default();
}

impl From<Full> for Failure {
    fn from(full: Full) -> Self {
        Self::rate_limited(full.retry_after)
    }
}

/// A 429 when there is no room to wait in: said before anything is read or looked up.
pub(crate) fn room() -> Result<(), Failure> {
    Ok(TURNS.with_borrow_mut(|turns| turns.room(clock()))?)
}

/// Does what takes a hash, when its turn has come; a 429 when it does not come. Each waits by timers of its own: one request must not wake another's.
pub(crate) async fn in_turn<T>(hash: impl FnOnce() -> T) -> Result<T, Failure> {
    let ticket = TURNS.with_borrow_mut(|turns| turns.enter(clock()))?;
    while let Turn::In(ms) = TURNS.with_borrow_mut(|turns| turns.ask(ticket, clock()))? {
        Delay::from(Duration::from_millis(ms.into())).await;
    }
    let began = clock();
    let made = hash();
    TURNS.with_borrow_mut(|turns| turns.hashed(began, clock()));
    Ok(made)
}
