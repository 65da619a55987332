//! Processes: found, killed, stopped.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The processes that this one has started itself and that run this program.
pub fn children(parent: u32, program: &str) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<u32> = pids.filter(|&pid| parent_of(pid, program) == Some(parent)).collect();
    found.sort_unstable();
    found
}

/// Whose child a process is that runs `program`. The kernel keeps the first 15 bytes of a program's name.
fn parent_of(pid: u32, program: &str) -> Option<u32> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (start, rest) = line.rsplit_once(')')?;
    let (_, name) = start.split_once('(')?;
    let mut fields = rest.split_whitespace();
    let (state, parent) = (fields.next()?, fields.next()?);
    (name == &program[..program.len().min(15)] && state != "Z").then(|| parent.parse().ok())?
}

/// Kills a process without asking: what a crash looks like. Whether it was there.
pub fn kill(pid: u32) -> bool {
    signal(pid, Signal::KILL)
}

/// A process that stands still until this is dropped: no packet of its comes or goes, and nothing is closed.
#[derive(Debug)]
#[must_use]
pub struct Frozen(u32);

/// Stops a process where it is.
pub fn freeze(pid: u32) -> Frozen {
    assert!(signal(pid, Signal::STOP), "process {pid} is gone");
    Frozen(pid)
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.0, Signal::CONT);
    }
}

/// The memory that a process holds, in bytes; `None` when it is gone.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

fn signal(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}
