//! Drives a session, and shows its actions as text: one line each.

use mask::{Class, Classes, ColumnId, Methods, Unsearched};
use std::sync::{Arc, LazyLock};

use policy::{Mode, Policies, Setup, Source, Subject, Who};
use sql::catalog::{Catalog, Column, Relation};
use wire::compose::{cstr, frame};
use wire::{backend, frontend, split_frame};

use crate::{
    Action, Allowance, Environment, Evidence, Outcome, Probing, Readings, Replication, ResultNames, Session,
    SessionError, Stains, Step, Value,
};

pub(super) const NONCE: u64 = 7;

pub(super) const MESSAGE_BYTES_MAX: u32 = 1 << 16;

/// The policies that are shipped.
pub(super) static SHIPPED: LazyLock<Arc<Policies>> =
    LazyLock::new(|| Arc::new(Policies::new(Setup::default()).unwrap()));

/// The same, and COPY of `orders` needs somebody's approval.
static ASKING: LazyLock<Arc<Policies>> = LazyLock::new(|| {
    let text = r#"@rule("asked") @hold("dba") forbid (principal, action, resource is Picket::Table)
        when { resource.name == "orders" };"#;
    let own = vec![Source { name: "team.cedar".to_owned(), text: text.to_owned() }];
    Arc::new(Policies::new(Setup { own, ..Setup::default() }).unwrap())
});

pub(super) fn subject(policies: &Policies) -> Arc<Subject> {
    policies.subject(&Who::default()).unwrap()
}

/// A session with two tables: `users` (20000) with an e-mail in its second column, `orders` (20001).
pub(super) struct Talk {
    pub(super) session: Session,
    pub(super) catalog_version: u64,
    catalog_holds: bool,
    catalog_is_new: bool,
    catalog: Catalog,
    classes: Classes,
    unsearched: Unsearched,
    stains: Stains,
    methods: Arc<Methods>,
    policies: Arc<Policies>,
    subject: Arc<Subject>,
    readings: Readings,
    pub(super) allowance: Option<Allowance>,
    sent: Vec<u8>,
}

/// Functions that the catalog knows by their numbers (pg_proc.dat).
const FUNCTIONS: [(u32, &str); 3] =
    [(954, "pg_catalog.loread"), (957, "pg_catalog.lo_creat"), (2624, "pg_catalog.pg_read_file")];

