//! How each of the programs is started: what it is told, where it keeps its things, how one knows that it answers.

mod edge;
mod encoder;
mod origin;
mod pattern;
mod secrets;

pub(crate) use edge::wrangler;
pub use edge::{Bucket, Edge, EdgeOptions, Worker};
pub use encoder::ReturningEncoder;
pub use origin::{Origin, OriginOptions, Upstream};
pub use pattern::Pattern;
pub use secrets::{Secrets, private_file, random_text};

/// The address that everything listens on.
const HOST: &str = "127.0.0.1";

/// Whether a GET of this URL is answered with 200.
fn answers(url: &str) -> bool {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(std::time::Duration::from_secs(2))).build().into();
    agent.get(url).call().is_ok_and(|response| response.status() == 200)
}

/// Whether nobody listens on a port yet.
pub(crate) fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind((HOST, port)).is_ok()
}
