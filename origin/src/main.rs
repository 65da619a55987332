//! The origin's program; everything is in the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let config = spillway_origin::load();
    match spillway_origin::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the origin cannot run");
            ExitCode::FAILURE
        }
    }
}
