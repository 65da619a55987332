//! A page that is not ours: another player, on an origin of its own.

use std::{fs, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use xtask::Workspace;

/// A small server of one page and one script; ends when dropped.
pub struct Page {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Page {
    /// Serves `html`, and below `/script.js` a file of an npm package.
    pub async fn serve(html: String, script: &str) -> Self {
        let script = fs::read(Workspace::this().path("node_modules").join(script)).expect("the package is installed");
        let (html, script) = (Arc::new(html.into_bytes()), Arc::new(script));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (html, script) = (html.clone(), script.clone());
                tokio::spawn(async move {
                    let mut head = vec![0; 8_192];
                    let length = client.read(&mut head).await.unwrap_or_default();
                    let wants_script = head[..length].starts_with(b"GET /script.js ");
                    let (kind, body) = if wants_script { ("text/javascript", &script) } else { ("text/html", &html) };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: {kind}; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = client.write_all(head.as_bytes()).await;
                    let _ = client.write_all(body).await;
                });
            }
        });
        Self { address, serving }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
