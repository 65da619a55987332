//! A shared cache before the edge, as a content delivery network has them: nginx, which lets one request for a thing through and
//! keeps the others waiting for its answer.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use xtask::process::Process;

use crate::{System, free_port, unique_name};

/// A running cache; ends when dropped.
pub struct Cache {
    _process: Process,
    port: u16,
    log: PathBuf,
}

impl Cache {
    /// A cache before a system's edge.
    pub fn before(system: &System) -> Self {
        let folder = system.scratch.path().join(unique_name());
        fs::create_dir_all(&folder).unwrap();
        let (port, log) = (free_port(), folder.join("access.log"));
        let here = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;
             events {{ worker_connections 4096; }}
             http {{
               log_format asked '$upstream_cache_status $status $request_uri';
               access_log {log} asked;
               client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
               uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
               proxy_cache_path {here}/cache keys_zone=stream:10m;
               server {{
                 listen 127.0.0.1:{port} backlog=4096;
                 location / {{
                   proxy_pass {edge};
                   proxy_http_version 1.1;
                   proxy_set_header Connection '';
                   proxy_cache stream;
                   proxy_cache_key $request_uri;
                   proxy_cache_lock on;
                   proxy_cache_lock_timeout 30s;
                   proxy_cache_lock_age 30s;
                   proxy_read_timeout 40s;
                 }}
               }}
             }}",
            log = log.display(),
            edge = system.edge.url(),
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let mut nginx = Command::new("/usr/sbin/nginx");
        nginx.arg("-c").arg(&path);
        let mut process = Process::start("nginx", nginx, &folder.join("nginx.log")).unwrap();
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        process.until(Duration::from_secs(10), listens).expect("nginx listens");
        Self { _process: process, port, log }
    }

    /// The same URL, behind the cache.
    pub fn url(&self, url: &str) -> String {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// What was asked for so far, with what the cache made of it (`HIT`, `MISS`, …).
    pub fn asked(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let words = |line: &str| {
            let mut words = line.splitn(3, ' ');
            Some((words.nth(1).and(words.next())?.to_owned(), line.split(' ').next()?.to_owned()))
        };
        log.lines().filter_map(words).collect()
    }
}
