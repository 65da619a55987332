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
    run::{Edge, EdgeOptions, Origin, OriginOptions, Secrets, Upstream, Worker},
};

use crate::Api;

/// The programs of this test binary, or of a scenario that ill-treats them. They end when it does.
pub struct System {
    /// Where they keep their things.
    pub scratch: Scratch,
    /// What they sign with.
    pub secrets: Secrets,
    /// The Worker.
    pub edge: Edge,
    worker: Worker,
    edge_port: u16,
    rtmp_port: u16,
    origin: Option<Origin>,
}

/// The edge alone, for scenarios that play the origin's part themselves.
pub async fn edge() -> &'static System {
    static EDGE: OnceLock<System> = OnceLock::new();
    tokio::task::spawn_blocking(|| EDGE.get_or_init(|| System::start(Scratch::new(), false))).await.unwrap()
}

/// Edge and origin.
pub async fn system() -> &'static System {
    static SYSTEM: OnceLock<System> = OnceLock::new();
    tokio::task::spawn_blocking(|| SYSTEM.get_or_init(|| System::start(Scratch::new(), true))).await.unwrap()
}

impl System {
    /// The edge alone, for one scenario that will ill-treat it.
    pub fn own(name: &str) -> Self {
        Self::start(Scratch::new().folder(name), false)
    }

    fn start(scratch: Scratch, with_origin: bool) -> Self {
        let workspace = Workspace::this();
        show_logs_of_failures(scratch.path().join("log"));
        let secrets = Secrets::of(scratch.path()).unwrap();
        let worker = Worker::frozen(&workspace, scratch.path().join("worker")).unwrap();
        let (edge_port, rtmp_port) = (free_port(), free_port());
        let edge = start_edge(&scratch, &secrets, &worker, (edge_port, rtmp_port));
        let mut system = Self { scratch, secrets, edge, worker, edge_port, rtmp_port, origin: None };
        if with_origin {
            system.origin = Some(system.start_origin(system.scratch.path(), rtmp_port));
        }
        system
    }

    /// Kills the edge, whatever it is doing, and starts it again with what it has stored.
    pub fn restart_edge(&mut self) {
        self.edge.process.kill();
        let log = self.edge.process.log();
        // A process begins its log anew.
        fs::rename(log, log.with_file_name(format!("edge-{}.log", self.edge.process.id()))).unwrap();
        let ports = (self.edge_port, self.rtmp_port);
        self.edge = start_edge(&self.scratch, &self.secrets, &self.worker, ports);
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
        self.start_origin_on(&self.edge.upstream(), state, rtmp_port)
    }

    /// A further origin, which speaks to something before the edge.
    pub fn start_origin_on(&self, upstream: &Upstream, state: &Path, rtmp_port: u16) -> Origin {
        let options = OriginOptions { state, secrets: &self.secrets, rtmp_port, http_port: free_port() };
        Origin::start(&Workspace::this(), upstream, options).unwrap()
    }
}

fn start_edge(scratch: &Scratch, secrets: &Secrets, worker: &Worker, (port, rtmp_port): (u16, u16)) -> Edge {
    let rtmp_url = format!("rtmp://127.0.0.1:{rtmp_port}/live");
    let options = EdgeOptions { state: scratch.path(), secrets, port, rtmp_url: &rtmp_url, worker };
    Edge::start(&Workspace::this(), options).unwrap()
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

    /// A folder within.
    fn folder(&self, name: &str) -> Self {
        let path = self.path.join(name);
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
