//! How it is told what was verified, what was found, and what nobody can know.

use std::collections::BTreeMap;
use std::fmt::Write;

use audit::ledger::{ChainVerified, Finding, Verified, Verify};
use serde::Serialize;

use crate::show::{escaped, json_line, moment};

/// Findings that people are shown; JSON has more.
const SHOWN_MAX: usize = 20;

#[derive(Serialize)]
struct Report<'a> {
    whole: bool,
    findings: Vec<Found<'a>>,
    found: BTreeMap<&'static str, u64>,
    chains: Vec<Chain>,
    unchained: BTreeMap<&'static str, u64>,
    keys_known: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    table: &'static str,
    writer: Option<String>,
    first: u64,
    last: u64,
    at: Option<String>,
    message: &'a str,
}

#[derive(Serialize)]
struct Chain {
    writer: String,
    public_key: Option<String>,
    first: u64,
    last: u64,
    newest_at: String,
    checkpoints: u64,
    whole: u64,
    completed: u64,
    elsewhere: u64,
    unproven: u64,
    noted: u64,
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(finding: &'a Finding) -> Self {
        Found {
            kind: finding.kind.name(),
            table: finding.table,
            writer: finding.writer.map(|writer| writer.to_string()),
            first: finding.first,
            last: finding.last,
            at: finding.at.map(moment::exact),
            message: &finding.message,
        }
    }
}

impl From<&ChainVerified> for Chain {
    fn from(chain: &ChainVerified) -> Self {
        Chain {
            writer: chain.writer.to_string(),
            public_key: chain.key.map(|key| key.to_string()),
            first: chain.first,
            last: chain.last,
            newest_at: moment::exact(chain.newest_at),
            checkpoints: chain.checkpoints,
            whole: chain.whole,
            completed: chain.completed,
            elsewhere: chain.elsewhere,
            unproven: chain.unproven,
            noted: chain.noted,
        }
    }
}

pub(super) fn json(asked: &Verify, verified: &Verified) -> anyhow::Result<String> {
    let line = json_line(&Report {
        whole: verified.findings.total() == 0,
        findings: verified.findings.kept().iter().map(Found::from).collect(),
        found: verified.findings.counts().iter().map(|(kind, count)| (kind.name(), *count)).collect(),
        chains: verified.chains.iter().map(Chain::from).collect(),
        unchained: verified.unchained.iter().map(|(table, rows)| (table.name(), *rows)).collect(),
        keys_known: !asked.keys.is_empty(),
    })?;
    Ok(line + "\n")
}

pub(super) fn text(asked: &Verify, verified: &Verified) -> String {
    let mut text = String::new();
    verified.chains.iter().for_each(|chain| tell_chain(&mut text, chain));
    if verified.chains.is_empty() {
        text += "no chain\n";
    }
    let kept = verified.findings.kept();
    for (number, finding) in kept.iter().take(SHOWN_MAX).enumerate() {
        text += if number == 0 { "\nfound:\n" } else { "" };
        tell_finding(&mut text, finding);
    }
    let others = verified.findings.total().saturating_sub(kept.len().min(SHOWN_MAX) as u64);
    if 0 < others {
        text += &format!("  and {others} more; --format json has the first 1000\n");
    }
    text += "\nnot proven:\n";
    not_proven(asked, verified).iter().for_each(|line| text += &format!("  {line}\n"));
    text
}

// Writing to a string does not fail.
fn tell_chain(text: &mut String, chain: &ChainVerified) {
    let key = chain.key.map_or_else(|| "none that holds".to_owned(), |key| key.to_string());
    let _ = writeln!(text, "chain of {}, key {key}", chain.writer);
    let _ = writeln!(
        text,
        "  records {} to {} under {} checkpoints, up to {}: {} are there as they were signed",
        chain.first,
        chain.last,
        chain.checkpoints,
        moment::short(chain.newest_at),
        chain.whole,
    );
    if 0 < chain.completed {
        let _ = writeln!(
            text,
            "  {} began something, and the record of its end took their place",
            chain.completed
        );
    }
    if 0 < chain.elsewhere {
        let _ = writeln!(text, "  {} were sent again, and are in another chain", chain.elsewhere);
    }
    if 0 < chain.noted {
        let _ = writeln!(text, "  as its writer has noted, up to record {}", chain.noted);
    }
}

fn tell_finding(text: &mut String, finding: &Finding) {
    let _ = write!(text, "  {}: {}", finding.kind, finding.table);
    if finding.first < finding.last {
        let _ = write!(text, ", records {} to {}", finding.first, finding.last);
    } else if 0 < finding.first {
        let _ = write!(text, ", record {}", finding.first);
    }
    if let Some(at) = finding.at {
        let _ = write!(text, ", {}", moment::exact(at));
    }
    if let Some(writer) = finding.writer {
        let _ = write!(text, ", of {writer}");
    }
    let _ = writeln!(text, ": {}", escaped(&finding.message));
}

fn not_proven(asked: &Verify, verified: &Verified) -> Vec<String> {
    let mut lines = Vec::new();
    if asked.keys.is_empty() {
        lines.push(
            "that the keys above are the writers': give theirs with --public-key, or compare; the ledger itself named these"
                .to_owned(),
        );
    }
    let unnoted = verified.chains.iter().filter(|chain| chain.noted < chain.last).count();
    if 0 < unnoted {
        lines.push(format!(
            "that nothing was cut off at the end of {unnoted} chains: give what their writers have noted with --checkpoints"
        ));
    }
    let unproven: u64 = verified.chains.iter().map(|chain| chain.unproven).sum();
    if 0 < unproven {
        lines.push(format!("{unproven} rows whose checkpoints are still to come"));
    }
    for (table, rows) in &verified.unchained {
        lines.push(format!("{rows} {} of before there were chains", table.name()));
    }
    if asked.since.is_some() {
        lines.push("what began before --since".to_owned());
    }
    lines.push("that proxies and agents told the truth when they signed".to_owned());
    lines
}
