//! Temporary tables that bodies make for themselves. What a body drops or truncates by such a name is the session's own, or nothing, as long
//! as no table that lasts has the name: a view has no DROP TABLE and no TRUNCATE. So it is judged when it runs. Where it is only made to run
//! later, the name is taken: no table that is there gets it any more.

use crate::catalog::Catalog;
use crate::facts::{Effect, Reached, Statement, Write};
use crate::names::{Name, Naming};
use crate::routine::Routine;
use crate::temporary::SCHEMA;
use crate::tree::Tree;

/// What statements do with rows, and leave each name to whatever has it.
const OF_ROWS: [&str; 4] = ["DeleteStmt", "InsertStmt", "MergeStmt", "UpdateStmt"];

/// Temporary tables that a body has made for itself, as one statement after the other is read.
#[derive(Default)]
pub(crate) struct Own {
    names: Vec<String>,
    /// The next statement has run when a later one does.
    pub(crate) is_certain: bool,
}

impl Own {
    /// Notes what a statement of the body makes; of its writes to each row, behind the first `before`, those to such a table are set aside.
    pub(crate) fn note(&mut self, tree: &Tree, before: usize, statement: &mut Statement) {
        let Some(one) = tree.nodes().next() else { return };
        if let Some(name) = made(one).filter(|_| self.is_certain) {
            // It fails where anything temporary has the name.
            return self.names.push(name.to_owned());
        }
        if !OF_ROWS.contains(&one.kind) {
            // It could be taken away, or called otherwise.
            return self.names.clear();
        }
        let new = statement.unfiltered.split_off(before.min(statement.unfiltered.len()));
        let is_own = |write: &Write| write.schema.is_none() && self.names.contains(&write.name);
        let (own, others) = new.into_iter().partition::<Vec<_>, _>(is_own);
        statement.unfiltered.extend(others);
        statement.unfiltered_own.extend(own);
    }
}

/// The temporary table that a statement makes in any case.
fn made(tree: &Tree) -> Option<&str> {
    let relation = match tree.kind {
        "CreateStmt" => tree.one("relation")?,
        "CreateTableAsStmt" => tree.one("into")?.one("rel")?,
        _ => return None,
    };
    let is_made = !tree.has(&["if_not_exists"]) && relation.text("relpersistence") == "t";
    is_made.then(|| relation.text("relname"))
}

impl Statement {
    /// Counts writes to each row of what its bodies have made for themselves, but for those that are certain to meet nothing else: no table that
    /// lasts has the name, and nobody takes it from the one that was made.
    pub(crate) fn know_own_writes(&mut self, catalog: &Catalog) {
        let is_opaque =
            |effect: &Effect| matches!(effect, Effect::OpaqueBody | Effect::OpaqueCall | Effect::OpaqueDo);
        let is_told = !self.runs_any && !self.effects.iter().any(is_opaque);
        let given: Vec<String> = self.names_given().collect();
        let renamed: Vec<Name> = self.all_names().into_iter().filter_map(renamed).collect();
        let takes =
            |reached: &Reached, name: &String| reached.does.drops.iter().any(|drop| drop.name == *name);
        let is_own = |Write { name, .. }: &Write| {
            let mut called = self.functions.iter().flat_map(|function| catalog.routines(function));
            is_told
                && self.lasts_nowhere(name, &given, catalog)
                && !renamed.iter().any(|from| from.name == *name)
                && !self.reached.iter().any(|reached| takes(reached, name))
                && !called.any(|routine| routine.body().iter().any(|one| one.takes_others(name)))
        };
        let (own, others): (Vec<_>, Vec<_>) = self.unfiltered_own.iter().cloned().partition(is_own);
        self.rests_on_absence |= !own.is_empty();
        self.unfiltered_own = own;
        self.unfiltered.extend(others);
    }

    /// Counts all of them.
    pub(crate) fn count_own_writes(&mut self) {
        self.unfiltered.append(&mut self.unfiltered_own);
    }

    /// Whether no table that lasts has this name, nor gets it by the statement itself.
    fn lasts_nowhere(&self, name: &String, given: &[String], catalog: &Catalog) -> bool {
        catalog.meant(None, name).next().is_none() && !given.contains(name) && !catalog.is_renamed(name)
    }

    /// Whether it drops a table of this name that it has not made itself.
    fn takes_others(&self, name: &String) -> bool {
        let is_dropped = self.drops.iter().any(|drop| drop.name == *name);
        is_dropped && !self.unfiltered_own.iter().any(|write| write.name == *name)
    }

