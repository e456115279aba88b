//! What a view keeps from those who read or write through it, by its options. CREATE OR REPLACE VIEW takes away each that it does not
//! name (view.c, `DefineVirtualRelation`).

use crate::catalog::Catalog;
use crate::facts::Statement;
use crate::names::Name;
use crate::temporary::SCHEMA;
use crate::tree::Tree;

/// `ViewCheckOption` of WITH LOCAL CHECK OPTION and of WITH CHECK OPTION (parsenodes.h), as pg_query counts it.
const LOCAL: i64 = pg_query::protobuf::ViewCheckOption::LocalCheckOption as i64;
const CASCADED: i64 = pg_query::protobuf::ViewCheckOption::CascadedCheckOption as i64;

/// Options of a view that are about this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewOptions {
    /// `security_barrier`: a reader's functions see no row that it leaves out.
    is_barrier: bool,
    /// `security_invoker`: it shows what its reader may see.
    is_invoker: bool,
    /// `check_option`: rows that are written through it are such as it shows.
    checks: Checks,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Checks {
    #[default]
    Nothing,
    /// What it says itself.
    Own,
    /// What views below it say too.
    All,
}

/// A view that may replace another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacing {
    name: Name,
    options: ViewOptions,
}

impl ViewOptions {
    /// The same with one option, as it is written.
    #[must_use]
    pub fn with(self, option: &str, value: &str) -> Self {
        let value = value.to_ascii_lowercase();
        // Ways to write `on` (bool.c).
        let is_on =
            matches!(value.as_str(), "on" | "1") || is_begin(&value, "true") || is_begin(&value, "yes");
        match option {
            "security_barrier" => ViewOptions { is_barrier: is_on, ..self },
            "security_invoker" => ViewOptions { is_invoker: is_on, ..self },
            "check_option" if value == "local" => ViewOptions { checks: Checks::Own, ..self },
            "check_option" => ViewOptions { checks: Checks::All, ..self },
            _ => self,
        }
    }

    fn keeps_less(self, than: Self) -> bool {
        than.is_barrier && !self.is_barrier
            || than.is_invoker && !self.is_invoker
            || self.checks < than.checks
    }
}

fn is_begin(value: &str, of: &str) -> bool {
    !value.is_empty() && of.starts_with(value)
}

/// The view that a `ViewStmt` would put in the place of another. Nobody shares a session's temporary ones.
pub(crate) fn replacing(tree: &Tree) -> Option<Replacing> {
    let view = tree.one("view").filter(|_| tree.number("replace") != 0)?;
    let schema = view.text("schemaname");
    if schema == SCHEMA || view.text("relpersistence") == "t" {
        return None;
    }
    let options = tree.all("options").fold(ViewOptions::default(), |options, option| {
        let value = option.one("arg").map_or_else(|| "true".to_owned(), written);
        options.with(option.text("defname"), &value)
    });
    let checks = match tree.number("with_check_option") {
        LOCAL => Checks::Own,
        CASCADED => Checks::All,
        _ => options.checks,
    };
    let schema = (!schema.is_empty()).then(|| schema.to_owned());
    let name = Name { schema, name: view.text("relname").to_owned() };
    Some(Replacing { name, options: ViewOptions { checks, ..options } })
}

/// An option's value: a word, which the grammar may take for a type, a text or a number.
fn written(value: &Tree) -> String {
    match value.kind {
        "TypeName" => value.name("names").pop().unwrap_or_default().to_owned(),
        "Integer" => value.number("ival").to_string(),
        _ => value.text("sval").to_owned(),
    }
}

impl Statement {
    /// Whether it puts a view in the place of one that keeps more from those who use it.
    pub(crate) fn opens_views(&self, catalog: &Catalog) -> bool {
        self.replaced_views.iter().any(|Replacing { name, options }| {
            let mut meant = catalog.meant(name.schema.as_deref(), &name.name);
            meant.any(|view| catalog.view_options(view.oid).is_some_and(|before| options.keeps_less(before)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::ViewOptions;
    use crate::catalog::{Catalog, Relation};
    use crate::facts::Effect;
    use crate::read::read;

    #[test]
    fn a_view_does_not_lose_what_it_keeps() {
        let of = |options: &[(&str, &str)]| {
            let none = ViewOptions::default();
            options.iter().fold(none, |options, (name, value)| options.with(name, value))
        };
        let all =
            of(&[("security_barrier", "true"), ("security_invoker", "on"), ("check_option", "cascaded")]);
        let views = [
            ("guarded", all),
            ("checked", of(&[("check_option", "local")])),
            ("plain", of(&[("security_barrier", "false")])),
        ];
        let relation = |oid, name: &str| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: Vec::new(),
        };
        let relations = (1..).zip(views).map(|(oid, (name, _))| relation(oid, name));
        let options: HashMap<u32, ViewOptions> = (1..).zip(views).map(|(oid, (_, own))| (oid, own)).collect();
        let catalog = Catalog::new(relations).with_views(options);
        let loses = |text: &str| {
            let facts = read(text.as_bytes()).unwrap();
            let facts = facts.with_reach(&catalog);
            facts.statements.iter().any(|one| one.effects.contains(&Effect::DisableProtection))
        };
        for text in [
            "create or replace view guarded as select 1",
            "create or replace view public.guarded with (security_barrier) as select 1",
            "create or replace view guarded with (security_barrier, security_invoker) as select 1",
            "create or replace view guarded with (security_barrier, security_invoker) as select 1 with local check option",
            "create or replace view guarded with (security_barrier, security_invoker = off) as select 1 with check option",
            "create or replace view guarded with (security_barrier = false, security_invoker) as select 1 with check option",
            "create or replace view guarded with (security_barrier = 0, security_invoker) as select 1 with check option",
            "create or replace recursive view guarded (a) as select 1",
            "create or replace view checked as select 1",
            "do $$ begin create or replace view checked as select 1; end $$",
            "create function f() returns void language sql as 'create or replace view checked as select 1'",
        ] {
            assert!(loses(text), "{text}");
        }
        for text in [
            "create or replace view guarded with (security_barrier, security_invoker = true) as select 1 with check option",
            "create or replace view guarded with (security_barrier = on, security_invoker = yes, check_option = cascaded) as select 1",
            "create or replace view guarded with (security_barrier = 1, security_invoker = 'T') as select 1 with cascaded check option",
            "create or replace view checked as select 1 with local check option",
            "create or replace view checked with (check_option = local) as select 1",
            "create or replace view checked as select 1 with check option",
            "create or replace view plain as select 1",
            "create or replace view other.guarded as select 1",
            "create or replace temp view guarded as select 1",
            "create view guarded as select 1",
            "create or replace view another as select 1",
        ] {
            assert!(!loses(text), "{text}");
        }
    }
}
