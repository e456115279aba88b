//! What a proxy is again after it was treated badly: it serves, has no more files open than before, and has left no
//! session in the database.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::proxy::Proxy;
use e2e::{processes, psql, wait};

use crate::stack::Stack;

/// How long what was left may take to go: longer than the proxy lingers on a connection.
const GONE_SECS_MAX: u64 = 60;

/// How a proxy was when it was well.
pub(super) struct Vitals<'a> {
    proxy: &'a Proxy,
    client: Login,
    superuser: Login,
    files: usize,
}

impl<'a> Vitals<'a> {
    /// Looks once a first session has come and gone: then everything is open that stays open.
    pub(super) fn take(stack: &'a Stack) -> Result<Self> {
        Self::of(&stack.proxy, stack.alice()?, stack.superuser())
    }

    /// The same for a proxy that `client` gets in at; `superuser` goes around it to the same database.
    pub(super) fn of(proxy: &'a Proxy, client: Login, superuser: Login) -> Result<Self> {
        let mut vitals = Self { proxy, client, superuser, files: 0 };
        vitals.wait_until_it_serves()?;
        vitals.wait_until_nobody_is_left()?;
        vitals.files = vitals.open_files()?;
        Ok(vitals)
    }

    /// Fails unless the proxy is as it was.
    pub(super) fn assert_unharmed(&self) -> Result<()> {
        self.wait_until_it_serves()?;
        self.wait_until_nobody_is_left()?;
        let mut open = 0;
        wait::until("files to be closed", Duration::from_secs(GONE_SECS_MAX), || {
            open = self.open_files()?;
            Ok((open <= self.files).then_some(()))
        })
        .with_context(|| format!("{open} files are open, {} were", self.files))
    }

    /// Memory that the proxy holds, in KiB.
    pub(super) fn resident_kib(&self) -> Result<u64> {
        processes::resident_kib(self.proxy.pid()?)
    }

    fn open_files(&self) -> Result<usize> {
        processes::open_files(self.proxy.pid()?)
    }

    /// A database that was killed may be recovering still.
    fn wait_until_it_serves(&self) -> Result<()> {
        wait::until("the proxy to serve", Duration::from_secs(GONE_SECS_MAX), || {
            let out = psql::run(&self.client, "SELECT 6 * 7")?;
            Ok((out.stdout.trim() == "42").then_some(()))
        })
        .with_context(|| format!("its log:\n{}", self.proxy.log()))
    }

    /// The proxy's connection for reading the catalog goes too when nobody needs it.
    fn wait_until_nobody_is_left(&self) -> Result<()> {
        const BACKENDS: &str = "SELECT application_name, client_port, backend_start, state, query FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut left = String::new();
        wait::until("the database's sessions to end", Duration::from_secs(GONE_SECS_MAX), || {
            left = psql::run(&self.superuser, BACKENDS)?.success()?;
            Ok(left.trim().is_empty().then_some(()))
        })
        .with_context(|| format!("there are:\n{left}the proxy's log:\n{}", self.proxy.log()))
    }
}
