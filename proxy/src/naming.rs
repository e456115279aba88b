//! How people name requests, grants and sessions: by a UUID, or by the end of one. Its beginning is a time, its end is random.

use uuid::Uuid;

/// Letters of a short name, and fewest that name something.
pub(crate) const NAME_LETTERS: usize = 8;

/// The short name.
pub(crate) fn short(id: Uuid) -> String {
    let id = id.simple().to_string();
    id[id.len() - NAME_LETTERS..].to_owned()
}

/// Whether that is the identifier, or the end of it.
pub(crate) fn is_called(id: Uuid, name: &str) -> bool {
    let name = name.replace('-', "").to_ascii_lowercase();
    NAME_LETTERS <= name.len() && id.simple().to_string().ends_with(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_names_it_and_nothing_else_does() {
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_1a2b_3c4d);
        assert_eq!(short(id), "1a2b3c4d");
        for name in ["1a2b3c4d", "1A2B3C4D", "0-1a2b-3c4d", &id.to_string(), &id.simple().to_string()] {
            assert!(is_called(id, name), "{name}");
        }
        for name in ["", "4d", "a2b3c4d", "01970000", "1a2b3c4e", "--------", "%a2b3c4d", "001a2b3c4d0"] {
            assert!(!is_called(id, name), "{name}");
        }
        assert!(!is_called(id, &format!("0{}", id.simple())));
    }
}
