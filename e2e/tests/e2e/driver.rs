//! A real driver (tokio-postgres) through the proxy: prepared statements, pipelines, transactions.

use anyhow::{Context, Result};
use e2e::login::Login;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::stack::{Stack, number, words};

/// Runs `work` on a runtime of its own, as a program with a driver would. The driver's connection has a second
/// thread, so that `work` may block.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("build a runtime")?;
    runtime.block_on(work)
}

/// Logs in; the connection is driven in the background.
pub(crate) async fn connect(login: &Login) -> Result<Client, Error> {
    connect_with(login, "").await
}

/// The same with these switches for the server.
pub(crate) async fn connect_with(login: &Login, options: &str) -> Result<Client, Error> {
    let (client, connection) = Config::new()
        .host("127.0.0.1")
        .port(login.port)
        .user(&login.user)
        .password(&login.password)
        .dbname(&login.database)
        .application_name("driver")
        .options(options)
        .connect(NoTls)
        .await?;
    tokio::spawn(connection);
    Ok(client)
}

/// What the server said was wrong.
pub(crate) fn server_error(error: &Error) -> Result<&DbError> {
    error.as_db_error().with_context(|| format!("find the server's error in: {error:?}"))
}

/// Drivers and pools go by it: whether to try again, and whose fault it is.
#[test]
fn what_a_server_says_of_start_up_parameters_is_told_as_it_says_it() -> Result<()> {
    let stack = Stack::start()?;
    block_on(async {
        for options in
            ["-c foo=1", "-c statement_timeout=soon", "-c shared_buffers=1MB", "-c TimeZone=Nowhere/There"]
        {
            let direct = connect_with(&stack.owner(), options).await.err().context("expect an error")?;
            let proxied = connect_with(&stack.alice()?, options).await.err().context("expect an error")?;
            let (direct, proxied) = (server_error(&direct)?, server_error(&proxied)?);
            let told = |error: &DbError| {
                (error.code().clone(), error.message().to_owned(), error.severity().to_owned())
            };
            assert_eq!(told(proxied), told(direct), "{options}");
        }
        Ok(())
    })
}

#[test]
fn emails_come_back_masked_from_a_prepared_statement() -> Result<()> {
    let stack = Stack::start()?;
    let select = "SELECT name, email FROM users WHERE id = $1";
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let statement = client.prepare(select).await?;
        for _ in 0..2 {
            let row = client.query_one(&statement, &[&1_i32]).await?;
            assert_eq!(row.get::<_, &str>("name"), "Ada Byron");
            assert_ne!(row.get::<_, &str>("email"), "ada@example.com");
            assert!(!row.get::<_, &str>("email").contains("ada@"), "{row:?}");
        }
        Ok(())
    })?;
    let quoted =
        format!("SELECT * FROM statements FINAL WHERE text = '{select}' AND finished_at IS NOT NULL");
    let rows = stack.ledger.wait_rows("both executions", &quoted, |rows| rows.len() == 2)?;
    for row in &rows {
        assert_eq!(words(row, "masked_columns")?, ["public.users.email"]);
        assert_eq!(number(row, "rows")?, 1);
    }
    Ok(())
}

#[test]
fn drop_table_is_refused_when_it_is_prepared_and_the_driver_goes_on() -> Result<()> {
    let stack = Stack::start()?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let refused =
            client.execute("DROP TABLE users CASCADE", &[]).await.err().context("expect a refusal")?;
        let error = server_error(&refused)?;
        assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE);
        assert!(error.detail().is_some_and(|detail| !detail.is_empty()), "{error:?}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error:?}");
        let count: i64 = client.query_one("SELECT count(*) FROM users", &[]).await?.get(0);
        assert_eq!(count, 8);
        Ok(())
    })
}

#[test]
fn drop_table_in_a_driver_s_transaction_aborts_exactly_that_transaction() -> Result<()> {
    let stack = Stack::start()?;
    block_on(async {
        let mut client = connect(&stack.alice()?).await?;
        let transaction = client.transaction().await?;
        transaction.execute("UPDATE users SET city = 'Lost' WHERE id = 1", &[]).await?;
        assert!(transaction.execute("DROP TABLE users", &[]).await.is_err());
        let aborted =
            transaction.query("SELECT 1", &[]).await.err().context("expect an aborted transaction")?;
        assert_eq!(server_error(&aborted)?.code(), &SqlState::IN_FAILED_SQL_TRANSACTION);
        transaction.rollback().await?;
        let city: String = client.query_one("SELECT city FROM users WHERE id = 1", &[]).await?.get(0);
        assert_eq!(city, "London");
        Ok(())
    })
}

#[test]
fn pipelined_statements_are_answered_each_for_itself() -> Result<()> {
    let stack = Stack::start()?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let (before, refused, after) = tokio::join!(
            client.query_one("SELECT count(*) FROM orders", &[]),
            client.execute("DROP TABLE orders", &[]),
            client.query_one("SELECT count(*) FROM users", &[]),
        );
        assert_eq!(before?.get::<_, i64>(0), 40);
        let refused = refused.err().context("expect a refusal")?;
        assert_eq!(server_error(&refused)?.code(), &SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(after?.get::<_, i64>(0), 8);
        Ok(())
    })
}

#[test]
fn many_sessions_at_once_do_not_mix() -> Result<()> {
    const SESSIONS: i32 = 20;
    let stack = Stack::start()?;
    block_on(async {
        let login = stack.alice()?;
        let mut sessions = tokio::task::JoinSet::new();
        for number in 0..SESSIONS {
            let login = login.clone();
            sessions.spawn(async move {
                let client = connect(&login).await?;
                for step in 0..20 {
                    let answer: i32 =
                        client.query_one("SELECT $1::int4 * 1000 + $2", &[&number, &step]).await?.get(0);
                    assert_eq!(answer, number * 1000 + step);
                }
                anyhow::Ok(())
            });
        }
        while let Some(session) = sessions.join_next().await {
            session.context("join a session")??;
        }
        Ok(())
    })
}
