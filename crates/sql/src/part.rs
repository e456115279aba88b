//! Tables that become parts of others, by INHERIT or ATTACH PARTITION: whether what keeps their rows is in front of these too. Policies,
//! rules and triggers for statements are those of the table that a statement names, and no part's (rowsecurity.c, rewriteHandler.c).

use crate::catalog::{Catalog, Relation};
use crate::facts::Statement;
use crate::hooks::Hook;
use crate::names::{Name, Naming};
use crate::reach::Via;

/// Policies of rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowSecurity {
    /// There are none that count.
    #[default]
    Off,
    /// They hold for all but its owner.
    On,
    /// They hold for its owner too.
    Forced,
}

impl Statement {
    /// Tables that become parts of others, each with that.
    pub fn parts(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.names.iter().filter_map(|naming| match naming {
            Naming::IsPart { part, of } => Some((part, of)),
            _ => None,
        })
    }

    /// Whether a table becomes a part of one that does not keep rows as it does.
    pub(crate) fn opens_parts(&self, catalog: &Catalog) -> bool {
        let is_new = |name: &Name| self.names.contains(&Naming::Makes(name.clone()));
        self.names.iter().any(|naming| match naming {
            Naming::IsPart { part, of } if !is_new(part) => {
                let mut parts = self.meant_before(part, catalog).into_iter();
                let of: Vec<&Relation> = catalog.meant(of.schema.as_deref(), &of.name).collect();
                parts.any(|part| match of.as_slice() {
                    // What nobody knows keeps nothing.
                    [] => !catalog.keeps(None, part),
                    of => of.iter().any(|of| !catalog.keeps(Some(of), part)),
                })
            }
            _ => false,
        })
    }

    /// What a name means, also where the statement itself gives it.
    fn meant_before<'c>(&self, name: &Name, catalog: &'c Catalog) -> Vec<&'c Relation> {
        let renamed = self.names.iter().filter_map(|naming| match naming {
            Naming::Renames { from, to } if to.name == name.name => Some(from),
            _ => None,
        });
        let names = std::iter::once(name).chain(renamed);
        names.flat_map(|name| catalog.meant(name.schema.as_deref(), &name.name)).collect()
    }
}

impl Catalog {
    /// Whether `of` keeps rows from those who read and write through it as `part` does.
    fn keeps(&self, of: Option<&Relation>, part: &Relation) -> bool {
        let security = |relation: &Relation| self.row_security(relation.oid);
        let has = |wanted: &Hook| {
            let own = of.map(|of| self.hooks().of(of.oid)).unwrap_or_default();
            let is_it = |hook: &Hook| (hook.via, hook.function) == (wanted.via, wanted.function);
            own.iter().any(|hook| is_it(hook) && hook.kind & wanted.kind == wanted.kind)
        };
        security(part) <= of.map_or(RowSecurity::Off, security)
            && self.hooks().of(part.oid).iter().filter(|hook| is_passed_by(hook)).all(|hook| has(hook))
    }
}

/// Whether it does not fire for what is done to the table through another.
fn is_passed_by(hook: &Hook) -> bool {
    hook.via == Via::Rule || !hook.is_for_rows() && hook.is_on_rows()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::RowSecurity;
    use crate::catalog::{Catalog, Relation};
    use crate::facts::Effect;
    use crate::hooks::{Hook, Hooks};
    use crate::read::read;

    /// AFTER INSERT, for each statement and for each row.
    const FOR_STATEMENTS: i16 = 4;
    const FOR_ROWS: i16 = 5;

    #[test]
    fn a_part_keeps_its_policies_rules_and_triggers_for_statements() {
        let names =
            ["forced", "secret", "ruled", "noted", "plain", "parent", "forced_parent", "noted_parent"];
        let relation = |(oid, name): (u32, &&str)| Relation {
            oid,
            schema: "public".into(),
            name: (**name).into(),
            columns: Vec::new(),
        };
        let hook = |oid, relation, kind| Arc::new(Hook::trigger(oid, relation, "noted".into(), kind, 1));
        let hooks = [
            Arc::new(Hook::rule(20, 3, "kept".into(), '4')),
            hook(21, 4, FOR_STATEMENTS),
            hook(22, 5, FOR_ROWS),
            hook(23, 8, FOR_STATEMENTS),
        ];
        let security = [(1, RowSecurity::Forced), (2, RowSecurity::On), (7, RowSecurity::Forced)];
        let catalog = Catalog::new((1..).zip(&names).map(relation))
            .with_hooks(Hooks::new(hooks, [], []))
            .with_row_security(HashMap::from(security));
        let opens = |text: &str| {
            let facts = read(text.as_bytes()).unwrap();
            let facts = facts.with_reach(&catalog);
            facts.statements.iter().any(|one| one.effects.contains(&Effect::DisableProtection))
        };
        for text in [
            "alter table secret inherit parent",
            "alter table public.secret add extra int, inherit public.parent",
            "alter table parent attach partition secret for values in (1)",
            "alter table nobody_knows attach partition secret default",
            "alter table forced inherit secret",
            "alter table ruled inherit forced_parent",
            "alter table noted inherit parent",
            "do $$ begin alter table secret inherit parent; end $$",
            "do $$ begin alter table secret rename to s; alter table s inherit parent; end $$",
            "create function f() returns void language sql as 'alter table secret inherit parent'",
        ] {
            assert!(opens(text), "{text}");
        }
        for text in [
            "alter table plain inherit parent",
            "alter table secret inherit forced_parent",
            "alter table forced_parent attach partition forced default",
            "alter table forced_parent attach partition secret for values in (1)",
            "alter table noted inherit noted_parent",
            "alter table new_part inherit parent",
            "create table secret () inherits (parent)",
            "create table elsewhere.secret partition of parent default",
            "alter table secret no inherit parent",
            "alter table other.secret inherit parent",
        ] {
            assert!(!opens(text), "{text}");
        }
    }
}
