//! Playlists as a viewer sees them over a whole stream: all that was ever listed, and whether it hangs together.

mod history;
mod listing;
mod media;
mod witness;

pub use history::History;
pub use listing::{Listing, Segment};
pub use media::{Checked, check};
pub use witness::Witness;
