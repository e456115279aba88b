//! Which policies, and who asks: options that the questions about rules share.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use policy::{Mode, Policies, Setup, Who};
use policy_files::{Kind, PolicySection};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::failure::Failure;

/// Which policies
#[derive(Clone, Debug, Args)]
pub(crate) struct Rules {
    /// The proxy's configuration, whose policies and users are meant
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file or folder with policies, beside the shipped ones; may be given several times
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// A shipped rule that is left out, as in `policy.without`; may be given several times
    #[arg(long, value_name = "RULE")]
    without: Vec<String>,
    /// A rule that only observes, as under `[policy.mode]`; may be given several times
    #[arg(long, value_name = "RULE")]
    observe: Vec<String>,
}

/// Who asks
#[derive(Clone, Debug, Args)]
pub(crate) struct Asker {
    /// The user who asks; groups and kind are the configuration's
    #[arg(long = "as", value_name = "USER", default_value = "")]
    user: String,
    /// A group the user is in; may be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// What the user is
    #[arg(long, value_parser = ["human", "agent"])]
    kind: Option<String>,
    /// Who acts for the user, as the identity provider names it
    #[arg(long, value_name = "NAME", default_value = "")]
    actor: String,
    /// The database that is asked, by the name that clients use
    #[arg(long, value_name = "DATABASE", default_value = "")]
    on: String,
    /// What kind of place that database is, where the configuration does not say
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// How the user has logged in
    #[arg(long, value_parser = ["cert", "oauth", "scram-sha-256", "scram-sha-256-plus"])]
    authentication: Option<String>,
    /// What the client calls itself
    #[arg(long, value_name = "NAME", default_value = "")]
    application: String,
    /// Where the client comes from
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    source: IpAddr,
    /// The hour of the day, in UTC
    #[arg(long, value_name = "HOUR", default_value = "12", value_parser = clap::value_parser!(u8).range(0..=23))]
    hour: u8,
    /// The day of the week; 1 is Monday
    #[arg(long, value_name = "DAY", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=7))]
    weekday: u8,
}

/// What there is to judge with.
pub(crate) struct Rulebook {
    pub(crate) policies: Policies,
    users: Vec<UserFile>,
    /// An identity provider has further users, whom nobody here knows.
    has_provider: bool,
    upstreams: Vec<UpstreamFile>,
}

/// What policies see of the proxy's configuration.
#[derive(Default, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    policy: PolicySection,
    #[serde(default)]
    user: Vec<UserFile>,
    oidc: Option<IgnoredAny>,
    #[serde(default)]
    upstream: Vec<UpstreamFile>,
}

#[derive(Deserialize)]
struct UserFile {
    name: String,
    #[serde(default)]
    groups: BTreeSet<String>,
    kind: Option<Kind>,
}

#[derive(Deserialize)]
struct UpstreamFile {
    database: String,
    #[serde(default)]
    environment: String,
}

impl Rules {
    /// Reads them.
    pub(crate) fn read(&self) -> Result<Rulebook, Failure> {
        let (policies, users, has_provider, upstreams) = match &self.config {
            None => (None, Vec::new(), false, Vec::new()),
            Some(path) => daemon::config::read(path, |file: ConfigFile| {
                Ok((Some(file.policy.check()?), file.user, file.oidc.is_some(), file.upstream))
            })
            .map_err(|error| Failure::usage(anyhow::Error::new(error)))?,
        };
        let mut setup = policies.as_ref().map_or_else(Setup::default, |policies| policies.setup().clone());
        for path in &self.policies {
            let own =
                policy_files::read(path).map_err(|error| Failure::usage(anyhow!("--policies: {error}")))?;
            setup.own.extend(own);
        }
        setup.without.extend(self.without.iter().cloned());
        setup.modes.extend(self.observe.iter().map(|rule| (rule.clone(), Mode::Observe)));
        let policies = policy_files::load(setup).map_err(|error| {
            let is_named =
                |rules: &[String]| rules.iter().any(|rule| error.to_string().contains(&format!("`{rule}`")));
            let option = match &error {
                policy::PolicyError::UnknownRule { .. } if is_named(&self.without) => "--without: ",
                policy::PolicyError::UnknownRule { .. } => "--observe: ",
                _ => "",
            };
            Failure::usage(anyhow!("{option}{error}"))
        })?;
        Ok(Rulebook { policies, users, has_provider, upstreams })
    }
}

impl Rulebook {
    /// All groups of all users, where there are any users and all of them are known.
    pub(crate) fn groups(&self) -> Option<BTreeSet<String>> {
        let groups = self.users.iter().flat_map(|user| user.groups.iter().cloned()).collect();
        (!self.users.is_empty() && !self.has_provider).then_some(groups)
    }

    /// What is odd about databases and environments that policies name, where all of them are known.
    pub(crate) fn odd_places(&self) -> Vec<String> {
        if self.upstreams.is_empty() {
            return Vec::new();
        }
        let databases = self.upstreams.iter().map(|upstream| upstream.database.as_str()).collect();
        let environments = self.upstreams.iter().map(|upstream| upstream.environment.as_str()).collect();
        self.policies.odd_places(&databases, &environments)
    }

    /// Whether the configuration has a user of that name.
    pub(crate) fn knows(&self, user: &str) -> bool {
        self.users.iter().any(|known| known.name == user)
    }

    /// What is known of a user by that name, on a database.
    pub(crate) fn who(&self, user: &str, database: &str) -> Who {
        let known = self.users.iter().find(|known| known.name == user);
        let upstream = self.upstreams.iter().find(|upstream| upstream.database == database);
        Who {
            user: user.to_owned(),
            groups: known.map(|known| known.groups.clone()).unwrap_or_default(),
            kind: known.and_then(|known| known.kind).map_or("", Kind::word).to_owned(),
            database: database.to_owned(),
            environment: upstream.map(|upstream| upstream.environment.clone()).unwrap_or_default(),
            ..Who::default()
        }
    }
}

impl Asker {
    /// The same as the console reads it, behind the statements; `quoted` as it takes a text.
    pub(super) fn said(&self, quoted: impl Fn(&str) -> String) -> String {
        let Asker { user, group, kind, actor, authentication, application, source, .. } = self;
        let source = source.to_string();
        let authentication = authentication.as_deref().unwrap_or_default();
        let texts = [
            ("AS", user.as_str()),
            ("KIND", kind.as_deref().unwrap_or_default()),
            ("ACTOR", actor),
            ("AUTHENTICATION", authentication),
            ("APPLICATION", application),
            ("SOURCE", &source),
        ];
        let groups = group.iter().map(|group| ("GROUP", group.as_str()));
        let said = texts.into_iter().chain(groups).filter(|(_, value)| !value.is_empty());
        said.map(|(what, value)| format!(" {what} {}", quoted(value))).collect()
    }

    /// The database that is asked.
    pub(super) fn database(&self) -> &str {
        &self.on
    }

    /// Who that is in the configuration of `rulebook`.
    pub(crate) fn who(&self, rulebook: &Rulebook) -> Who {
        let mut who = rulebook.who(&self.user, &self.on);
        who.groups.extend(self.group.iter().cloned());
        if let Some(kind) = &self.kind {
            who.kind.clone_from(kind);
        }
        if let Some(environment) = &self.environment {
            who.environment.clone_from(environment);
        }
        Who {
            actor: self.actor.clone(),
            authentication: self.authentication.clone().unwrap_or_default(),
            application: self.application.clone(),
            source: self.source,
            hour: self.hour,
            weekday: self.weekday,
            ..who
        }
    }
}
