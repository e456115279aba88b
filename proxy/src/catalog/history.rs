//! Writes down what becomes known of columns: which are sensitive, and what told it.

use std::collections::HashMap;
use std::sync::Arc;

use audit::record::{ColumnClassRecord, Record};
use audit::spool::Spool;
use daemon::with_causes;
use mask::{Class, ColumnId};
use sql::catalog::{Column, Relation};

use super::Snapshot;
use super::corrections::Pinned;
use super::said::Said;
use super::samples::Samples;
use crate::config::Upstream;
use crate::trail::now;

/// Most records that are written at once.
const RECORDS_MAX: usize = 1_000;

/// Where it is written.
#[derive(Clone)]
pub(crate) struct Chronicle {
    pub(crate) spool: Arc<Spool>,
    /// Host name of the proxy.
    pub(crate) host: String,
}

/// What was written of the columns of one database.
pub(super) struct History {
    chronicle: Chronicle,
    told: HashMap<ColumnId, Told>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// `schema.relation.column`.
    object: String,
    class: Option<Class>,
    evidence: String,
}

impl History {
    pub(super) fn new(chronicle: Chronicle) -> Self {
        History { chronicle, told: HashMap::new() }
    }

    /// Writes what is new in `snapshot`. What cannot be written is new the next time too.
    pub(super) fn note(
        &mut self,
        snapshot: &Snapshot,
        pinned: &Pinned,
        said: &Said,
        samples: &Samples,
        upstream: &Upstream,
    ) {
        let mut now = HashMap::with_capacity(snapshot.classes.len());
        for relation in snapshot.catalog.relations() {
            for column in &relation.columns {
                let id = ColumnId { table_oid: relation.oid, number: column.number };
                let Some(&class) = snapshot.classes.get(&id) else { continue };
                let object = format!("{}.{}", relation.path(), column.name);
                let found = || evidence(relation, column, class, said, samples).to_owned();
                let evidence = pinned.evidence(id, &object).unwrap_or_else(found);
                now.insert(id, Told { object, class: Some(class), evidence });
            }
        }
        let gone = self.told.iter().filter(|(id, _)| !now.contains_key(id)).map(|(id, told)| {
            let told = told.clone();
            let evidence = pinned.evidence(*id, &told.object).unwrap_or(told.evidence);
            (*id, Told { class: None, evidence, object: told.object })
        });
        let gone: Vec<_> = gone.filter(|(id, told)| self.told.get(id) != Some(told)).collect();
        let is_new = |(id, told): &(&ColumnId, &Told)| self.told.get(id) != Some(told);
        let mut news: Vec<_> = now.iter().filter(is_new).map(|(id, told)| (*id, told.clone())).collect();
        news.extend(gone);
        for news in news.chunks(RECORDS_MAX) {
            let records: Vec<_> = news.iter().map(|(_, told)| self.record(told, upstream)).collect();
            if let Err(error) = self.chronicle.spool.append(&records) {
                tracing::error!(error = with_causes(&error), "what became known of columns was not recorded");
                return;
            }
            self.told.extend(news.iter().cloned());
        }
    }

    fn record(&self, told: &Told, upstream: &Upstream) -> Record {
        Record::ColumnClass(ColumnClassRecord {
            at: now(),
            host: self.chronicle.host.clone(),
            database: upstream.database.clone(),
            object: told.object.clone(),
            class: told.class.map(|class| class.name().to_owned()).unwrap_or_default(),
            evidence: told.evidence.clone(),
        })
    }
}

/// What tells that a column is of this class.
fn evidence(
    relation: &Relation,
    column: &Column,
    class: Class,
    said: &Said,
    samples: &Samples,
) -> &'static str {
    let id = ColumnId { table_oid: relation.oid, number: column.number };
    if said.class_by_name(&id, column) == Some(class) {
        "name"
    } else if said.class_by_comment(&id, column) == Some(class) {
        "comment"
    } else if samples.have_told(id, class) {
        "values"
    } else if samples.is_view(relation.oid) {
        "definition"
    } else {
        "earlier"
    }
}
