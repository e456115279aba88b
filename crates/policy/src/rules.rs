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