impl Talk {
    pub(super) fn new() -> Self {
        let relation = |oid, name: &str, columns: &[(&str, u32)]| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: (1..)
                .zip(columns)
                .map(|(number, (name, type_oid))| Column {
                    number,
                    name: (*name).to_owned(),
                    type_oid: *type_oid,
                })
                .collect(),
        };
        Talk {
            session: Session::new(NONCE, MESSAGE_BYTES_MAX),
            catalog_version: 1,
            catalog_holds: true,
            catalog_is_new: true,
            catalog: Catalog::new([
                relation(20000, "users", &[("id", 23), ("email", 25)]),
                relation(20001, "orders", &[("id", 23)]),
            ])
            .with_functions(FUNCTIONS.map(|(oid, name)| (oid, name.to_owned()))),
            classes: Classes::from([(ColumnId { table_oid: 20000, number: 2 }, Class::Email)]),
            unsearched: Unsearched::default(),
            stains: Stains::default(),
            methods: Arc::default(),
            subject: subject(&SHIPPED),
            policies: Arc::clone(&SHIPPED),
            readings: Readings::default(),
            allowance: None,
            sent: Vec::new(),
        }
    }

    /// The same where COPY of `orders` needs somebody's approval, who can be asked.
    pub(super) fn asking() -> Self {
        let mut talk = Talk::new();
        (talk.policies, talk.subject) = (Arc::clone(&ASKING), subject(&ASKING));
        talk.session.can_ask(true);
        talk
    }

    /// The same of somebody who may see all values.
    pub(super) fn revealing() -> Self {
        let mut talk = Talk::new();
        let who = Who { groups: ["reveal".to_owned()].into(), ..Who::default() };
        talk.subject = talk.policies.subject(&who).unwrap();
        talk
    }

    /// The same where messages up to this length may be held.
    pub(super) fn with_message_bytes_max(bytes: u32) -> Self {
        Talk { session: Session::new(NONCE, bytes), ..Talk::new() }
    }

    /// The same where these rules only observe.
    pub(super) fn observing(rules: &[&str]) -> Self {
        let mut talk = Talk::new();
        rules.iter().for_each(|rule| talk.set_mode(rule, Mode::Observe));
        talk
    }

    /// The same over a replication connection, which may be.
    pub(super) fn replicating(kind: Replication) -> Self {
        let mut talk = Talk::observing(&["no-replication"]);
        talk.session = Session::new(NONCE, MESSAGE_BYTES_MAX).replicating(Some(kind));
        talk
    }

    /// Changes a rule's mode while the session runs.
    pub(super) fn set_mode(&mut self, rule: &str, mode: Mode) {
        let mut setup = self.policies.setup().clone();
        setup.modes.insert(rule.to_owned(), mode);
        self.policies = Arc::new(Policies::new(setup).unwrap());
        self.subject = subject(&self.policies);
    }

    /// Own policies, from now on.
    pub(super) fn set_policies(&mut self, text: &str) {
        let mut setup = self.policies.setup().clone();
        setup.own = vec![Source { name: "team.cedar".to_owned(), text: text.to_owned() }];
        self.policies = Arc::new(Policies::new(setup).unwrap());
        self.subject = subject(&self.policies);
    }

    /// A newer catalog, with a column of `orders` of which only its name is known.
    pub(super) fn add_note_to_orders(&mut self) {
        let orders = Relation {
            oid: 20001,
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            columns: vec![
                Column { number: 1, name: "id".to_owned(), type_oid: 23 },
                Column { number: 2, name: "note".to_owned(), type_oid: 25 },
            ],
        };
        let users = self.catalog.relation(20000).cloned();
        self.catalog = Catalog::new(users.into_iter().chain([orders]));
        self.unsearched.insert(ColumnId { table_oid: 20001, number: 2 }, false);
        self.catalog_version += 1;
    }

    /// A newer catalog, in which the column of `orders` is sensitive too.
    pub(super) fn mask_orders(&mut self) {
        self.classes.insert(ColumnId { table_oid: 20001, number: 1 }, Class::Email);
        self.catalog_version += 1;
    }

    /// The catalog could not be read for too long, or has been read again.
    pub(super) fn set_catalog_holds(&mut self, holds: bool) {
        self.catalog_holds = holds;
        self.catalog_version += 1;
    }

    /// The catalog cannot be read, for a moment.
    pub(super) fn fail_catalog(&mut self) {
        self.catalog_is_new = false;
        self.catalog_version += 1;
    }

    fn env(&mut self) -> (&mut Session, Environment<'_>) {
        let Talk {
            session,
            catalog_version,
            catalog_holds,
            catalog_is_new,
            catalog,
            classes,
            unsearched,
            stains,
            methods,
            policies,
            subject,
            readings,
            allowance,
            sent: _,
        } = self;
        let (catalog_version, catalog_holds) = (*catalog_version, *catalog_holds);
        let catalog_is_new = *catalog_is_new;
        let environment = Environment {
            catalog,
            classes,
            unsearched: Some(unsearched),
            stains,
            has_own_stains: true,
            methods,
            moved: None,
            policies,
            subject,
            catalog_version,
            catalog_holds,
            allowance: allowance.as_ref(),
            catalog_is_new,
            readings,
        };
        (session, environment)
    }

    pub(super) fn step_client(&mut self, input: &[u8]) -> (Result<Step, SessionError>, Vec<Action>) {
        let mut actions = Vec::new();
        let (session, mut env) = self.env();
        let step = session.on_client(input, &mut env, &mut actions);
        (step, actions)
    }

    pub(super) fn step_server(&mut self, input: &[u8]) -> (Result<Step, SessionError>, Vec<Action>) {
        let mut actions = Vec::new();
        let (session, mut env) = self.env();
        let step = session.on_server(input, &mut env, &mut actions);
        (step, actions)
    }

    pub(super) fn client(&mut self, input: &[u8]) -> String {
        let (mut step, mut actions) = self.step_client(input);
        // What is asked for by itself is not there.
        while matches!(step, Ok(Step::NeedsCatalog(0))) && self.session.take_unknown().is_some() {
            self.session.unknown_is_read();
            (step, actions) = self.step_client(input);
        }
        self.sent.clear();
        for action in &actions {
            if let Action::SendToServer(bytes) = action {
                self.sent.extend_from_slice(bytes);
            }
        }
        shown(input, &step, &actions)
    }

    pub(super) fn server(&mut self, input: &[u8]) -> String {
        let (step, actions) = self.step_server(input);
        shown(input, &step, &actions)
    }

    pub(super) fn lost(&mut self) -> String {
        let mut actions = Vec::new();
        self.session.on_lost(&mut actions);
        actions.iter().map(|action| show(&[], action)).collect::<Vec<_>>().join("\n")
    }

    /// The text that the server complains about when it meets the last replacement.
    pub(super) fn replacement(&self) -> String {
        self.replacement_in(&self.sent)
    }

    /// The same where the replacement is in `sent`.
    pub(super) fn replacement_in(&self, sent: &[u8]) -> String {
        let text = String::from_utf8_lossy(sent);
        let start = text.find("refused by Picket").expect("nothing was replaced");
        let end = text[start..].find(['\'', '\0']).expect("the replacement does not end");
        format!("invalid input: \"{}\"", &text[start..start + end])
    }
}

