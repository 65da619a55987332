//! The object's alarm: it goes off no later than it was last asked for. Going off early does no harm, so it is moved only to an
//! earlier time (each move is a write).

use std::{cell::Cell, rc::Rc};

use spillway_protocol::time::Timestamp;
use wasm_bindgen_futures::spawn_local;
use worker::{State, console_error};

use crate::shell::clock;

/// When the alarm is known to go off.
#[derive(Default)]
pub(super) struct Alarm(Rc<Cell<Option<Timestamp>>>);

impl Alarm {
    pub(super) fn by(&self, at: Timestamp, state: &State) {
        if self.0.get().is_some_and(|set| set <= at) {
            return;
        }
        self.0.set(Some(at));
        let storage = state.storage();
        let (wait, known) = (at.since(clock()), self.0.clone());
        spawn_local(async move {
            if let Err(error) = storage.set_alarm(wait).await {
                console_error!("the alarm could not be set: {error}");
                // Whatever happens next sets it again.
                known.set(None);
            }
        });
    }

    /// It goes off.
    pub(super) fn rings(&self) {
        self.0.set(None);
    }
}
