//! The rules of streams: what may be asked for, how they are listed, and how they look.

mod changes;
mod list;
mod new;
mod objects;
mod price;
mod row;

pub use changes::change;
pub use list::{Cursor, Listing};
pub use new::NewStream;
pub use row::{StreamRow, may_manage};
