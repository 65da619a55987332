//! What is measured: each figure from one run, beside what it is compared with. `cargo xtask bench live` runs them, one after the
//! other, and writes them down.

mod latency;
