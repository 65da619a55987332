//! The pages in Chromium, before a real stream.

mod register;
mod studio;
mod watch;
