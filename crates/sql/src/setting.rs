//! What PostgreSQL takes the name of a setting for.

/// Names of old, and what they are called now (guc.c, `map_old_guc_names`).
const RENAMED: [(&str, &str); 3] =
    [("sort_mem", "work_mem"), ("ssl_ecdh_curve", "ssl_groups"), ("vacuum_mem", "maintenance_work_mem")];

/// The setting's name as it is known: in small letters, and not one of old.
pub fn setting_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let renamed = RENAMED.iter().find(|(old, _)| *old == name);
    renamed.map(|(_, new)| (*new).to_owned()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_old_are_known() {
        assert_eq!(setting_name("Sort_Mem"), "work_mem");
        assert_eq!(setting_name("TimeZone"), "timezone");
    }
}
