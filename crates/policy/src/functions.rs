//! What is known of functions by their names: those that reach past what a statement shows, and how.
//!
//! PostgreSQL's own up to 18, those of its contrib modules and of extensions that many have. A function is known by its last name in
//! whichever schema, but for a few whose last name is anybody's.

/// How a function is dangerous. Its word is `Picket::Function`'s attribute `danger`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Danger {
    /// It works with files on the server.
    Files,
    /// It speaks to another server.
    OtherServers,
    /// It interferes with other sessions.
    OtherSessions,
    /// It changes or shows what is replicated.
    Replication,
    /// It changes how the server runs.
    Server,
    /// It reads or changes storage below rows.
    Storage,
    /// It runs a text as a query.
    Text,
    /// It shows tables in a form that is not masked.
    Unmasked,
}

impl Danger {
    /// Every way.
    pub(crate) const ALL: [Danger; 8] = [
        Danger::Files,
        Danger::OtherServers,
        Danger::OtherSessions,
        Danger::Replication,
        Danger::Server,
        Danger::Storage,
        Danger::Text,
        Danger::Unmasked,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Danger::Files => "files",
            Danger::OtherServers => "other-servers",
            Danger::OtherSessions => "other-sessions",
            Danger::Replication => "replication",
            Danger::Server => "server",
            Danger::Storage => "storage",
            Danger::Text => "text",
            Danger::Unmasked => "unmasked",
        }
    }
}

/// What a function does beside giving a value, where that is no danger. Its word is `Picket::Function`'s attribute `does`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// It takes locks of its own.
    Lock,
    /// It tells other sessions something.
    Notify,
    /// It changes large objects, or where a sequence stands other than by one step.
    Write,
}

impl Does {
    /// Every word.
    pub(crate) const WORDS: [&str; 3] = ["locks", "notifies", "writes"];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Does::Lock => "locks",
            Does::Notify => "notifies",
            Does::Write => "writes",
        }
    }
}

/// What the function of this name does, if it is known to do anything.
pub(crate) fn does_of(name: &str) -> Option<Does> {
    match name {
        "lo_creat" | "lo_create" | "lo_from_bytea" | "lo_import" | "lo_put" | "lo_truncate"
        | "lo_truncate64" | "lo_unlink" | "lowrite" | "setval" => Some(Does::Write),
        "pg_notify" => Some(Does::Notify),
        _ if name.starts_with("pg_advisory_") || name.starts_with("pg_try_advisory_") => {
            (!name.contains("unlock")).then_some(Does::Lock)
        }
        _ => None,
    }
}

/// A function on the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) danger: Danger,
    /// What it does, as the end of a sentence that begins with its name.
    pub(crate) what: &'static str,
}

/// What is known of the function of this name, if anything.
pub(crate) fn listed(name: &str) -> Option<Listed> {
    let at = FUNCTIONS.binary_search_by(|(function, ..)| (*function).cmp(name)).ok();
    let family = || FAMILIES.iter().find(|(beginning, ..)| name.starts_with(beginning));
    let (_, danger, what) = at.and_then(|at| FUNCTIONS.get(at)).or_else(family)?;
    Some(Listed { danger: *danger, what })
}

/// Every function on the list, and what it does; of a family its beginning and `…`.
pub fn dangerous_functions() -> impl Iterator<Item = (String, &'static str)> {
    let families = FAMILIES.iter().map(|(beginning, _, what)| (format!("{beginning}…"), *what));
    families.chain(FUNCTIONS.iter().map(|(name, _, what)| ((*name).to_owned(), *what)))
}

/// Those that are known only with the schema of their extension: their last names can be anybody's.
const QUALIFIED: [(&str, &str); 5] = [
    ("aws_lambda", "invoke"),
    ("cron", "alter_job"),
    ("cron", "schedule"),
    ("cron", "schedule_in_database"),
    ("utl_file", "fopen"),
];

