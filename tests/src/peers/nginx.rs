//! nginx with its RTMP module and HLS on: the peer of a stream that is passed on as it is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use xtask::process::Process;

use crate::free_port;

const PROGRAM: &str = "/usr/sbin/nginx";
const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// A running nginx; ends when dropped.
pub struct Nginx {
    process: Process,
    port: u16,
    playlists: PathBuf,
}

impl Nginx {
    /// Starts one that keeps everything in this folder, with segments as long as ours.
    pub fn start(folder: &Path) -> Self {
        let (here, port) = (folder.display(), free_port());
        let playlists = folder.join("hls");
        fs::create_dir_all(&playlists).unwrap();
        let config = format!(
            "load_module {MODULE};
             daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;
             events {{ worker_connections 4096; }}
             rtmp {{
               access_log off;
               server {{
                 listen 127.0.0.1:{port};
                 application live {{
                   live on;
                   hls on; hls_path {hls}; hls_fragment 2s; hls_playlist_length 12s;
                 }}
               }}
             }}",
            hls = playlists.display(),
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let mut nginx = Command::new(PROGRAM);
        nginx.arg("-c").arg(&path);
        let mut process = Process::start("nginx", nginx, &folder.join("nginx.log")).unwrap();
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        process.until(Duration::from_secs(10), listens).expect("nginx listens");
        Self { process, port, playlists }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where a stream is pushed to.
    pub fn url(&self, stream: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{stream}", self.port)
    }

    /// How many streams have a playlist.
    pub fn streams(&self) -> usize {
        let entries = fs::read_dir(&self.playlists).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "m3u8")).count()
    }
}

/// Which nginx it is, and which module.
pub fn versions() -> String {
    let packages = ["nginx-light", "libnginx-mod-rtmp"];
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Package} ${Version}, "]).args(packages).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.trim_end_matches(", ").to_owned()
}
