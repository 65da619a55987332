//! What the benches measure with, and beside: a store that knows when it acknowledged, a server that is not ours, what processes take.

pub mod nginx;
mod production;
mod store;
mod usage;

pub use nginx::Nginx;
pub use production::{Production, program};
pub use store::Store;
pub use usage::{Machine, Usage};
