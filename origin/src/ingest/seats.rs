//! The [`Door`] as connections share it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use super::{
    door::{Answer, Door, Guest},
    limit::Limit,
};
use crate::config::IngestLimits;

/// All seats for encoders.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Mutex<Door<CancellationToken>>>);

/// A connection's seat; free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    guest: Guest,
    exit: CancellationToken,
}

impl Seats {
    /// All of them free.
    pub(crate) fn new(limits: IngestLimits) -> Self {
        Self(Arc::new(Mutex::new(Door::new(limits))))
    }

    /// A seat for someone from this address; another may be shown out for it.
    pub(crate) fn take(&self, ip: IpAddr) -> Result<Seat, Limit> {
        let exit = CancellationToken::new();
        let admitted = self.door(|door| door.enter(ip, exit.clone(), Instant::now()))?;
        if let Some(other) = admitted.yields {
            other.cancel();
        }
        Ok(Seat { seats: self.clone(), guest: admitted.guest, exit })
    }

    fn door<T>(&self, use_it: impl FnOnce(&mut Door<CancellationToken>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seat {
    /// Whether this address may have a key checked; [`Self::answered`] must follow.
    pub(crate) fn ask(&self) -> Result<(), Limit> {
        self.seats.door(|door| door.ask(self.guest, Instant::now()))
    }

    /// What became of the key.
    pub(crate) fn answered(&self, answer: Answer) {
        self.seats.door(|door| door.answered(self.guest, answer));
    }

    /// Waits until the seat is needed by another.
    pub(crate) async fn shown_out(&self) {
        self.exit.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.door(|door| door.leave(self.guest, Instant::now()));
    }
}
