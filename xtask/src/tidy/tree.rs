//! The repository's own text files, read once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold what tools make.
const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "corpus"];

/// The ends of the names of files that rules speak about.
const READ: [&str; 8] = ["rs", "toml", "md", "sql", "sh", "json", "yml", "service"];

/// Every file that a rule may look at.
pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) files: Vec<SourceFile>,
}

/// One of them.
pub(super) struct SourceFile {
    /// Relative to the repository, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self { root: root.to_path_buf(), files: Vec::new() };
        tree.read_folder(root)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    pub(super) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("list `{}`", folder.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("list `{}`", folder.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !path.is_symlink() {
                if !SKIPPED.contains(&&*name) {
                    self.read_folder(&path)?;
                }
            } else if path.extension().is_some_and(|end| READ.iter().any(|read| end == *read))
                || path.ends_with(".ci/run")
            {
                let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
                let inside = path.strip_prefix(&self.root).context("find the file in the repository")?;
                self.files.push(SourceFile { path: inside.display().to_string(), text });
            }
        }
        Ok(())
    }
}