/// Names on the list of what is called so, in the schemas of extensions where it `may_be`.
pub(crate) fn in_extensions(name: &str, may_be: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
    let known = QUALIFIED.into_iter().filter(move |(schema, known)| *known == name && may_be(schema));
    known.map(|(schema, name)| format!("{schema}.{name}"))
}

/// Views that show what a function of the list does.
pub(crate) const VIEWS: [&str; 3] = ["pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings"];

const OTHER_SERVERS: &str = "speaks to another server, past Picket";
const OTHER_SESSIONS: &str = "interferes with other sessions";
const RAW: &str = "reads or changes storage below rows, past masks and checks";
const SERVER: &str = "changes how the server runs";
const TEXT: &str = "runs a text that Picket does not read";
const WAL: &str = "changes or shows what is replicated";
const XML: &str = "shows tables in a form that is not masked";

/// What whole families of functions are called, in each version of the server with a few more.
const FAMILIES: [(&str, Danger, &str); 5] = [
    ("binary_upgrade_", Danger::Storage, RAW),
    ("pg_logical_slot_", Danger::Replication, WAL),
    ("pg_ls_", Danger::Files, "lists files"),
    ("pg_read_", Danger::Files, "reads a file"),
    ("pg_stat_reset", Danger::Server, SERVER),
];

