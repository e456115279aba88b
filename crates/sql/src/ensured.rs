//! Extensions that are there already: CREATE EXTENSION IF NOT EXISTS of one does nothing, whatever else it says (extension.c,
//! `CreateExtension`). So it is judged when it runs. A function that is only made to run later meets another database.

use crate::catalog::Catalog;
use crate::facts::{Effect, Statement};
use crate::tree::Tree;

const MAKES: Effect = Effect::Other("CreateExtensionStmt");

impl Statement {
    /// Notes which extension a CREATE EXTENSION makes.
    pub(crate) fn ensure(&mut self, tree: &Tree) {
        let name = Some(tree.text("extname").to_owned()).filter(|_| tree.has(&["if_not_exists"]));
        if !self.extensions.contains(&name) {
            self.extensions.push(name);
        }
    }

    /// Takes away what it does not do because all extensions are there that it would make.
    pub(crate) fn know_ensured(&mut self, catalog: &Catalog) {
        let is_there = |name: &Option<String>| name.as_ref().is_some_and(|name| catalog.has_extension(name));
        let is_stored = self.effects.contains(&Effect::Other("CreateFunctionStmt"));
        if is_stored || !self.extensions.iter().all(is_there) {
            return;
        }
        // Alone it puts nothing into the schema that it names either.
        match self.effects.iter().all(|effect| matches!(*effect, MAKES | Effect::AlterCatalog)) {
            true => self.effects.clear(),
            false => self.effects.retain(|effect| *effect != MAKES),
        }
        // Somebody may have dropped one since the catalog was read.
        self.rests_on_absence = true;
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::read;

    #[test]
    fn what_is_there_is_not_made() {
        let catalog = Catalog::default().with_extensions(["citext", "uuid-ossp"].map(str::to_owned));
        let makes = |text: &str| {
            let facts = read(text.as_bytes()).unwrap();
            let facts = facts.with_reach(&catalog);
            let mut effects = facts.statements.iter().flat_map(|one| &one.effects);
            effects.any(|effect| matches!(effect.name(), "utility" | "alter_catalog"))
                || facts.statements.iter().any(|one| one.effects.contains(&super::MAKES))
        };
        for text in [
            "create extension if not exists citext",
            "create extension if not exists \"uuid-ossp\" with schema public version '1.0' cascade",
            "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA pg_catalog",
            "do $$ begin create extension if not exists citext; end $$",
        ] {
            assert!(!makes(text), "{text}");
        }
        for text in [
            "create extension citext",
            "create extension if not exists dblink",
            "create extension if not exists \"Citext\"",
            "create extension if not exists dblink schema pg_catalog",
            "do $$ begin create extension if not exists citext; create extension if not exists dblink; end $$",
            "do $$ begin create extension if not exists citext; create extension citext; end $$",
            "create function f() returns void language sql as 'create extension if not exists citext'",
        ] {
            assert!(makes(text), "{text}");
        }
    }
}
