SELECT current_database(), current_schema(), session_user = current_user, current_schemas(true)

SHOW search_path

SHOW max_identifier_length

SELECT setting FROM pg_catalog.pg_settings WHERE name = 'standard_conforming_strings'

SELECT name, setting, unit, category, short_desc, vartype, boot_val FROM pg_catalog.pg_settings WHERE name LIKE 'enable%' ORDER BY name

SELECT d.oid, d.*, pg_encoding_to_char(d.encoding) FROM pg_catalog.pg_database d WHERE d.datname = current_database()

SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass WHERE n.nspname IN ('hr', 'public') ORDER BY n.nspname

SELECT r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcanlogin, r.rolpassword, r.rolvaliduntil, pg_catalog.shobj_description(r.oid, 'pg_authid') FROM pg_catalog.pg_roles r WHERE r.rolname LIKE 'shop%' ORDER BY r.rolname

SELECT m.roleid::regrole, m.member::regrole, m.admin_option FROM pg_catalog.pg_auth_members m WHERE m.member < 16384 ORDER BY 1, 2

SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound, pg_catalog.pg_get_partkeydef(c.oid) AS key FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = 'hr'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid

SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS default_value, d.description, pg_catalog.format_type(a.atttypid, a.atttypmod), c.relkind, dep.objid FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum LEFT JOIN pg_catalog.pg_description d ON d.objoid = a.attrelid AND d.objsubid = a.attnum LEFT JOIN pg_catalog.pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.relnamespace = 'hr'::regnamespace ORDER BY c.oid, a.attnum, dep.objid

SELECT ad.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) FROM pg_catalog.pg_attrdef ad JOIN pg_catalog.pg_class c ON c.oid = ad.adrelid WHERE c.relnamespace = 'hr'::regnamespace ORDER BY ad.oid

SELECT k.oid, k.*, t.relname AS of_table, d.description, pg_catalog.pg_get_constraintdef(k.oid, true), pg_catalog.pg_get_expr(k.conbin, k.conrelid, true) FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class t ON t.oid = k.conrelid LEFT JOIN pg_catalog.pg_description d ON d.objoid = k.oid WHERE k.connamespace = 'hr'::regnamespace ORDER BY k.oid

SELECT i.*, i.indkey AS keys, c.relname, c.relam, c.reloptions, t.relname AS of_table, d.description, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expression, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) AS predicate, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid LEFT JOIN pg_catalog.pg_description d ON d.objoid = i.indexrelid WHERE c.relnamespace = 'hr'::regnamespace ORDER BY c.oid

SELECT pg_catalog.pg_get_indexdef('hr.people_email'::regclass, 1, true), pg_catalog.pg_index_column_has_property('hr.people_of'::regclass, 1, 'desc')

SELECT p.oid, p.*, d.description, l.lanname, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid), pg_catalog.pg_get_expr(p.proargdefaults, 0) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang LEFT JOIN pg_catalog.pg_description d ON d.objoid = p.oid WHERE p.pronamespace = 'hr'::regnamespace ORDER BY p.oid

SELECT p.proname, pg_catalog.pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'hr'::regnamespace AND p.prokind <> 'a' ORDER BY p.oid

SELECT a.*, a.aggfnoid::regprocedure FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid WHERE p.pronamespace = 'hr'::regnamespace

SELECT t.oid, t.*, c.relkind, pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base, d.description, (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT JOIN pg_catalog.pg_description d ON d.objoid = t.oid WHERE t.typnamespace = 'hr'::regnamespace ORDER BY t.oid

SELECT t.oid, t.typname, t.typtype, t.typelem, t.typinput FROM pg_catalog.pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace ORDER BY t.oid

SELECT e.oid, e.* FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid WHERE t.typnamespace = 'hr'::regnamespace ORDER BY e.enumsortorder

SELECT r.* FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid WHERE t.typnamespace = 'hr'::regnamespace

SELECT g.oid, g.*, c.relname, p.proname, d.description, pg_catalog.pg_get_triggerdef(g.oid, true) FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid LEFT JOIN pg_catalog.pg_description d ON d.objoid = g.oid WHERE c.relnamespace = 'hr'::regnamespace ORDER BY g.oid

SELECT r.oid, r.*, c.relname, pg_catalog.pg_get_ruledef(r.oid, true) FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'hr'::regnamespace ORDER BY r.oid

SELECT c.relname, pg_catalog.pg_get_viewdef(c.oid, true) FROM pg_catalog.pg_class c WHERE c.relnamespace = 'hr'::regnamespace AND c.relkind IN ('v', 'm') ORDER BY c.oid

SELECT p.*, pg_catalog.pg_get_expr(p.polqual, p.polrelid, true), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid, true) FROM pg_catalog.pg_policy p ORDER BY p.oid

