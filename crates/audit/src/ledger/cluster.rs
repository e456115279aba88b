//! The same migrations for a cluster of ClickHouse servers. Each table becomes two: `NAME_local`, which the replicas of a shard have
//! together, and NAME over them (`Distributed`), which everything is written to and asked of. Rows of the same key are on one
//! shard, so that the newest version takes the place of the others there.

/// The statements that make of `migration`, which is one statement behind comments, what it makes on one server. `None` where it is
/// none that a migration may be.
pub(super) fn statements(migration: &str, cluster: &str) -> Option<Vec<String>> {
    let begin = migration.lines().take_while(|line| line.is_empty() || line.starts_with("--"));
    let begin = begin.map(|line| line.len() + 1).sum();
    let (comments, statement) = migration.split_at_checked(begin)?;
    let on_cluster = format!("ON CLUSTER '{cluster}'");
    for view in ["CREATE VIEW IF NOT EXISTS ", "CREATE OR REPLACE VIEW "] {
        if let Some(rest) = statement.strip_prefix(view) {
            let (name, query) = rest.split_once(" AS\n")?;
            return Some(vec![format!("{comments}{view}{name} {on_cluster} AS\n{query}")]);
        }
    }
    let view = "CREATE MATERIALIZED VIEW IF NOT EXISTS ";
    if let Some(rest) = statement.strip_prefix(view) {
        // Each shard has what its own rows make; who asks brings it together.
        let (head, query) = rest.split_once(" AS\n")?;
        let ((name, target), (select, from)) =
            (head.split_once(" TO ")?, query.split_once("FROM statements\n")?);
        let (target, source) = (local(target), local("statements"));
        return Some(vec![format!(
            "{comments}{view}{name} {on_cluster} TO {target} AS\n{select}FROM {source}\n{from}"
        )]);
    }
    if statement.starts_with("INSERT INTO ") {
        return Some(vec![migration.to_owned()]);
    }
    if let Some(rest) = statement.strip_prefix("ALTER TABLE ") {
        let (name, changes) = rest.split_once('\n')?;
        let alter = |name: &str| format!("{comments}ALTER TABLE {name} {on_cluster}\n{changes}");
        if changes.trim_start().starts_with("ADD INDEX ") {
            // What is over the tables has no parts to index.
            return Some(vec![alter(&local(name))]);
        }
        return Some(vec![alter(&local(name)), alter(name)]);
    }
    let create = "CREATE TABLE IF NOT EXISTS ";
    let (name, definition) = statement.strip_prefix(create)?.split_once('\n')?;
    let (local, key) = (local(name), behind(definition, "\nORDER BY (")?.split_once(')')?.0);
    let engine = behind(definition, "\nENGINE = ")?.lines().next()?;
    let (kind, version) =
        engine.split_once('(').map_or((engine, ""), |(kind, rest)| (kind, rest.trim_end_matches(')')));
    let separator = if version.is_empty() { "" } else { ", " };
    // `{uuid}`, `{shard}` and `{replica}` are macros of the servers.
    let replicated = format!(
        "Replicated{kind}('/clickhouse/tables/{{uuid}}/{{shard}}', '{{replica}}'{separator}{version})"
    );
    let definition = definition
        .replacen(&format!("\nENGINE = {engine}"), &format!("\nENGINE = {replicated}"), 1)
        .replacen("non_replicated_deduplication_window", "replicated_deduplication_window", 1);
    Some(vec![
        format!("{comments}{create}{local} {on_cluster}\n{definition}"),
        format!(
            "{create}{name} {on_cluster} AS {local}\n\
             ENGINE = Distributed('{cluster}', currentDatabase(), '{local}', cityHash64({key}))"
        ),
    ])
}

fn local(name: &str) -> String {
    format!("{name}_local")
}

fn behind<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, behind)| behind)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_table_is_one_of_each_shard_and_one_over_them() {
        let table = "-- Why.\n\nCREATE TABLE IF NOT EXISTS sessions\n(\n    id UUID,\n    version UInt8\n)\n\
             ENGINE = ReplacingMergeTree(version)\nORDER BY (at, id)\n\
             SETTINGS non_replicated_deduplication_window = 10000\nCOMMENT 'Sessions.';";
        assert_snapshot!(statements(table, "picket").unwrap().join("\n---\n"), @r"
        -- Why.

        CREATE TABLE IF NOT EXISTS sessions_local ON CLUSTER 'picket'
        (
            id UUID,
            version UInt8
        )
        ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
        ORDER BY (at, id)
        SETTINGS replicated_deduplication_window = 10000
        COMMENT 'Sessions.';
        ---
        CREATE TABLE IF NOT EXISTS sessions ON CLUSTER 'picket' AS sessions_local
        ENGINE = Distributed('picket', currentDatabase(), 'sessions_local', cityHash64(at, id))
        ");
    }

    #[test]
    fn a_change_is_made_to_both_and_a_view_to_one() {
        let change = "ALTER TABLE sessions\n    ADD COLUMN IF NOT EXISTS a String;";
        assert_snapshot!(statements(change, "c").unwrap().join("\n"), @r"
        ALTER TABLE sessions_local ON CLUSTER 'c'
            ADD COLUMN IF NOT EXISTS a String;
        ALTER TABLE sessions ON CLUSTER 'c'
            ADD COLUMN IF NOT EXISTS a String;
        ");
        let index = "ALTER TABLE sessions\n    ADD INDEX IF NOT EXISTS a b TYPE minmax;";
        assert_eq!(
            statements(index, "c").unwrap(),
            ["ALTER TABLE sessions_local ON CLUSTER 'c'\n    ADD INDEX IF NOT EXISTS a b TYPE minmax;"]
        );
        let view = "CREATE OR REPLACE VIEW v AS\nSELECT 1;";
        assert_eq!(statements(view, "c").unwrap(), ["CREATE OR REPLACE VIEW v ON CLUSTER 'c' AS\nSELECT 1;"]);
        let filling =
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v TO days AS\nSELECT a\nFROM statements\nGROUP BY a;";
        assert_eq!(
            statements(filling, "c").unwrap(),
            ["CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER 'c' TO days_local AS\n\
             SELECT a\nFROM statements_local\nGROUP BY a;"]
        );
        let insert = "-- Why.\n\nINSERT INTO days\nSELECT a FROM statements;";
        assert_eq!(statements(insert, "c").unwrap(), [insert]);
        assert_eq!(statements("DROP TABLE sessions;", "c"), None);
    }
}
