//! Own policies that never decide anything are told, and no others.

use insta::assert_snapshot;

use super::own::policies;

/// What is odd about policies, with what Cedar finds.
fn odd(text: &str) -> String {
    let policies = policies(text);
    let all = policies.warnings().iter().cloned().chain(policies.unreachable());
    all.map(|odd| odd.to_string()).collect::<Vec<_>>().join("\n")
}

/// The same of what a policy says behind its head.
fn met(conditions: &str) -> String {
    odd(&format!("@rule(\"r\") forbid (principal, action, resource) {conditions};"))
}

#[test]
fn what_can_never_be_met_is_told() {
    assert_snapshot!(met(r#"when { principal.kind == "agent" && principal.kind == "human" }"#), @r#"team.cedar:1: rule "r" never decides: nothing meets all that it says of `principal.kind`; what excludes each other stands on two sides of `||`, or in policies of its own"#);
    for conditions in [
        "when { false }",
        "unless { true }",
        r#"when { principal.kind == "agent" } unless { principal.kind == "agent" }"#,
        r#"when { principal.kind == "agent" } unless { ["agent", "human"].contains(principal.kind) }"#,
        r#"unless { ["agent", "human", ""].contains(principal.kind) }"#,
        r#"when { principal.kind != "agent" && principal.kind != "human" && !("" == principal.kind) }"#,
        r#"when { (principal.kind == "agent" || principal.kind == "human") && principal.kind == "" }"#,
        "when { context.hour >= 20 && context.hour < 6 }",
        "when { 20 <= context.hour } when { 6 > context.hour }",
        "when { context.hour > 23 }",
        "unless { context.weekday >= 1 }",
        "when { context.hour == 3 && context.hour > 4 }",
        r#"when { ["a", "b"].contains(context.database) && context.database == "c" }"#,
        "when { context.is_filtered && !context.is_filtered }",
        "when { context.is_filtered == true && context.is_filtered == false }",
        "when { if context.is_filtered then !context.is_filtered else context.is_filtered }",
        r#"when { context.effects.contains("delete") } unless { context.effects.contains("delete") }"#,
        r#"when { principal in Picket::Group::"a" } unless { principal in [Picket::Group::"b", Picket::Group::"a"] }"#,
        r#"when { principal == Picket::User::"alice" && principal == Picket::User::"bob" }"#,
        r#"when { resource in Picket::Schema::"shop.public" && resource in Picket::Schema::"shop.vault" }"#,
        r#"when { resource == Picket::Table::"shop.public.users" && resource in Picket::Schema::"shop.vault" }"#,
        r#"when { resource in Picket::Schema::"shop.public" } unless { resource in Picket::Database::"shop" }"#,
        r#"when { context.source.isLoopback() && !context.source.isLoopback() }"#,
    ] {
        assert!(met(conditions).contains("rule \"r\" never decides: "), "{conditions}: {}", met(conditions));
    }
    // Its head counts, too.
    for policy in [
        r#"forbid (principal == Picket::User::"alice", action, resource) when { principal == Picket::User::"bob" };"#,
        r#"forbid (principal, action == Picket::Action::"select", resource) when { action == Picket::Action::"delete" };"#,
        r#"forbid (principal, action, resource in Picket::Schema::"shop.public") when { resource in Picket::Schema::"shop.vault" };"#,
        r#"forbid (principal, action == Picket::Action::"call", resource is Picket::Table);"#,
        r#"forbid (principal in Picket::Group::"dba", action, resource) unless { principal in Picket::Group::"dba" };"#,
        r#"permit (principal, action == Picket::Action::"reveal", resource == Picket::Class::"email") when { resource == Picket::Class::"phone" };"#,
    ] {
        assert!(odd(policy).contains("never decides: "), "{policy}: {}", odd(policy));
    }
}

#[test]
fn what_can_be_met_is_not() {
    for conditions in [
        "",
        r#"when { principal.kind == "agent" || principal.kind == "human" }"#,
        r#"when { principal.kind == "agent" } unless { principal.kind == "human" }"#,
        r#"unless { ["agent", "human"].contains(principal.kind) }"#,
        "when { context.hour >= 20 || context.hour < 6 }",
        "when { context.hour >= 6 && context.hour <= 6 }",
        "when { context.hour == 3 && context.hour < 4 }",
        "when { context.is_filtered && !context.reaches_masks }",
        "when { if context.is_filtered then context.reaches_masks else !context.reaches_masks }",
        r#"when { context.effects.contains("delete") && context.effects.contains("select") }"#,
        r#"when { context.columns.contains("a") } unless { context.columns.contains("b") }"#,
        r#"when { principal in Picket::Group::"a" && principal in Picket::Group::"b" }"#,
        r#"when { principal in Picket::Group::"a" } unless { principal in Picket::Group::"b" }"#,
        r#"when { principal == Picket::User::"alice" } unless { principal in Picket::Group::"dba" }"#,
        r#"when { resource in Picket::Schema::"shop.public" && resource in Picket::Database::"shop" }"#,
        r#"when { resource == Picket::Table::"shop.public.users" && resource in Picket::Schema::"shop.public" }"#,
        r#"when { resource in Picket::Schema::"shop.public" } unless { resource == Picket::Table::"shop.public.users" }"#,
        r#"when { resource == Picket::Function::"lower" && resource in Picket::Schema::"shop.public" }"#,
        r#"when { context.application like "a*" && context.application like "*b" }"#,
        // What fails is refused: it decides something.
        "when { context.hour + 1 == 1 && context.hour == 4 }",
        r#"when { context.database != context.environment && context.database == "shop" }"#,
    ] {
        assert_eq!(met(conditions), "", "{conditions}");
    }
    // More ways than are looked at.
    let many = (0..7).map(|at| format!("(context.database == \"{at}\" || context.environment == \"{at}\")"));
    assert_eq!(met(&format!("when {{ {} }}", many.collect::<Vec<_>>().join(" && "))), "");
}

/// The second of two policies, each `@rule`, effect, head and conditions.
fn second(first: &str, second: &str) -> String {
    odd(&format!("@rule(\"first\") {first};\n@rule(\"second\") {second};"))
}

#[test]
fn what_another_says_already_is_told() {
    let agents = r#"forbid (principal, action in [Picket::Action::"write"], resource) when { principal.kind == "agent" }"#;
    let inserts = r#"forbid (principal, action == Picket::Action::"insert", resource) when { principal.kind == "agent" && context.hour > 5 }"#;
    assert_snapshot!(second(agents, inserts), @r#"team.cedar:2: rule "second" never decides: rule "first" in team.cedar:1 forbids all that it forbids; remove this one, or narrow that one"#);
    // In whichever order.
    assert_snapshot!(second(inserts, agents), @r#"team.cedar:1: rule "first" never decides: rule "second" in team.cedar:2 forbids all that it forbids; remove this one, or narrow that one"#);
    // Of two that say the same, the later.
    assert_snapshot!(second(agents, agents), @r#"team.cedar:2: rule "second" never decides: rule "first" in team.cedar:1 forbids all that it forbids; remove this one, or narrow that one"#);
    let reads = r#"permit (principal in Picket::Group::"analysts", action in [Picket::Action::"read"], resource in Picket::Schema::"shop.public")"#;
    let one = r#"permit (principal in Picket::Group::"analysts", action == Picket::Action::"select", resource == Picket::Table::"shop.public.orders") when { context.hour < 20 }"#;
    assert!(second(reads, one).contains("permits all that it permits"), "{}", second(reads, one));
    let never = r#"forbid (principal, action in [Picket::Action::"read"], resource)"#;
    assert_snapshot!(second(never, one), @r#"team.cedar:2: rule "second" never decides: rule "first" in team.cedar:1 forbids all that it permits; narrow that one, or remove this one"#);
    for (wide, narrow) in [
        ("forbid (principal, action, resource)", agents),
        (
            r#"forbid (principal, action, resource) when { ["agent", "human"].contains(principal.kind) }"#,
            r#"forbid (principal, action, resource) when { principal.kind == "human" }"#,
        ),
        (
            r#"forbid (principal, action, resource) when { principal.kind != "human" }"#,
            r#"forbid (principal, action, resource) when { principal.kind == "agent" }"#,
        ),
        (
            "forbid (principal, action, resource) when { context.hour < 8 || context.hour > 18 }",
            "forbid (principal, action, resource) when { context.hour < 6 || context.hour == 23 }",
        ),
        (
            r#"forbid (principal, action, resource is Picket::Table)"#,
            r#"forbid (principal, action, resource == Picket::Table::"shop.public.users")"#,
        ),
        (
            r#"forbid (principal, action, resource) unless { principal in Picket::Group::"dba" }"#,
            r#"forbid (principal, action, resource) unless { principal in [Picket::Group::"dba", Picket::Group::"ops"] }"#,
        ),
        (
            r#"forbid (principal, action, resource in Picket::Database::"shop")"#,
            r#"forbid (principal, action, resource in Picket::Schema::"shop.public")"#,
        ),
        (
            r#"forbid (principal, action, resource is Picket::Column)"#,
            r#"forbid (principal, action, resource == Picket::Column::"shop.public.users.email")"#,
        ),
        (
            r#"permit (principal in Picket::Group::"reveal", action == Picket::Action::"reveal", resource)"#,
            r#"permit (principal in Picket::Group::"reveal", action == Picket::Action::"reveal", resource == Picket::Class::"email")"#,
        ),
    ] {
        assert!(
            second(wide, narrow).contains("never decides: rule \"first\"")
                || second(wide, narrow).contains("rule \"reveal\""),
            "{wide}\n{narrow}\n{}",
            second(wide, narrow)
        );
    }
    assert_snapshot!(
        odd("@id(\"a\") @rule(\"r\") forbid (principal == Picket::User::\"x\", action, resource);\n@id(\"a\") @rule(\"s\") forbid (principal == Picket::User::\"y\", action, resource);"),
        @r#"team.cedar:2: `@id("a")` is also that of rule "r" in team.cedar:1; give this one another"#
    );
}

#[test]
fn what_another_says_in_part_is_not() {
    let agents = r#"forbid (principal, action in [Picket::Action::"write"], resource) when { principal.kind == "agent" }"#;
    for (one, other) in [
        (
            agents,
            r#"forbid (principal, action in [Picket::Action::"write"], resource) when { principal.kind == "human" }"#,
        ),
        (
            agents,
            r#"forbid (principal, action == Picket::Action::"select", resource) when { principal.kind == "agent" }"#,
        ),
        (
            agents,
            r#"forbid (principal, action == Picket::Action::"drop", resource) when { principal.kind == "agent" }"#,
        ),
        // Where it is watched or waits, another still refuses.
        (
            r#"@mode("observe") forbid (principal, action, resource)"#,
            r#"forbid (principal, action == Picket::Action::"drop_column", resource)"#,
        ),
        (
            r#"@hold("dba") forbid (principal, action == Picket::Action::"lock", resource)"#,
            r#"forbid (principal, action == Picket::Action::"lock", resource) when { context.hour < 5 }"#,
        ),
        (
            r#"@hold("dba") forbid (principal, action == Picket::Action::"lock", resource)"#,
            r#"@hold("2 of dba") forbid (principal, action == Picket::Action::"lock", resource) when { context.hour < 5 }"#,
        ),
        (
            r#"@hold("dba") forbid (principal, action == Picket::Action::"lock", resource)"#,
            r#"permit (principal in Picket::Group::"a", action == Picket::Action::"lock", resource)"#,
        ),
        (
            r#"@mode("observe") forbid (principal, action == Picket::Action::"lock", resource)"#,
            r#"permit (principal in Picket::Group::"a", action == Picket::Action::"lock", resource)"#,
        ),
        // A table is not its columns.
        (
            r#"forbid (principal, action, resource == Picket::Table::"shop.public.users")"#,
            r#"forbid (principal, action, resource == Picket::Column::"shop.public.users.email")"#,
        ),
        // What permits everything does not permit values to be seen.
        (
            "permit (principal, action, resource)",
            r#"permit (principal, action == Picket::Action::"reveal", resource == Picket::Class::"email")"#,
        ),
        (
            r#"@method("token") permit (principal, action == Picket::Action::"mask", resource)"#,
            r#"@method("null") permit (principal, action == Picket::Action::"mask", resource == Picket::Class::"email")"#,
        ),
        (
            r#"forbid (principal, action, resource) unless { principal in Picket::Group::"dba" }"#,
            r#"forbid (principal, action == Picket::Action::"lock", resource) unless { principal in Picket::Group::"ops" }"#,
        ),
        (
            r#"forbid (principal, action, resource in Picket::Schema::"shop.public")"#,
            r#"forbid (principal, action == Picket::Action::"lock", resource in Picket::Database::"shop")"#,
        ),
        (
            r#"forbid (principal, action == Picket::Action::"lock", resource) when { context.hour + 1 > 0 }"#,
            r#"forbid (principal, action == Picket::Action::"lock", resource) when { context.hour + 1 > 0 && context.hour == 3 }"#,
        ),
    ] {
        assert_eq!(second(one, other), "", "{one}\n{other}");
    }
    // What is shipped lets those pass who are exempt, and is not asked about what follows from a statement.
    assert_eq!(odd(r#"forbid (principal, action == Picket::Action::"drop_table", resource);"#), "");
    let same = r#"forbid (principal, action == Picket::Action::"truncate", resource) unless { principal in Picket::Group::"exempt:no-truncate" };"#;
    assert_eq!(odd(same), "");
}

#[test]
fn databases_that_nobody_has_are_told() {
    let policies = policies(
        "@rule(\"p\") forbid (principal, action, resource in Picket::Schema::\"shop.public\")\nwhen { context.environment == \"prod\" };\n\
         @rule(\"q\") forbid (principal, action, resource == Picket::Database::\"shp\");",
    );
    let told = |databases: &[&str], environments: &[&str]| {
        policies
            .odd_places(&databases.iter().copied().collect(), &environments.iter().copied().collect())
            .join("\n")
    };
    assert_snapshot!(told(&["shop"], &["production", ""]), @r#"
    team.cedar:1: no database has the environment `prod` (rule "p")
    team.cedar:3: no database is called `shp` (rule "q")
    "#);
    assert_eq!(told(&["shop", "shp"], &["prod"]), "");
}
