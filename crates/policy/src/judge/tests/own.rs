//! Policies that a team writes: who may what, to what, from where.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use sql::{Catalog, Statement};

use super::{Meaning, Policies, Setup, Who, show, verdict_where};
use crate::setup::Source;

pub(super) fn policies(text: &str) -> Policies {
    with(text, &[])
}

pub(super) fn with(text: &str, without: &[&str]) -> Policies {
    let own = vec![Source { name: "team.cedar".to_owned(), text: text.to_owned() }];
    let without = without.iter().map(|name| (*name).to_owned()).collect();
    Policies::new(Setup { own, without, ..Setup::default() }).unwrap()
}

fn error(text: &str) -> String {
    let own = vec![Source { name: "team.cedar".to_owned(), text: text.to_owned() }];
    Policies::new(Setup { own, ..Setup::default() }).unwrap_err().to_string()
}

pub(super) fn alice() -> Who {
    Who { user: "alice".to_owned(), kind: "human".to_owned(), database: "shop".to_owned(), ..Who::default() }
}

fn bot() -> Who {
    Who { user: "bot".to_owned(), kind: "agent".to_owned(), ..alice() }
}

fn of(who: Who, groups: &[&str]) -> Who {
    Who { groups: groups.iter().map(|group| (*group).to_owned()).collect::<BTreeSet<_>>(), ..who }
}

