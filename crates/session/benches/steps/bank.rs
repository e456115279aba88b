//! A session with pgbench's accounts, and what its client and server say to each other.

use std::hint::black_box;
use std::sync::Arc;

use mask::{Class, Classes, ColumnId, Comments, Kept, Methods, Recording, Unsearched, ValueKey};
use policy::{Policies, Setup, Subject, Who};
use session::{Action, Environment, Readings, Session, SessionError, Step};
use sql::Catalog;
use sql::catalog::{Column, Relation};
use wire::compose::{self, cstr, frame};
use wire::{backend, frontend};

const ACCOUNTS: u32 = 20_000;

/// How a client runs a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Query.
    Simple,
    /// Parse, Bind, Describe, Execute, Sync.
    Extended,
    /// Bind, Describe, Execute, Sync.
    Prepared,
    /// Bind, Execute, Sync.
    Undescribed,
}

/// What is said once.
pub(crate) struct Exchange {
    /// What the client has sent before the first time, and its answer.
    before: Option<(Vec<u8>, Vec<u8>)>,
    client: Vec<u8>,
    server: Vec<u8>,
}

/// A session and what it looks at.
pub(crate) struct Bank {
    session: Session,
    catalog: Catalog,
    classes: Classes,
    unsearched: Unsearched,
    methods: Arc<Methods>,
    policies: Policies,
    subject: Arc<Subject>,
    readings: Readings,
    actions: Vec<Action>,
    is_prepared: bool,
}

impl Exchange {
    /// `text` returns this row so many times; each column has its number in the table, its type and its value.
    pub(crate) fn new(text: &str, shape: Shape, columns: &[(i16, u32, &str)], rows: u32) -> Self {
        let name = if matches!(shape, Shape::Extended | Shape::Simple) { "" } else { "P0_1" };
        let (mut client, mut server) = (Vec::new(), Vec::new());
        match shape {
            Shape::Simple => compose::query(&mut client, text.as_bytes()),
            Shape::Extended | Shape::Prepared | Shape::Undescribed => {
                if shape == Shape::Extended {
                    compose::parse(&mut client, b"", text.as_bytes());
                    compose::bare(&mut server, backend::tag::PARSE_COMPLETE);
                }
                frame(&mut client, frontend::tag::BIND, |out| {
                    cstr(out, b"");
                    cstr(out, name.as_bytes());
                    // No formats; one parameter as text; no formats.
                    out.extend_from_slice(b"\0\0\0\x01\0\0\0\x0512345\0\0");
                });
                compose::bare(&mut server, backend::tag::BIND_COMPLETE);
                if shape != Shape::Undescribed {
                    compose::describe_portal(&mut client, b"");
                }
                frame(&mut client, frontend::tag::EXECUTE, |out| out.extend_from_slice(&[0; 5]));
                compose::bare(&mut client, frontend::tag::SYNC);
            }
        }
        frame(&mut server, backend::tag::ROW_DESCRIPTION, |out| describe(columns, out));
        for _ in 0..rows {
            frame(&mut server, backend::tag::DATA_ROW, |out| row(columns, out));
        }
        frame(&mut server, backend::tag::COMMAND_COMPLETE, |out| {
            cstr(out, format!("SELECT {rows}").as_bytes())
        });
        ready(&mut server);
        let before = (!name.is_empty()).then(|| {
            let (mut asked, mut answered) = (Vec::new(), Vec::new());
            compose::parse(&mut asked, name.as_bytes(), text.as_bytes());
            compose::bare(&mut asked, frontend::tag::SYNC);
            compose::bare(&mut answered, backend::tag::PARSE_COMPLETE);
            ready(&mut answered);
            (asked, answered)
        });
        Exchange { before, client, server }
    }
}

