//! Whose executions a question is about, and where.

use clickhouse::query::Query;

/// Who, and in which database; an empty name stands for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The user of the proxy.
    pub principal: String,
    /// The database that the session asked for.
    pub database: String,
}

impl Whose {
    /// Gives a query its parameters `principal` and `database`.
    pub(super) fn restrict(&self, query: Query) -> Query {
        query.param("principal", &self.principal).param("database", &self.database)
    }
}