SELECT * FROM pg_catalog.pg_policies WHERE schemaname = 'hr' ORDER BY policyname

SELECT * FROM pg_catalog.pg_tables WHERE schemaname = 'hr' ORDER BY tablename

SELECT * FROM pg_catalog.pg_views WHERE schemaname = 'hr' ORDER BY viewname

SELECT * FROM pg_catalog.pg_matviews WHERE schemaname = 'hr'

SELECT * FROM pg_catalog.pg_indexes WHERE schemaname = 'hr' ORDER BY indexname

SELECT * FROM pg_catalog.pg_rules WHERE schemaname = 'hr'

SELECT schemaname, sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size, last_value FROM pg_catalog.pg_sequences WHERE schemaname = 'hr' ORDER BY sequencename

SELECT s.* FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = 'hr'::regnamespace ORDER BY s.seqrelid

SELECT last_value, is_called FROM hr.badges

SELECT i.*, c.relnamespace, p.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_class p ON p.oid = i.inhparent WHERE c.relnamespace = 'hr'::regnamespace ORDER BY i.inhrelid

SELECT p.* FROM pg_catalog.pg_partitioned_table p ORDER BY p.partrelid

SELECT * FROM pg_catalog.pg_partition_tree('hr.log'), pg_catalog.pg_partition_ancestors('hr.log_new') ORDER BY 1, 2

SELECT s.oid, s.*, pg_catalog.pg_get_statisticsobjdef(s.oid) FROM pg_catalog.pg_statistic_ext s

SELECT l.oid, l.* FROM pg_catalog.pg_collation l WHERE l.collnamespace = 'hr'::regnamespace

SELECT o.oid, o.* FROM pg_catalog.pg_operator o WHERE o.oprnamespace = 'hr'::regnamespace

SELECT f.*, m.* FROM pg_catalog.pg_ts_config f JOIN pg_catalog.pg_ts_config_map m ON m.mapcfg = f.oid WHERE f.cfgnamespace = 'hr'::regnamespace ORDER BY m.maptokentype, m.mapseqno

SELECT t.* FROM pg_catalog.pg_ts_dict t WHERE t.dictnamespace = 'hr'::regnamespace

SELECT d.*, a.grantee::regrole, a.privilege_type FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) a ORDER BY 1, a.grantee, a.privilege_type

SELECT c.relname, x.grantor::regrole, x.grantee::regrole, x.privilege_type, x.is_grantable FROM pg_catalog.pg_class c, pg_catalog.aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x WHERE c.relnamespace = 'hr'::regnamespace ORDER BY c.oid, 3, 4

SELECT a.attname, a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'hr.people'::regclass AND a.attacl IS NOT NULL ORDER BY a.attnum

SELECT has_table_privilege(c.oid, 'SELECT'), has_column_privilege('hr.people', 'email', 'UPDATE'), pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c WHERE c.oid = 'hr.people'::regclass

SELECT d.deptype, d.classid::regclass, d.refclassid::regclass, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_catalog.pg_depend d WHERE d.refobjid = 'hr.people'::regclass ORDER BY d.classid, d.objid, d.objsubid, d.refobjsubid, d.deptype

SELECT (pg_catalog.pg_identify_object('pg_class'::regclass, 'hr.people'::regclass, a.attnum)).* FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'hr.people'::regclass AND a.attnum > 0 ORDER BY a.attnum

