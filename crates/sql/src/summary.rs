//! What a statement does in words, for whoever asks about it. What is decided goes by the facts themselves.

use crate::facts::{ColumnUse, Effect, Setting, Statement, Write};

/// The same statement in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Its writes that leave some row out, as `delete public.orders`.
    pub filtered: Vec<String>,
    /// Those that change every row.
    pub unfiltered: Vec<String>,
    /// Settings that it changes, as `search_path = audit`.
    pub settings: Vec<String>,
    /// Columns that it reads, as it names them.
    pub columns_read: Vec<String>,
    /// Columns that it gives values.
    pub columns_written: Vec<String>,
}

impl Statement {
    /// In words. Of what it reaches, too, where the catalog has said that ([`Statement::with_reach`]).
    pub fn summary(&self) -> Summary {
        let columns = |is_target| {
            let columns = self.columns.iter().filter(move |column| column.is_target == is_target);
            distinct(columns.map(ColumnUse::path))
        };
        // An INSERT has no rows to leave out.
        let has_rows = |write: &&Write| {
            let weighs =
                matches!(write.effect, Effect::Update | Effect::Delete | Effect::Merge | Effect::AlterTable);
            weighs && !self.unfiltered.contains(write)
        };
        Summary {
            filtered: distinct(self.writes.iter().filter(has_rows).map(Write::in_words)),
            unfiltered: distinct(self.unfiltered.iter().map(Write::in_words)),
            settings: distinct(self.settings.iter().map(Setting::in_words)),
            columns_read: columns(false),
            columns_written: columns(true),
        }
    }
}

impl Write {
    fn in_words(&self) -> String {
        let schema = self.schema.iter().map(String::as_str);
        format!("{} {}", words(self.effect.name()), schema.chain([&*self.name]).collect::<Vec<_>>().join("."))
    }
}

impl ColumnUse {
    /// As the statement names it.
    pub fn path(&self) -> String {
        let name = self.name.as_deref().unwrap_or("*");
        self.qualifier.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
    }
}

impl Setting {
    fn in_words(&self) -> String {
        let name = match &self.name {
            Some(name) => name.as_str(),
            None if self.is_reset_all => return "all, back to what the session began with".to_owned(),
            None => "one whose name is computed",
        };
        let value = match &self.value {
            Some(value) => value.as_str(),
            None if self.is_reset => "what the session began with",
            None => "what is computed",
        };
        format!("{name} = {value}{}", if self.is_local { " in this transaction" } else { "" })
    }
}

/// An effect's name in words: of a node of PostgreSQL's parse tree the command that it is of.
pub fn words(effect: &str) -> String {
    let Some(node) = effect.strip_suffix("Stmt") else { return effect.to_owned() };
    let command = match node {
        "AlterEventTrig" => "alter_event_trigger",
        "AlterFdw" => "alter_foreign_data_wrapper",
        "AlterObjectDepends" => "alter_depends",
        "AlterObjectSchema" => "alter_schema_of",
        "AlterOpFamily" => "alter_operator_family",
        "AlterOwner" => "alter_owner",
        "AlterSeq" => "alter_sequence",
        "AlterStats" => "alter_statistics",
        "AlterTableMoveAll" => "alter_table_all_in_tablespace",
        "AlterTableSpaceOptions" => "alter_tablespace",
        "AlterTsConfiguration" => "alter_text_search_configuration",
        "AlterTsDictionary" => "alter_text_search_dictionary",
        "CheckPoint" => "checkpoint",
        "ClosePortal" => "close",
        "CompositeType" | "CreateEnum" | "CreateRange" => "create_type",
        "ConstraintsSet" => "set_constraints",
        "CreateAm" => "create_access_method",
        "CreateEventTrig" => "create_event_trigger",
        "CreateFdw" => "create_foreign_data_wrapper",
        "CreateForeignServer" => "create_server",
        "CreateOpClass" => "create_operator_class",
        "CreateOpFamily" => "create_operator_family",
        "CreatePLang" => "create_language",
        "CreateSeq" => "create_sequence",
        "CreateStats" => "create_statistics",
        "CreateTableSpace" => "create_tablespace",
        "CreateTrig" => "create_trigger",
        "Createdb" => "create_database",
        "DeclareCursor" => "declare",
        "Define" => "create",
        "DropTableSpace" => "drop_tablespace",
        "Dropdb" => "drop_database",
        "Index" => "create_index",
        "RefreshMatView" => "refresh_materialized_view",
        "Rule" => "create_rule",
        "SecLabel" => "security_label",
        "VariableSet" => "set",
        "VariableShow" => "show",
        "View" => "create_view",
        other => return snake(other),
    };
    command.to_owned()
}

/// `CreatePolicy` as `create_policy`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Each once, in the order in which they come.
fn distinct(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    all.filter(|one| seen.insert(one.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Summary {
        let facts = crate::read(text.as_bytes()).unwrap();
        let [statement] = facts.statements.as_slice() else { panic!("{text}") };
        statement.summary()
    }

    #[test]
    fn writes_are_told_with_and_without_an_effective_filter() {
        let filtered = of("update shop.orders o set status = 1 where o.id = 7");
        assert_eq!((filtered.filtered, filtered.unfiltered), (vec!["update shop.orders".to_owned()], vec![]));
        let all = of("delete from orders where id = id");
        assert_eq!((all.filtered, all.unfiltered), (vec![], vec!["delete orders".to_owned()]));
        let new = of("insert into orders values (1)");
        assert_eq!((new.filtered, new.unfiltered), (vec![], Vec::<String>::new()));
    }

    #[test]
    fn columns_that_are_written_stand_apart() {
        let own = of("update orders set status = price + 1 where id = 7");
        assert_eq!(own.columns_written, ["status"]);
        assert_eq!(own.columns_read, ["price", "id"]);
    }

    #[test]
    fn settings_are_told_with_what_they_become() {
        let settings = |text| of(text).settings;
        for (text, set) in [
            ("set search_path = audit", "search_path = audit"),
            ("set local work_mem = '64MB'", "work_mem = 64MB in this transaction"),
            ("reset work_mem", "work_mem = what the session began with"),
            ("reset all", "all, back to what the session began with"),
            ("select set_config(a, b, false) from c", "one whose name is computed = what is computed"),
        ] {
            assert_eq!(settings(text), [set], "{text}");
        }
    }

    #[test]
    fn effects_have_words() {
        for (effect, word) in [
            ("call", "call"),
            ("CommentStmt", "comment"),
            ("ViewStmt", "create_view"),
            ("CreatePolicyStmt", "create_policy"),
            ("AlterTsDictionaryStmt", "alter_text_search_dictionary"),
        ] {
            assert_eq!(words(effect), word);
        }
    }
}