/// All others in order of their names.
pub(crate) const FUNCTIONS: [(&str, Danger, &str); 144] = [
    ("autoprewarm_dump_now", Danger::Files, "writes a file"),
    ("autoprewarm_start_worker", Danger::Server, SERVER),
    ("aws_lambda.invoke", Danger::OtherServers, OTHER_SERVERS),
    ("bdr_replicate_ddl_command", Danger::Text, TEXT),
    ("brin_page_items", Danger::Storage, RAW),
    ("bt_page_items", Danger::Storage, RAW),
    ("check_foreign_key", Danger::Text, TEXT),
    ("check_primary_key", Danger::Text, TEXT),
    ("connectby", Danger::Text, TEXT),
    ("cron.alter_job", Danger::Text, TEXT),
    ("cron.schedule", Danger::Text, TEXT),
    ("cron.schedule_in_database", Danger::Text, TEXT),
    ("crosstab", Danger::Text, TEXT),
    ("crosstab2", Danger::Text, TEXT),
    ("crosstab3", Danger::Text, TEXT),
    ("crosstab4", Danger::Text, TEXT),
    ("crosstabn", Danger::Text, TEXT),
    ("cursor_to_xml", Danger::Unmasked, XML),
    ("cursor_to_xmlschema", Danger::Unmasked, XML),
    ("database_to_xml", Danger::Unmasked, XML),
    ("database_to_xml_and_xmlschema", Danger::Unmasked, XML),
    ("database_to_xmlschema", Danger::Unmasked, XML),
    ("dblink", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_build_sql_delete", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_build_sql_insert", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_build_sql_update", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_connect", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_connect_u", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_exec", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_fetch", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_get_result", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_open", Danger::OtherServers, OTHER_SERVERS),
    ("dblink_send_query", Danger::OtherServers, OTHER_SERVERS),
    ("drop_chunks", Danger::Storage, "drops parts of tables"),
    ("fsm_page_contents", Danger::Storage, RAW),
    ("get_raw_page", Danger::Storage, RAW),
    ("gin_leafpage_items", Danger::Storage, RAW),
    ("gist_page_items", Danger::Storage, RAW),
    ("gist_page_items_bytea", Danger::Storage, RAW),
    ("hash_page_items", Danger::Storage, RAW),
    ("heap_force_freeze", Danger::Storage, RAW),
    ("heap_force_kill", Danger::Storage, RAW),
    ("heap_page_item_attrs", Danger::Storage, RAW),
    ("heap_page_items", Danger::Storage, RAW),
    ("http_delete", Danger::OtherServers, OTHER_SERVERS),
    ("http_get", Danger::OtherServers, OTHER_SERVERS),
    ("http_head", Danger::OtherServers, OTHER_SERVERS),
    ("http_patch", Danger::OtherServers, OTHER_SERVERS),
    ("http_post", Danger::OtherServers, OTHER_SERVERS),
    ("http_put", Danger::OtherServers, OTHER_SERVERS),
    ("lo_export", Danger::Files, "writes a file"),
    ("lo_import", Danger::Files, "reads a file"),
    ("lo_manage", Danger::Storage, "deletes large objects"),
    ("lo_truncate", Danger::Storage, RAW),
    ("lo_truncate64", Danger::Storage, RAW),
    ("lo_unlink", Danger::Storage, RAW),
    ("master_run_on_worker", Danger::Text, TEXT),
    ("pg_background_launch", Danger::Text, TEXT),
    ("pg_background_launch_v2", Danger::Text, TEXT),
    ("pg_background_submit_v2", Danger::Text, TEXT),
    ("pg_backup_start", Danger::Server, SERVER),
    ("pg_backup_stop", Danger::Server, SERVER),
    ("pg_buffercache_evict", Danger::Server, SERVER),
    ("pg_buffercache_evict_all", Danger::Server, SERVER),
    ("pg_buffercache_evict_relation", Danger::Server, SERVER),
    ("pg_cancel_backend", Danger::OtherSessions, OTHER_SESSIONS),
    ("pg_clear_attribute_stats", Danger::Server, SERVER),
    ("pg_clear_relation_stats", Danger::Server, SERVER),
    ("pg_copy_logical_replication_slot", Danger::Replication, WAL),
    ("pg_copy_physical_replication_slot", Danger::Replication, WAL),
    ("pg_create_logical_replication_slot", Danger::Replication, WAL),
    ("pg_create_physical_replication_slot", Danger::Replication, WAL),
    ("pg_create_restore_point", Danger::Replication, WAL),
    ("pg_current_logfile", Danger::Files, "tells of a file"),
    ("pg_drop_replication_slot", Danger::Replication, WAL),
    ("pg_extension_config_dump", Danger::Server, SERVER),
    ("pg_file_length", Danger::Files, "tells of a file"),
    ("pg_file_read", Danger::Files, "reads a file"),
    ("pg_file_rename", Danger::Files, "renames a file"),
    ("pg_file_settings", Danger::Files, "shows configuration files"),
    ("pg_file_sync", Danger::Files, "touches a file"),
    ("pg_file_unlink", Danger::Files, "deletes a file"),
    ("pg_file_write", Danger::Files, "writes a file"),
    ("pg_get_wal_block_info", Danger::Storage, RAW),
    ("pg_get_wal_record_info", Danger::Storage, RAW),
    ("pg_get_wal_records_info", Danger::Storage, RAW),
    ("pg_get_wal_records_info_till_end_of_wal", Danger::Storage, RAW),
    ("pg_hba_file_rules", Danger::Files, "shows who may connect"),
    ("pg_ident_file_mappings", Danger::Files, "shows who may connect"),
    ("pg_import_system_collations", Danger::Server, SERVER),
    ("pg_log_backend_memory_contexts", Danger::OtherSessions, OTHER_SESSIONS),
    ("pg_logdir_ls", Danger::Files, "lists files"),
    ("pg_logfile_rotate", Danger::Server, SERVER),
    ("pg_logical_emit_message", Danger::Replication, WAL),
    ("pg_nextoid", Danger::Storage, RAW),
    ("pg_promote", Danger::Server, SERVER),
    ("pg_reload_conf", Danger::Server, SERVER),
    ("pg_replication_origin_advance", Danger::Replication, WAL),
    ("pg_replication_origin_create", Danger::Replication, WAL),
    ("pg_replication_origin_drop", Danger::Replication, WAL),
    ("pg_replication_origin_session_reset", Danger::Replication, WAL),
    ("pg_replication_origin_session_setup", Danger::Replication, WAL),
    ("pg_replication_origin_xact_reset", Danger::Replication, WAL),
    ("pg_replication_origin_xact_setup", Danger::Replication, WAL),
    ("pg_replication_slot_advance", Danger::Replication, WAL),
    ("pg_restore_attribute_stats", Danger::Server, SERVER),
    ("pg_restore_relation_stats", Danger::Server, SERVER),
    ("pg_rotate_logfile", Danger::Server, SERVER),
    ("pg_rotate_logfile_old", Danger::Server, SERVER),
    ("pg_show_all_file_settings", Danger::Files, "shows configuration files"),
    ("pg_start_backup", Danger::Server, SERVER),
    ("pg_stat_file", Danger::Files, "tells of a file"),
    ("pg_stat_statements_reset", Danger::Server, SERVER),
    ("pg_stop_backup", Danger::Server, SERVER),
    ("pg_stop_making_pinned_objects", Danger::Server, SERVER),
    ("pg_switch_wal", Danger::Replication, WAL),
    ("pg_sync_replication_slots", Danger::Replication, WAL),
    ("pg_terminate_backend", Danger::OtherSessions, OTHER_SESSIONS),
    ("pg_truncate_visibility_map", Danger::Storage, RAW),
    ("pg_wal_replay_pause", Danger::Replication, WAL),
    ("pg_wal_replay_resume", Danger::Replication, WAL),
    ("query_export_to_s3", Danger::OtherServers, OTHER_SERVERS),
    ("query_to_xml", Danger::Text, TEXT),
    ("query_to_xml_and_xmlschema", Danger::Text, TEXT),
    ("query_to_xmlschema", Danger::Text, TEXT),
    ("replicate_ddl_command", Danger::Text, TEXT),
    ("run_command_on_all_nodes", Danger::Text, TEXT),
    ("run_command_on_colocated_placements", Danger::Text, TEXT),
    ("run_command_on_coordinator", Danger::Text, TEXT),
    ("run_command_on_placements", Danger::Text, TEXT),
    ("run_command_on_shards", Danger::Text, TEXT),
    ("run_command_on_workers", Danger::Text, TEXT),
    ("schema_to_xml", Danger::Unmasked, XML),
    ("schema_to_xml_and_xmlschema", Danger::Unmasked, XML),
    ("schema_to_xmlschema", Danger::Unmasked, XML),
    ("table_import_from_s3", Danger::OtherServers, OTHER_SERVERS),
    ("table_to_xml", Danger::Unmasked, XML),
    ("table_to_xml_and_xmlschema", Danger::Unmasked, XML),
    ("table_to_xmlschema", Danger::Unmasked, XML),
    ("ts_rewrite", Danger::Text, TEXT),
    ("ts_stat", Danger::Text, TEXT),
    ("tuple_data_split", Danger::Storage, RAW),
    ("utl_file.fopen", Danger::Files, "opens a file"),
    ("xpath_table", Danger::Text, TEXT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_its_own_is_known() {
        for name in ["setval", "lo_put", "pg_notify", "pg_try_advisory_xact_lock_shared"] {
            assert!(does_of(name).is_some_and(|does| Does::WORDS.contains(&does.word())), "{name}");
        }
        for name in ["nextval", "currval", "pg_advisory_unlock_all", "loread", "lo_get"] {
            assert_eq!(does_of(name), None, "{name}");
        }
    }

    #[test]
    fn functions_are_found_because_they_are_in_order() {
        assert!(FUNCTIONS.is_sorted_by(|(one, ..), (next, ..)| one < next));
        assert_eq!(listed("pg_stat_file").map(|listed| listed.danger), Some(Danger::Files));
        assert_eq!(listed("pg_read_file_old").map(|listed| listed.danger), Some(Danger::Files));
        assert!(listed("lower").is_none());
    }
}
