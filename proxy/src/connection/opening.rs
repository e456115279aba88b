//! Opens a session: a database for a client that has logged in, within the limits, and the record that it began.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use audit::record::{ProxyPurpose, SessionRecord};
use policy::{Verdict, Who};
use session::{REASON_SETTING, Replication, Session};
use uuid::Uuid;
use wire::{backend, compose};

use super::ended::{not_judged, not_recorded};
use super::standing::Watch;
use super::token_end::TokenEnd;
use super::{Opened, Shared};
use crate::catalog::CatalogKeeper;
use crate::config::Role;
use crate::errand::Errand;
use crate::farewell::Farewell;
use crate::identity::{Account, Identity};
use crate::login::Login;
use crate::oidc::Admitted;
use crate::patience::Patience;
use crate::places::Allowed;
use crate::plan::Way;
use crate::sessions::About;
use crate::trail::{Desk, Trail, now};
use crate::upstream::{self, Connected, Looks, UpstreamError};

/// Connects a logged-in client to the database it asks for.
pub(super) async fn open(
    client: SocketAddr,
    login: Login,
    shared: &Arc<Shared>,
    desk: Rc<Desk>,
) -> Result<Box<Opened>, Farewell> {
    let internal =
        |error: &dyn std::fmt::Display| Farewell::new("58000", "Picket cannot open a session").detail(error);
    let Login {
        user,
        authenticated_by,
        admitted,
        database,
        application_name,
        version,
        mut parameters,
        replication,
        ..
    } = login;
    let (person, watched) = match admitted {
        Some(Admitted { person, watched }) => (Some(person), watched),
        None => (None, None),
    };
    let following = shared.config.follow();
    let config = following.now();
    let Some(upstream) = config.upstream(&database) else {
        return Err(Farewell::new("3D000", format!("database \"{database}\" does not exist"))
            .detail("Picket has no [[upstream]] of that name."));
    };
    let limits = &config.limits;
    let own = match (config.users.get(&user), &person) {
        // Whom a token has let in is nobody else, even where the file has got a user of that name meanwhile.
        (_, Some(_)) => None,
        (Some(account), None) => account.max_connections,
        // It may have been taken out of the file while the client logged in.
        (None, None) => {
            return Err(Farewell::new("28000", format!("user \"{user}\" was removed while it logged in")));
        }
    };
    let account = if person.is_some() { Account::OfProvider } else { Account::Local };
    let token_end = person.as_ref().map(TokenEnd::of);
    let (groups, actor, kind) =
        person.map(|person| (person.groups, person.actor, person.kind)).unwrap_or_default();
    let who = Who {
        user: user.clone(),
        groups,
        actor,
        kind: kind.to_owned(),
        authentication: authenticated_by.to_owned(),
        application: application_name.clone(),
        source: client.ip().to_canonical(),
        database: database.clone(),
        environment: upstream.environment.clone(),
        ..Who::default()
    };
    let allowance = shared.allowances.of(&user, limits.max_probes);
    let mut identity = Identity::new(who, account, config, allowance).map_err(|error| not_judged(&error))?;
    let role = upstream.roles.of(identity.who()).ok_or_else(|| no_role(&user, &database))?;
    if replication.is_some() && matches!(role, Role::IsSet(_)) {
        // The server asks for the rights of whoever logged in (postinit.c), and no statement can be looked at.
        return Err(Farewell::new("42501", "Picket refused this replication connection")
            .detail("Its role is set for statements, and what is replicated would be the service's own.")
            .hint("Whoever runs Picket can give you a role by `login` under [[upstream]]."));
    }
    let tells = &upstream.tells;
    let keeps = role.keeps().into_iter().chain(tells.keeps()).collect();
    identity.keep(keeps).map_err(|error| not_judged(&error))?;
    tells.take_out(&mut parameters);
    let (policies, subject) = (identity.policies(), identity.subject());
    let replicates = replication.map(|_| policies.judge_replication(subject, ""));
    if let Some(refusal) = replicates.as_ref().and_then(Verdict::refusal) {
        return Err(Farewell::new(refusal.sqlstate, "Picket refused this replication connection")
            .detail(&refusal.detail)
            .hint("Whoever runs Picket can let it pass: no-replication = \"observe\" under [policy.mode]."));
    }
    let set = parameters.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    if let Some(refusal) = policies.judge_startup(subject, set.clone()).refusal() {
        return Err(Farewell::new(refusal.sqlstate, "Picket refused this connection")
            .detail(&refusal.detail)
            .hint("Leave it out of the connection's options."));
    }
    let reason = policy::startup_setting(set, REASON_SETTING);
    let told = tells.told(&user, &application_name);
    parameters.extend(told.iter().cloned());
    let mut values = parameters.iter().filter_map(|(_, value)| std::str::from_utf8(value).ok());
    let names_own = values.any(|value| sql::own_path(value).is_some());
    let place = shared.places.take(&user, &database, Allowed::by(limits, own))?;
    // Until the session is recorded it is the proxy's own.
    let mut errand = Errand::new(&shared.chronicle, ProxyPurpose::LogIn, &upstream);
    let connected = upstream::connect(&upstream, &role, version, &parameters, &mut errand).await;
    let not_reached = |error: UpstreamError| {
        match error.of_client(&role) {
            Some(_) => tracing::info!(database, %error, "the database refused the client's start-up"),
            None => tracing::warn!(database, %error, "database not reached"),
        }
        error.farewell(&upstream, &role)
    };
    let mut connected = connected.map_err(not_reached)?;
    let catalog = match replication {
        // It is with no database, and says nothing that is about one.
        Some(Replication::Physical) => CatalogKeeper::of_nothing(),
        Some(Replication::Logical) | None => shared.catalogs.of(&upstream, limits.max_wildcard_databases)?,
    };
    catalog.is_fresh().await;
    if !catalog.snapshot().holds {
        return Err(Farewell::new(
            "58000",
            format!("Picket cannot read the catalog of the database \"{database}\""),
        )
        .detail("Without it nobody knows which columns must be masked.")
        .hint("Whoever runs Picket finds the reason in its log."));
    }
    // Elsewhere a name tells which relation is meant, and nothing comes into PostgreSQL's own schemas by the path.
    let known = &catalog.snapshot().catalog;
    let asks = names_own || known.begins_in_own() || known.has_name_twice();
    let looks = match replication.is_none() && asks {
        true => upstream::ask_path(&mut connected).await.map_err(not_reached)?,
        false => None,
    };
    let Connected { pipe: server, server: address, pid, secret, parameters, notices, ready } = connected;
    let changes_lexing =
        parameters.iter().any(|(name, value)| name == b"standard_conforming_strings" && value != b"on");
    if changes_lexing && !policies.observes("lexing-settings") {
        return Err(Farewell::new("22023", "Picket needs standard_conforming_strings to be on")
            .detail("With it off, the same statement means one thing to Picket and another to PostgreSQL.")
            .hint(
                "Leave it out of the connection's options, and of the role's and the database's settings.",
            ));
    }
    let session_id = Uuid::now_v7();
    let record = SessionRecord {
        session_id,
        host: shared.host.clone(),
        started_at: now(),
        ended_at: None,
        end_reason: String::new(),
        principal: user,
        authenticated_by: authenticated_by.to_owned(),
        actor: identity.who().actor.clone(),
        kind: identity.who().kind.clone(),
        groups: identity.who().groups.iter().cloned().collect(),
        database,
        database_role: upstream.name_of(&role).to_owned(),
        environment: upstream.environment.clone(),
        application_name,
        application_names: Vec::new(),
        client,
        upstream_local: server.socket().local_addr().map_err(|error| internal(&error))?,
        upstream: address,
        upstream_cookie: rustix::net::sockopt::socket_cookie(server.socket())
            .map_err(|error| internal(&error))?,
        backend_pid: pid,
    };
    let about = About {
        id: session_id,
        started_at: record.started_at,
        principal: record.principal.clone(),
        actor: record.actor.clone(),
        application: record.application_name.clone(),
        client: client.to_string(),
        database: record.database.clone(),
        environment: record.environment.clone(),
    };
    let trail = Trail::begin(desk, record).map_err(|error| {
        tracing::error!(%error, "session not recorded");
        not_recorded(&error)
    })?;
    errand.became_a_session();
    let key = shared
        .cancel_keys
        .register(version, pid, &upstream, address, &secret)
        .map_err(|error| internal(&error))?;
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| internal(&error))?;
    let mut session =
        Session::new(u64::from_ne_bytes(nonce), limits.max_message_bytes).replicating(replication);
    if let Some(reason) = reason {
        session = session.giving_reason(&reason);
    }
    if let Some(Looks { role, setting, first }) = looks {
        session = session.looking(&role, &setting, &first);
    }
    let mut greeting = Vec::new();
    compose::authentication(&mut greeting, 0, &[]);
    for (name, value) in &parameters {
        session.on_parameter(name, value);
        // What it has asked for itself is no news to it.
        let is_news = value.as_slice() != about.application.as_bytes();
        let masked = is_news.then(|| session::masked_parameter(name, value, identity.methods())).flatten();
        compose::parameter_status(&mut greeting, name, masked.as_ref().unwrap_or(value));
    }
    compose::frame(&mut greeting, backend::tag::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&key.key.pid.to_be_bytes());
        out.extend_from_slice(&key.key.secret);
    });
    greeting.extend(notices);
    greeting.extend(ready);
    Ok(Box::new(Opened {
        server,
        session,
        trail,
        snapshot: catalog.snapshot(),
        reader: shared.reader.clone(),
        is_renewed: false,
        address: client,
        approvals: Arc::clone(&shared.approvals),
        asked: None,
        waiting: None,
        actions: Vec::new(),
        catalog,
        key,
        cancel_keys: shared.cancel_keys.clone(),
        _place: place,
        way: Way { upstream, role, told, chronicle: shared.chronicle.clone() },
        patience: Patience::new(limits),
        present: shared.sessions.enter(about),
        token_end,
        watch: watched.map(Watch::of),
        connection_check: limits.client_connection_check,
        client_end: None,
        alarm: None,
        client_waits: false,
        session_id,
        greeting,
        config: following,
        identity,
    }))
}

/// What whoever no row of `roles` is for is told: nothing of the rows that there are.
fn no_role(user: &str, database: &str) -> Farewell {
    Farewell::new("28000", format!("user \"{user}\" has no role at the database \"{database}\""))
        .hint("Ask whoever runs Picket for one: `roles` under [[upstream]].")
}
