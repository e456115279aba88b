//! Makes and changes the tables of the ledger: one numbered file after the other, each once. An applied file is never
//! edited.

use std::collections::BTreeMap;
use std::time::Duration;

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, cluster, new_ledger};

/// Applied each time, before anything can be asked.
const MIGRATIONS_TABLE: &str = include_str!("../../migrations/0000_migrations.sql");

/// One file.
struct Migration {
    number: u32,
    name: &'static str,
    text: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal,)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            text: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),*]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 "0001_sessions",
    2 "0002_statements",
    3 "0003_connections",
    4 "0004_alerts",
    5 "0005_agent_health",
    6 "0006_who_touched",
    7 "0007_bypasses",
    8 "0008_sessions_environment",
    9 "0009_who_touched_environment",
    10 "0010_sessions_application_names",
    11 "0011_statement_arrays",
    12 "0012_statements_prepared",
    13 "0013_statement_objects",
    14 "0014_column_classes",
    15 "0015_classified_columns",
    16 "0016_connections_found",
    17 "0017_gaps",
    18 "0018_approvals",
    19 "0019_approvals_granted",
    20 "0020_denied",
    21 "0021_session_timeline",
    22 "0022_masked_access",
    23 "0023_new_access",
    24 "0024_coverage",
    25 "0025_witness_gaps",
    26 "0026_checkpoints",
    27 "0027_sessions_chain",
    28 "0028_statements_chain",
    29 "0029_connections_chain",
    30 "0030_alerts_chain",
    31 "0031_agent_health_chain",
    32 "0032_column_classes_chain",
    33 "0033_gaps_chain",
    34 "0034_approvals_chain",
    35 "0035_sessions_identity",
    36 "0036_connections_rule",
    37 "0037_coverage_allowed",
    38 "0038_bypasses_allowed",
    39 "0039_statements_revealed",
    40 "0040_revealed_access",
    41 "0041_approvals_request_reason",
    42 "0042_connections_unix",
    43 "0043_alerts_unix",
    44 "0044_agent_health_unix",
    45 "0045_coverage_unix",
    46 "0046_bypasses_unix",
    47 "0047_access_days",
    48 "0048_access_days_written",
    49 "0049_access_days_before",
    50 "0050_agent_health_blind",
    51 "0051_witness_gaps_blind",
    52 "0052_connections_process",
    53 "0053_alerts_process",
    54 "0054_bypasses_process",
    55 "0055_statements_values",
    56 "0056_agent_health_acts",
    57 "0057_statements_parameters",
    58 "0058_statements_values_index",
    59 "0059_who_saw",
    60 "0060_session_timeline_parameters",
    61 "0061_connections_startup",
    62 "0062_bypasses_startup",
    63 "0063_column_classes_confidence",
    64 "0064_classified_columns_confidence",
    65 "0065_connections_arguments",
    66 "0066_alerts_arguments",
    67 "0067_bypasses_arguments",
    68 "0068_proxy_connections",
    69 "0069_checkpoints_proxy_connections",
    70 "0070_proxy_claims",
    71 "0071_unclaimed_connections",
    72 "0072_coverage_claims",
    73 "0073_bypasses_claims",
    74 "0074_witness_gaps_leaving",
    75 "0075_agent_health_degraded",
    76 "0076_witness_gaps_degraded",
    77 "0077_bypasses_bytes",
    78 "0078_statements_masked_values",
    79 "0079_session_timeline_masked_values",
    80 "0080_statements_normalised",
    81 "0081_same_statements",
    82 "0082_connections_unix_bytes",
    83 "0083_bypasses_unix_bytes",
    84 "0084_witness_gaps_unix",
];

#[derive(Row, Deserialize)]
struct Applied {
    number: u32,
    checksum: u32,
}

#[derive(Row, Serialize)]
struct AppliedRow {
    number: u32,
    name: String,
    checksum: u32,
    applied_by: String,
}

