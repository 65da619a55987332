//! Bounds on what comes from outside, in one place. Sizes in bytes, times in milliseconds.

/// A username: 3 to 30 of `A-Z a-z 0-9 _ -`, told apart without regard to case.
pub const USERNAME: std::ops::RangeInclusive<usize> = 3..=30;
/// A password in characters; the upper bound keeps hashing cheap to refuse.
pub const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;
/// An e-mail address (RFC 5321, section 4.5.3.1.3).
pub const EMAIL: usize = 254;
/// A stream's title, in characters, once trimmed.
pub const TITLE: std::ops::RangeInclusive<usize> = 1..=140;
/// A stream's description, in characters.
pub const DESCRIPTION: usize = 5_000;
/// A chat line, in characters, once trimmed.
pub const MESSAGE: std::ops::RangeInclusive<usize> = 1..=500;
/// A reaction, in bytes: one emoji with its joiners.
pub const REACTION: usize = 32;
/// A client's own id of a line.
pub const CLIENT_ID: usize = 64;
/// How long a client's own id of a line makes a second one the same line.
pub const CLIENT_ID_MS: i64 = 10 * 60 * 1_000;
/// A request's URL; no path, search or proof of ours is nearly as long.
pub const URL: usize = 8 * 1024;
/// A JSON request body.
pub const BODY: usize = 64 * 1024;
/// How long a body may take to arrive.
pub const BODY_MS: u64 = 15_000;
/// A frame from a viewer's socket.
pub const FRAME: usize = 4 * 1024;
/// A list's page: at most, and unless said otherwise.
pub const PAGE: (u32, u32) = (100, 20);
/// History in `WELCOME`, and the largest page of it over HTTP.
pub const HISTORY: (u32, u32) = (50, 100);
/// An access token's life.
pub const ACCESS_TOKEN_MS: i64 = 15 * 60 * 1_000;
/// How far ahead of ours the clock may be that an access token was issued by.
pub const CLOCK_SKEW_MS: i64 = 60_000;
/// A refresh token's life.
pub const REFRESH_TOKEN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How long a spent refresh token still gives the same reply (two tabs at once).
pub const REFRESH_GRACE_MS: i64 = 10_000;
/// An entry proof's life (playback and chat).
pub const ENTRY_MS: i64 = 5 * 60 * 1_000;
/// A session proof's life: the longest stream.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1_000;
/// A socket that is silent for this long is out of the count and closed with 4408.
pub const IDLE_MS: i64 = 15_000;
/// A player without a socket counts as a viewer for this long after its last playlist.
pub const POLLER_MS: i64 = 20_000;
/// A publisher that is silent for this long may be taken over by another with the same key.
pub const TAKEOVER_MS: i64 = 2_000;
/// How long the key is refused after `end`, unless `start` comes first.
pub const RESTART_BLOCK_MS: i64 = 120_000;
/// How long a stream waits for its encoder to come back after it said goodbye.
pub const GRACE_UNPUBLISHED_MS: i64 = 20_000;
/// How long a stream waits for its encoder to come back after it was lost.
pub const GRACE_LOST_MS: i64 = 60_000;
/// How long an encoder's last media may take to be listed once its stream was ended.
pub const CLOSING_MS: i64 = 5_000;
