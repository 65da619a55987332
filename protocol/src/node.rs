//! How an origin node proves itself to the edge: an HMAC over method, path, time and body, good for one minute.

use crate::{mac, time::Timestamp};

const LABEL: &str = "spillway origin node v1";

/// The header that carries the time of signing, in milliseconds since the Unix epoch.
pub const TIME_HEADER: &str = "spillway-time";
/// The header that carries the code.
pub const CODE_HEADER: &str = "spillway-code";
/// How far a request's time may be from the edge's, either way, in milliseconds.
pub const TOLERANCE_MS: i64 = 60_000;

/// The code for a request; `path` is path and query as sent, `body` the text of the body (empty for none).
pub fn sign(secret: &[u8], method: &str, path: &str, at: Timestamp, body: &str) -> String {
    mac::sign(secret, LABEL, &[method, path, &at.millis().to_string(), body])
}

/// Whether a request with these headers comes from a node that holds the secret, signed about now.
pub fn verify(secret: &[u8], method: &str, path: &str, time: &str, body: &str, code: &str, now: Timestamp) -> bool {
    let Ok(at) = time.parse::<i64>() else { return false };
    at.abs_diff(now.millis()) <= TOLERANCE_MS.unsigned_abs()
        && mac::verify(secret, LABEL, &[method, path, time, body], code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bound_to_the_request_and_to_the_minute() {
        let at = Timestamp::from_millis(1_000_000);
        let code = sign(b"k", "POST", "/origin/v1/publish", at, "{}");
        let check = |path, body, now| verify(b"k", "POST", path, "1000000", body, &code, Timestamp::from_millis(now));
        assert!(check("/origin/v1/publish", "{}", 1_060_000));
        assert!(!check("/origin/v1/publish", "{}", 1_060_001));
        assert!(!check("/origin/v1/publish", "{ }", 1_000_000));
        assert!(!check("/origin/v1/other", "{}", 1_000_000));
    }
}
