//! What is recorded of the values that a statement's parameters are bound to.

use std::fmt::Write as _;
use std::rc::Rc;

use mask::{Kept, Recording};
use wire::frontend::{Bind, Parameter};

use super::{Hashes, Recorded, SiteKind, Treat, Writer, hides};

/// Most of one value that is recorded, in bytes, and of all of an execution.
const VALUE_BYTES_MAX: usize = 1_024;
const SAID_BYTES_MAX: usize = 16 << 10;

/// Room that stays with a session for what comes next.
const ROOM_BYTES: usize = 256;

/// Longest value that is looked into: nobody is known by a longer one.
const LOOKED_AT_BYTES_MAX: usize = 64 << 10;

/// Most parameters of a statement whose types are known: values of others that come in binary are not recorded.
pub(crate) const TYPES_MAX: usize = 256;

/// What stands between two values. None has it in it.
const BETWEEN: char = '\0';

/// What is recorded of the values of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// As [`crate::Started::parameters`] has them.
    pub(crate) said: Option<Rc<str>>,
    /// Hashes of those that are not recorded as they are.
    pub(crate) values: Hashes,
}

impl Bound {
    /// Bytes that it keeps.
    pub(crate) fn len(&self) -> usize {
        self.said.as_ref().map_or(0, |said| said.len()) + self.values.len() * size_of::<u64>()
    }
}

impl Recorded {
    /// What is recorded of what this binds, where the first parameters have these types. `said` is room that is used again.
    pub(crate) fn bound(
        &self,
        bind: &Bind<'_>,
        types: &[u32],
        recording: &Recording,
        said: &mut String,
    ) -> Bound {
        if recording.parameters == Kept::Nothing {
            return Bound::default();
        }
        let Ok(parameters) = bind.parameters() else {
            return Bound { said: Some("(too long to be recorded)".into()), values: Hashes::new() };
        };
        if parameters.len() == 0 {
            return Bound::default();
        }
        let mut writer = Writer::of(&recording.parameters, recording.comments);
        let mut left_out = 0_usize;
        for (at, parameter) in parameters.enumerate() {
            let before = said.len();
            if 0 < at {
                said.push(BETWEEN);
            }
            let treat = self.parameters.get(at).copied().unwrap_or(Treat::Hide);
            writer.parameter(parameter, treat, types.get(at).copied().unwrap_or_default(), said);
            if SAID_BYTES_MAX < said.len() {
                said.truncate(before);
                left_out += 1;
            }
        }
        if 0 < left_out {
            // Nothing fails that is written into memory.
            let _ = write!(said, "{BETWEEN}({left_out} more)");
        }
        let bound = Bound { said: Some(said.as_str().into()), values: writer.finish().into_vec() };
        said.clear();
        said.shrink_to(ROOM_BYTES);
        bound
    }
}

impl Writer<'_> {
    /// As the server's own log has it: in quotes, whatever its type is.
    fn parameter(&mut self, parameter: Parameter<'_>, treat: Treat, type_oid: u32, out: &mut String) {
        let Some(value) = parameter.value else { return out.push_str("NULL") };
        let is_short = value.len() <= LOOKED_AT_BYTES_MAX;
        let text = is_short.then(|| mask::written(type_oid, parameter.is_binary, value)).flatten();
        let Some(text) = text else {
            let _ = write!(out, "({} bytes)", value.len());
            return;
        };
        let kind = if mask::is_number(type_oid) { SiteKind::Number } else { SiteKind::Text };
        if *self.kept != Kept::All && hides(treat, kind, &text) {
            return self.hide(&text, SiteKind::Text, out);
        }
        let fits = (0..=text.len().min(VALUE_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
        let shown = fits.and_then(|end| text.get(..end)).unwrap_or_default();
        out.push('\'');
        match shown.contains('\'') {
            true => out.push_str(&shown.replace('\'', "''")),
            false => out.push_str(shown),
        }
        out.push_str(if shown.len() < text.len() { "...'" } else { "'" });
    }
}
