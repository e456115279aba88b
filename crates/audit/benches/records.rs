//! What it costs to write the records of one execution, and to keep them in the spool.

use std::hint::black_box;
use std::sync::Arc;

use audit::chain::{Head, SigningKey};
use audit::config::SpoolConfig;
use audit::ledger::Link;
use audit::record::{Outcome, Record, Statement, StatementRecord, UnixMicros};
use audit::spool::{Execution, Executions, Introduced, Spool};
use tempfile::TempDir;
use uuid::Uuid;
use yardstick::{Case, Result};

/// The spool begins anew after so many, so that it does not grow without end.
const KEPT_MAX: u32 = 1 << 16;

const TEXT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 77777;";

fn main() -> Result<()> {
    let cases = vec![
        encode("start and end", None)?,
        encode("start and end, own text", Some(TEXT))?,
        keep()?,
        seal("hashed and signed, alone", 1)?,
        seal("hashed and signed, 1000 together", 1_000)?,
    ];
    yardstick::run("audit", cases)
}

/// A spool in a folder of its own.
struct Stage {
    spool: Spool,
    statement: Introduced,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let spool = Spool::open(&SpoolConfig::new(folder.path().join("spool")))?;
        let text = TEXT.to_owned();
        let statement =
            spool.introduce(Statement { text, verdict: "allow".to_owned(), ..Statement::default() });
        Ok(Stage { spool, statement, _folder: folder })
    }

    /// Writes the start and the end of an execution.
    fn write(&self, sequence: u64, text: Option<&str>, together: &mut Executions) {
        let started = Execution {
            statement: self.statement.clone(),
            text,
            values: &[],
            parameters: None,
            session_id: Uuid::from_u128(0x0193_6b1e_7f3a_7c3d_9a52_0123_4567_89ab),
            sequence,
            started_at: UnixMicros(1_764_177_600_000_000),
            finished_at: None,
            principal: "alice",
            database: "bank",
            outcome: Outcome::Running,
            rows: 0,
            bytes: 0,
            masked: 0,
            sqlstate: "",
        };
        let finished_at = Some(UnixMicros(1_764_177_600_000_210));
        let ended =
            Execution { finished_at, outcome: Outcome::Completed, rows: 1, bytes: 11, ..started.clone() };
        for execution in [started, ended] {
            together.push(black_box(execution)).expect("what is written to memory fits");
        }
    }
}

fn encode(name: &'static str, text: Option<&'static str>) -> Result<Case> {
    let (stage, mut together, mut sequence) = (Stage::new()?, Executions::default(), 0);
    Ok(Case::new(name, "execution", 1, move || {
        sequence += 1;
        stage.write(sequence, text, &mut together);
        black_box(&together);
        together.clear();
    }))
}

/// Start and end go into the spool one after the other, as they do for a statement that runs.
fn keep() -> Result<Case> {
    let (mut stage, mut together, mut sequence) = (Stage::new()?, Executions::default(), 0);
    Ok(Case::new("start and end, kept", "execution", 1, move || {
        sequence += 1;
        if sequence % u64::from(KEPT_MAX) == 0 {
            stage = Stage::new().expect("a new spool");
        }
        stage.write(sequence, None, &mut together);
        stage.spool.append_executions(&together).expect("the spool has room");
        together.clear();
    }))
}

/// Records on their way to the ledger get their places in the chain.
fn seal(name: &'static str, together: u32) -> Result<Case> {
    let relations = vec!["public.pgbench_accounts".to_owned()];
    let columns =
        vec!["public.pgbench_accounts.abalance".to_owned(), "public.pgbench_accounts.aid".to_owned()];
    let statement = Arc::new(Statement {
        text: TEXT.to_owned(),
        fingerprint: 1,
        effects: vec!["select".to_owned()],
        relations_read: relations,
        columns,
        verdict: "allow".to_owned(),
        ..Statement::default()
    });
    let record = |sequence| {
        Record::Statement(StatementRecord {
            session_id: Uuid::from_u128(0x0193_6b1e_7f3a_7c3d_9a52_0123_4567_89ab),
            sequence,
            started_at: UnixMicros(1_764_177_600_000_000),
            finished_at: Some(UnixMicros(1_764_177_600_000_210)),
            principal: "alice".into(),
            database: "bank".into(),
            statement: Arc::clone(&statement),
            own_text: Some(TEXT.into()),
            own_values: Vec::new(),
            parameters: Vec::new(),
            outcome: Outcome::Completed,
            rows: 1,
            bytes: 11,
            masked_values: 0,
            sqlstate: String::new(),
        })
    };
    let records: Vec<Record> = (0..u64::from(together)).map(record).collect();
    let key = SigningKey::generate()?;
    Ok(Case::new(name, "record", together, move || {
        let link = Link { writer: Uuid::nil(), before: Head::default(), key: &key };
        black_box(link.seal(black_box(&records)));
    }))
}
