//! The secrets of a state folder: made at first start, readable by their owner alone, never printed.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

const NAMES: [&str; 4] = ["ORIGIN_SECRET", "PROOF_SECRET", "STREAM_KEY_SECRET", "TOKEN_SECRET"];

/// A file of `NAME=value` lines, as `wrangler --env-file` reads it.
#[derive(Clone)]
pub struct Secrets {
    path: PathBuf,
    values: Vec<(&'static str, String)>,
}

impl Secrets {
    /// Reads the secrets of a state folder, making those that are not there yet.
    pub fn of(state: &Path) -> Result<Self> {
        let path = state.join("secrets");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let values = NAMES
            .into_iter()
            .map(|name| {
                let known = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
                Ok((name, known.map_or_else(|| random_text(32), |value| Ok(value.to_owned()))?))
            })
            .collect::<Result<Vec<_>>>()?;
        let lines: String = values.iter().map(|(name, value)| [name, "=", value, "\n"].concat()).collect();
        private_file(&path, &lines)?;
        Ok(Self { path, values })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One of them; empty when there is none of that name.
    pub fn get(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.path.display())
    }
}

/// Writes a file that its owner alone can read.
pub fn private_file(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    fs::remove_file(&new).ok();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&new, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Random bytes as hexadecimal text.
pub fn random_text(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(random.iter().fold(String::with_capacity(2 * bytes), |text, byte| text + &format!("{byte:02x}")))
}
