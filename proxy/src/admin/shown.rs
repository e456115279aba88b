//! Requests, grants and sessions as JSON. Texts are shown as at the console: without letters that would change what others look
//! like, and cut where they are too long.

use std::sync::Arc;

use audit::record::UnixMicros;
use jiff::Timestamp;
use mask::Class;
use policy::Approver;
use serde::Serialize;

use crate::approvals::{Approved, Grant, Held, PlanShown};
use crate::console::{LISTED_LETTERS_MAX, SHOWN_LETTERS_MAX, cut, visible};
use crate::history::Past;
use crate::plan::Node;
use crate::sessions::About;

#[derive(Serialize)]
pub(super) struct Approvals {
    pub(super) approvals: Vec<Approval>,
}

/// A statement that waits.
#[derive(Serialize)]
pub(super) struct Approval {
    id: String,
    name: String,
    asked_at: String,
    expires_at: String,
    principal: String,
    actor: String,
    application: String,
    client: String,
    session_id: String,
    session_started_at: String,
    authenticated_by: String,
    database_role: String,
    application_names: Vec<String>,
    execution: u64,
    database: String,
    environment: String,
    statement: String,
    parameters: Vec<String>,
    reason: String,
    effects: Vec<&'static str>,
    reads: Vec<String>,
    writes: Vec<String>,
    columns: Vec<String>,
    classes: Vec<Classed>,
    rules: Vec<String>,
    why: String,
    groups: Vec<String>,
    approved_by: Vec<String>,
    /// Neither is in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Before>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanOf>,
}

/// How the database would run it.
#[derive(Serialize)]
struct PlanOf {
    state: &'static str,
    /// Why there is none.
    reason: String,
    is_generic: bool,
    rows: Option<f64>,
    root: Option<NodeShown>,
}

/// One step of it.
#[derive(Serialize)]
struct NodeShown {
    node: String,
    relation: String,
    rows: f64,
    cost: f64,
    below: Vec<NodeShown>,
}

/// A sensitive column.
#[derive(Serialize)]
struct Classed {
    column: String,
    class: &'static str,
}

/// A statement that the session has run before, or tried to.
#[derive(Serialize)]
struct Before {
    execution: u64,
    at: String,
    statement: String,
    effects: Vec<&'static str>,
    reads: Vec<String>,
    writes: Vec<String>,
    verdict: &'static str,
    rules: Vec<String>,
    outcome: &'static str,
    sqlstate: String,
}

#[derive(Serialize)]
pub(super) struct Grants {
    pub(super) grants: Vec<GrantShown>,
}

