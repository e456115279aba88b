//! What the server's own parser says of the same texts. It only prepares them: nothing runs.

use anyhow::{Context, Result};
use e2e::postgres::Postgres;
use tokio_postgres::{Config, NoTls};

use super::count::Counts;

/// How the server takes what Picket reads, and what it does not read.
pub(crate) struct Answers {
    /// Unreadable, and the server says the same in the same words.
    pub(crate) same: usize,
    /// Unreadable, and the server refuses it in other words.
    pub(crate) other: usize,
    /// Unreadable, and the server takes it.
    pub(crate) taken: Vec<String>,
    /// Read, and to the server no statement.
    pub(crate) newer: usize,
}

pub(crate) fn ask(counts: &Counts) -> Result<Answers> {
    let postgres = Postgres::start()?;
    let login = postgres.superuser("postgres");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("build a runtime")?;
    runtime.block_on(async {
        let (client, connection) = Config::new()
            .host("127.0.0.1")
            .port(login.port)
            .user(&login.user)
            .password(&login.password)
            .dbname(&login.database)
            .connect(NoTls)
            .await
            .context("connect to the server")?;
        tokio::spawn(connection);
        let said = async |text: &str| match client.prepare(text).await {
            Ok(_) => Ok(None),
            Err(error) => {
                let error = error.as_db_error().with_context(|| format!("prepare `{text}`: {error:?}"))?;
                anyhow::Ok(Some(error.message().to_string()))
            }
        };
        let mut answers = Answers { same: 0, other: 0, taken: Vec::new(), newer: 0 };
        for (text, own) in &counts.refused {
            match said(text).await? {
                Some(message) if message == *own => answers.same += 1,
                Some(_) => answers.other += 1,
                None => answers.taken.push(text.clone()),
            }
        }
        for text in &counts.read {
            let said = said(text).await?;
            if said.is_some_and(|message| message.starts_with("syntax error at ")) {
                answers.newer += 1;
            }
        }
        Ok(answers)
    })
}
