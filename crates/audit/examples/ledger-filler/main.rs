//! Fills a ledger with days of a company that does not exist, by Picket's own writer: rows, chain and signatures are as ever.

mod days;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::days::Days;
use anyhow::{Context, Result};
use audit::chain::{Head, SigningKey};
use audit::config::ClickHouseConfig;
use audit::ledger::{Ledger, Link};
use audit::record::{Record, UnixMicros};
use clap::Parser;
use serde_json::json;
use uuid::Uuid;

/// Fill a ledger with made-up days that end now. Prints a line of JSON with the statements so far after each batch.
#[derive(Parser)]
struct Args {
    /// ClickHouse's HTTP interface.
    #[arg(long)]
    url: String,
    /// The ledger's database; it is made where it is missing.
    #[arg(long, default_value = "picket")]
    database: String,
    /// How many statements.
    #[arg(long)]
    statements: u64,
    /// Over how many hours they are spread.
    #[arg(long, default_value_t = 24)]
    hours: u32,
}

/// Records of a batch, or a session more.
const BATCH_RECORDS: usize = 50_000;
const INSERT_WITHIN: Duration = Duration::from_secs(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let config = ClickHouseConfig { url: args.url, database: args.database, ..ClickHouseConfig::default() };
    let ledger = Ledger::new(&config);
    ledger.migrate(INSERT_WITHIN).await.context("make the ledger")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?;
    let now = i64::try_from(now.as_micros()).context("read the clock")?;
    let from = now - i64::from(args.hours) * 3_600_000_000;
    let days = Days::new(UnixMicros(from), UnixMicros(now), args.statements);
    let mut filler = Filler { ledger, key: SigningKey::generate()?, head: Head::default(), batches: 0 };
    let started = Instant::now();
    let mut records = days.around();
    let mut statements = 0;
    for number in 0..days.sessions() {
        let of_session = days.session(number);
        statements += of_session.iter().filter(|record| matches!(record, Record::Statement(_))).count();
        records.extend(of_session);
        if BATCH_RECORDS <= records.len() || number + 1 == days.sessions() {
            filler.ship(&records).await?;
            records.clear();
            let seconds = started.elapsed().as_secs_f64();
            println!("{}", json!({ "statements": statements, "seconds": seconds }));
        }
    }
    Ok(())
}

struct Filler {
    ledger: Ledger,
    key: SigningKey,
    head: Head,
    batches: u64,
}

impl Filler {
    async fn ship(&mut self, records: &[Record]) -> Result<()> {
        let link = Link { writer: Uuid::from_u128(0xda75), before: self.head, key: &self.key };
        let token = format!("days {}", self.batches);
        let sealed =
            self.ledger.insert(records, &link, &token, INSERT_WITHIN).await.context("ship a batch")?;
        self.head = sealed.head();
        self.batches += 1;
        Ok(())
    }
}
