//! The Worker under workerd, call by call: what the contract says, and what it refuses.

mod auth;
mod chat;
mod errors;
mod headers;
mod join;
mod limits;
mod low_latency;
mod me;
mod openapi;
mod origin_link;
mod origin_publish;
mod play;
mod room_order;
mod room_socket;
mod streams;
mod tokens;
