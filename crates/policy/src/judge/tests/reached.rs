//! What follows from a write by itself: only own policies that forbid are asked about it.

use insta::assert_snapshot;

use super::own::{alice, policies, with};
use super::{Policies, verdict, verdict_where};

const DELETE: &str = "delete from parts where id = 1";

fn says(policies: &Policies, text: &str) -> String {
    verdict_where(policies, &alice(), &[], text)
}

#[test]
fn guardrails_are_for_the_statement_itself() {
    assert_eq!(verdict(DELETE), "allow");
    assert!(verdict("delete from bins").contains("no-unfiltered-write"));
    let nothing = with(
        r#"permit (principal, action in [Picket::Action::"select", Picket::Action::"delete"], resource)
           when { resource is Picket::Table && resource.name == "parts" };"#,
        &["allow-all"],
    );
    assert_eq!(says(&nothing, DELETE), "allow");
    assert!(says(&nothing, "delete from bins where id = 1").contains("no policy permits delete on bins"));
}

#[test]
fn own_policies_keep_a_table_from_all_that_leads_to_it() {
    let marks = r#"@rule("marks") @reason("{name} stay") forbid (principal, action == Picket::Action::"delete", resource is Picket::Table)
        when { resource.name == "marks" };"#;
    let marks = policies(marks);
    assert_snapshot!(says(&marks, DELETE), @r#"42501 Picket refused this statement: Rule "marks": marks stay (delete on marks, through foreign key marks_bin_fkey on marks)."#);
    assert_snapshot!(says(&marks, "delete from marks where id = 1"), @r#"42501 Picket refused this statement: Rule "marks": marks stay."#);
    assert_eq!(says(&marks, "update parts set id = 2 where id = 1"), "allow");
}

#[test]
fn policies_see_the_way_and_answers_are_remembered_by_it() {
    let by_rule = r#"@rule("bins") forbid (principal, action == Picket::Action::"delete", resource is Picket::Table)
        when { resource.name == "bins" && context.via == "rule" };
        @rule("triggers") @mode("observe") forbid (principal, action == Picket::Action::"opaque_call", resource)
        when { context.via == "trigger" };"#;
    let policies = policies(by_rule);
    assert_eq!(says(&policies, "delete from bins where id = 1"), "allow");
    assert_snapshot!(says(&policies, DELETE), @r#"42501 Picket refused this statement: Rule "bins": it is against a policy (delete on bins, through rule also on parts)."#);
    assert_eq!(says(&policies, "delete from bins where id = 1"), "allow");
    let observing = with(by_rule.split_once("@rule(\"triggers\")").unwrap().1, &[]);
    assert_eq!(says(&observing, DELETE), "allow, against team");
}

#[test]
fn a_write_is_asked_about_with_its_own_target() {
    let policies = policies(
        r#"@rule("keep") forbid (principal, action == Picket::Action::"delete", resource is Picket::Table)
           when { resource.name == "users" };"#,
    );
    let moves = "with d as (delete from orders where id = 1 returning *) insert into users select * from d";
    assert_eq!(says(&policies, moves), "allow");
    assert!(
        says(&policies, "with d as (delete from users where id = 1) insert into orders values (1)")
            .contains("keep")
    );
}
