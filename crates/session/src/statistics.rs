//! PostgreSQL's own relations and functions that show values of others' columns: no class is told of what is in them.

/// Relations that hold such values, what others ask, or secrets; one is an extension's.
pub const STATISTICS: [&str; 16] = [
    "_pg_user_mappings",
    "pg_authid",
    "pg_largeobject",
    "pg_shadow",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_statistic_ext_data",
    "pg_stats",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_subscription",
    "pg_user_mapping",
    "pg_user_mappings",
    "user_mapping_options",
];

/// Their columns that do (pg_statistic.h, system_views.sql, information_schema.sql).
pub(crate) const STATISTICS_COLUMNS: [&str; 20] = [
    "data",
    "histogram_bounds",
    "most_common_elems",
    "most_common_vals",
    "option_value",
    "passwd",
    "query",
    "range_bounds_histogram",
    "rolpassword",
    "stavalues1",
    "stavalues2",
    "stavalues3",
    "stavalues4",
    "stavalues5",
    "stxdexpr",
    "stxdmcv",
    "stxdhistogram",
    "stxdstats",
    "subconninfo",
    "umoptions",
];

/// Their other columns, so that one of them behind a dot is not taken for a call that is given the whole row.
pub(crate) const STATISTICS_PLAIN_COLUMNS: &str = "\
    application_name attname attnames authorization_identifier avg_width backend_start backend_type backend_xid backend_xmin client_addr \
    client_hostname client_port correlation datid datname dependencies elem_count_histogram expr exprs \
    foreign_server_catalog foreign_server_name inherited \
    kinds leader_pid loid most_common_base_freqs most_common_elem_freqs most_common_freqs most_common_val_nulls \
    n_distinct null_frac oid option_name pageno pid query_id query_start range_empty_frac range_length_histogram rolbypassrls \
    rolcanlogin rolconnlimit rolcreatedb rolcreaterole rolinherit rolname rolreplication rolsuper rolvaliduntil \
    schemaname srvid srvname srvowner staattnum stacoll1 stacoll2 stacoll3 stacoll4 stacoll5 stadistinct stainherit stakind1 \
    stakind2 stakind3 stakind4 stakind5 stanullfrac stanumbers1 stanumbers2 stanumbers3 stanumbers4 stanumbers5 \
    staop1 staop2 staop3 staop4 staop5 starelid state state_change statistics_name statistics_owner \
    statistics_schemaname stawidth stxddependencies stxdinherit stxdndistinct stxexprs stxkeys stxkind stxname \
    stxnamespace stxoid stxowner stxrelid stxstattarget subbinary subdbid subdisableonerr subenabled subname \
    subowner subpublications subskiplsn subslotname substream subsynccommit subtwophasestate tablename umid umserver \
    umuser usebypassrls useconfig usecreatedb usename userepl usesuper usesysid valuntil wait_event wait_event_type \
    xact_start";

/// Where partitions are made of values, so are their bounds: this column of this relation, and this function.
pub(crate) const BOUNDS: &str = "relpartbound";
pub(crate) const BOUNDS_RELATION: &str = "pg_class";
pub(crate) const BOUNDS_FUNCTION: &str = "pg_get_partition_constraintdef";

/// The other columns of that relation (pg_class.h).
pub(crate) const BOUNDS_PLAIN_COLUMNS: &str = "\
    oid relacl relallfrozen relallvisible relam relchecks relfilenode relforcerowsecurity relfrozenxid relhasindex relhasrules \
    relhassubclass relhastriggers relispartition relispopulated relisshared relkind relminmxid relname relnamespace relnatts reloftype \
    reloptions relowner relpages relpersistence relreplident relrewrite relrowsecurity reltablespace reltoastrelid reltuples reltype";

/// Functions behind such relations (pg_proc.dat).
pub const STATISTICS_FUNCTIONS: [&str; 5] =
    ["lo_get", "loread", "pg_stat_get_activity", "pg_stat_get_backend_activity", "pg_stat_statements"];
