//! What this process may take of the machine, whatever the media in it do.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use spillway_protocol::pipe::Config;

/// Memory that can be written, threads' stacks included. The dearest stream that is taken needs a quarter of it.
const MEMORY: u64 = 512 * 1024 * 1024;
/// What rungs take beside it: decoded pictures of the source, of which a decoder keeps up to sixteen, and what each encoder keeps.
const MEMORY_FOR_SOURCE: u64 = 512 * 1024 * 1024;
const MEMORY_A_RUNG: u64 = 128 * 1024 * 1024;
/// Address space: libraries are mapped into it, and what the allocator reserves for each thread.
const ADDRESSES: u64 = 4 * 1024 * 1024 * 1024;
/// Open files: pipes, what `GStreamer` wakes its threads with, and its plugins as it looks through them.
const FILES: u64 = 128;
/// A dump of this process is as large as its memory, and helps nobody.
const DUMP: u64 = 0;

/// A limit could not be set.
#[derive(Debug, thiserror::Error)]
#[error("no limit on {0}: {1}")]
pub(crate) struct Unlimited(&'static str, io::Error);

/// Memory for a stream that may have so many rungs.
fn memory(rungs: usize) -> u64 {
    let each = MEMORY_A_RUNG.saturating_mul(rungs.min(4) as u64);
    if rungs == 0 { MEMORY } else { MEMORY + MEMORY_FOR_SOURCE + each }
}

/// Sets them, for good.
pub(crate) fn set(config: &Config) -> Result<(), Unlimited> {
    let all = [
        ("memory", Resource::Data, memory(config.rungs.len())),
        ("addresses", Resource::As, ADDRESSES),
        ("files", Resource::Nofile, FILES),
        ("dumps", Resource::Core, DUMP),
    ];
    for (name, resource, most) in all {
        // One that somebody has set lower stays.
        let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let now = rustix::process::getrlimit(resource);
        let limit = Rlimit { current: least(now.current), maximum: least(now.maximum) };
        setrlimit(resource, limit).map_err(|error| Unlimited(name, error.into()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_take_memory_and_no_more_than_there_are_addresses() {
        let mib = |rungs| memory(rungs) / 1024 / 1024;
        assert_eq!([0, 1, 4, 100].map(mib), [512, 1_152, 1_536, 1_536]);
        assert!(memory(usize::MAX) < ADDRESSES);
    }
}
