//! `cargo xtask boards`: Grafana's boards and alert rules, made of `dashboards/boards.toml` and the queries beside it.

mod alerting;
mod data;
mod grafana;
mod picture;
mod spec;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::data::Shown;
use self::spec::Spec;
use crate::repo;

/// Write Grafana's boards and alert rules, or see whether they are as they should be.
///
/// `dashboards/boards.toml` says what stands on which board; the text of each panel is a file in `dashboards/queries`, the same
/// that the end-to-end tests run. With --pictures an engine is started and filled with a generated day, all queries are asked of it
/// by the command line's own writer and migrations, and what they answer is drawn.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a file is not as it should be.
    #[arg(long, conflicts_with = "pictures")]
    check: bool,
    /// Draw the boards too, with what their queries answer.
    #[arg(long)]
    pictures: bool,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    if args.check {
        return check();
    }
    let folder = folder()?;
    for (name, text) in made()? {
        let path = folder.join(&name);
        fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))?;
        println!("wrote dashboards/{name}");
    }
    if args.pictures {
        draw()?;
    }
    Ok(())
}

/// Whether the files are what the description and the queries make, and every query is on a board or in a rule.
pub(crate) fn check() -> Result<()> {
    let folder = folder()?;
    for (name, text) in made()? {
        let there = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        ensure!(
            there == text,
            "`dashboards/{name}` is not what boards.toml and queries make; run `cargo xtask boards`"
        );
    }
    Ok(())
}

/// All files, by name.
fn made() -> Result<Vec<(String, String)>> {
    let spec = Spec::read(&folder()?)?;
    let boards = spec.boards.iter().map(|board| Ok((format!("{}.json", board.name), grafana::json(board)?)));
    let rules = Ok(("alerting/rules.yaml".to_owned(), alerting::yaml(&spec.alerts)?));
    boards.chain([rules]).collect()
}

fn draw() -> Result<()> {
    let spec = Spec::read(&folder()?)?;
    let day = data::Day::generate()?;
    for board in &spec.boards {
        let panels: Vec<Shown> = board
            .panels
            .iter()
            .map(|panel| day.ask(board, panel))
            .collect::<Result<_>>()
            .with_context(|| format!("ask what stands on the board `{}`", board.name))?;
        let name = format!("{}.svg", board.name);
        let path = folder()?.join(&name);
        fs::write(&path, picture::svg(board, &panels))
            .with_context(|| format!("write `{}`", path.display()))?;
        println!("wrote dashboards/{name}");
    }
    Ok(())
}

fn folder() -> Result<std::path::PathBuf> {
    Ok(repo::root()?.join(Path::new("dashboards")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn boards_and_rules_are_what_the_queries_make() {
        if let Err(error) = super::check() {
            panic!("{error:#}");
        }
    }
}
