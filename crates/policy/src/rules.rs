//! The guardrails that are built in, one file each.

pub(crate) mod copy_masked;
pub(crate) mod fast_path;
pub(crate) mod lexing_settings;
pub(crate) mod no_alter_system;
pub(crate) mod no_catalog_write;
pub(crate) mod no_dangerous_function;
pub(crate) mod no_disable_protection;
pub(crate) mod no_drop;
pub(crate) mod no_drop_table;
pub(crate) mod no_outside_reach;
pub(crate) mod no_privilege_change;
pub(crate) mod no_server_files;
pub(crate) mod no_truncate;
pub(crate) mod no_unfiltered_write;
pub(crate) mod opaque_code;
pub(crate) mod replication;
pub(crate) mod unknown_name;
pub(crate) mod unreadable;

use sql::Statement;

use crate::verdict::Refusal;

/// Looks at one statement; `None` lets it pass.
type Guardrail = fn(&Statement) -> Option<Refusal>;

/// In the order in which they are asked.
pub(crate) const GUARDRAILS: [Guardrail; 13] = [
    no_drop_table::check,
    no_truncate::check,
    no_unfiltered_write::check,
    no_drop::check,
    no_privilege_change::check,
    no_server_files::check,
    no_outside_reach::check,
    no_dangerous_function::check,
    no_catalog_write::check,
    no_alter_system::check,
    no_disable_protection::check,
    opaque_code::check,
    lexing_settings::check,
];

/// A function and what it does, for a reason.
type Listed = (&'static str, &'static str);

/// The first of `names` that stands in a list of functions, which are in order.
fn first_listed<'n>(list: &'static [Listed], mut names: impl Iterator<Item = &'n str>) -> Option<Listed> {
    names.find_map(|name| {
        let at = list.binary_search_by(|(function, _)| (*function).cmp(name)).ok()?;
        list.get(at).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_because_they_are_in_order() {
        for list in [&no_dangerous_function::FUNCTIONS[..], &no_server_files::FUNCTIONS] {
            assert!(list.is_sorted_by(|(one, _), (next, _)| one < next));
        }
    }
}
