//! Processes that we start, each in a group of its own, so that what they start ends with them; and so does all of it
//! when we ourselves die, however that comes about.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid};

/// How long a process has to end itself before it is killed.
const GRACE: Duration = Duration::from_secs(8);

/// The groups that are running; `None` once we are ending, so that nothing new is started.
static GROUPS: Mutex<Option<Vec<Pid>>> = Mutex::new(Some(Vec::new()));

/// Waits for our end (its standard input closes) and then ends the group `$0`. No `--`: dash would take it for a process.
const REAPER: &str = r#"read -r _; kill -TERM "-$0"; sleep 8; kill -KILL "-$0""#;

/// A running program, with its log. Ends with all that it started when dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    group: Group,
    log: PathBuf,
}

impl Process {
    /// Starts a program; its output goes to the log, which begins anew.
    pub fn start(name: &'static str, mut command: Command, log: &Path) -> Result<Self> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let group = Group::start(&mut command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, group, log: log.to_owned() })
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.group.leader.id()
    }

    /// Its log's path.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.group.leader.try_wait().ok().flatten()
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.group.leader.wait()?)
    }

    /// The last of its log.
    pub fn tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// Asks `ready` until it says yes; fails when the process ends before, or `limit` passes.
    pub fn until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !ready() {
            if let Some(status) = self.ended() {
                bail!("{} ended with {status}; the last of its log:\n{}", self.name, self.tail(40));
            }
            if begun.elapsed() > limit {
                bail!("{} did not answer within {limit:?}; the last of its log:\n{}", self.name, self.tail(40));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Kills it with all that it started, without asking: what a crash looks like.
    pub fn kill(&mut self) {
        self.group.signal(Signal::KILL);
        self.group.leader.wait().ok();
    }
}

/// Runs a command to its end in a group of its own.
pub(crate) fn run_in_group(command: &mut Command) -> io::Result<ExitStatus> {
    Group::start(command)?.leader.wait()
}

/// Ends every group that is running, and lets no further one start: the last thing we do.
pub fn end_all() {
    let groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    for &group in &groups {
        kill_process_group(group, Signal::TERM).ok();
    }
    let begun = Instant::now();
    for group in groups {
        end_group(group, begun, || {
            waitpgid(group, WaitOptions::NOHANG).ok();
        });
    }
}

/// A program, what it started, and the one who ends both if we cannot.
#[derive(Debug)]
struct Group {
    leader: Child,
    reaper: Child,
    id: Pid,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(groups) = groups.as_mut() else { return Err(io::Error::other("we are ending")) };
        let leader = command.process_group(0).spawn()?;
        let id = Pid::from_child(&leader);
        let reaper = Command::new("sh")
            .args(["-c", REAPER, &leader.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        groups.push(id);
        Ok(Self { leader, reaper, id })
    }

    fn signal(&self, signal: Signal) {
        kill_process_group(self.id, signal).ok();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let known = match GROUPS.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(groups) => {
                groups.retain(|group| *group != self.id);
                true
            }
            None => false,
        };
        // `end_all` has it in hand otherwise.
        if known {
            self.signal(Signal::TERM);
            let leader = &mut self.leader;
            end_group(self.id, Instant::now(), || {
                leader.try_wait().ok();
            });
        }
        self.reaper.kill().ok();
        self.reaper.wait().ok();
    }
}

/// Waits until nobody is left in a group that was asked to end at `asked`; kills it when that takes too long.
fn end_group(group: Pid, asked: Instant, mut reap: impl FnMut()) {
    loop {
        reap();
        if test_kill_process_group(group).is_err() {
            return;
        }
        if asked.elapsed() > GRACE {
            kill_process_group(group, Signal::KILL).ok();
        }
        if asked.elapsed() > GRACE.saturating_add(Duration::from_secs(2)) {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The last `lines` of a log.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let Ok(bytes) = fs::read(path) else { return "(there is no log)".to_owned() };
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}
