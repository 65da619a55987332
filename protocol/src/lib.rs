//! The words both sides of Spillway speak. Serde shapes and the pure functions that belong to them: nothing here
//! knows a runtime, a clock or a source of randomness.

pub mod api;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod link;
mod mac;
pub mod media;
pub mod node;
pub mod pipe;
pub mod problem;
pub mod proof;
pub mod room;
pub mod text;
pub mod time;