impl Ledger {
    /// Brings the ledger to this Picket's schema, and makes its database where it is missing. Several may do this at
    /// once: each statement does nothing the second time, and a second line about the same migration is collapsed.
    ///
    /// Migrations of a newer Picket stay as they are: they only ever add. Returns the names of those that were applied.
    pub async fn migrate(&self, within: Duration) -> Result<Vec<&'static str>, LedgerError> {
        self.bounded(within, self.make_database()).await?;
        let applied = self.bounded(within, self.applied()).await?;
        if applied.is_empty() {
            for statement in new_ledger::statements(texts()) {
                self.bounded(within, self.run(&statement)).await?;
            }
            self.bounded(within, self.note(&MIGRATIONS.iter().collect::<Vec<_>>())).await?;
            return Ok(MIGRATIONS.iter().map(|migration| migration.name).collect());
        }
        let mut new = Vec::new();
        let mut done = Ok(());
        for migration in MIGRATIONS {
            done = match applied.get(&migration.number) {
                None => self.bounded(within, self.run(migration.text)).await.map(|()| new.push(migration)),
                Some(&applied) => migration.check(applied, &self.config.database),
            };
            if done.is_err() {
                break;
            }
        }
        // Each line would be a part of its own, which costs as much as the migration. Who is cut off before this applies them again.
        let noted = self.bounded(within, self.note(&new)).await;
        done.and(noted)?;
        Ok(new.iter().map(|migration| migration.name).collect())
    }

    async fn make_database(&self) -> clickhouse::error::Result<()> {
        let outside = self.client.clone().with_database("default");
        let on_cluster = self.config.cluster.as_ref().map(|cluster| format!("ON CLUSTER '{cluster}' "));
        let text = format!(
            "CREATE DATABASE IF NOT EXISTS ? {}COMMENT 'Picket''s ledger: who touched what, and who went around'",
            on_cluster.unwrap_or_default()
        );
        outside.query(&text).bind(clickhouse::sql::Identifier(&self.config.database)).execute().await?;
        self.run(MIGRATIONS_TABLE).await
    }

    /// Runs one file.
    async fn run(&self, text: &str) -> clickhouse::error::Result<()> {
        let on_cluster = self.config.cluster.as_ref().and_then(|cluster| cluster::statements(text, cluster));
        for statement in on_cluster.unwrap_or_else(|| vec![text.to_owned()]) {
            self.client.query_raw(&statement).execute().await?;
        }
        Ok(())
    }

    async fn applied(&self) -> clickhouse::error::Result<BTreeMap<u32, u32>> {
        let rows = self.client.query("SELECT ?fields FROM migrations").fetch_all::<Applied>().await?;
        Ok(rows.into_iter().map(|row| (row.number, row.checksum)).collect())
    }

    /// Notes that these have been applied.
    async fn note(&self, applied: &[&Migration]) -> clickhouse::error::Result<()> {
        if applied.is_empty() {
            return Ok(());
        }
        let mut insert = self.client.insert::<AppliedRow>("migrations").await?;
        for migration in applied {
            insert
                .write(&AppliedRow {
                    number: migration.number,
                    name: migration.name.to_owned(),
                    checksum: migration.checksum(),
                    applied_by: env!("CARGO_PKG_VERSION").to_owned(),
                })
                .await?;
        }
        insert.end().await
    }
}

impl Migration {
    fn checksum(&self) -> u32 {
        crc32fast::hash(self.text.as_bytes())
    }

    /// Whether the one that was applied to `database` is this one.
    fn check(&self, applied: u32, database: &str) -> Result<(), LedgerError> {
        let here = self.checksum();
        if applied == here {
            return Ok(());
        }
        let (database, name) = (database.to_owned(), self.name.to_owned());
        Err(LedgerError::OtherMigration { database, number: self.number, name, applied, here })
    }
}

fn texts() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|migration| migration.text)
}

/// Everything that [`Ledger::migrate`] runs where there is nothing yet, but for the database: on a cluster of this name, or on one server.
pub fn migrations(cluster: Option<&str>) -> Vec<String> {
    let statements = |text: String| match cluster {
        Some(cluster) => cluster::statements(&text, cluster).unwrap_or_default(),
        None => vec![text],
    };
    let made = new_ledger::statements(texts());
    [MIGRATIONS_TABLE.to_owned()].into_iter().chain(made).flat_map(statements).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_its_form_for_a_cluster() {
        for text in texts().chain([MIGRATIONS_TABLE]) {
            let statements = cluster::statements(text, "c").unwrap_or_else(|| panic!("{text}"));
            // Rows are sent to the cluster's tables, which spread them.
            let on_cluster = usize::from(!text.contains("\nINSERT "));
            assert!(
                statements.iter().all(|statement| statement.matches("ON CLUSTER 'c'").count() == on_cluster),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_count_up_and_names_begin_with_them() {
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.number < next.number));
        for migration in MIGRATIONS {
            let number = migration.number;
            assert!(migration.name.starts_with(&format!("{number:04}_")), "{}", migration.name);
        }
    }

    #[test]
    fn every_statement_may_run_again() {
        for text in texts().chain([MIGRATIONS_TABLE]) {
            let is_made = text.contains("\nCREATE ") && text.contains(" IF NOT EXISTS ");
            let adds = [" ADD COLUMN IF NOT EXISTS ", " ADD INDEX IF NOT EXISTS "];
            let is_added = text.contains("\nALTER ") && adds.iter().any(|adds| text.contains(adds));
            let changes = ["\n    MODIFY COLUMN ", "\n    COMMENT COLUMN IF EXISTS "];
            let is_changed =
                text.contains("\nALTER ") && changes.iter().any(|changes| text.contains(changes));
            // It keeps nothing of a row that twice the same row would change.
            let is_idempotent = text.contains("\nINSERT INTO access_days\n");
            assert!(
                is_made
                    || is_added
                    || is_changed
                    || is_idempotent
                    || text.contains("\nCREATE OR REPLACE VIEW "),
                "{text}"
            );
            assert_eq!(text.matches(';').count() - text.matches("; ").count(), 1, "{text}");
        }
    }
}
