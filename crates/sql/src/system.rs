//! PostgreSQL's own relations by other names: views through which they are written. It does not tell of what is read so.

use std::collections::HashMap;

use crate::catalog::Catalog;
use crate::facts::{Access, Effect, RelationUse, Statement, Write};
use crate::hooks::Event;
use crate::names::{Name, Naming};
use crate::read;
use crate::tree::Tree;

/// Schemas of PostgreSQL's own. Names in the first are found before all others, by everybody.
pub(crate) const SCHEMAS: [&str; 3] = ["pg_catalog", "information_schema", "pg_toast"];

/// What of `information_schema` takes rows, or gives some up: its tables, and a view on `pg_authid`.
const INFORMATION: [&str; 5] =
    ["enabled_roles", "sql_features", "sql_implementation_info", "sql_parts", "sql_sizing"];

/// Views below views that are looked through.
const DEPTH_MAX: usize = 32;

/// Views that show PostgreSQL's own relations, by their OIDs, as far as they write through to these.
#[derive(Clone, Debug, Default)]
pub struct SystemViews {
    /// Of all views: tells each from what it was before it was changed.
    pub versions: HashMap<u32, String>,
    /// What those write to that name it themselves.
    pub direct: HashMap<u32, Name>,
    /// The same of all.
    pub through: HashMap<u32, Name>,
    /// Relations of which views show something of each row, by their OIDs; of those views that have been looked at.
    pub whole: HashMap<u32, Vec<u32>>,
}

impl Name {
    /// Whether it can mean one of PostgreSQL's own relations, where `search_path` says nothing unusual; of `information_schema` also where
    /// that is in front.
    pub fn is_system(&self) -> bool {
        match &self.schema {
            Some(schema) => SCHEMAS.contains(&schema.as_str()),
            None => self.name.starts_with("pg_") || is_information(&self.name),
        }
    }
}

/// Whether something of this name in `information_schema` can be written.
pub fn is_information(name: &str) -> bool {
    INFORMATION.binary_search(&name).is_ok()
}

/// The only relation that a view reads, whose rows change with the view's. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn written_through(definition: &str) -> Option<Name> {
    let parsed = read::tree(definition).ok()?;
    let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
    let root = Tree::of(&raw.stmt).ok()?;
    base(root.nodes().next()?)
}

/// The same of its query.
fn base(select: &Tree) -> Option<Name> {
    // With one of these PostgreSQL changes no rows by itself (rewriteHandler.c, `view_query_is_auto_updatable`).
    let others = ["group_clause", "having_clause", "larg", "limit_count", "with_clause"];
    let mut from = select.all("from_clause");
    let only = from.next().filter(|_| select.kind == "SelectStmt" && !select.has(&others))?;
    (only.kind == "RangeVar" && from.next().is_none()).then(|| crate::names::name(only))
}

impl Statement {
    /// Adds writes of PostgreSQL's own relations that go through views.
    pub(crate) fn writes_through(&self, catalog: &Catalog) -> Vec<Write> {
        let mut found = Vec::new();
        for write in &self.writes {
            let Some(event) = event(write.effect) else { continue };
            for name in self.leads_to(&write_name(write), event, catalog) {
                let write = Write { effect: write.effect, schema: name.schema.clone(), name: name.name };
                if !self.writes.contains(&write) && !found.contains(&write) {
                    found.push(write);
                }
            }
        }
        found
    }

    /// Notes such a write.
    pub(crate) fn add_through(&mut self, write: Write) {
        self.relations.push(RelationUse {
            schema: write.schema.clone(),
            name: write.name.clone(),
            alias: None,
            access: Access::Write,
            whole: true,
        });
        self.writes.push(write);
    }

