//! One stream's media process: FLV tags in, CMAF parts out. The origin starts it with pipes and speaks
//! [`spillway_protocol::pipe`] with it; hostile media is handled here, and here alone.

mod aac;
mod avc;
mod clock;
mod decode_time;
mod flv;
mod format;
mod ladder;
mod limits;
mod mux;
mod opening;
mod outlet;
mod run;
mod rungs;
mod sbr;
mod segmenter;
mod stream;
mod transcode;

use std::process::ExitCode;

fn main() -> ExitCode {
    match run::run(std::io::stdin(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spillway-pipeline: {error}");
            ExitCode::FAILURE
        }
    }
}
