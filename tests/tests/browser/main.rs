//! The pages in Chromium, before a real stream.

mod quality;
mod register;
mod shaka;
mod studio;
mod watch;
