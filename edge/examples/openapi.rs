//! Prints the OpenAPI document, for `edge/openapi.json`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let text = spillway_edge::openapi::text().map_err(std::io::Error::other)?;
    std::io::stdout().write_all(text.as_bytes())
}
