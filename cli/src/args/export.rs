//! Options of `picket export`.

use std::path::PathBuf;

use audit::ledger::{ExportFormat, Exported};
use clap::{Args, ValueEnum};

use crate::since::Since;

/// What, from when on, and where to
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A table or a view
    #[arg(value_enum)]
    pub(crate) what: What,
    /// How far to look back: a number with s, m, h, d or w, such as 15m, 1h, 7d or 52w
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub(crate) since: Since,
    /// Form of the file
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: FileFormat,
    /// A file that is not there yet; stdout where none is named
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FileFormat {
    /// An object a line
    Jsonl,
    /// Apache Parquet
    Parquet,
}

impl From<FileFormat> for ExportFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Jsonl => ExportFormat::JsonLines,
            FileFormat::Parquet => ExportFormat::Parquet,
        }
    }
}

/// Tables have what was recorded, views what people ask
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum What {
    /// Table: what somebody must know
    Alerts,
    /// Table: the agents' own accounts
    AgentHealth,
    /// Table: what happened to statements that waited for an approval
    Approvals,
    /// View: who went around the proxy
    Bypasses,
    /// Table: what became known of columns
    ColumnClasses,
    /// Table: socket connections that the kernel saw
    Connections,
    /// View: how much came through the proxy, by day
    Coverage,
    /// View: what was refused
    Denied,
    /// Table: times in which an agent saw nothing
    Gaps,
    /// View: columns that were masked for somebody
    MaskedAccess,
    /// View: the first time that somebody touched something
    NewAccess,
    /// Table: sessions with the proxy
    Sessions,
    /// View: all events of all sessions
    SessionTimeline,
    /// Table: executions of statements
    Statements,
    /// View: executions and the objects that they touched
    WhoTouched,
    /// View: where the kernel's account has holes
    WitnessGaps,
}

impl From<What> for Exported {
    fn from(what: What) -> Self {
        match what {
            What::Alerts => Exported::Alerts,
            What::AgentHealth => Exported::AgentHealth,
            What::Approvals => Exported::Approvals,
            What::Bypasses => Exported::Bypasses,
            What::ColumnClasses => Exported::ColumnClasses,
            What::Connections => Exported::Connections,
            What::Coverage => Exported::Coverage,
            What::Denied => Exported::Denied,
            What::Gaps => Exported::Gaps,
            What::MaskedAccess => Exported::MaskedAccess,
            What::NewAccess => Exported::NewAccess,
            What::Sessions => Exported::Sessions,
            What::SessionTimeline => Exported::SessionTimeline,
            What::Statements => Exported::Statements,
            What::WhoTouched => Exported::WhoTouched,
            What::WitnessGaps => Exported::WitnessGaps,
        }
    }
}
