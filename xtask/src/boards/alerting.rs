//! Alert rules as Grafana's provisioning reads them.

use std::fmt::Write;

use anyhow::Result;

use super::spec::Alert;

/// How far a rule looks back, and how often.
const WINDOW_SECS: u32 = 600;

const HEAD: &str = "\
# Written by `cargo xtask boards` of boards.toml and queries. Copy it to /etc/grafana/provisioning/alerting; the datasource must have
# the uid `picket-ledger`, as provisioning/datasource.yaml gives it.
apiVersion: 1
groups:
  - orgId: 1
    name: picket
    folder: Picket
    interval: 1m
    rules:
";

pub(super) fn yaml(alerts: &[Alert]) -> Result<String> {
    let mut yaml = HEAD.to_owned();
    for Alert { name, title, query, above, severity, about } in alerts {
        // A query that fails is an alert: nobody knows then.
        write!(
            yaml,
            "      - uid: picket-{name}
        title: {title}
        condition: C
        for: 0s
        noDataState: OK
        execErrState: Alerting
        labels:
          severity: {severity}
        annotations:
          summary: {title}
          description: {about}
        data:
          - refId: A
            datasourceUid: picket-ledger
            relativeTimeRange: {{ from: {WINDOW_SECS}, to: 0 }}
            model:
              refId: A
              editorType: sql
              queryType: table
              format: 1
              rawSql: |
{query}          - refId: C
            datasourceUid: __expr__
            relativeTimeRange: {{ from: {WINDOW_SECS}, to: 0 }}
            model:
              refId: C
              type: threshold
              expression: A
              conditions:
                - evaluator: {{ type: gt, params: [{above}] }}
",
            title = quoted(title)?,
            about = quoted(about)?,
            query = indented(query),
        )?;
    }
    Ok(yaml)
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}

fn indented(query: &str) -> String {
    query.lines().map(|line| format!("                {line}\n")).collect()
}
