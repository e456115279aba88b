//! What: functions that reach past what a statement shows: into other servers, other sessions, the write-ahead log, raw pages,
//! and those that run a text as a query.
//! Why: what they do is in no fact that other rules and the masks look at, or cannot be undone.
//! Example: `SELECT pg_terminate_backend(42)` and `SELECT query_to_xml('SELECT …', …)` are refused; `SELECT now()` is not.
//!
//! A function is known by its last name in whichever schema. Files are kept by `no-server-files`.

use sql::Statement;

use crate::rules::first_listed;
use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-dangerous-function";

const OTHER_SERVERS: &str = "speaks to another server, past Picket";
const OTHER_SESSIONS: &str = "interferes with other sessions";
const RAW: &str = "reads or changes storage below rows, past masks and checks";
const SERVER: &str = "changes how the server runs";
const TEXT: &str = "runs a text that Picket does not read";
const WAL: &str = "changes or shows what is replicated";
const XML: &str = "shows tables in a form that is not masked";

/// Functions in order of their names, and what each does: PostgreSQL's own up to 18, and those of its contrib modules.
pub(super) const FUNCTIONS: [(&str, &str); 108] = [
    ("binary_upgrade_set_next_heap_relfilenode", RAW),
    ("binary_upgrade_set_next_pg_authid_oid", RAW),
    ("binary_upgrade_set_next_toast_pg_class_oid", RAW),
    ("brin_page_items", RAW),
    ("bt_page_items", RAW),
    ("connectby", TEXT),
    ("crosstab", TEXT),
    ("crosstab2", TEXT),
    ("crosstab3", TEXT),
    ("crosstab4", TEXT),
    ("crosstabn", TEXT),
    ("cursor_to_xml", XML),
    ("cursor_to_xmlschema", XML),
    ("database_to_xml", XML),
    ("database_to_xml_and_xmlschema", XML),
    ("database_to_xmlschema", XML),
    ("dblink", OTHER_SERVERS),
    ("dblink_build_sql_delete", OTHER_SERVERS),
    ("dblink_build_sql_insert", OTHER_SERVERS),
    ("dblink_build_sql_update", OTHER_SERVERS),
    ("dblink_connect", OTHER_SERVERS),
    ("dblink_connect_u", OTHER_SERVERS),
    ("dblink_exec", OTHER_SERVERS),
    ("dblink_fetch", OTHER_SERVERS),
    ("dblink_get_result", OTHER_SERVERS),
    ("dblink_open", OTHER_SERVERS),
    ("dblink_send_query", OTHER_SERVERS),
    ("fsm_page_contents", RAW),
    ("get_raw_page", RAW),
    ("gin_leafpage_items", RAW),
    ("gist_page_items", RAW),
    ("gist_page_items_bytea", RAW),
    ("hash_page_items", RAW),
    ("heap_force_freeze", RAW),
    ("heap_force_kill", RAW),
    ("heap_page_item_attrs", RAW),
    ("heap_page_items", RAW),
    ("lo_unlink", RAW),
    ("pg_background_launch", TEXT),
    ("pg_backup_start", SERVER),
    ("pg_backup_stop", SERVER),
    ("pg_buffercache_evict", SERVER),
    ("pg_buffercache_evict_all", SERVER),
    ("pg_buffercache_evict_relation", SERVER),
    ("pg_cancel_backend", OTHER_SESSIONS),
    ("pg_clear_attribute_stats", SERVER),
    ("pg_clear_relation_stats", SERVER),
    ("pg_copy_logical_replication_slot", WAL),
    ("pg_copy_physical_replication_slot", WAL),
    ("pg_create_logical_replication_slot", WAL),
    ("pg_create_physical_replication_slot", WAL),
    ("pg_create_restore_point", WAL),
    ("pg_drop_replication_slot", WAL),
    ("pg_extension_config_dump", SERVER),
    ("pg_get_wal_block_info", RAW),
    ("pg_get_wal_record_info", RAW),
    ("pg_get_wal_records_info", RAW),
    ("pg_import_system_collations", SERVER),
    ("pg_log_backend_memory_contexts", OTHER_SESSIONS),
    ("pg_logical_emit_message", WAL),
    ("pg_logical_slot_get_binary_changes", WAL),
    ("pg_logical_slot_get_changes", WAL),
    ("pg_logical_slot_peek_binary_changes", WAL),
    ("pg_logical_slot_peek_changes", WAL),
    ("pg_nextoid", RAW),
    ("pg_promote", SERVER),
    ("pg_reload_conf", SERVER),
    ("pg_replication_origin_advance", WAL),
    ("pg_replication_origin_create", WAL),
    ("pg_replication_origin_drop", WAL),
    ("pg_replication_origin_session_setup", WAL),
    ("pg_replication_slot_advance", WAL),
    ("pg_restore_attribute_stats", SERVER),
    ("pg_restore_relation_stats", SERVER),
    ("pg_rotate_logfile", SERVER),
    ("pg_rotate_logfile_old", SERVER),
    ("pg_start_backup", SERVER),
    ("pg_stat_reset", SERVER),
    ("pg_stat_reset_backend_stats", SERVER),
    ("pg_stat_reset_replication_slot", SERVER),
    ("pg_stat_reset_shared", SERVER),
    ("pg_stat_reset_single_function_counters", SERVER),
    ("pg_stat_reset_single_table_counters", SERVER),
    ("pg_stat_reset_slru", SERVER),
    ("pg_stat_reset_subscription_stats", SERVER),
    ("pg_stat_statements_reset", SERVER),
    ("pg_stop_backup", SERVER),
    ("pg_switch_wal", WAL),
    ("pg_sync_replication_slots", WAL),
    ("pg_terminate_backend", OTHER_SESSIONS),
    ("pg_truncate_visibility_map", RAW),
    ("pg_wal_replay_pause", WAL),
    ("pg_wal_replay_resume", WAL),
    ("query_export_to_s3", OTHER_SERVERS),
    ("query_to_xml", TEXT),
    ("query_to_xml_and_xmlschema", TEXT),
    ("query_to_xmlschema", TEXT),
    ("schema_to_xml", XML),
    ("schema_to_xml_and_xmlschema", XML),
    ("schema_to_xmlschema", XML),
    ("table_import_from_s3", OTHER_SERVERS),
    ("table_to_xml", XML),
    ("table_to_xml_and_xmlschema", XML),
    ("table_to_xmlschema", XML),
    ("ts_rewrite", TEXT),
    ("ts_stat", TEXT),
    ("tuple_data_split", RAW),
    ("xpath_table", TEXT),
];

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let (name, what) = first_listed(&FUNCTIONS, statement.calls())?;
    Some(Refusal::guardrail(
        RULE,
        &format!("\"{name}\" {what}"),
        "Ask an administrator of the database to run it.",
    ))
}
