//! What may be asked of each object, and what it answers. How a call travels, and to whom, is the edge's `call`.

pub mod channel;
pub mod relay;
pub mod room;
