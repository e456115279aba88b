//! `libpq_pipeline`: libpq's pipeline mode, message by message as upstream traced it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::scratch::Scratch;

use crate::stage::Stage;

/// Upstream traces nine of them.
const TRACES_MIN: usize = 9;

/// How long one of them may take. `uniqviol` has some 200,000 inserts under way at once.
const TEST_SECS_MAX: &str = "300";

#[test]
fn pipelines_are_traced_as_without_a_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let program = stage.program("libpq_pipeline");
    let (login, traces) = (stage.login()?, Scratch::new("traces")?);
    let expected = stage.input("pipeline")?.join("traces");
    let listed = Command::new(&program).arg("tests").output().context("list the tests")?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut traced = 0;
    for test in listed.split_whitespace() {
        let expected = fs::read_to_string(expected.join(format!("{test}.trace"))).ok();
        let trace = traces.join(test);
        let mut command = Command::new("timeout");
        command.arg(TEST_SECS_MAX).arg(&program).args(["-r", "700"]);
        if expected.is_some() {
            command.arg("-t").arg(&trace);
        }
        let output = command
            .arg(test)
            .arg(login.conninfo())
            .env("PGPASSWORD", &login.password)
            .output()
            .with_context(|| format!("run {test}"))?;
        assert!(output.status.success(), "{test}: {}", String::from_utf8_lossy(&output.stderr));
        let Some(expected) = expected else { continue };
        let seen = fs::read_to_string(&trace).with_context(|| format!("read the trace of {test}"))?;
        assert_eq!(expected, seen, "the trace of {test}");
        traced += 1;
    }
    assert!(TRACES_MIN <= traced, "only {traced} traces were compared");
    Ok(())
}
