//! What the origin is told at its start: options, each also as an environment variable; secrets as environment variables alone.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Parser, ValueEnum};
use reqwest::Url;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines, a JSON object a line.
    Json,
}

/// A secret that no log shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where R2 is, and as whom to write there.
#[derive(Debug, Clone, clap::Args)]
pub struct R2 {
    /// R2's S3 endpoint, without the bucket
    #[arg(long = "r2-endpoint", env = "R2_ENDPOINT")]
    pub endpoint: Url,
    /// The bucket that media goes to
    #[arg(long = "r2-bucket", env = "R2_BUCKET")]
    pub bucket: String,
    /// Only from the environment
    #[arg(long = "r2-access-key-id", env = "R2_ACCESS_KEY_ID", hide = true, hide_env_values = true)]
    pub access_key_id: Secret,
    /// Only from the environment
    #[arg(long = "r2-secret-access-key", env = "R2_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub secret_access_key: Secret,
}

/// What encoders may do at most.
#[derive(Debug, Clone, clap::Args)]
pub struct IngestLimits {
    /// How many encoders may be connected at once
    #[arg(long, env = "ORIGIN_MAX_CONNECTIONS", default_value_t = Self::DEFAULT.max_connections)]
    pub max_connections: u16,
    /// How many of them from one address (an IPv6 /64 is one)
    #[arg(long, env = "ORIGIN_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = Self::DEFAULT.max_connections_per_address)]
    pub max_connections_per_address: u16,
    /// How many that have shown no good key yet; beyond that the oldest of them goes when another comes
    #[arg(long, env = "ORIGIN_MAX_UNAUTHENTICATED", default_value_t = Self::DEFAULT.max_unauthenticated)]
    pub max_unauthenticated: u16,
    /// How many of those from one address
    #[arg(
        long,
        env = "ORIGIN_MAX_UNAUTHENTICATED_PER_ADDRESS",
        default_value_t = Self::DEFAULT.max_unauthenticated_per_address
    )]
    pub max_unauthenticated_per_address: u16,
    /// How many refused keys an address may have before the edge is not asked any more; one is forgiven every second
    #[arg(long, env = "ORIGIN_MAX_REFUSED_KEYS", default_value_t = Self::DEFAULT.max_refused_keys)]
    pub max_refused_keys: u16,
    /// Seconds until the handshake must be done
    #[arg(long, env = "ORIGIN_HANDSHAKE_SECONDS", default_value_t = Self::DEFAULT.handshake_seconds)]
    pub handshake_seconds: u16,
    /// Seconds until a key must have been shown
    #[arg(long, env = "ORIGIN_KEY_SECONDS", default_value_t = Self::DEFAULT.key_seconds)]
    pub key_seconds: u16,
    /// Bits a second that an encoder may send, averaged over ten seconds
    #[arg(long, env = "ORIGIN_MAX_BITRATE", default_value_t = Self::DEFAULT.max_bitrate)]
    pub max_bitrate: u64,
}

impl IngestLimits {
    /// What holds unless said otherwise.
    pub const DEFAULT: Self = Self {
        max_connections: 256,
        max_connections_per_address: 64,
        max_unauthenticated: 128,
        max_unauthenticated_per_address: 16,
        max_refused_keys: 20,
        handshake_seconds: 5,
        key_seconds: 15,
        max_bitrate: 60_000_000,
    };
}

