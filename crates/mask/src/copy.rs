//! Rewrites the data of a COPY to the client by its plan, however its rows are cut into messages. What the columns are and which
//! options the COPY has, others say.

mod binary;
mod csv;
mod text;

use thiserror::Error;

use crate::class::Class;
use crate::found::Found;
use crate::plan::{ColumnPlan, Plan};
use crate::rows::shown;

/// How a COPY writes its rows (its options, and what these are by default).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyForm {
    /// `FORMAT text`.
    Text {
        /// Between two values.
        delimiter: u8,
        /// What stands for NULL.
        null: Vec<u8>,
        /// The first line has the columns' names.
        header: bool,
    },
    /// `FORMAT csv`.
    Csv {
        /// Between two values.
        delimiter: u8,
        /// What stands for NULL, where it is not quoted.
        null: Vec<u8>,
        /// Around a value that needs it.
        quote: u8,
        /// Before a quote or itself, between quotes.
        escape: u8,
        /// The first line has the columns' names.
        header: bool,
    },
    /// `FORMAT binary`.
    Binary,
}

/// Data that does not fit its plan or form. It must not be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CopyError {
    /// A row has another number of columns than was described.
    #[error("a row of COPY data has {row} columns, described were {plan}")]
    Columns {
        /// Columns of the row; where there are more than described, one more than those.
        row: usize,
        /// Columns of the plan.
        plan: usize,
    },
    /// It is not in the form that the statement asked for.
    #[error("COPY data with {0}")]
    Form(&'static str),
}

/// The data of one COPY as it comes.
#[derive(Debug)]
pub struct CopyRows {
    form: CopyForm,
    place: Place,
    /// The beginning of a row whose rest has yet to come.
    held: Vec<u8>,
    work: Work,
}

/// Where in the data the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At its beginning, where something comes before the rows.
    Start,
    /// At a row, or at the end.
    Rows,
    /// Behind the mark of its end.
    End,
}

/// What is done with values; the buffers are used again for each.
#[derive(Debug, Default)]
struct Work {
    /// A value as it is, and what is shown in its place.
    value: Vec<u8>,
    shown: Vec<u8>,
    /// Bytes that are not ASCII are UTF-8.
    is_utf8: bool,
    found: Found,
}

/// One row or what stands in its place, at the beginning of some data.
enum Taken {
    /// So many bytes of it, which were written as they are shown.
    Bytes(usize),
    /// Its end is not there yet.
    Part,
}

impl CopyForm {
    /// 0 for text, 1 for binary: of the whole and of each column.
    pub fn format(&self) -> u16 {
        u16::from(*self == CopyForm::Binary)
    }
}

impl CopyRows {
    /// The data of a COPY in this form. Where it is not in UTF-8, it is in an encoding whose bytes below 0x80 are ASCII.
    pub fn new(form: CopyForm, is_utf8: bool) -> Self {
        let place = match &form {
            CopyForm::Text { header: false, .. } | CopyForm::Csv { header: false, .. } => Place::Rows,
            _ => Place::Start,
        };
        CopyRows { form, place, held: Vec::new(), work: Work { is_utf8, ..Work::default() } }
    }

    /// The same where what comes before the rows has passed already.
    #[must_use]
    pub fn without_start(self) -> Self {
        CopyRows { place: Place::Rows, ..self }
    }

