//! What happens to each column of a result, with the reason.

use std::sync::Arc;

use wire::backend::Field;

use crate::class::Class;
use crate::columns::{Classes, ColumnId, is_string, is_text};
use crate::methods::Methods;

/// First OID that is not assigned by PostgreSQL itself (`FirstNormalObjectId`, transam.h).
pub const FIRST_NORMAL_OID: u32 = 16384;

/// What happens to one column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPlan {
    /// They pass as they are.
    Clear(Reason),
    /// They are masked as this class is, where the type has a value for that; otherwise they become NULL.
    Mask(Class, Form, Reason),
    /// Each is looked at, and what is sensitive in it is masked.
    Scan(Form, Reason),
    /// They are records, whose fields have plans of their own: those in this place of the whole plan. What is no such record becomes NULL.
    Record(u16, Form, Reason),
    /// They are arrays of such records, whose type is the one of the form. What is anything else becomes NULL.
    Records(u16, Form, Reason),
}

/// What happens to a field of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPlan {
    /// OID of its type; that of text for each whose values are strings.
    pub type_oid: u32,
    /// It is no record itself.
    pub shown: ColumnPlan,
}

impl FieldPlan {
    /// Plans a field. `class` says what is known of it; `is_unsearched`, that nothing more is; `reveals`, which classes whoever asks may see.
    pub fn new(
        (type_oid, format): (u32, u16),
        class: Option<Class>,
        is_unsearched: bool,
        reveals: impl Fn(Class) -> bool,
    ) -> Self {
        let format = i16::try_from(format).unwrap_or(i16::MAX);
        // How long a string may be nobody knows here.
        let own = if type_oid == TEXT { VARCHAR } else { type_oid };
        let form = |type_oid| Form { type_oid, format };
        let shown = match class {
            Some(class) if reveals(class) => ColumnPlan::Clear(Reason::Revealed(class)),
            // It is NULL, as it may have been.
            Some(Class::Derived) => ColumnPlan::Mask(Class::Derived, form(0), Reason::Classified),
            Some(class) => ColumnPlan::Mask(class, form(own), Reason::Classified),
            None if is_unsearched && is_text(type_oid) && !reveals(Class::Derived) => {
                ColumnPlan::Scan(form(own), Reason::Unsearched)
            }
            None => ColumnPlan::Clear(Reason::KnownHarmless),
        };
        FieldPlan { type_oid, shown }
    }

    /// Whether values of this type can be in it.
    pub(crate) fn may_be(&self, type_oid: u32) -> bool {
        self.type_oid == TEXT || self.type_oid == type_oid
    }
}

/// OIDs of `text` and `varchar` (pg_type.dat).
const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;

impl ColumnPlan {
    /// Whether something else is shown in place of a value, which may be NULL.
    pub(crate) fn rewrites(&self, is_null: bool) -> bool {
        !matches!(self, ColumnPlan::Clear(_)) && (!is_null || self.is_constant())
    }

    /// Whether every value is shown as the same, also NULL: what is computed from sensitive values could be made NULL or empty to
    /// answer a question.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self, ColumnPlan::Mask(Class::Derived, form, _) if constant(form.type_oid).is_some())
    }
}

/// What is shown of a computed value of this type; `None`: NULL.
pub(crate) fn constant(type_oid: u32) -> Option<&'static [u8]> {
    match type_oid {
        // text and unknown.
        25 | 705 => Some(b"***"),
        // varchar and name, which may have room for one letter.
        1043 | 19 => Some(b"*"),
        _ => None,
    }
}

/// How values come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// OID of their type.
    pub type_oid: u32,
    /// 0 for text, 1 for binary.
    pub format: i16,
}

impl Form {
    fn of(field: &Field<'_>) -> Self {
        Form { type_oid: field.type_oid, format: i16::try_from(field.format).unwrap_or(i16::MAX) }
    }

    /// Whether values come as they are written in text.
    pub fn is_text(&self) -> bool {
        self.format == 0 || is_string(self.type_oid)
    }
}

/// Why a column is treated as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is a column that is known to hold nothing of this kind.
    KnownHarmless,
    /// It is a column that is known to hold it.
    Classified,
    /// It holds this, and whoever asks may see it.
    Revealed(Class),
    /// Nothing is known of it, and whoever asks may see whatever it holds.
    MayBeSeen,
    /// It is a column of a relation that the catalog does not show yet: scanned where it can hold text.
    UnknownRelation,
    /// It is a column of which nothing is known: what its form alone tells is masked.
    Unsearched,
    /// Its type cannot hold text.
    NotText,
    /// It is computed, or comes from PostgreSQL's own catalogs, and cannot show anything sensitive.
    NoColumn,
    /// It is computed, and can show values of sensitive columns.
    Traced,
}

/// What the catalog knows of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It does not have it.
    Not,
    /// It has it, and where it is no sensitive one, nothing is known of its values.
    ByName,
    /// What it holds.
    ByValues,
}

/// What happens to the columns of one result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    columns: Vec<ColumnPlan>,
    records: Vec<Box<[FieldPlan]>>,
    masks: bool,
    methods: Arc<Methods>,
}

impl Plan {
    /// What happens to a column that may hold anything sensitive.
    pub fn hidden(field: &Field<'_>) -> ColumnPlan {
        ColumnPlan::Mask(Class::Derived, Form::of(field), Reason::Traced)
    }

