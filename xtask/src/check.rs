//! `cargo xtask test`: every check there is, by area. CI runs just this.

mod area;
mod bench;
mod deployment;
mod fuzz;
mod openapi;
mod soak;
mod steps;

use std::time::Instant;

use anyhow::{Result, bail};

pub use self::{
    area::Area,
    bench::{Bench, Subject, bench},
    deployment::deployment,
    fuzz::{Options as FuzzOptions, fuzz},
    openapi::openapi,
    soak::{Soak, soak},
    steps::format,
};
use crate::{Workspace, progress::seconds};

/// Runs the steps of one area, or of all; stops at the first that fails.
pub fn test(workspace: &Workspace, area: Option<Area>) -> Result<()> {
    let begun = Instant::now();
    let areas = area.map_or_else(|| Area::ALL.to_vec(), |area| vec![area]);
    let mut passed = 0;
    for area in areas {
        println!("{area}");
        for check in area.checks() {
            match check(workspace) {
                Ok(()) => passed += 1,
                Err(error) => {
                    eprintln!("\n{error:#}\n\n{area} failed after {}", seconds(begun.elapsed()));
                    println!("{passed} passed, 1 failed");
                    bail!("see above; `cargo xtask test {area}` runs this area alone");
                }
            }
        }
    }
    println!("all in {}", seconds(begun.elapsed()));
    println!("{passed} passed, 0 failed");
    Ok(())
}
