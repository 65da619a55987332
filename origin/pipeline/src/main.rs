//! One stream's media process: FLV tags in, CMAF parts out. The origin starts it with pipes and speaks
//! [`spillway_protocol::pipe`] with it; hostile media is handled here, and here alone.

mod clock;
mod decode_time;
mod flv;
mod format;
mod mux;
mod outlet;
mod run;
mod segmenter;
mod stream;

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Address space. A stream in this process needs some tens of megabytes; the rest is threads' stacks and libraries.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;

fn main() -> ExitCode {
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    if let Err(error) = setrlimit(Resource::As, limit) {
        eprintln!("spillway-pipeline: no memory limit: {error}");
    }
    let result =
        mux::init().map_err(run::RunError::from).and_then(|()| run::run(std::io::stdin(), std::io::stdout().lock()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spillway-pipeline: {error}");
            ExitCode::FAILURE
        }
    }
}
