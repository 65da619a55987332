//! The programs, as `cargo xtask up` starts them, on free ports and with a folder of their own.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process,
    sync::OnceLock,
};

use xtask::{
    Workspace,
    run::{Edge, EdgeOptions, Origin, OriginOptions, Secrets, Worker},
};

use crate::Api;

/// The programs of this test binary. They end when it does.
pub struct System {
    /// Where they keep their things.
    pub scratch: Scratch,
    /// What they sign with.
    pub secrets: Secrets,
    /// The Worker.
    pub edge: Edge,
    rtmp_port: u16,
    origin: Option<Origin>,
}

/// The edge alone, for scenarios that play the origin's part themselves.
pub async fn edge() -> &'static System {
    static EDGE: OnceLock<System> = OnceLock::new();
    tokio::task::spawn_blocking(|| EDGE.get_or_init(|| System::start(false))).await.unwrap()
}

/// Edge and origin.
pub async fn system() -> &'static System {
    static SYSTEM: OnceLock<System> = OnceLock::new();
    tokio::task::spawn_blocking(|| SYSTEM.get_or_init(|| System::start(true))).await.unwrap()
}

impl System {
    fn start(with_origin: bool) -> Self {
        let workspace = Workspace::this();
        let scratch = Scratch::new();
        show_logs_of_failures(scratch.path().join("log"));
        let secrets = Secrets::of(scratch.path()).unwrap();
        let rtmp_port = free_port();
        let rtmp_url = format!("rtmp://127.0.0.1:{rtmp_port}/live");
        let worker = Worker::frozen(&workspace, scratch.path().join("worker")).unwrap();
        let options = EdgeOptions {
            state: scratch.path(),
            secrets: &secrets,
            port: free_port(),
            rtmp_url: &rtmp_url,
            worker: &worker,
        };
        let edge = Edge::start(&workspace, options).unwrap();
        let mut system = Self { scratch, secrets, edge, rtmp_port, origin: None };
        if with_origin {
            system.origin = Some(system.start_origin(system.scratch.path(), rtmp_port));
        }
        system
    }

    /// The API.
    pub fn api(&self) -> Api {
        Api::of(self.edge.url())
    }

    /// The port that the shared origin takes RTMP on.
    pub fn rtmp_port(&self) -> u16 {
        self.rtmp_port
    }

    /// The shared origin.
    pub fn origin(&self) -> &Origin {
        self.origin.as_ref().expect("this binary's scenarios run with an origin")
    }

    /// A further origin, for scenarios that ill-treat one.
    pub fn start_origin(&self, state: &Path, rtmp_port: u16) -> Origin {
        let options = OriginOptions { state, secrets: &self.secrets, rtmp_port, http_port: free_port() };
        Origin::start(&Workspace::this(), &self.edge, options).unwrap()
    }
}

/// A folder that stays until the next run, to be looked at.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A folder for this test binary, below `target/tests`; those that earlier runs left behind are removed.
    fn new() -> Self {
        let all = Workspace::this().target().join("tests");
        for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.rsplit_once('-')).map(|(_, pid)| pid);
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                fs::remove_dir_all(entry.path()).ok();
            }
        }
        let program = env::current_exe().unwrap();
        let name = program.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
        let path = all.join(format!("{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// From now on a failing test shows the last of every log.
fn show_logs_of_failures(logs: PathBuf) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        for entry in fs::read_dir(&logs).into_iter().flatten().flatten() {
            eprintln!("--- the last of {} ---\n{}", entry.path().display(), tail(&entry.path(), 25));
        }
    }));
}

fn tail(path: &Path, lines: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
