//! What a COPY to the client reveals that nobody has to mask anything of, and so is not described.

use mask::Class;

use crate::evidence::{ResultNames, Treated};
use crate::judged::Judged;
use crate::shown::classed;
use crate::state::Environment;

/// Column of what is computed, of which nobody knows more.
const COMPUTED: &str = "(copy)";

/// All sensitive columns of the relations that it reads: which of them are copied was not asked for. Where it can show what
/// is sensitive and reads none, that it does.
pub(crate) fn by_copy(judged: &Judged, env: &Environment<'_>) -> ResultNames {
    let mut names = ResultNames::default();
    for relation in judged.relations_read(env.catalog) {
        for (column, class) in classed(relation, env.classes) {
            names.note(format!("{}.{}", relation.path(), column.name), Treated::Revealed(class));
        }
    }
    if names.returned.is_empty() && judged.shown.is_anything() {
        names.note(COMPUTED.to_owned(), Treated::Revealed(Class::Derived));
    }
    names
}
