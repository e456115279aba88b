//! Everything that knows ClickHouse's columns: migrations, rows, and the questions of the command line tool.

mod bypasses;
mod cluster;
mod column_classes;
mod coverage;
mod denied;
mod error;
mod export;
mod migrations;
mod native;
mod new_ledger;
mod object;
mod page;
mod people;
mod recorded;
mod revealed;
mod rows;
mod session_timeline;
mod sessions;
mod shipment;
mod tail;
mod verify;
mod who_saw;
mod who_touched;
mod whose;

use std::time::Duration;

use clickhouse::{Client, Compression};
use url::Url;

use crate::config::{ClickHouseConfig, is_on_loopback};

pub use self::bypasses::BypassRow;
pub use self::column_classes::ColumnClassRow;
pub use self::coverage::{CoverageRow, WitnessGapRow};
pub use self::denied::DeniedRow;
pub use self::error::LedgerError;
pub use self::export::{Export, ExportFormat, Exported};
pub use self::migrations::migrations;
pub use self::object::{Object, ObjectError};
pub use self::page::Page;
pub use self::people::PersonRow;
pub use self::recorded::RecordedRow;
pub use self::revealed::RevealedRow;
pub use self::session_timeline::EventRow;
pub use self::sessions::SessionSummaryRow;
pub use self::shipment::Link;
pub use self::verify::{ChainVerified, Finding, Findings, Kind, Verified, Verify};
pub use self::who_saw::WhoSawRow;
pub use self::who_touched::WhoTouchedRow;
pub use self::whose::Whose;

/// A ledger in a ClickHouse. Making one asks nothing of it.
#[derive(Clone)]
pub struct Ledger {
    client: Client,
    config: ClickHouseConfig,
}

impl Ledger {
    /// The ledger of `config`.
    pub fn new(config: &ClickHouseConfig) -> Self {
        let client = Client::default()
            .with_url(&config.url)
            .with_database(&config.database)
            .with_user(&config.user)
            .with_password(&config.password.0)
            .with_compression(compression(&config.url))
            .with_product_info("picket", env!("CARGO_PKG_VERSION"))
            // On by default since 26.3, and then the token of an insert deduplicates nothing.
            .with_setting("async_insert", "0");
        let client = match config.cluster {
            None => client,
            Some(_) => client
                // An insert is over when the shards have it, and a join asks all of them.
                .with_setting("distributed_foreground_insert", "1")
                .with_setting("distributed_product_mode", "global"),
        };
        Ledger { client, config: config.clone() }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// Reads the columns of the tables again before the next insert.
    pub fn forget_schema(&mut self) {
        *self = Ledger::new(&self.config);
    }

    /// Does `work`, which asks ClickHouse something, with a bound.
    async fn bounded<T>(
        &self,
        within: Duration,
        work: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T, LedgerError> {
        let done = tokio::time::timeout(within, work).await;
        done.unwrap_or(Err(clickhouse::error::Error::TimedOut))
            .map_err(|error| LedgerError::understand(error, &self.config))
    }
}

/// On the same host, compressing costs more than it spares.
fn compression(url: &str) -> Compression {
    if Url::parse(url).is_ok_and(|url| is_on_loopback(&url)) {
        Compression::None
    } else {
        Compression::default()
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_host_is_compressed() {
        for here in ["http://127.0.0.1:8123", "http://[::1]:8123", "http://localhost:8123"] {
            assert_eq!(compression(here), Compression::None, "{here}");
        }
        for elsewhere in ["http://ledger:8123", "http://10.0.0.7", "http://localhost.example.com"] {
            assert_eq!(compression(elsewhere), Compression::default(), "{elsewhere}");
        }
        assert_ne!(Compression::default(), Compression::None, "the client was built without it");
    }
}
