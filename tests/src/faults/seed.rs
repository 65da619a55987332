//! What chance is made of.

use std::env;

/// The seed of a run. `FAULT_SEED` repeats one.
#[derive(Debug, Clone, Copy)]
pub struct Seed(u64);

impl Seed {
    /// The seed that is asked for, or a new one; printed either way, so that the run can be repeated.
    pub fn of_this_run() -> Self {
        let asked = env::var("FAULT_SEED").ok().map(|text| text.parse().expect("FAULT_SEED is a number"));
        let seed = asked.unwrap_or_else(|| fastrand::u64(..));
        println!("FAULT_SEED={seed}");
        Self(seed)
    }

    /// Chance for one purpose; others draw from others, so that their order of drawing does not matter.
    pub fn chance(self, purpose: &str) -> fastrand::Rng {
        let name = purpose.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        fastrand::Rng::with_seed(self.0 ^ name)
    }
}
