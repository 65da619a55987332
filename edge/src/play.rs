//! Playback: playlists and media below `/play/`.

#[cfg(target_arch = "wasm32")]
mod shell {
    use worker::Request;

    use crate::{
        failure::Failure,
        shell::{Cx, Reply},
    };

    /// Answers `GET /play/<path>`.
    pub(crate) async fn handle(_req: Request, _cx: &Cx, _path: &str) -> Reply {
        Err(Failure::not_found())
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) use shell::handle;
