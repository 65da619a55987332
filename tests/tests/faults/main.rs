//! Processes that die and storage that fails, while people watch and talk. Every scenario has a system of its own; what is left
//! to chance follows the seed that it prints.

mod chat;
mod kills;
mod outage;
mod presence;
mod proxy;
mod soak;
