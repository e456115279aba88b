//! What PostgreSQL takes the name of a setting for, and its value.

use crate::read::kept_tree;
use crate::tree::Tree;

/// Names of old, and what they are called now (guc.c, `map_old_guc_names`).
const RENAMED: [(&str, &str); 3] =
    [("sort_mem", "work_mem"), ("ssl_ecdh_curve", "ssl_groups"), ("vacuum_mem", "maintenance_work_mem")];

/// The setting's name as it is known: in small letters, and not one of old.
pub fn setting_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let renamed = RENAMED.iter().find(|(old, _)| *old == name);
    renamed.map(|(_, new)| (*new).to_owned()).unwrap_or(name)
}

/// Settings that are lists of names, which PostgreSQL keeps quoted where they are no plain words (guc.c, `GUC_LIST_QUOTE`).
const LISTS: [&str; 5] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
];

/// The value that SET gives a setting by these arguments, as PostgreSQL keeps it; `None` where one is computed.
pub(crate) fn joined(name: Option<&str>, arguments: Vec<Option<String>>) -> Option<String> {
    let is_list = name.is_some_and(|name| LISTS.contains(&name));
    let each = arguments
        .into_iter()
        .map(|argument| argument.map(|value| if is_list { quoted(value) } else { value }));
    let each: Vec<String> = each.collect::<Option<_>>()?;
    if each.is_empty() { None } else { Some(each.join(", ")) }
}

/// A name as it stands in a list.
fn quoted(name: String) -> String {
    let is_word = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty();
    if is_word { name } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Whether a statement does nothing but call `set_config`, once: `SELECT set_config('…', '…', …)`.
pub fn only_sets(text: &str) -> bool {
    let Ok(parsed) = kept_tree(text) else { return false };
    let [raw] = parsed.protobuf.stmts.as_slice() else { return false };
    let Some(select) = Tree::of(&raw.stmt).ok().and_then(Tree::into_first) else { return false };
    let has_only = |tree: &Tree, fields: &[&str]| tree.children().all(|(field, _)| fields.contains(field));
    let targets: Vec<&Tree> = select.all("target_list").collect();
    let [target] = targets.as_slice() else { return false };
    let Some(call) = target.one("val").filter(|value| value.kind == "FuncCall") else { return false };
    select.kind == "SelectStmt"
        && has_only(&select, &["target_list", "limit_option", "op"])
        && has_only(call, &["funcname", "args", "funcformat"])
        && call.all("args").all(|argument| argument.kind == "AConst")
        // Whether it is for the transaction alone.
        && call.all("args").nth(2).and_then(|is_local| is_local.one("val")).is_some_and(|it| it.kind == "Boolean")
        && matches!(call.name("funcname").as_slice(), ["set_config"] | ["pg_catalog", "set_config"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_old_are_known() {
        assert_eq!(setting_name("Sort_Mem"), "work_mem");
        assert_eq!(setting_name("TimeZone"), "timezone");
    }

    #[test]
    fn lists_are_kept_quoted_where_they_must_be() {
        let value = |text: &str| {
            let facts = crate::read(text.as_bytes()).unwrap();
            facts.statements[0].settings[0].value.clone().unwrap_or_default()
        };
        for (text, kept) in [
            ("SET search_path = public, evil", "public, evil"),
            ("SET search_path TO \"$user\", 'a,b', \"C\"", "\"$user\", \"a,b\", \"C\""),
            ("SET SCHEMA 'sales'", "sales"),
            ("SET datestyle TO 'ISO', 'DMY'", "ISO, DMY"),
            ("SET work_mem = '64MB'", "64MB"),
            ("SET picket.reason = 'a, \"b\"'", "a, \"b\""),
            ("SELECT set_config('search_path', 'a,b', false)", "a,b"),
        ] {
            assert_eq!(value(text), kept, "{text}");
        }
    }

    #[test]
    fn a_select_that_only_sets_is_known() {
        assert!(only_sets("SELECT set_config('search_path', 'x', true)"));
        assert!(only_sets("SELECT pg_catalog.set_config('search_path', '', false) AS path"));
        for text in [
            "SELECT set_config('search_path', 'x', true) WHERE false",
            "SELECT set_config('search_path', 'x', true) FROM orders",
            "SELECT set_config('search_path', x, true)",
            "SELECT set_config('search_path', 'x', 'f')",
            "SELECT set_config('search_path', 'x', NULL)",
            "SELECT set_config('search_path', 'x')",
            "SELECT set_config('search_path', 'x', true), 1",
            "SELECT coalesce(1, set_config('search_path', 'x', true))",
            "SELECT own.set_config('search_path', 'x', true)",
            "SELECT set_config('search_path', 'x', true) LIMIT 0",
            "SELECT set_config('search_path', 'x', true); SELECT 1",
            "SELECT set_config('search_path', 'x', true) FILTER (WHERE false)",
            "INSERT INTO t SELECT set_config('search_path', 'x', true)",
        ] {
            assert!(!only_sets(text), "{text}");
        }
    }
}
