//! The tables whose rows are records.

/// A table whose rows are records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Sessions with the proxy.
    Sessions,
    /// Executions of statements.
    Statements,
    /// Connections that the kernel saw.
    Connections,
    /// What somebody must know.
    Alerts,
    /// The agents' own accounts.
    AgentHealth,
    /// What became known of columns.
    ColumnClasses,
    /// Times in which an agent saw nothing.
    Gaps,
    /// What happens to statements that wait for somebody's approval.
    Approvals,
    /// Connections of proxies that are no session's.
    ProxyConnections,
}

impl Table {
    /// All of them.
    pub const ALL: [Table; 9] = [
        Table::Sessions,
        Table::Statements,
        Table::Connections,
        Table::Alerts,
        Table::AgentHealth,
        Table::ColumnClasses,
        Table::Gaps,
        Table::Approvals,
        Table::ProxyConnections,
    ];

    /// Its name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Table::Sessions => "sessions",
            Table::Statements => "statements",
            Table::Connections => "connections",
            Table::Alerts => "alerts",
            Table::AgentHealth => "agent_health",
            Table::ColumnClasses => "column_classes",
            Table::Gaps => "gaps",
            Table::Approvals => "approvals",
            Table::ProxyConnections => "proxy_connections",
        }
    }

    /// The column that says when what a record is about began.
    pub fn moment(self) -> &'static str {
        match self {
            Table::Sessions | Table::Statements | Table::ProxyConnections => "started_at",
            Table::Connections => "opened_at",
            Table::Alerts => "raised_at",
            Table::AgentHealth | Table::Approvals | Table::ColumnClasses => "at",
            Table::Gaps => "began_at",
        }
    }

    /// The number that stands for it in checkpoints; it never changes.
    pub(crate) fn number(self) -> i8 {
        match self {
            Table::Sessions => 1,
            Table::Statements => 2,
            Table::Connections => 3,
            Table::Alerts => 4,
            Table::AgentHealth => 5,
            Table::ColumnClasses => 6,
            Table::Gaps => 7,
            Table::Approvals => 8,
            Table::ProxyConnections => 9,
        }
    }

    /// The table that a number stands for.
    pub(crate) fn of(number: i8) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.number() == number)
    }
}
