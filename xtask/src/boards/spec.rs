//! What `dashboards/boards.toml` says, with the texts of its queries.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// Units of a board's width.
pub(super) const WIDTH: u32 = 24;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(rename = "board")]
    pub(super) boards: Vec<Board>,
    #[serde(rename = "alert")]
    pub(super) alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Board {
    /// Of its file.
    pub(super) name: String,
    pub(super) title: String,
    /// What it answers.
    pub(super) question: String,
    /// What people ask about until they choose something else; then its queries have `${object:sqlstring}`.
    pub(super) object: Option<String>,
    pub(super) panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Panel {
    pub(super) title: String,
    /// Name of the file, and then its text.
    pub(super) query: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) unit: String,
    pub(super) width: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Table,
    TimeSeries,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) title: String,
    /// Name of the file, and then its text.
    pub(super) query: String,
    /// It is raised when the value is above this.
    pub(super) above: u32,
    pub(super) severity: String,
    pub(super) about: String,
}

impl Spec {
    /// Reads it. Each query must be used.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("boards.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
        let mut spec: Spec = toml::from_str(&text).with_context(|| format!("read `{}`", path.display()))?;
        let mut unused = queries(folder)?;
        let panels = spec.boards.iter_mut().flat_map(|board| &mut board.panels).map(|panel| &mut panel.query);
        for query in panels.chain(spec.alerts.iter_mut().map(|alert| &mut alert.query)) {
            let file = folder.join(format!("queries/{query}.sql"));
            ensure!(
                unused.remove(query),
                "`{query}` in boards.toml is no file in queries, or is there twice"
            );
            *query = fs::read_to_string(&file).with_context(|| format!("read `{}`", file.display()))?;
        }
        if let Some(name) = unused.first() {
            bail!("queries/{name}.sql is on no board and in no rule");
        }
        Ok(spec)
    }
}

fn queries(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder.join("queries")).context("list dashboards/queries")?;
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.context("list dashboards/queries")?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        name.context("find the name of a query")
    };
    entries.map(name).collect()
}