    /// Takes the data of one message, and appends what is shown of the rows that end in it.
    ///
    /// # Errors
    ///
    /// [`CopyError`] where the data does not fit; `out` may then hold a part of a row and must be thrown away.
    pub fn take(&mut self, data: &[u8], plan: &Plan, out: &mut Vec<u8>) -> Result<(), CopyError> {
        if self.held.is_empty() {
            let used = self.take_rows(data, plan, out)?;
            self.held.extend_from_slice(data.get(used..).unwrap_or_default());
            return Ok(());
        }
        self.held.extend_from_slice(data);
        // A row of text ends with a line.
        if self.form != CopyForm::Binary && !data.contains(&b'\n') {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let used = self.take_rows(&held, plan, out)?;
        held.drain(..used);
        self.held = held;
        Ok(())
    }

    /// In which columns something was found, and how many values were masked, since this was asked the last time.
    pub fn take_found(&mut self) -> Found {
        std::mem::take(&mut self.work.found)
    }

    /// How many bytes of a row are held whose rest has yet to come.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Whether the data may end here.
    pub fn may_end(&self) -> bool {
        let is_whole = self.form != CopyForm::Binary || self.place == Place::End;
        self.held.is_empty() && is_whole
    }

    /// Takes whole rows: how many bytes they are.
    fn take_rows(&mut self, data: &[u8], plan: &Plan, out: &mut Vec<u8>) -> Result<usize, CopyError> {
        let mut used = 0;
        while let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) {
            let start = out.len();
            match self.take_one(rest, plan, out)? {
                Taken::Bytes(bytes) => used += bytes,
                Taken::Part => {
                    out.truncate(start);
                    break;
                }
            }
        }
        Ok(used)
    }

    fn take_one(&mut self, data: &[u8], plan: &Plan, out: &mut Vec<u8>) -> Result<Taken, CopyError> {
        let work = &mut self.work;
        let taken = match (&self.form, self.place) {
            (_, Place::End) => return Err(CopyError::Form("something behind its end")),
            (CopyForm::Text { delimiter, null, .. }, Place::Rows) => {
                text::row(&text::Form { delimiter: *delimiter, null }, data, plan, work, out)
            }
            (CopyForm::Text { .. }, Place::Start) => Ok(line(data, text::line_bytes(data), out)),
            (CopyForm::Csv { delimiter, null, quote, escape, .. }, place) => {
                let (delimiter, quote, escape) = (*delimiter, *quote, *escape);
                let form = csv::Form { delimiter, null, quote, escape };
                match place {
                    Place::Rows => csv::row(&form, data, plan, work, out),
                    _ => Ok(line(data, form.line_bytes(data), out)),
                }
            }
            (CopyForm::Binary, Place::Start) => binary::header(data, out),
            (CopyForm::Binary, Place::Rows) if data.starts_with(&binary::TRAILER) => {
                self.place = Place::End;
                out.extend_from_slice(&binary::TRAILER);
                return Ok(Taken::Bytes(binary::TRAILER.len()));
            }
            (CopyForm::Binary, Place::Rows) => binary::row(data, plan, work, out),
        };
        // What is wrong with a line is told once it is whole, however it is cut.
        let is_part = self.form != CopyForm::Binary && !data.contains(&b'\n');
        let taken = if taken.is_err() && is_part { Taken::Part } else { taken? };
        if matches!(taken, Taken::Bytes(_)) {
            self.place = Place::Rows;
        }
        Ok(taken)
    }
}

/// A line of names: it passes as it is.
fn line(data: &[u8], bytes: Option<usize>, out: &mut Vec<u8>) -> Taken {
    match bytes.and_then(|bytes| data.get(..bytes)) {
        Some(line) => {
            out.extend_from_slice(line);
            Taken::Bytes(line.len())
        }
        None => Taken::Part,
    }
}

impl Work {
    /// Works out what is shown in place of `self.value`, of the column at `index`. `None` for NULL.
    fn show(&mut self, whole: &Plan, index: usize, plan: &ColumnPlan) -> Option<&[u8]> {
        self.shown.clear();
        let plan = match *plan {
            // Nobody can tell where a character ends.
            ColumnPlan::Mask(_, form, reason)
            | ColumnPlan::Record(_, form, reason)
            | ColumnPlan::Records(_, form, reason)
                if !self.is_utf8 && !self.value.is_ascii() =>
            {
                ColumnPlan::Mask(Class::Derived, form, reason)
            }
            plan => plan,
        };
        let is_value = shown(whole, plan, &self.value, &mut self.shown);
        let shown = is_value.then_some(self.shown.as_slice());
        self.found.note(index, &plan, &self.value, shown);
        shown
    }
}

#[cfg(test)]
mod tests;