    /// PostgreSQL's own relations that change with what this name means.
    fn leads_to(&self, name: &Name, event: Event, catalog: &Catalog) -> Vec<Name> {
        // A temporary view has its name in front of all others.
        let known =
            catalog.named_in(name.schema.as_deref().filter(|schema| *schema != "pg_temp"), &name.name);
        let writes = known.filter(|view| {
            !catalog.hooks().of(view.oid).iter().any(|hook| hook.is_on(event) && hook.is_instead())
        });
        let mut found: Vec<Name> =
            writes.filter_map(|view| catalog.system_views().through.get(&view.oid)).cloned().collect();
        found.extend(catalog.given_system(&name.name).cloned());
        // What the statement itself makes a view on it.
        let mut names = vec![&name.name];
        for _ in 0..DEPTH_MAX {
            let leads = self.names.iter().filter_map(|naming| match naming {
                Naming::Leads { from, to } if names.contains(&&from.name) => Some(to),
                _ => None,
            });
            let (system, others): (Vec<&Name>, Vec<&Name>) = leads.partition(|to| to.is_system());
            found.extend(system.into_iter().cloned());
            let new: Vec<&String> = others.into_iter().map(|to| &to.name).collect();
            if new.is_empty() {
                break;
            }
            names = new;
        }
        for name in &mut found {
            name.schema.get_or_insert_with(|| schema_of(&name.name).to_owned());
        }
        found
    }
}

/// In which schema one of PostgreSQL's own relations is that is named without it.
fn schema_of(name: &str) -> &'static str {
    if is_information(name) { "information_schema" } else { "pg_catalog" }
}

fn write_name(write: &Write) -> Name {
    Name { schema: write.schema.clone(), name: write.name.clone() }
}

fn event(effect: Effect) -> Option<Event> {
    match effect {
        Effect::CopyIn => Some(Event::Copy),
        Effect::Delete => Some(Event::Delete),
        Effect::Insert => Some(Event::Insert),
        Effect::Update => Some(Event::Update),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Relation;
    use crate::read::read;

    #[test]
    fn names_are_found_because_they_are_in_order() {
        assert!(INFORMATION.is_sorted());
    }

    #[test]
    fn a_view_changes_with_the_only_relation_that_it_reads() {
        let through = |definition: &str| {
            written_through(definition).map(|Name { schema, name }| (schema.unwrap_or_default(), name))
        };
        let found = |schema: &str, name: &str| Some((schema.to_owned(), name.to_owned()));
        assert_eq!(through("SELECT pg_class.oid FROM pg_class;"), found("", "pg_class"));
        assert_eq!(
            through(" SELECT a.b FROM public.a WHERE (EXISTS ( SELECT 1 FROM pg_roles));"),
            found("public", "a")
        );
        for other in [
            "SELECT 1",
            "SELECT count(*) FROM pg_class GROUP BY relname",
            "SELECT a.oid FROM pg_class a, pg_class b",
            "SELECT oid FROM pg_class UNION SELECT oid FROM pg_proc",
            "SELECT relname FROM pg_class LIMIT 1",
            "SELECT f.n FROM f() f(n)",
        ] {
            assert_eq!(through(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_written_through_views_is_told() {
        let relation = |oid, name: &str| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: Vec::new(),
        };
        let own = Name { schema: Some("pg_catalog".to_owned()), name: "pg_class".to_owned() };
        let through = HashMap::from([(1, own)]);
        let catalog = Catalog::new([relation(1, "classes"), relation(2, "orders")])
            .with_system_views(SystemViews { through, ..SystemViews::default() });
        let writes = |text: &str| {
            let facts = read(text.as_bytes()).unwrap();
            let facts = facts.with_reach(&catalog);
            facts.statements.iter().any(|one| one.writes.iter().any(|write| write.name == "pg_class"))
        };
        for text in [
            "update classes set relrowsecurity = false where oid = 1",
            "delete from public.classes where oid = 1",
            "with gone as (delete from classes where oid = 1 returning 1) select 1",
            "merge into classes c using orders o on c.oid = o.id when matched then delete",
            "do $$ begin create view v as select * from pg_class; update v set relrowsecurity = false; end $$",
            "do $$ begin create view v as select * from pg_catalog.pg_class; create view w as select * from v; delete from w; end $$",
        ] {
            assert!(writes(text), "{text}");
        }
        for text in [
            "select * from classes",
            "update orders set id = 1 where id in (select oid from classes)",
            "update other.classes set relrowsecurity = false where oid = 1",
            "create view v as select * from pg_class",
        ] {
            assert!(!writes(text), "{text}");
        }
    }
}