SELECT pg_catalog.obj_description('hr.people'::regclass), pg_catalog.col_description('hr.people'::regclass, a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'hr.people'::regclass ORDER BY a.attnum

SELECT x.oid, x.*, n.nspname FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace ORDER BY x.extname

SELECT a.* FROM pg_catalog.pg_available_extensions a ORDER BY a.name

SELECT l.oid, l.* FROM pg_catalog.pg_language l ORDER BY l.oid

SELECT m.oid, m.* FROM pg_catalog.pg_am m ORDER BY m.oid

SELECT t.oid, t.* FROM pg_catalog.pg_tablespace t ORDER BY t.oid

SELECT w.*, s.srvname, s.srvoptions, f.ftoptions FROM pg_catalog.pg_foreign_data_wrapper w LEFT JOIN pg_catalog.pg_foreign_server s ON s.srvfdw = w.oid LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftserver = s.oid

SELECT e.* FROM pg_catalog.pg_event_trigger e

SELECT p.* FROM pg_catalog.pg_publication p

SELECT * FROM information_schema.schemata ORDER BY schema_name

SELECT * FROM information_schema.tables WHERE table_schema = 'hr' ORDER BY table_name

SELECT * FROM information_schema.columns WHERE table_schema = 'hr' ORDER BY table_name, ordinal_position

SELECT * FROM information_schema.views WHERE table_schema = 'hr' ORDER BY table_name

SELECT * FROM information_schema.view_column_usage WHERE view_schema = 'hr' ORDER BY view_name, table_name, column_name

SELECT * FROM information_schema.domains WHERE domain_schema = 'hr'

SELECT * FROM information_schema.domain_constraints NATURAL JOIN information_schema.check_constraints WHERE domain_schema = 'hr'

SELECT * FROM information_schema.attributes WHERE udt_schema = 'hr' ORDER BY udt_name, ordinal_position

SELECT * FROM information_schema.element_types WHERE object_schema = 'hr' ORDER BY object_name, collection_type_identifier

SELECT * FROM information_schema.table_constraints WHERE table_schema = 'hr' AND constraint_name NOT LIKE '%not_null' ORDER BY table_name, constraint_name

SELECT * FROM information_schema.key_column_usage WHERE table_schema = 'hr' ORDER BY table_name, constraint_name, ordinal_position

SELECT * FROM information_schema.constraint_column_usage WHERE table_schema = 'hr' ORDER BY constraint_name, column_name

SELECT * FROM information_schema.referential_constraints WHERE constraint_schema = 'hr' ORDER BY constraint_name

SELECT * FROM information_schema.check_constraints WHERE constraint_schema = 'hr' AND constraint_name NOT LIKE '%not_null' ORDER BY constraint_name

SELECT * FROM information_schema.routines WHERE routine_schema = 'hr' ORDER BY specific_name

SELECT * FROM information_schema.parameters WHERE specific_schema = 'hr' ORDER BY specific_name, ordinal_position

SELECT * FROM information_schema.triggers WHERE trigger_schema = 'hr' ORDER BY event_manipulation

SELECT * FROM information_schema.sequences WHERE sequence_schema = 'hr' ORDER BY sequence_name

SELECT * FROM information_schema.column_privileges WHERE table_schema = 'hr' AND grantee = 'shop_staff' ORDER BY table_name, column_name, privilege_type

SELECT * FROM information_schema.role_table_grants WHERE table_schema = 'hr' ORDER BY table_name, grantee, privilege_type

SELECT * FROM information_schema.enabled_roles ORDER BY role_name

SELECT k.table_name, k.column_name, u.table_name, u.column_name FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r USING (constraint_schema, constraint_name) JOIN information_schema.key_column_usage u ON u.constraint_name = r.unique_constraint_name AND u.ordinal_position = k.position_in_unique_constraint WHERE k.table_schema = 'hr' ORDER BY 1, 2

SELECT schemaname, tablename, attname, inherited, null_frac, avg_width, n_distinct, most_common_freqs, correlation FROM pg_catalog.pg_stats WHERE schemaname = 'hr' ORDER BY tablename, attname, inherited

SELECT c.relname, c.reltuples, c.relpages, pg_catalog.pg_relation_size(c.oid), pg_catalog.pg_total_relation_size(c.oid) FROM pg_catalog.pg_class c WHERE c.relnamespace = 'hr'::regnamespace AND c.relkind IN ('r', 'm') ORDER BY c.oid

SELECT count(*), count(email), count(DISTINCT ssn) FROM hr.people

SELECT id, department, name, level, badge FROM hr.people ORDER BY id LIMIT 200

EXPLAIN (COSTS OFF, VERBOSE) SELECT id, name FROM hr.people WHERE id = 7
