//! One line a step, with the time it took.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{Workspace, process};

/// What a step came to.
pub(crate) enum Done {
    /// It did its work.
    Work,
    /// There was nothing to do.
    Nothing,
}

/// Does a step and prints its line.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    line(name, work, |_| "")
}

/// Does a step that may have nothing to do, and says so; does it once, however many need it.
pub(crate) fn step_if_needed(name: &str, work: impl FnOnce() -> Result<Done>) -> Result<()> {
    static DONE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if !DONE.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
        return Ok(());
    }
    line(name, work, |done| if matches!(done, Done::Nothing) { "  (nothing to do)" } else { "" })?;
    Ok(())
}

fn line<T>(name: &str, work: impl FnOnce() -> Result<T>, note: impl FnOnce(&T) -> &'static str) -> Result<T> {
    print!("  {name:<44}");
    std::io::stdout().flush().ok();
    let begun = Instant::now();
    let outcome = work();
    let time = seconds(begun.elapsed());
    match &outcome {
        Ok(value) => println!("{time:>8}{}", note(value)),
        Err(_) => println!("{time:>8}  FAILED"),
    }
    outcome.with_context(|| format!("step '{name}' failed"))
}

/// A time as the lines show it.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs a command to its end, its output going to `target/log/<name>.log`; shows the last of it when it fails.
pub(crate) fn run(workspace: &Workspace, name: &str, mut command: Command) -> Result<()> {
    let folder = workspace.target().join("log");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).env("RUST_BACKTRACE", "0");
    let program = command.get_program().to_string_lossy().into_owned();
    let status = process::run_in_group(&mut command).with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}; the last of {}:\n{}", path.display(), process::tail(&path, 150));
    }
    Ok(())
}