    /// Names the tables that its bodies make for themselves as the session's own, where they drop or truncate them.
    pub(crate) fn know_within(&mut self, catalog: &Catalog) {
        let is_opaque =
            |effect: &Effect| matches!(effect, Effect::OpaqueBody | Effect::OpaqueCall | Effect::OpaqueDo);
        let takes = |effect: &Effect| matches!(effect, Effect::DropTable | Effect::Truncate);
        if self.shadows.is_empty()
            || !self.effects.iter().any(takes)
            || self.runs_any
            || self.effects.iter().any(is_opaque)
        {
            return;
        }
        let given: Vec<String> = self.names_given().collect();
        let is_own = |name: &String| self.lasts_nowhere(name, &given, catalog);
        let own: Vec<String> = self.shadows.iter().filter(|name| is_own(name)).cloned().collect();
        let mut taken = Vec::new();
        let mut know = |schema: &mut Option<String>, name: &String| {
            if schema.is_none() && own.contains(name) {
                *schema = Some(SCHEMA.to_owned());
                taken.push(name.clone());
            }
        };
        self.drops.iter_mut().for_each(|Name { schema, name }| know(schema, name));
        let truncated = self.writes.iter_mut().filter(|write| write.effect == Effect::Truncate);
        truncated.for_each(|Write { schema, name, .. }| know(schema, name));
        self.rests_on_absence |= !taken.is_empty();
        if self.effects.contains(&Effect::Other("CreateFunctionStmt")) {
            self.names.extend(taken.into_iter().map(|name| Naming::Takes(Name { schema: None, name })));
        }
    }

    /// Tables that get a name by which a body takes its own temporary one away.
    pub(crate) fn given_away(&self, catalog: &Catalog) -> Vec<Name> {
        let lasts = |from: &Name| {
            catalog.meant(from.schema.as_deref(), &from.name).next().is_some()
                || catalog.is_renamed(&from.name)
        };
        let renamed = self.all_names().into_iter().filter_map(|naming| match naming {
            Naming::Renames { from, to } if lasts(&from) && catalog.takes(&to.name) => Some(from),
            _ => None,
        });
        renamed.collect()
    }

    /// Whether it takes the session's own table of this name away.
    fn takes_own(&self, name: &String) -> bool {
        let is_dropped = || self.drops.iter().any(|own| own.schema.is_none() && own.name == *name);
        let is_truncated = |write: &Write| {
            (write.effect, write.schema.as_ref(), &write.name) == (Effect::Truncate, None, name)
        };
        self.shadows.contains(name) && (is_dropped() || self.writes.iter().any(is_truncated))
    }
}

/// What gets another name.
fn renamed(naming: Naming) -> Option<Name> {
    match naming {
        Naming::Renames { from, .. } => Some(from),
        _ => None,
    }
}

impl Catalog {
    /// Whether a function takes a temporary table of this name away that it makes itself.
    fn takes(&self, name: &String) -> bool {
        let may = |routine: &Routine| routine.body.contains(name.as_str());
        let takes = |routine: &Routine| {
            let own: Vec<&Statement> = routine.body().iter().filter(|one| !one.shadows.is_empty()).collect();
            // In SQL each is a statement of its own.
            own.iter().any(|one| one.takes_own(name))
                || own.iter().any(|one| one.shadows.contains(name))
                    && routine
                        .body()
                        .iter()
                        .any(|one| Statement { shadows: vec![name.clone()], ..one.clone() }.takes_own(name))
        };
        self.is_taken(name) || self.all_routines().any(|routine| may(routine) && takes(routine))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Relation;
    use crate::given::Given;
    use crate::read::read;

    fn catalog() -> Catalog {
        let relation = |(oid, name): (u32, &str)| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: Vec::new(),
        };
        let body = "begin create temp table kept (a int); drop table kept; end";
        let definition = format!(
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS void\n LANGUAGE plpgsql\nAS $function${body}$function$"
        );
        let routine = Routine::new("f".into(), 0, "plpgsql".into(), body.into(), definition);
        Catalog::new([(1, "orders"), (2, "users")].map(relation)).with_routines([(10, Arc::new(routine))])
    }

    /// Tables that last, or may, which a text drops or truncates.
    fn taken(text: &str, catalog: &Catalog) -> Vec<String> {
        let facts = read(text.as_bytes()).unwrap();
        let facts = facts.with_reach(catalog);
        let of_one = |one: &Statement| {
            let truncated = one.writes.iter().filter(|write| write.effect == Effect::Truncate);
            let truncated =
                truncated.map(|write| Name { schema: write.schema.clone(), name: write.name.clone() });
            let all = one.drops.iter().cloned().chain(truncated);
            all.filter(|name| name.schema.as_deref() != Some(SCHEMA))
                .map(|name| name.name)
                .collect::<Vec<_>>()
        };
        facts.statements.iter().flat_map(of_one).collect()
    }

