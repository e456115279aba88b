//! Who asks, and from where: what policies can tell sessions apart by.

use std::collections::{BTreeSet, HashSet};

use core::net::{IpAddr, Ipv4Addr};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};

use crate::cedar::{CedarError, Types, fields, text, uid};

/// One session as policies see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// As whom it has logged in.
    pub user: String,
    /// Groups the user is in. `exempt:RULE` frees from the shipped rule of that name.
    pub groups: BTreeSet<String>,
    /// `human`, `agent`, or nothing.
    pub kind: String,
    /// Who acts for the user, as the identity provider names it; nothing where nobody does.
    pub actor: String,
    /// How it has logged in.
    pub authentication: String,
    /// What the client called itself when it connected. It may choose.
    pub application: String,
    /// Where it comes from.
    pub source: IpAddr,
    /// The database, by the name that the client asked for.
    pub database: String,
    /// What kind of place that database is.
    pub environment: String,
    /// UTC, 0 to 23.
    pub hour: u8,
    /// 1 is Monday, 7 Sunday.
    pub weekday: u8,
    /// Settings, in small letters, by which Picket has told the database who it is: the session keeps them.
    pub keeps: BTreeSet<String>,
}

impl Default for Who {
    fn default() -> Self {
        Who {
            user: String::new(),
            groups: BTreeSet::new(),
            kind: String::new(),
            actor: String::new(),
            authentication: String::new(),
            application: String::new(),
            source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            database: String::new(),
            environment: String::new(),
            hour: 0,
            weekday: 1,
            keeps: BTreeSet::new(),
        }
    }
}

/// Sessions that policies cannot tell apart share one.
#[derive(Debug)]
pub struct Subject {
    id: u64,
    pub(crate) user: EntityUid,
    pub(crate) database: EntityUid,
    pub(crate) database_name: String,
    /// User, groups, database and actions.
    pub(crate) entities: Entities,
    /// What each request's context says of it.
    pub(crate) context: Vec<(String, RestrictedExpression)>,
    /// Settings that the session keeps.
    pub(crate) keeps: BTreeSet<String>,
}

impl Subject {
    /// No other subject of the process has it, whatever the policies.
    pub fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn new(id: u64, who: &Who, types: &Types, actions: &Entities) -> Result<Self, CedarError> {
        let user = uid(&types.user, &who.user);
        let database = uid(&types.database, &who.database);
        let groups: HashSet<_> = who.groups.iter().map(|group| uid(&types.group, group)).collect();
        let name = [
            ("name", text(&who.user)),
            ("kind", text(&who.kind)),
            ("actor", text(&who.actor)),
            ("authentication", text(&who.authentication)),
        ];
        let place = [("name", text(&who.database)), ("environment", text(&who.environment))];
        let mut entities = vec![
            Entity::new_with_tags(user.clone(), fields(name), groups.clone(), []).map_err(CedarError::new)?,
            Entity::new_with_tags(database.clone(), fields(place), [], []).map_err(CedarError::new)?,
        ];
        entities.extend(groups.into_iter().map(Entity::with_uid));
        let entities = actions.clone().add_entities(entities, None).map_err(CedarError::new)?;
        let context = fields([
            ("application", text(&who.application)),
            ("source", RestrictedExpression::new_ip(who.source.to_string())),
            ("database", text(&who.database)),
            ("environment", text(&who.environment)),
            ("hour", RestrictedExpression::new_long(who.hour.into())),
            ("weekday", RestrictedExpression::new_long(who.weekday.into())),
        ]);
        Ok(Subject {
            id,
            user,
            database,
            database_name: who.database.clone(),
            entities,
            context: context.collect(),
            keeps: who.keeps.clone(),
        })
    }
}
