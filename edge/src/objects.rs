//! The objects' shells.