    #[test]
    fn a_body_takes_its_own_tables_away() {
        let catalog = catalog();
        for text in [
            "do $$ begin create temp table own (a int); drop table own; end $$",
            "do $$ begin drop table if exists own; create temporary table own as select * from orders; end $$",
            "do $$ begin create temp table if not exists own (a int); truncate own; end $$",
            "create function g() returns void language plpgsql as 'begin create temp table own (a int); drop table own; end'",
            "create function g() returns void language sql as 'create temp table own (a int); drop table own'",
            "select f()",
        ] {
            assert!(taken(text, &catalog).is_empty(), "{text}");
        }
        for text in [
            "do $$ begin create temp table orders (a int); drop table orders; end $$",
            "do $$ begin create temp table own (a int); drop table own, orders; end $$",
            "do $$ begin create temp table own (a int); drop table public.own; end $$",
            "do $$ begin create temp table own (a int); alter table orders rename to own; drop table own; end $$",
            "do $$ begin drop table other; create temp table own (a int); end $$",
            "do $$ begin create table own (a int); drop table own; end $$",
        ] {
            assert!(!taken(text, &catalog).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_body_writes_its_own_tables() {
        let body = "begin drop table if exists own; create temp view own as select * from orders; end";
        let definition = format!(
            "CREATE OR REPLACE FUNCTION public.swaps()\n RETURNS void\n LANGUAGE plpgsql\nAS $function${body}$function$"
        );
        let swaps = Routine::new("swaps".into(), 0, "plpgsql".into(), body.into(), definition);
        let body = "begin create temp table own (a int); update own set a = 1; drop table own; end";
        let definition = format!(
            "CREATE OR REPLACE FUNCTION public.fills()\n RETURNS void\n LANGUAGE plpgsql\nAS $function${body}$function$"
        );
        let fills = Routine::new("fills".into(), 0, "plpgsql".into(), body.into(), definition);
        let catalog = catalog().with_routines([(11, Arc::new(swaps)), (12, Arc::new(fills))]);
        let is_filtered = |text: &str| {
            let facts = read(text.as_bytes()).unwrap();
            facts.statements.iter().all(|one| one.with_reach(&catalog).unfiltered.is_empty())
        };
        for text in [
            "do $$ begin create temp table own (a int); delete from own; end $$",
            "do $$ declare n int; begin create temp table own on commit drop as select * from orders; update own set id = 1; drop table own; end $$",
            "do $$ begin create temp table own (a int); create temp table more (a int); if true then delete from own; end if; raise exception 'x'; end $$",
            "do $$ begin create temp table own (a int); insert into own values (1); delete from own; perform fills(); end $$",
            "create function g() returns void language plpgsql as 'begin create temp table own (a int); delete from own; end'",
            "select fills()",
        ] {
            assert!(is_filtered(text), "{text}");
        }
        for text in [
            "do $$ begin create temp table if not exists own (a int); delete from own; end $$",
            "do $$ begin if now() > '2020-01-01' then create temp table own (a int); end if; delete from own; end $$",
            "do $$ begin begin create temp table own (a int); exception when others then null; end; delete from own; end $$",
            "do $$ begin delete from own; create temp table own (a int); end $$",
            "do $$ begin create temp table own (a int); delete from orders; end $$",
            "do $$ begin create temp table own (a int); delete from public.own; end $$",
            "do $$ begin create temp table orders (a int); delete from orders; end $$",
            "do $$ begin create temp table own (a int); drop table own; create temp view own as select * from orders; delete from own; end $$",
            "do $$ begin create temp table own (a int); alter table own rename to o; delete from own; end $$",
            "do $$ begin create temp table own (a int); execute 'drop table own'; delete from own; end $$",
            "do $$ begin create temp table own (a int); perform swaps(); delete from own; end $$",
            "do $$ begin loop create temp table own (a int); delete from own; drop table own; end loop; end $$",
            "do $$ begin create table own (a int); delete from own; end $$",
            "do $$ begin create temp table own (a int) on commit drop; commit; perform swaps(); delete from own; end $$",
            "do $$ begin create temp table own (a int); rollback; delete from own; end $$",
            "create temp table own (a int); do $$ begin delete from own; end $$",
        ] {
            assert!(!is_filtered(text), "{text}");
        }
    }

    #[test]
    fn no_table_gets_a_name_that_a_body_takes_for_its_own() {
        let catalog = catalog();
        assert_eq!(taken("alter table orders rename to kept", &catalog), ["orders"]);
        assert!(taken("alter table orders rename to kept_2", &catalog).is_empty());
        assert!(taken("alter table scratch rename to kept", &catalog).is_empty());
        let mut given = Given::default();
        let text = "create function g() returns void language plpgsql as 'begin create temp table own (a int); drop table own; end'";
        let facts = read(text.as_bytes()).unwrap();
        let facts = facts.with_reach(&catalog);
        facts.statements.iter().for_each(|one| given.take_ways(&one.ways(), &catalog));
        let catalog = catalog.with_given(&Arc::new(given));
        assert_eq!(taken("alter table orders rename to own", &catalog), ["orders"]);
        assert!(taken("alter table orders rename to owned", &catalog).is_empty());
    }

    #[test]
    fn a_name_that_was_given_to_another_table_is_not_the_own_one() {
        let catalog = catalog();
        let mut given = Given::default();
        let facts = read(b"alter table orders rename to own").unwrap();
        facts.statements.iter().for_each(|one| given.take_ways(&one.ways(), &catalog));
        let catalog = catalog.with_given(&Arc::new(given));
        let text = "do $$ begin create temp table own (a int); drop table own; end $$";
        assert_eq!(taken(text, &catalog), ["own"]);
    }
}
