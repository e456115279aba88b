//! Temporary tables that bodies make for themselves. What a body drops or truncates by such a name is the session's own, or nothing, as long
//! as no table that lasts has the name: a view has no DROP TABLE and no TRUNCATE. So it is judged when it runs. Where it is only made to run
//! later, the name is taken: no table that is there gets it any more.

use crate::catalog::Catalog;
use crate::facts::{Effect, Statement, Write};
use crate::names::{Name, Naming};
use crate::routine::Routine;
use crate::temporary::SCHEMA;

impl Statement {
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
        let is_own = |name: &String| {
            catalog.meant(None, name).next().is_none() && !given.contains(name) && !catalog.is_renamed(name)
        };
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
        self.rests_on_absence = !taken.is_empty();
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