#[test]
fn agents_and_people_are_told_apart() {
    let policies = policies(
        r#"@rule("agents-read") @reason("agents only read") @hint("Ask a person to run it.")
           forbid (principal, action in [Picket::Action::"write", Picket::Action::"define"], resource)
           when { principal.kind == "agent" };"#,
    );
    let insert = "insert into orders values (1)";
    assert_eq!(verdict_where(&policies, &alice(), &[], insert), "allow");
    assert_eq!(verdict_where(&policies, &bot(), &[], "select * from orders"), "allow");
    assert_snapshot!(verdict_where(&policies, &bot(), &[], insert), @r#"42501 Picket refused this statement: Rule "agents-read": agents only read."#);
    assert!(verdict_where(&policies, &bot(), &[], "create table t ()").contains("agents-read"));
    // What concerns the session alone defines nothing.
    for text in [
        "show all",
        "declare c cursor for select * from orders",
        "close c",
        "listen x",
        "unlisten *",
        "deallocate all",
        "discard all",
        "set constraints all deferred",
        "begin",
    ] {
        assert_eq!(verdict_where(&policies, &bot(), &[], text), "allow", "{text}");
    }
    assert!(verdict_where(&policies, &bot(), &[], "refresh materialized view v").contains("agents-read"));
    assert!(
        verdict_where(
            &policies,
            &bot(),
            &[],
            "with d as (insert into orders values (1) returning 1) select 1 from d"
        )
        .contains("agents-read")
    );
}

#[test]
fn tables_and_schemas_are_named_by_database() {
    let policies = policies(
        r#"@rule("keys") forbid (principal, action, resource in Picket::Schema::"shop.secret");
           @rule("users") forbid (principal, action == Picket::Action::"select", resource == Picket::Table::"shop.public.users");"#,
    );
    let says = |text: &str| verdict_where(&policies, &alice(), &["mine"], text);
    for text in [
        "select * from secret.keys",
        "select * from keys",
        "delete from keys where id = 1",
        "copy keys to stdout",
    ] {
        assert!(says(text).contains("Rule \"keys\""), "{text}: {}", says(text));
    }
    // What the catalog does not have could be there.
    assert!(says("select * from new_table").contains("Rule \"keys\""));
    assert!(says("select * from secret.new_table").contains("Rule \"keys\""));
    assert_eq!(says("select * from public.new_table"), "allow");
    assert_eq!(says("select * from mine"), "allow");
    // A write that looks for rows, or gives them back, reads them.
    for text in [
        "select * from users",
        "table users",
        "select 1 from orders where exists (select from public.users)",
        "with u as (select * from users) select * from u",
        "insert into orders select * from users",
        "update users set name = '' where id = 1 returning *",
        "delete from users where id = 1",
        "insert into users values (1) returning *",
        "insert into users values (1) on conflict (id) do nothing",
        "prepare p as select * from users",
        "declare c cursor for select * from users",
        "explain analyze select * from users",
        "create table copy as select * from users",
        "copy (select * from users) to stdout",
        "merge into orders o using users u on o.id = u.id when matched then do nothing",
        "create view v as select * from users",
    ] {
        assert!(says(text).contains("Rule \"users\""), "{text}: {}", says(text));
    }
    assert_eq!(says("insert into users values (1)"), "allow");
    assert_eq!(says("with users as (select 1) select * from orders"), "allow");
    let other = Who { database: "warehouse".to_owned(), ..alice() };
    assert_eq!(verdict_where(&policies, &other, &[], "select * from users"), "allow");
}

#[test]
fn groups_free_from_shipped_rules_and_from_own() {
    let policies = policies(
        r#"@rule("owners") @reason("{name} is for its owners")
           forbid (principal, action, resource is Picket::Table) when { resource.name == "orders" }
           unless { principal in Picket::Group::"owners" };"#,
    );
    let says = |groups: &[&str], text: &str| verdict_where(&policies, &of(alice(), groups), &[], text);
    assert_snapshot!(says(&[], "drop table orders"), @r#"
42501 Picket refused this statement: Rule "no-drop-table": tables are not dropped through Picket.
Rule "owners": orders is for its owners.
"#);
    assert!(says(&["owners"], "drop table orders").contains("no-drop-table"));
    assert_eq!(says(&["owners", "exempt:no-drop-table"], "drop table orders"), "allow");
    assert!(says(&["owners", "exempt:no-drop-table"], "truncate orders").contains("no-truncate"));
}

#[test]
fn what_nothing_permits_is_refused() {
    let permit = r#"permit (principal == Picket::User::"alice", action in Picket::Action::"read", resource);
                    permit (principal, action == Picket::Action::"call", resource == Picket::Function::"count");"#;
    let policies = with(permit, &["allow-all"]);
    let says = |who: &Who, text: &str| verdict_where(&policies, who, &[], text);
    assert_eq!(says(&alice(), "select count(*) from orders"), "allow");
    assert_snapshot!(says(&alice(), "select max(id) from orders"), @r#"42501 Picket refused this statement: Rule "not-permitted": no policy permits call on max."#);
    assert_snapshot!(says(&bot(), "select * from orders"), @r#"42501 Picket refused this statement: Rule "not-permitted": no policy permits select on orders."#);
    assert!(says(&alice(), "vacuum").contains("no policy permits utility on shop"));
}

#[test]
fn what_fails_to_be_judged_is_refused() {
    // 9223372036854775807 + 1 overflows, in a policy that would let pass as in one that would not.
    let overflow = r#"@rule("sum") forbid (principal, action == Picket::Action::"insert", resource)
                      when { context.hour + 9223372036854775807 < 0 };"#;
    let policies = policies(overflow);
    let who = Who { hour: 1, ..alice() };
    let says = verdict_where(&policies, &who, &[], "insert into orders values (1)");
    assert!(
        says.contains(
            "Rule \"not-judged\": the policies could not be asked: rule \"sum\" in team.cedar fails: "
        ),
        "{says}"
    );
    assert_eq!(verdict_where(&policies, &who, &[], "select 1"), "allow");
}

#[test]
fn a_policy_holds_or_observes() {
    let policies = policies(
        r#"@rule("big-deletes") @hold("dba") @reason("deletes are looked at")
           forbid (principal, action == Picket::Action::"delete", resource);
           @rule("watch") @mode("observe") forbid (principal, action == Picket::Action::"insert", resource);"#,
    );
    let says = |text: &str| verdict_where(&policies, &alice(), &[], text);
    assert_snapshot!(says("delete from orders where id = 1"), @r#"hold for dba: Rule "big-deletes": deletes are looked at."#);
    // Nobody's approval frees from a rule that refuses.
    assert!(says("delete from orders").starts_with("42501"));
    assert_eq!(says("insert into orders values (1)"), "allow, against watch");
}

#[test]
fn where_and_when_count() {
    let policies = policies(
        r#"forbid (principal, action, resource) unless { context.source.isInRange(ip("10.0.0.0/8")) };
           forbid (principal, action in Picket::Action::"write", resource) when { context.hour < 6 && context.application == "cron" };"#,
    );
    assert!(policies.tell_time());
    let inside = Who { source: "10.1.2.3".parse().unwrap(), hour: 3, ..alice() };
    let says = |who: &Who| verdict_where(&policies, who, &[], "insert into orders values (1)");
    assert_eq!(says(&inside), "allow");
    assert!(says(&Who { application: "cron".to_owned(), ..inside.clone() }).contains("Rule \"team\""));
    assert!(says(&Who { source: "192.168.0.1".parse().unwrap(), ..inside }).contains("Rule \"team\""));
}

/// An answer that is remembered of one statement is not given to another that differs in what policies look at.
#[test]
fn what_else_a_statement_does_counts() {
    let policies = policies(
        r#"@rule("salary") forbid (principal, action == Picket::Action::"select", resource is Picket::Table)
           when { context.columns.contains("salary") || context.columns.contains("*") };
           @rule("no-copying") forbid (principal, action == Picket::Action::"insert", resource) when { context.effects.contains("select") };
           @rule("no-sleep") forbid (principal, action, resource) when { context.functions.contains("pg_sleep") };
           @rule("no-masked-writes") forbid (principal, action == Picket::Action::"insert", resource) when { context.reaches_masks };
           @rule("one-meaning") forbid (principal, action, resource) when { context.readers_disagree };"#,
    );
    let says = |text: &str| verdict_where(&policies, &alice(), &[], text);
    for _ in 0..2 {
        assert_eq!(says("select id from orders"), "allow");
        assert!(says("select salary from orders").contains("Rule \"salary\""));
        assert!(says("select o.* from orders o").contains("Rule \"salary\""));
        assert_eq!(says("insert into orders values (1)"), "allow");
        assert!(says("insert into orders select 1 from orders").contains("Rule \"no-copying\""));
        assert!(says("select id from orders where pg_sleep(1) is null").contains("Rule \"no-sleep\""));
        assert!(says("insert into users values (1)").contains("Rule \"no-masked-writes\""));
        assert!(says("select 1 end; select 2").contains("Rule \"one-meaning\""));
    }
}

/// What one session sends once is not kept for all.
#[test]
fn long_questions_are_answered_and_not_remembered() {
    let policies =
        policies(r#"forbid (principal, action, resource) when { context.columns.contains("salary") };"#);
    let remembered = || policies.remembered();
    assert_eq!(verdict_where(&policies, &alice(), &[], "select a from orders"), "allow");
    let before = remembered();
    assert!(0 < before);
    let many = (0..1_000).map(|number| format!("column{number}")).collect::<Vec<_>>().join(", ");
    assert_eq!(verdict_where(&policies, &alice(), &[], &format!("select {many} from orders")), "allow");
    assert!(
        verdict_where(&policies, &alice(), &[], &format!("select {many}, salary from orders"))
            .contains("team")
    );
    assert_eq!(
        verdict_where(&policies, &alice(), &[], &format!("set work_mem = '{}'", "1".repeat(10_000))),
        "allow"
    );
    assert_eq!(remembered(), before);
}

#[test]
fn temporary_tables_and_postgresql_s_own_are_in_nobody_s_schema() {
    let policies = policies(r#"forbid (principal, action, resource in Picket::Schema::"shop.secret");"#);
    let says = |text: &str| verdict_where(&policies, &alice(), &[], text);
    assert_eq!(says("create temp table scratch (i int)"), "allow");
    assert_eq!(says("select count(*) from pg_type"), "allow");
    assert!(says("create table secret.scratch (i int)").contains("Rule \"team\""));
}

#[test]
fn what_a_function_of_the_statement_s_own_reads_is_read() {
    let policies = policies(r#"forbid (principal, action, resource == Picket::Table::"shop.secret.keys");"#);
    let says = |text: &str| verdict_where(&policies, &alice(), &[], text);
    for body in [
        "language sql as 'select to_json(s) from secret.keys s'",
        "language plpgsql as 'begin return (select count(*) from secret.keys); end'",
        "language plpgsql as 'begin return (select count(*) from \"keys\" k); end'",
        "language plpgsql as 'declare k secret.keys; begin select * into k from secret.keys; return 1; end'",
        "language plpgsql as 'begin insert into secret.keys values (1); return 1; end'",
        "begin atomic select 1 from secret.keys; end",
    ] {
        let text = format!("create function leak() returns json {body}");
        assert!(says(&text).contains("Rule \"team\""), "{text}: {}", says(&text));
    }
    assert!(says("do $$ begin perform 1 from secret.keys; end $$").contains("Rule \"team\""));
    assert_eq!(
        says(
            "create function f() returns int language plpgsql as 'begin return (select 1 from orders); end'"
        ),
        "allow"
    );
}

/// A session's statement must not stop the others of its thread.
#[test]
fn what_is_too_much_to_be_asked_about_is_refused() {
    let policies =
        policies(r#"forbid (principal, action, resource) when { context.columns.contains("salary") };"#);
    let tables = (0..2_000).map(|number| format!("t{number}")).collect::<Vec<_>>().join(", ");
    let columns = (0..500).map(|number| format!("column{number}")).collect::<Vec<_>>().join(", ");
    let says = verdict_where(&policies, &alice(), &[], &format!("select {columns} from {tables}"));
    assert!(says.contains("Rule \"not-judged\": it does too much at once"), "{says}");
    let few = format!("select {columns} from orders");
    assert_eq!(verdict_where(&policies, &alice(), &[], &few), "allow");
}

#[test]
fn sessions_that_policies_cannot_tell_apart_are_one_subject() {
    let id = |policies: &Policies, who: &Who| policies.subject(who).unwrap().id();
    let shipped = Policies::new(Setup::default()).unwrap();
    assert_eq!(id(&shipped, &alice()), id(&shipped, &of(bot(), &["staff"])));
    assert_ne!(id(&shipped, &alice()), id(&shipped, &of(alice(), &["exempt:no-drop"])));
    let own = policies(r#"forbid (principal == Picket::User::"bot", action, resource);"#);
    assert_ne!(id(&own, &alice()), id(&own, &bot()));
    let elsewhere =
        Who { source: "10.0.0.1".parse().unwrap(), application: "x".to_owned(), hour: 5, ..alice() };
    assert_eq!(id(&own, &alice()), id(&own, &elsewhere));
    assert_ne!(id(&own, &alice()), id(&shipped, &alice()));
}

#[test]
fn errors_name_the_file_the_line_and_the_mend() {
    assert_snapshot!(error("permit (principal, action, resource);\nforbid (principal, action resource);"), @r##"team.cedar:2: unexpected token `resource`"##);
    assert_snapshot!(error("\n\nforbid (principal, action == Picket::Action::\"drop_tabel\", resource);"), @r##"team.cedar:3: unrecognized action `Picket::Action::"drop_tabel"`; did you mean `drop_table`"##);
    assert_snapshot!(error("forbid (principal, action, resource) when { principal.knd == \"agent\" };"), @r##"team.cedar:1: attribute `knd` on entity type `Picket::User` not found; did you mean `kind`"##);
    assert_snapshot!(error("permit (principal, action, resource);\nforbid (principal, action, resource)\nwhen { principal.kind == \"agnet\" };"), @"team.cedar:3: `agnet` is never a `principal.kind`, which is one of `agent`, `human`, ``; did you mean `agent`");
    assert_snapshot!(error("@mod(\"observe\") forbid (principal, action, resource);"), @r##"team.cedar:1: unknown annotation `@mod`; did you mean `@mode`; there are `@allows`, `@description`, `@hint`, `@hold`, `@id`, `@method`, `@mode`, `@reason`, `@refuses`, `@rule`"##);
    assert_snapshot!(error("@mode(\"off\") forbid (principal, action, resource);"), @r##"team.cedar:1: `@mode` must be "enforce" or "observe", got "off""##);
    assert_snapshot!(error("forbid (principal == ?principal, action, resource);"), @r##"team.cedar:1: `?principal` and `?resource` make a template, which nothing fills (policy0)"##);
    assert_snapshot!(error("@hold(\"dba,ops\") forbid (principal, action, resource);"), @r#"team.cedar:1: `@hold` must name one group that may approve, or how many of it: "dba", "2 of dba" (2 to 20), got "dba,ops""#);
    assert_snapshot!(error("@rule(\"no-drop\") forbid (principal, action, resource);"), @"team.cedar: the rule `no-drop` is Picket's own; call yours otherwise, or leave that one out (`without`)");
    with("@rule(\"no-drop\") forbid (principal, action, resource);", &["no-drop"]);
    let deep = format!(
        "forbid (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(300),
        ")".repeat(300)
    );
    assert_snapshot!(error(&deep), @"team.cedar:1: a policy may have 200 operators and brackets, this one has 302; compare with a set: [...].contains(...)");
    let odd = policies("forbid (principal, action, resource) when { 1 == 2 };");
    assert_snapshot!(odd.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r##"team.cedar:1: rule "team" never decides: policy is impossible: the policy expression evaluates to false for all valid requests; mend its conditions, or remove it"##);
}

#[test]
fn groups_that_nobody_is_in_are_told() {
    let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let named = policies(
        r#"@rule("dba") forbid (principal, action, resource) unless { principal in Picket::Group::"dbas" };"#,
    );
    assert_snapshot!(named.odd_groups(&groups(&["dba", "exempt:no-drop", "exempt:no-dorp"])).join("\n"), @r#"
team.cedar: no user is in the group `dbas` (rule "dba")
there is no rule `no-dorp` that a user could be exempt from; did you mean `no-drop`
"#);
    assert_eq!(named.odd_groups(&groups(&["dbas", "exempt:dba"])), Vec::<String>::new());
}

/// A name that the catalog does not have could be in each schema that a policy tells from others, however it does.
#[test]
fn schemas_in_conditions_are_named() {
    for condition in [
        "resource.schema == \"vault\"",
        "[\"vault\", \"other\"].contains(resource.schema)",
        "{ a: resource.schema }.a == \"vault\"",
        "resource.schema like \"vault*\"",
        "resource in Picket::Schema::\"shop.vault\"",
        "resource == Picket::Table::\"shop.vault.gone\"",
    ] {
        let policies = policies(&format!(
            "forbid (principal, action == Picket::Action::\"select\", resource is Picket::Table) when {{ {condition} }};"
        ));
        let says = verdict_where(&policies, &alice(), &[], "select * from gone");
        assert!(says.contains("Rule \"team\""), "{condition}: {says}");
        assert_eq!(verdict_where(&policies, &alice(), &[], "select * from orders"), "allow");
    }
}

#[test]
fn policies_say_how_values_are_masked_and_the_one_counts_that_shows_least() {
    let policies = policies(
        r#"@rule("analysts") @method("token")
           permit (principal in Picket::Group::"analysts", action == Picket::Action::"mask", resource == Picket::Class::"email");
           @rule("all") @method("partial")
           permit (principal, action == Picket::Action::"mask", resource)
           when { resource == Picket::Class::"email" || resource == Picket::Class::"phone" };
           @rule("agents") @method("null")
           permit (principal, action == Picket::Action::"mask", resource) when { principal.kind == "agent" };
           @rule("everything") permit (principal in Picket::Group::"owners", action, resource);"#,
    );
    let method = |who: &Who, class| policies.method(&policies.subject(who).unwrap(), class);
    let analyst = of(alice(), &["analysts", "owners"]);
    assert_eq!(method(&alice(), "email"), Some("partial"));
    assert_eq!(method(&analyst, "email"), Some("token"));
    assert_eq!(method(&analyst, "phone"), Some("partial"));
    assert_eq!(method(&analyst, "card"), None);
    assert_eq!(method(&of(bot(), &["analysts"]), "email"), Some("null"));
    assert!(policies.shadowed().iter().all(|rule| &*rule.name == "everything"));
    // What fails while it is asked shows nothing.
    let failing = self::policies(
        r#"@rule("r") @method("partial") permit (principal, action == Picket::Action::"mask", resource)
           when { context.hour + 9223372036854775807 > 0 };"#,
    );
    let who = Who { hour: 9, ..alice() };
    assert_eq!(failing.method(&failing.subject(&who).unwrap(), "email"), Some("null"));
    // Nothing is said where no policy says it.
    let silent = self::policies("permit (principal, action, resource);");
    assert_eq!(silent.method(&silent.subject(&who).unwrap(), "email"), None);
}

/// What is permitted is not counted, what is forbidden refused or held, and of all else nothing is said.
#[test]
fn policies_say_who_searches_for_hidden_values() {
    let policies = policies(
        r#"@rule("support-searches")
           permit (principal in Picket::Group::"support", action == Picket::Action::"filter", resource == Picket::Class::"email");
           @rule("nobody-searches") @reason("nobody searches by {name}") @hint("Ask the registry.")
           forbid (principal, action == Picket::Action::"filter", resource == Picket::Class::"national_id");
           @rule("agents-ask") @hold("dba")
           forbid (principal, action == Picket::Action::"filter", resource == Picket::Class::"phone") when { principal.kind == "agent" };
           @rule("seen") @mode("observe")
           forbid (principal, action == Picket::Action::"filter", resource == Picket::Class::"card");
           @rule("owners") permit (principal in Picket::Group::"owners", action, resource);
           @rule("everything") permit (principal, action, resource);"#,
    );
    let filters = |who: &Who, class| policies.filters(&policies.subject(who).unwrap(), class);
    assert!(filters(&of(alice(), &["support"]), "email"));
    assert!(!filters(&of(alice(), &["support"]), "phone"));
    assert!(!filters(&alice(), "email"));
    assert!(filters(&of(alice(), &["owners"]), "phone"));
    assert!(!filters(&of(alice(), &["owners"]), "national_id"));
    let says = |who: &Who, classes: &'static [&'static str]| {
        let looks_into = |_: &Statement| classes.to_vec();
        let meaning = Meaning {
            catalog: &Catalog::default(),
            is_masked: &|_| true,
            is_maskable: &|_| false,
            class_of: &|_, _| None,
            looks_into: &looks_into,
        };
        show(&policies.judge_one(&policies.subject(who).unwrap(), &Statement::default(), false, &meaning))
    };
    assert_eq!(says(&alice(), &["email", "phone"]), "allow");
    assert_snapshot!(says(&alice(), &["email", "national_id"]), @r#"42501 Picket refused this statement: Rule "nobody-searches": nobody searches by national_id (filter on national_id)."#);
    assert_snapshot!(says(&bot(), &["phone"]), @r#"hold for dba: Rule "agents-ask": it is against a policy (filter on phone)."#);
    assert_eq!(says(&alice(), &["card"]), "allow, against seen");
    // What permits everything is told for what it does not do.
    assert!(policies.shadowed().iter().all(|rule| ["owners", "everything"].contains(&&*rule.name)));
}

#[test]
fn a_method_that_means_nothing_is_told() {
    let mask = |annotation: &str, effect: &str, action: &str| {
        error(&format!(
            "{annotation} {effect} (principal, action == Picket::Action::\"{action}\", resource);"
        ))
    };
    let said = mask("@method(\"tokens\")", "permit", "mask");
    assert!(
        said.contains("`@method` must be one of \"null\", \"fixed\", \"token\", \"partial\", got \"tokens\""),
        "{said}"
    );
    let said = mask("", "permit", "mask");
    assert!(said.contains("`mask` is permitted with `@method`"), "{said}");
    let said = mask("", "forbid", "mask");
    assert!(said.contains("`mask` is for `permit`"), "{said}");
    for (effect, action) in [("permit", "reveal"), ("forbid", "mask"), ("permit", "select")] {
        let said = mask("@method(\"null\")", effect, action);
        assert!(
            said.contains("`@method` is for `permit` with `action == Picket::Action::\"mask\"`"),
            "{said}"
        );
    }
}
