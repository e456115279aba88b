//! What stands for values in the ledger.

use std::io::stdin;

use anyhow::{Context, anyhow};
use audit::secret;
use mask::ValueKey;

use crate::args::Values;
use crate::failure::Failure;

/// Most values of one question.
const VALUES_MAX: usize = 1_000;

/// Hashes of the values, each once.
pub(crate) fn hashes(asked: &Values) -> Result<Vec<u64>, Failure> {
    let mut values = Vec::new();
    for value in &asked.values {
        match value.as_str() {
            "-" => {
                for line in stdin().lines().take(VALUES_MAX + 1) {
                    values.push(line.context("read values from stdin")?);
                }
            }
            value => values.push(value.to_owned()),
        }
    }
    values.retain(|value| !value.trim().is_empty());
    match values.len() {
        0 => {
            let mend = "say one with --value, or one a line on stdin with `--value -`";
            return Err(Failure::usage(anyhow!("no value is given: {mend}")));
        }
        1..=VALUES_MAX => {}
        _ => {
            let why = format!("more than {VALUES_MAX} values are given: ask for fewer at once");
            return Err(Failure::usage(anyhow!(why)));
        }
    }
    let about = "give the proxy's with --key-file: without it nobody can tell which hash stands for a value";
    let key = secret::load(&asked.key_file).context(about)?;
    let key = ValueKey::new(&key).context("take the key of values")?;
    let mut hashes: Vec<u64> = values.iter().map(|value| key.hash(value)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}
