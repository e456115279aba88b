//! Words that mean nothing, each beside what is said of it.

use std::str::FromStr;

use cedar_policy::Schema;

use super::*;
use crate::setup::SCHEMA;

/// What is said of a policy, refused or told.
fn said(text: &str) -> String {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
    let actions: Vec<EntityUid> = schema.actions().cloned().collect();
    let rules = BTreeSet::from(["no-drop".to_owned(), "no-truncate".to_owned()]);
    let source = Source { name: "team.cedar".to_owned(), text: text.to_owned() };
    let known = Known { actions: &actions, rules: &rules };
    match check(&Policy::from_str(text).unwrap(), &source, &known) {
        Ok(odd) => odd.iter().map(|odd| format!("odd: {odd}")).collect::<Vec<_>>().join(", "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn ids_have_a_shape() {
    for (literal, said_of_it) in [
        (
            r#"Table::"users""#,
            "`users` is no id of a table, which is `DATABASE.SCHEMA.TABLE`; did you mean `DATABASE.SCHEMA.users`",
        ),
        (
            r#"Table::"public.users""#,
            "`public.users` is no id of a table, which is `DATABASE.SCHEMA.TABLE`; did you mean `DATABASE.public.users`",
        ),
        (r#"Table::"shop..users""#, "`shop..users` is no id of a table, which is `DATABASE.SCHEMA.TABLE`"),
        (
            r#"Table::"shop.public.users.email""#,
            "`shop.public.users.email` is no id of a table, which is `DATABASE.SCHEMA.TABLE`",
        ),
        (
            r#"Table::"shop.\"public\".users""#,
            "`shop.\"public\".users` is no id of a table as it is written; did you mean `shop.public.users`",
        ),
        (
            r#"Schema::"secret""#,
            "`secret` is no id of a schema, which is `DATABASE.SCHEMA`; did you mean `DATABASE.secret`",
        ),
        (
            r#"Function::"pg_catalog.lower""#,
            "`pg_catalog.lower` has a dot, and a function is known by its last name, whatever its schema; did you mean `lower`",
        ),
        (
            r#"Function::"lower(text)""#,
            "`lower(text)` has arguments, and a function is known by its last name, whatever its schema",
        ),
        (
            r#"Schema::"shop.public.users""#,
            "`shop.public.users` is no id of a schema, which is `DATABASE.SCHEMA`",
        ),
        (r#"Setting::"sort_mem""#, "no setting is called `sort_mem` here; did you mean `work_mem`"),
        (r#"Setting::"TimeZone""#, "no setting is called `TimeZone` here; did you mean `timezone`"),
        (
            r#"Group::"exempt:no-dorp""#,
            "there is no rule `no-dorp` to be exempt from; did you mean `no-drop`",
        ),
    ] {
        let scope = format!("forbid (principal, action, resource in Picket::{literal});");
        assert_eq!(said(&scope), format!("team.cedar:1: {said_of_it}"));
        let condition =
            format!("forbid (principal, action, resource)\nwhen {{ resource in Picket::{literal} }};");
        assert_eq!(said(&condition), format!("team.cedar:2: {said_of_it}"));
    }
}

#[test]
fn words_are_of_their_list() {
    for (condition, said_of_it) in [
        (
            r#"principal.kind == "agnet""#,
            "`agnet` is never a `principal.kind`, which is one of `agent`, `human`, ``; did you mean `agent`",
        ),
        (
            r#"context.via == "triger""#,
            "`triger` is never a `context.via`, which is one of `check`, `default`, `foreign_key`, `generated`, `index`, `partition_key`, `policy`, `rule`, `statement`, `statistics`, `trigger`; did you mean `trigger`",
        ),
        (
            r#""robot" != principal.kind"#,
            "`robot` is never a `principal.kind`, which is one of `agent`, `human`, ``",
        ),
        (
            r#"["cert", "password"].contains(principal.authentication)"#,
            "`password` is never a `principal.authentication`, which is one of `cert`, `oauth`, `scram-sha-256`, `scram-sha-256-plus`",
        ),
        (
            r#"context.effects.contains("dleete")"#,
            "`dleete` is never a `context.effects`; did you mean `delete`",
        ),
        (r#"context.effects.containsAny(["delete", "write"])"#, "`write` is never a `context.effects`"),
        (r#"context.command == "CREATE EXTENSION""#, "`CREATE EXTENSION` is never a `context.command`"),
        (
            r#"if context.hour == 1 then context.command == "LokStmt" else false"#,
            "`LokStmt` is never a `context.command`; did you mean `LockStmt`",
        ),
        (r#"context.hour == 24"#, "`context.hour` is never 24: it is from 0 to 23"),
        (r#"[0, 6].contains(context.weekday)"#, "`context.weekday` is never 0: it is from 1 to 7"),
        (
            r#"resource.danger == "file""#,
            "`file` is never a `resource.danger`, which is one of `files`, `other-servers`, `other-sessions`, `replication`, `server`, `storage`, `text`, `unmasked`, ``; did you mean `files`",
        ),
    ] {
        let text = format!("forbid (principal, action, resource)\nunless {{ !({condition}) }};");
        assert_eq!(said(&text), format!("team.cedar:2: {said_of_it}"));
    }
}

#[test]
fn what_could_be_a_name_is_only_told() {
    for (condition, told) in [
        (
            r#"resource == Picket::Table::"shop.public.Users""#,
            "`shop.public.Users` has capitals: names have none in PostgreSQL unless they are always quoted",
        ),
        (
            r#"context.columns.contains("users.email")"#,
            "`users.email` has a dot, and columns are named without their tables; did you mean `email`",
        ),
        (
            r#"context.functions.contains("pg_catalog.lower")"#,
            "`pg_catalog.lower` has a dot, and functions are named without their schemas; did you mean `lower`",
        ),
        (
            r#"resource.name == "public.users""#,
            "`public.users` has a dot, and `resource.name`, `resource.schema` and `resource.table` are one name each; did you mean `users`",
        ),
    ] {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        assert_eq!(said(&text), format!("odd: team.cedar:1: {told}"));
    }
    for right in [
        r#"principal.kind == "" && context.command == "LockStmt" && context.effects.contains("lend_rights")"#,
        r#"context.hour == 0 && principal.authentication != "scram-sha-256-plus" && context.command == "too-long""#,
        r#"principal in Picket::Group::"exempt:no-drop" || principal in Picket::Group::"staff""#,
        r#"resource in Picket::Schema::"shop.\"a.b\"" && context.application == "agnet""#,
    ] {
        assert_eq!(said(&format!("forbid (principal, action, resource) when {{ {right} }};")), "", "{right}");
    }
}

#[test]
fn policies_about_columns_say_so_in_their_head() {
    const HEAD: &str = "a policy that is about columns says so in its head: `resource == Picket::Column::\"…\"` or `resource is Picket::Column`";
    const PERMIT: &str = "`permit` is for tables: nobody need be permitted a column, which `forbid` is for";
    for (text, said_of_it) in [
        (r#"forbid (principal, action, resource) when { resource is Picket::Column };"#, HEAD),
        (
            r#"forbid (principal, action, resource) when { resource == Picket::Column::"shop.public.users.email" };"#,
            HEAD,
        ),
        (r#"permit (principal, action, resource == Picket::Column::"shop.public.users.email");"#, PERMIT),
        (
            r#"forbid (principal, action, resource == Picket::Column::"users.email");"#,
            "`users.email` is no id of a column, which is `DATABASE.SCHEMA.TABLE.COLUMN`; did you mean `DATABASE.SCHEMA.users.email`",
        ),
        (
            r#"forbid (principal, action, resource is Picket::Column) when { resource.class == "mail" };"#,
            "`mail` is never a `resource.class`; did you mean `email`",
        ),
        (
            r#"forbid (principal, action, resource is Picket::Table) when { resource.classes.contains("people") };"#,
            "`people` is never a `resource.classes`",
        ),
    ] {
        assert_eq!(said(text), format!("team.cedar:1: {said_of_it}"));
    }
    for right in [
        r#"forbid (principal, action, resource == Picket::Column::"shop.public.users.email");"#,
        r#"forbid (principal, action, resource is Picket::Column in Picket::Table::"shop.public.users") when { resource.class == "" };"#,
        r#"forbid (principal, action, resource is Picket::Table) when { resource.classes.containsAny(["email", "credential"]) };"#,
    ] {
        assert_eq!(said(right), "", "{right}");
    }
}