fn shown(input: &[u8], step: &Result<Step, SessionError>, actions: &[Action]) -> String {
    let mut lines: Vec<String> = actions.iter().map(|action| show(input, action)).collect();
    match step {
        Ok(Step::More(used)) if *used == input.len() => {}
        Ok(Step::More(used)) => lines.push(format!("{} bytes unused", input.len() - used)),
        Ok(Step::NeedsCatalog(used)) => {
            lines.push(format!("needs catalog, {} bytes unused", input.len() - used))
        }
        Ok(Step::NeedsReading(used)) => {
            lines.push(format!("needs a reading, {} bytes unused", input.len() - used))
        }
        Ok(Step::NeedsReplies(used)) => {
            lines.push(format!("needs replies, {} bytes unused", input.len() - used))
        }
        Ok(Step::NeedsAnswer(used)) => {
            lines.push(format!("needs an answer, {} bytes unused", input.len() - used))
        }
        Err(error) => lines.push(format!("error: {error}")),
    }
    lines.join("\n")
}

fn show(input: &[u8], action: &Action) -> String {
    match action {
        Action::Record(Evidence::Started(started)) => {
            let observed: String =
                started.statement.observed_by.iter().map(|rule| format!(", against {rule}")).collect();
            let refused = started
                .statement
                .refused_by
                .iter()
                .map(|rule| format!(", refused by {rule}"))
                .collect::<String>();
            format!(
                "record {} started: {}{refused}{observed}",
                started.sequence,
                started.text.as_deref().unwrap_or(&started.statement.text)
            )
        }
        Action::Record(Evidence::Finished(finished)) => {
            let outcome = match &finished.outcome {
                Outcome::Failed(sqlstate) => format!("failed {sqlstate}"),
                other => format!("{other:?}").to_lowercase(),
            };
            let ResultNames { returned, masked, revealed } =
                finished.result.as_deref().cloned().unwrap_or_default();
            let revealed: Vec<String> =
                revealed.iter().map(|(name, class)| format!("{name} ({})", class.name())).collect();
            let list = |what: &str, names: &[String]| match names {
                [] => String::new(),
                names => format!(", {what} {}", names.join(" ")),
            };
            format!(
                "record {} {outcome}: {} rows, {} bytes{}{}{}",
                finished.started.sequence,
                finished.rows,
                finished.bytes,
                list("returned", &returned),
                list("masked", &masked),
                list("revealed", &revealed),
            )
        }
        Action::Record(Evidence::Renamed(name)) => format!("record the name {name}"),
        Action::Record(Evidence::Probing(Probing { questions, shape })) => {
            format!(
                "record more than {questions} questions of {}",
                if shape.is_some() { "one shape" } else { "any" }
            )
        }
        Action::ForwardToServer(range) => format!("to server: {}", frames(&input[range.clone()])),
        Action::SendToServer(bytes) => format!("to server instead: {}", frames(bytes)),
        Action::ForwardToClient(range) => format!("to client: {}", frames(&input[range.clone()])),
        Action::SendToClient(bytes) => format!("to client instead: {}", frames(bytes)),
        Action::Stain(stains) => format!("stain {}", stains.len()),
        Action::Ask(request) => {
            let value = |value: &Option<Value>| match value {
                None => "NULL".to_owned(),
                Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
                Some(Value::Binary(bytes)) => format!("{bytes:?}"),
            };
            let values: Vec<_> = request.parameters.iter().map(value).collect();
            format!(
                "ask {} about {}: {} ({})",
                request.approvers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                request.sequence,
                request.text,
                values.join(", ")
            )
        }
        Action::Sighted(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|(id, sample)| format!("{} of column {}", sample.values(), id.number))
                .collect();
            format!("sighted: {}", values.join(", "))
        }
        Action::CatalogChanged => "catalog changed".to_owned(),
        Action::RelationsChanged(unknown) => format!("changed {}", unknown.names.join(", ")),
        Action::Close(reason) => format!("close: {reason:?}"),
    }
}

