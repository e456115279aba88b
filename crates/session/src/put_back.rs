//! Masks that come back as values: who reads a row, changes a column of it and saves the whole row writes masks over values.

use std::collections::BTreeMap;

use mask::{Class, ColumnId, Methods};
use policy::Refusal;
use sql::Statement;
use sql::values::{SiteKind, Target, Tie, Tied, loose_sites, said};
use wire::frontend::{Bind, Parameter};

use crate::allowance;
use crate::judged::Judged;
use crate::shown::Known;
use crate::sliding::Brought;
use crate::state::Environment;

/// Longest value that is compared with a mask.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// Constants that a statement writes into columns which are masked for whoever sends it.
#[derive(Debug)]
pub(crate) struct PutBack {
    /// By places of strings among those of its text.
    literals: Places,
    /// By numbers of parameters, from 1 on.
    parameters: Places,
}

/// What the columns hold that constants are written into.
type Places = BTreeMap<usize, Class>;

impl PutBack {
    /// `None` where it writes no such constant.
    pub(crate) fn of(statement: &Statement, known: &Known<'_>, env: &Environment<'_>) -> Option<Self> {
        let values = statement.values.as_deref()?;
        let class = |tie: &Tie| written(tie, known).find(|class| !env.reveals(*class));
        let strings = values.sites.iter().filter(|site| site.kind == SiteKind::Text).enumerate();
        let literals = strings.filter_map(|(at, site)| Some((at, class(&site.tie)?))).collect();
        let parameters = values.parameters.iter().filter_map(|(number, tie)| Some((*number, class(tie)?)));
        let put_back = PutBack { literals, parameters: parameters.collect() };
        (!put_back.literals.is_empty() || !put_back.parameters.is_empty()).then_some(put_back)
    }
}

impl Judged {
    /// Whether it writes constants of its text into columns which are masked.
    pub(crate) fn may_put_literals_back(&self) -> bool {
        self.put_back.as_deref().is_some_and(|put_back| !put_back.literals.is_empty())
    }

    /// Why an execution that brings these literals is refused, if it is.
    pub(crate) fn puts_literals_back(&self, brought: Brought<'_>, methods: &Methods) -> Option<Refusal> {
        let put_back = self.put_back.as_deref().filter(|_| methods.refuses_masks())?;
        let text = brought.text.unwrap_or(&self.described.text);
        if put_back.literals.is_empty() || !text.contains(mask::HIDDEN) {
            return None;
        }
        let is_mask = |(at, literal): (usize, &str)| {
            put_back.literals.get(&at).is_some_and(|class| is_mask(methods, *class, &said(literal)))
        };
        strings(text).enumerate().any(is_mask).then(refusal)
    }

    /// Why an execution whose parameters are bound so is refused, if it is: the first have these types.
    pub(crate) fn puts_parameters_back(
        &self,
        bind: &Bind<'_>,
        types: &[u32],
        methods: &Methods,
    ) -> Option<Refusal> {
        let put_back = self.put_back.as_deref().filter(|_| methods.refuses_masks())?;
        if put_back.parameters.is_empty() {
            return None;
        }
        let mut parameters = (1..).zip(bind.parameters().into_iter().flatten());
        let is_put_back = |(number, parameter): (usize, Parameter<'_>)| {
            let class = put_back.parameters.get(&number).copied();
            let value = parameter.value.filter(|value| value.len() <= VALUE_BYTES_MAX);
            let Some((class, value)) = class.zip(value) else { return false };
            let type_oid = types.get(number - 1).copied().unwrap_or_default();
            let written = mask::written(type_oid, parameter.is_binary, value);
            written.is_some_and(|written| is_mask(methods, class, &written))
        };
        parameters.any(is_put_back).then(refusal)
    }
}

fn is_mask(methods: &Methods, class: Class, value: &str) -> bool {
    value.len() <= VALUE_BYTES_MAX && mask::is_mask(methods, class, value)
}

/// Strings of a text.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    let sites = loose_sites(text, false).into_iter().flatten();
    sites.filter(|site| site.kind == SiteKind::Text).filter_map(|site| text.get(site.span))
}

/// What the columns hold that it is written into.
fn written<'k>(tie: &'k Tie, known: &'k Known<'_>) -> impl Iterator<Item = Class> + 'k {
    let all = if let Tie::To(all) = tie { all.as_slice() } else { &[] };
    all.iter()
        .filter_map(|tied| match tied {
            Tied::Written { schema, relation, column } => Some((schema.as_deref(), relation, column)),
            Tied::Column(_) | Tied::Behind(_) => None,
        })
        .flat_map(move |(schema, relation, column)| {
            known.catalog.named_in(schema, relation).filter_map(move |relation| {
                let column = match column {
                    Target::Named(name) => relation.columns.iter().find(|column| column.name == *name),
                    Target::At(at) => relation.columns.get(*at),
                };
                let id = ColumnId { table_oid: relation.oid, number: column?.number };
                let is_unsearched = || known.unsearched.is_some_and(|columns| columns.contains_key(&id));
                known.classes.get(&id).copied().or_else(|| is_unsearched().then_some(Class::Document))
            })
        })
}

/// What a client is told that writes what it was shown in place of a value.
fn refusal() -> Refusal {
    Refusal {
        rules: vec!["masks-are-no-values".into()],
        detail: "Rule \"masks-are-no-values\": it writes what Picket shows in place of a masked value into the column of that value, \
                 which would be lost."
            .to_owned(),
        hint: "Leave the column out, or ask whoever runs Picket for the right to see its values (reveal).".to_owned(),
        ..allowance::exceeded()
    }
}
