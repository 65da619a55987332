//! A state machine that can be thrown away and restored.

use std::cell::RefCell;

use spillway_room::Failed;
use worker::console_error;

use crate::failure::Failure;

/// A state machine, when it is restored.
pub(super) struct Held<M>(RefCell<Option<M>>);

impl<M> Held<M> {
    pub(super) fn empty() -> Self {
        Self(RefCell::new(None))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    pub(super) fn put(&self, machine: M) {
        self.0.borrow_mut().get_or_insert(machine);
    }

    /// Hands something to the machine. When storage fails, memory may be ahead of it: the machine is thrown away.
    pub(super) fn with<T, E: Into<Failed>>(&self, act: impl FnOnce(&mut M) -> Result<T, E>) -> Result<T, Failure> {
        let mut held = self.0.borrow_mut();
        let machine = held.as_mut().ok_or_else(|| Failure::unavailable("the object is being restored"))?;
        act(machine).map_err(|error| {
            let failed = error.into();
            if let Failed::Storage(error) = &failed {
                console_error!("storage failed: {error}");
                *held = None;
            }
            failed.into()
        })
    }
}