/// The printable part of each frame behind its tag.
fn frames(mut bytes: &[u8]) -> String {
    let mut shown = Vec::new();
    while let Ok(Some((frame, rest))) = split_frame(bytes, MESSAGE_BYTES_MAX) {
        let text: String = frame
            .body
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' })
            .collect();
        shown.push(format!("{}[{}]", char::from(frame.tag), text.trim_matches('·')));
        bytes = rest;
    }
    shown.join(" ")
}

fn message(tag: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, tag, fill);
    out
}

pub(super) fn query(text: &str) -> Vec<u8> {
    message(frontend::tag::QUERY, |out| cstr(out, text.as_bytes()))
}

pub(super) fn parse(name: &str, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    wire::compose::parse(&mut out, name.as_bytes(), text.as_bytes());
    out
}

pub(super) fn bind(portal: &str, statement: &str) -> Vec<u8> {
    message(frontend::tag::BIND, |out| {
        cstr(out, portal.as_bytes());
        cstr(out, statement.as_bytes());
        out.extend_from_slice(&[0; 6]);
    })
}

/// Binds texts.
pub(super) fn bind_values(portal: &str, statement: &str, values: &[&str]) -> Vec<u8> {
    message(frontend::tag::BIND, |out| {
        cstr(out, portal.as_bytes());
        cstr(out, statement.as_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(values.len() as u16).to_be_bytes());
        for value in values {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(&[0, 0]);
    })
}

pub(super) fn describe_portal(portal: &str) -> Vec<u8> {
    let mut out = Vec::new();
    wire::compose::describe_portal(&mut out, portal.as_bytes());
    out
}

pub(super) fn describe_statement(name: &str) -> Vec<u8> {
    message(frontend::tag::DESCRIBE, |out| {
        out.push(b'S');
        cstr(out, name.as_bytes());
    })
}

pub(super) fn close_statement(name: &str) -> Vec<u8> {
    message(frontend::tag::CLOSE, |out| {
        out.push(b'S');
        cstr(out, name.as_bytes());
    })
}

pub(super) fn close_portal(name: &str) -> Vec<u8> {
    message(frontend::tag::CLOSE, |out| {
        out.push(b'P');
        cstr(out, name.as_bytes());
    })
}

pub(super) fn execute(portal: &str) -> Vec<u8> {
    message(frontend::tag::EXECUTE, |out| {
        cstr(out, portal.as_bytes());
        out.extend_from_slice(&[0; 4]);
    })
}

/// Asks for at most this many rows.
pub(super) fn execute_rows(portal: &str, rows: u8) -> Vec<u8> {
    message(frontend::tag::EXECUTE, |out| {
        cstr(out, portal.as_bytes());
        out.extend_from_slice(&[0, 0, 0, rows]);
    })
}

pub(super) fn function_call() -> Vec<u8> {
    call_of(957)
}

/// A fast-path call of the function with this OID.
pub(super) fn call_of(function: u32) -> Vec<u8> {
    message(frontend::tag::FUNCTION_CALL, |out| {
        out.extend_from_slice(&function.to_be_bytes());
        out.extend_from_slice(&[0; 6]);
    })
}

pub(super) fn flush() -> Vec<u8> {
    message(frontend::tag::FLUSH, |_| {})
}

pub(super) fn sync() -> Vec<u8> {
    message(frontend::tag::SYNC, |_| {})
}

pub(super) fn terminate() -> Vec<u8> {
    message(frontend::tag::TERMINATE, |_| {})
}

/// Message type bytes of the frames in `bytes`.
pub(super) fn tags(mut bytes: &[u8]) -> String {
    let mut tags = String::new();
    while let Ok(Some((frame, rest))) = split_frame(bytes, MESSAGE_BYTES_MAX) {
        tags.push(char::from(frame.tag));
        if frame.tag == backend::tag::ERROR_RESPONSE {
            tags.push_str(&String::from_utf8_lossy(backend::error_field(frame.body, b'C')));
        }
        bytes = rest;
    }
    tags
}
