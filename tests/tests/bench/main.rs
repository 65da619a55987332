//! What is measured: each figure from one run, beside what it is compared with. `cargo xtask bench live` runs them, one after the
//! other, and writes them down.

mod cost;
mod delivery;
mod latency;
mod origin;
mod quality;

use std::io::Write as _;

/// Says a figure, and writes it down where `xtask` asks for it.
fn write_down(figures: &serde_json::Value) {
    println!("{figures:#}");
    if let Some(path) = std::env::var_os("BENCH_FIGURES") {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        writeln!(file, "{figures}").unwrap();
    }
}