    /// Plans one column. `known` says what the catalog knows of it, or of what it is computed from; `shows`, where it is
    /// computed, whether it can show something sensitive; `reveals`, which classes whoever asks may see.
    pub fn column(
        field: &Field<'_>,
        known: Known,
        classes: &Classes,
        shows: impl FnOnce() -> bool,
        reveals: impl Fn(Class) -> bool,
    ) -> ColumnPlan {
        let form = Form::of(field);
        let mask = |class, reason| match reveals(class) {
            true => ColumnPlan::Clear(Reason::Revealed(class)),
            false => ColumnPlan::Mask(class, form, reason),
        };
        let scan = |reason| match is_text(field.type_oid) {
            _ if reveals(Class::Derived) => ColumnPlan::Clear(Reason::MayBeSeen),
            true => ColumnPlan::Scan(form, reason),
            false => ColumnPlan::Clear(Reason::NotText),
        };
        let id = ColumnId { table_oid: field.table_oid, number: field.column };
        match classes.get(&id) {
            Some(class) => mask(*class, Reason::Classified),
            None if field.table_oid < FIRST_NORMAL_OID || field.column <= 0 => match shows() {
                true => mask(Class::Derived, Reason::Traced),
                false if known == Known::ByName => scan(Reason::Unsearched),
                false => ColumnPlan::Clear(Reason::NoColumn),
            },
            None => match known {
                Known::Not => scan(Reason::UnknownRelation),
                Known::ByName => scan(Reason::Unsearched),
                Known::ByValues => ColumnPlan::Clear(Reason::KnownHarmless),
            },
        }
    }

    /// A plan of these columns, in the order of the result.
    pub fn new(columns: Vec<ColumnPlan>, methods: Arc<Methods>) -> Self {
        let masks = columns.iter().any(|column| !matches!(column, ColumnPlan::Clear(_)));
        Plan { columns, records: Vec::new(), masks, methods }
    }

    /// The same with the fields of these records, in their places.
    #[must_use]
    pub fn with_records(self, records: Vec<Box<[FieldPlan]>>) -> Self {
        Plan { records, ..self }
    }

    /// Whether any column has records whose fields have plans of their own.
    pub fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// The fields of the records in this place.
    pub(crate) fn record(&self, place: u16) -> Option<&[FieldPlan]> {
        self.records.get(usize::from(place)).map(|fields| &**fields)
    }

    /// Whether any column is masked or scanned; if not, rows pass untouched.
    pub fn masks(&self) -> bool {
        self.masks
    }

    /// How values are masked.
    pub fn methods(&self) -> &Arc<Methods> {
        &self.methods
    }

    /// The columns in the order of the result.
    pub fn columns(&self) -> &[ColumnPlan] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_reason() {
        let field =
            |table_oid, column, type_oid| Field { name: b"x", table_oid, column, type_oid, format: 0 };
        let classes = Classes::from([(ColumnId { table_oid: 20000, number: 2 }, Class::Email)]);
        let plan = |field: &Field<'_>, known| {
            let known = if known { Known::ByValues } else { Known::Not };
            Plan::column(field, known, &classes, || field.name == b"shows", |_| field.name == b"seen")
        };
        let form = |type_oid| Form { type_oid, format: 0 };
        let email = ColumnPlan::Mask(Class::Email, form(25), Reason::Classified);
        assert_eq!(plan(&field(20000, 2, 25), true), email);
        let seen = Field { name: b"seen", ..field(20000, 2, 25) };
        assert_eq!(plan(&seen, true), ColumnPlan::Clear(Reason::Revealed(Class::Email)));
        let computed = Plan::column(&field(0, 0, 25), Known::ByValues, &classes, || true, |_| true);
        assert_eq!(computed, ColumnPlan::Clear(Reason::Revealed(Class::Derived)));
        let unknown = Plan::column(&field(20001, 1, 25), Known::Not, &classes, || true, |_| true);
        assert_eq!(unknown, ColumnPlan::Clear(Reason::MayBeSeen));
        assert_eq!(plan(&field(20000, 1, 25), true), ColumnPlan::Clear(Reason::KnownHarmless));
        assert_eq!(plan(&field(20001, 1, 25), false), ColumnPlan::Scan(form(25), Reason::UnknownRelation));
        assert_eq!(plan(&field(20001, 1, 23), false), ColumnPlan::Clear(Reason::NotText));
        assert_eq!(plan(&field(0, 0, 25), false), ColumnPlan::Clear(Reason::NoColumn));
        let by_name = |field| Plan::column(&field, Known::ByName, &classes, || false, |_| false);
        assert_eq!(by_name(field(20000, 1, 25)), ColumnPlan::Scan(form(25), Reason::Unsearched));
        assert_eq!(by_name(field(0, 0, 25)), ColumnPlan::Scan(form(25), Reason::Unsearched));
        assert_eq!(by_name(field(20000, 1, 23)), ColumnPlan::Clear(Reason::NotText));
        let traced = |type_oid| ColumnPlan::Mask(Class::Derived, form(type_oid), Reason::Traced);
        let shows = |type_oid| Field { name: b"shows", ..field(0, 0, type_oid) };
        assert_eq!(plan(&shows(25), false), traced(25));
        assert_eq!(plan(&shows(23), false), traced(23));
        let row = Field { name: b"shows", ..field(20000, 0, 20010) };
        assert_eq!(plan(&row, true), traced(20010));
    }
}
