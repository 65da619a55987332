//! Debian's packages.

use std::{
    collections::HashSet,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::{
    Workspace,
    progress::{self, Done},
};

/// Which packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// What compiling and running takes.
    Run,
    /// That, and what the scenarios take: a browser with its driver, a shared cache, Python's virtual environments.
    Test,
}

const RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "ffmpeg",
    "fonts-dejavu-core",
    "gstreamer1.0-libav",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
    "gstreamer1.0-tools",
    "libgstreamer-plugins-bad1.0-dev",
    "libgstreamer-plugins-base1.0-dev",
    "libgstreamer1.0-dev",
];

const TEST: &[&str] =
    &["chromium", "chromium-driver", "fonts-noto-color-emoji", "libnginx-mod-rtmp", "nginx-light", "python3-venv"];

pub(super) fn install(which: Packages) -> Result<Done> {
    let wanted = match which {
        Packages::Run => RUN.to_vec(),
        Packages::Test => [RUN, TEST].concat(),
    };
    let Some(installed) = installed() else {
        bail!("this is not Debian; install what its packages {} hold, by your system's own names", wanted.join(" "));
    };
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !installed.contains(*package)).collect();
    if missing.is_empty() {
        return Ok(Done::Nothing);
    }
    let Some(root) = as_root() else {
        bail!("packages are missing; type: sudo apt-get update && sudo apt-get install -y {}", missing.join(" "));
    };
    let workspace = Workspace::this();
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("env");
        command.arg("DEBIAN_FRONTEND=noninteractive").args(root).arg("apt-get").args(arguments);
        progress::run(&workspace, "apt-get", command)
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;
    Ok(Done::Work)
}

/// The packages that are installed; `None` where there is no dpkg.
fn installed() -> Option<HashSet<String>> {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status} ${Package}\n"]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect())
}

/// What to put before a command so that root runs it: nothing for root, `sudo` where it asks for no password.
fn as_root() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let quiet = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let sudo = Path::new("/usr/bin/sudo").exists() && quiet("sudo", &["-n", "true"]);
    sudo.then_some(&["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"])
}
