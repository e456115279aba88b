//! Options of `picket export`.

use std::path::PathBuf;

use audit::ledger::{ExportFormat, Exported};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::since::Since;

/// What, from when on, and where to
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A table or a view
    #[arg(value_parser = what())]
    pub(crate) what: &'static Exported,
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

/// One of what can be exported, by its name.
fn what() -> impl TypedValueParser<Value = &'static Exported> {
    let all = Exported::ALL.iter();
    let names = all.map(|exported| PossibleValue::new(exported.name).help(exported.about));
    PossibleValuesParser::new(names).try_map(|name| {
        Exported::ALL.iter().find(|exported| exported.name == name).ok_or("there is no such table or view")
    })
}