/// Takes streams from encoders and puts them on R2.
#[derive(Debug, Clone, Parser)]
#[command(name = "spillway-origin", version)]
pub struct Config {
    /// Where encoders connect
    #[arg(long, env = "ORIGIN_RTMP_ADDR", default_value = "127.0.0.1:1935")]
    pub rtmp_addr: SocketAddr,
    /// Where health and metrics are asked for
    #[arg(long, env = "ORIGIN_HTTP_ADDR", default_value = "127.0.0.1:8080")]
    pub http_addr: SocketAddr,
    /// The edge: scheme, host and port
    #[arg(long, env = "ORIGIN_EDGE_URL", default_value = "http://127.0.0.1:8787", value_parser = edge_url)]
    pub edge_url: Url,
    /// The folder that holds what is not yet on R2 and told
    #[arg(long, env = "ORIGIN_STATE")]
    pub state: PathBuf,
    /// The program that handles one stream's media; the one beside this program unless said otherwise
    #[arg(long, env = "ORIGIN_PIPELINE")]
    pub pipeline: Option<PathBuf>,
    /// Cores that may transcode, 0 for none: streams are then only passed through; three quarters of all unless said otherwise
    #[arg(long, env = "ORIGIN_TRANSCODE_CORES", value_parser = cores)]
    pub transcode_cores: Option<f64>,
    /// How the log is written
    #[arg(long, env = "ORIGIN_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    pub log_format: LogFormat,
    /// Only from the environment: the secret shared with the edge
    #[arg(long, env = "ORIGIN_SECRET", hide = true, hide_env_values = true)]
    pub origin_secret: Secret,
    /// Where media goes
    #[command(flatten)]
    pub r2: R2,
    /// What encoders may do at most
    #[command(flatten)]
    pub ingest: IngestLimits,
}

impl Config {
    /// How much of this machine may transcode, in thousandths of a core.
    pub fn transcode_millicores(&self) -> u32 {
        let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Passthrough and delivery keep a quarter.
        let all = u32::try_from(all).unwrap_or(u32::MAX).saturating_mul(750);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded where it is read")]
        self.transcode_cores.map_or(all, |cores| (cores * 1_000.0) as u32)
    }

    /// The pipeline's program.
    pub fn pipeline(&self) -> std::io::Result<PathBuf> {
        if let Some(path) = &self.pipeline {
            return Ok(path.clone());
        }
        let beside = std::env::current_exe()?;
        Ok(beside.parent().unwrap_or(Path::new(".")).join("spillway-pipeline"))
    }
}

/// A number of cores that a machine may have.
fn cores(text: &str) -> Result<f64, String> {
    let cores = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=4_096.0).contains(&cores) { Ok(cores) } else { Err("0 to 4096 cores are wanted".to_owned()) }
}

/// The signature is over the path as the edge sees it, so there must be none in front of ours.
fn edge_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}"))?;
    let plain = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
    if plain { Ok(url) } else { Err("an http or https URL without a path is wanted".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(extra: &[&str]) -> Result<Config, clap::Error> {
        let base = ["origin", "--state", "/s", "--r2-endpoint", "http://127.0.0.1:1/s3", "--r2-bucket", "media"];
        let secrets =
            ["--r2-access-key-id", "hidden1", "--r2-secret-access-key", "hidden2", "--origin-secret", "hidden3"];
        Config::try_parse_from(base.iter().chain(&secrets).chain(extra))
    }

    #[test]
    fn defaults_are_the_developers_machine() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.rtmp_addr, "127.0.0.1:1935".parse().unwrap());
        assert_eq!(config.edge_url.as_str(), "http://127.0.0.1:8787/");
        assert!(config.pipeline().unwrap().ends_with("spillway-pipeline"));
        assert_eq!((config.ingest.max_connections, config.ingest.max_bitrate), (256, 60_000_000));
    }

    #[test]
    fn some_cores_transcode() {
        let millicores = |extra: &[&str]| parse(extra).map(|config| config.transcode_millicores());
        assert!(millicores(&[]).unwrap() >= 750);
        assert_eq!(millicores(&["--transcode-cores", "0"]).unwrap(), 0);
        assert_eq!(millicores(&["--transcode-cores", "1.5"]).unwrap(), 1_500);
        assert!(
            millicores(&["--transcode-cores", "-1"]).is_err() && millicores(&["--transcode-cores", "NaN"]).is_err()
        );
    }

    #[test]
    fn the_edge_has_no_path_and_secrets_are_not_shown() {
        assert!(parse(&["--edge-url", "http://h/path"]).is_err());
        assert!(parse(&["--edge-url", "ftp://h"]).is_err());
        assert!(!format!("{:?}", parse(&[]).unwrap()).contains("hidden"));
    }
}