/// Nothing is read yet; what is recorded is what the proxy records without a word about it.
fn readings() -> Readings {
    let key = ValueKey::new(&[7; 32]).expect("a key");
    Readings::recorded(Arc::new(Recording {
        literals: Kept::Hashes(key.clone()),
        parameters: Kept::Hashes(key),
        is_strict: false,
        comments: Comments::Look,
    }))
}

impl Bank {
    pub(crate) fn new() -> Self {
        let columns =
            [("aid", 23), ("bid", 23), ("abalance", 23), ("filler", 1042), ("email", 25), ("note", 25)];
        let columns = (1..).zip(columns).map(|(number, (name, type_oid))| Column {
            number,
            name: name.to_owned(),
            type_oid,
        });
        let accounts = Relation {
            oid: ACCOUNTS,
            schema: "public".to_owned(),
            name: "pgbench_accounts".to_owned(),
            columns: columns.collect(),
        };
        let policies = Policies::new(Setup::default()).expect("the shipped policies");
        Bank {
            session: Session::new(7, 1 << 24),
            catalog: Catalog::new([accounts]),
            classes: Classes::from([(ColumnId { table_oid: ACCOUNTS, number: 5 }, Class::Email)]),
            unsearched: Unsearched::from([(ColumnId { table_oid: ACCOUNTS, number: 6 }, false)]),
            methods: Arc::default(),
            subject: policies.subject(&Who::default()).expect("somebody"),
            policies,
            readings: readings(),
            actions: Vec::new(),
            is_prepared: false,
        }
    }

    /// Forgets every text that was read.
    pub(crate) fn forget(&mut self) {
        sql::steps::forget();
        self.readings = readings();
    }

    /// What the client sends goes in, then what the server answers; the actions are dropped.
    pub(crate) fn step(&mut self, exchange: &Exchange) {
        if let (Some((asked, answered)), false) = (&exchange.before, self.is_prepared) {
            self.take(asked, Session::on_client);
            self.take(answered, Session::on_server);
            self.is_prepared = true;
        }
        self.take(&exchange.client, Session::on_client);
        self.take(&exchange.server, Session::on_server);
    }

    fn take(
        &mut self,
        bytes: &[u8],
        step: impl FnOnce(
            &mut Session,
            &[u8],
            &mut Environment<'_>,
            &mut Vec<Action>,
        ) -> Result<Step, SessionError>,
    ) {
        let Bank { session, catalog, classes, unsearched, methods, .. } = self;
        let Bank { policies, subject, readings, actions, .. } = self;
        let mut env = Environment {
            catalog,
            classes,
            unsearched: Some(unsearched),
            methods,
            moved: None,
            allowance: None,
            stains: &session::Stains::default(),
            has_own_stains: true,
            policies,
            subject,
            catalog_version: 1,
            catalog_holds: true,
            catalog_is_new: true,
            readings,
        };
        let step = step(session, black_box(bytes), &mut env, actions);
        assert_eq!(step, Ok(Step::More(bytes.len())));
        actions.drain(..).for_each(|action| drop(black_box(action)));
    }
}

fn describe(columns: &[(i16, u32, &str)], out: &mut Vec<u8>) {
    out.extend_from_slice(&(columns.len() as u16).to_be_bytes());
    for (number, type_oid, _) in columns {
        cstr(out, b"column");
        out.extend_from_slice(&ACCOUNTS.to_be_bytes());
        out.extend_from_slice(&number.to_be_bytes());
        out.extend_from_slice(&type_oid.to_be_bytes());
        // Size, modifier and format.
        out.extend_from_slice(&[0; 8]);
    }
}

fn row(columns: &[(i16, u32, &str)], out: &mut Vec<u8>) {
    out.extend_from_slice(&(columns.len() as u16).to_be_bytes());
    for (_, _, value) in columns {
        out.extend_from_slice(&(value.len() as u32).to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
}

fn ready(out: &mut Vec<u8>) {
    frame(out, backend::tag::READY_FOR_QUERY, |out| out.push(b'I'));
}