/// What runs without being asked about.
#[derive(Serialize)]
pub(super) struct GrantShown {
    id: String,
    name: String,
    until: String,
    principal: String,
    actor: String,
    database: String,
    statement: String,
    approved_by: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Sessions {
    pub(super) sessions: Vec<Session>,
}

/// A session that is open.
#[derive(Serialize)]
pub(super) struct Session {
    id: String,
    started_at: String,
    principal: String,
    actor: String,
    application: String,
    client: String,
    database: String,
    environment: String,
}

/// What has come of an answer.
#[derive(Serialize)]
pub(super) struct Outcome {
    pub(super) outcome: &'static str,
    /// Somebody of these groups must approve too.
    pub(super) missing: Vec<String>,
    /// The request that it waits for now, where it waits for one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) request: String,
}

impl Approval {
    /// One of many, of which the beginnings are enough, or the one that this person has asked for.
    pub(super) fn of(held: &Held, by: &[String], to: Option<&Approver>) -> Self {
        let letters_max = if to.is_none() { LISTED_LETTERS_MAX } else { SHOWN_LETTERS_MAX };
        let shown = |text: &str| visible(&cut(text, letters_max));
        let all = |texts: &[String]| texts.iter().map(|text| shown(text)).collect();
        let background = &held.background;
        let classed =
            |(column, class): &(String, Class)| Classed { column: shown(column), class: class.name() };
        let words = |words: &[Arc<str>]| words.iter().map(|word| shown(word)).collect();
        Approval {
            id: held.id.to_string(),
            name: held.name(),
            asked_at: time(held.asked_at),
            expires_at: time(held.expires_at),
            principal: shown(&held.principal),
            actor: shown(&held.actor),
            application: shown(&held.application),
            client: shown(&held.client),
            session_id: held.session_id.to_string(),
            session_started_at: time(background.started_at),
            authenticated_by: shown(&background.authenticated_by),
            database_role: shown(&background.database_role),
            application_names: all(&background.application_names),
            execution: held.sequence,
            database: shown(&held.database),
            environment: shown(&held.environment),
            statement: shown(&held.text),
            parameters: all(&held.parameters),
            reason: shown(&held.reason),
            effects: held.effects.clone(),
            reads: all(&held.read),
            writes: all(&held.written),
            columns: all(&held.columns),
            classes: held.classes.iter().map(classed).collect(),
            rules: words(&held.rules),
            why: shown(&held.why),
            groups: held.groups.iter().map(|needed| shown(&needed.to_string())).collect(),
            approved_by: all(by),
            history: to.map(|_| background.history.iter().map(Before::of).collect()),
            plan: to.map(|to| PlanOf::of(&held.plan_for(to))),
        }
    }
}

impl PlanOf {
    fn of(shown: &PlanShown<'_>) -> Self {
        let none = |state, reason| PlanOf { state, reason, is_generic: false, rows: None, root: None };
        match shown {
            PlanShown::Hidden => none("hidden", "it is for whoever may approve".to_owned()),
            PlanShown::Pending => none("pending", "it is being made".to_owned()),
            PlanShown::None(why) => none("none", visible(&cut(&why.to_string(), LISTED_LETTERS_MAX))),
            PlanShown::Made(plan) => PlanOf {
                state: "made",
                reason: String::new(),
                is_generic: plan.is_generic,
                rows: Some(plan.rows()),
                root: Some(NodeShown::of(&plan.root)),
            },
        }
    }
}

impl NodeShown {
    fn of(node: &Node) -> Self {
        NodeShown {
            node: visible(&cut(&node.what, LISTED_LETTERS_MAX)),
            relation: visible(&cut(&node.relation, LISTED_LETTERS_MAX)),
            rows: node.rows,
            cost: node.cost,
            below: node.below.iter().map(NodeShown::of).collect(),
        }
    }
}

impl Before {
    fn of(past: &Past) -> Self {
        let shown = |text: &str| visible(&cut(text, LISTED_LETTERS_MAX));
        let all = |texts: &[String]| texts.iter().map(|text| shown(text)).collect();
        let Past { sequence, at, shown: what, outcome, sqlstate } = past;
        Before {
            execution: *sequence,
            at: time(*at),
            statement: shown(&what.text),
            effects: what.effects.clone(),
            reads: all(&what.reads),
            writes: all(&what.writes),
            verdict: what.verdict,
            rules: all(&what.rules),
            outcome: outcome.name(),
            sqlstate: shown(sqlstate),
        }
    }
}

impl GrantShown {
    pub(super) fn of(grant: &Grant) -> Self {
        let shown = |text: &str| visible(&cut(text, LISTED_LETTERS_MAX));
        let held = &grant.held;
        GrantShown {
            id: held.id.to_string(),
            name: held.name(),
            until: time(grant.until),
            principal: shown(&held.principal),
            actor: shown(&held.actor),
            database: shown(&held.database),
            statement: shown(&held.text),
            approved_by: grant.approvers.iter().map(|by| shown(&by.user)).collect(),
        }
    }
}

impl Session {
    pub(super) fn of(about: &About) -> Self {
        let shown = |text: &str| visible(&cut(text, LISTED_LETTERS_MAX));
        let About { id, started_at, principal, actor, application, client, database, environment } = about;
        Session {
            id: id.to_string(),
            started_at: time(*started_at),
            principal: shown(principal),
            actor: shown(actor),
            application: shown(application),
            client: shown(client),
            database: shown(database),
            environment: shown(environment),
        }
    }
}

impl Outcome {
    pub(super) fn of(approved: Approved) -> Self {
        match approved {
            Approved::Whole => Outcome::new("runs"),
            Approved::Granted => Outcome::new("granted"),
            Approved::Missing(missing) => Outcome { missing, ..Outcome::new("waits") },
            Approved::Anew(request) => Outcome { request, ..Outcome::new("anew") },
            Approved::Behind(request) => Outcome { request, ..Outcome::new("behind") },
            Approved::Refused => Outcome::new("refused"),
            Approved::Unknown => Outcome::new("approved"),
        }
    }

    pub(super) fn new(outcome: &'static str) -> Self {
        Outcome { outcome, missing: Vec::new(), request: String::new() }
    }
}

/// RFC 3339.
fn time(at: UnixMicros) -> String {
    Timestamp::from_microsecond(at.0).unwrap_or_default().to_string()
}
