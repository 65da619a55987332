//! One stream's media process: FLV tags in, CMAF parts out. The origin starts it with pipes and speaks
//! [`spillway_protocol::pipe`] with it; hostile media is handled here, and here alone.

mod aac;
mod avc;
mod clock;
mod decode_time;
mod flv;
mod format;
mod limits;
mod mux;
mod opening;
mod outlet;
mod run;
mod sbr;
mod segmenter;
mod stream;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(error) = limits::set() {
        eprintln!("spillway-pipeline: {error}");
        return ExitCode::FAILURE;
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
