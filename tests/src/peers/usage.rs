//! What processes take of the machine, as the kernel counts it.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

/// The kernel tells times in hundredths of a second, whatever its own clock is (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// What a process and all that it started take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time so far, that of children that have ended included.
    pub cpu: Duration,
    /// Memory held, in bytes; what processes share counts for each of them.
    pub resident: u64,
    /// Memory held, in bytes; what processes share is divided among them.
    pub proportional: u64,
    /// How many processes.
    pub processes: usize,
}

impl Usage {
    /// That of a process with its descendants.
    pub fn of(pid: u32) -> Self {
        let all = processes();
        let mut sum = Self::default();
        let mut family = vec![pid];
        while let Some(pid) = family.pop() {
            let Some((_, cpu)) = all.get(&pid) else { continue };
            sum.cpu += *cpu;
            sum.resident += kilobytes(pid, "Rss:");
            sum.proportional += kilobytes(pid, "Pss:");
            sum.processes += 1;
            family.extend(all.iter().filter(|(_, (parent, _))| *parent == pid).map(|(child, _)| *child));
        }
        sum
    }
}

/// Every process's parent and processor time.
fn processes() -> HashMap<u32, (u32, Duration)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

fn stat(pid: u32) -> Option<(u32, Duration)> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // A program's name may hold anything; what follows it begins with the state, the third field.
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    // utime, stime, and those of children that have ended.
    let ticks: u32 = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u32>().ok()).sum();
    Some((fields.get(1)?.parse().ok()?, TICK * ticks))
}

fn kilobytes(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    value.unwrap_or(0) * 1_024
}

/// The whole machine, since a moment.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    began: Instant,
    idle: Duration,
}

impl Machine {
    /// From now on.
    pub fn now() -> Self {
        Self { began: Instant::now(), idle: idle() }
    }

    /// How long ago that was.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How many cores were busy since, on average.
    pub fn busy_cores(&self) -> f64 {
        let idle = idle().saturating_sub(self.idle).as_secs_f64();
        (f64::from(cores()) - idle / self.elapsed().as_secs_f64()).max(0.0)
    }
}

/// How many cores there are.
#[expect(clippy::cast_possible_truncation, reason = "few enough")]
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}

fn idle() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace();
    // idle and iowait.
    TICK * fields.skip(4).take(2).filter_map(|field| field.parse::<u32>().ok()).sum()
}
