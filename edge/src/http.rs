//! The handlers, a module a resource. Each takes a request and answers it; what it decides by is tested elsewhere.

pub(crate) mod auth;
pub(crate) mod chat;
pub(crate) mod join;
pub(crate) mod me;
pub(crate) mod meta;
pub(crate) mod origin;
pub(crate) mod socket;
pub(crate) mod streams;
