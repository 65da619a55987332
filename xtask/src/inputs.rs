//! Whether something must be made anew: its inputs' contents are compared with those it was last made from.

use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{Workspace, progress::Done};

/// What has these names is made, not written.
const MADE: [&str; 5] = ["node_modules", "dist", "build", "target", "schema.d.ts"];

/// Does `work` unless `output` is there and was made from the same `inputs` (files and folders of the checkout).
pub(crate) fn unless_unchanged(
    workspace: &Workspace,
    name: &str,
    inputs: &[&str],
    output: &Path,
    work: impl FnOnce() -> Result<()>,
) -> Result<Done> {
    let note = workspace.target().join("inputs").join(name);
    if !output.exists() {
        fs::remove_file(&note).ok();
    }
    unless_noted(workspace, &note, inputs, work)
}

/// Does `work` unless the note says that it was done with the same `inputs`.
pub(crate) fn unless_noted(
    workspace: &Workspace,
    note: &Path,
    inputs: &[&str],
    work: impl FnOnce() -> Result<()>,
) -> Result<Done> {
    let now = fingerprint(workspace, inputs)?;
    if fs::read_to_string(note).is_ok_and(|before| before == now) {
        return Ok(Done::Nothing);
    }
    fs::remove_file(note).ok();
    work()?;
    if let Some(folder) = note.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(note, now)?;
    Ok(Done::Work)
}

fn fingerprint(workspace: &Workspace, inputs: &[&str]) -> Result<String> {
    let mut files = BTreeSet::new();
    for input in inputs {
        collect(&workspace.path(input), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.insert(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !MADE.iter().any(|made| entry.file_name() == *made) {
                collect(&entry.path(), files)?;
            }
        }
    }
    Ok(())
}
