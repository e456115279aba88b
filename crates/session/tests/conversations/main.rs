//! Conversations of real clients with a real PostgreSQL, recorded on both sides of the proxy (`cargo xtask record`) and
//! replayed: what comes out of a session is byte for byte what came out of it then, however its input is cut.
#![expect(clippy::unwrap_used, reason = "whatever is missing fails the test")]

mod recording;
mod replay;

use insta::assert_snapshot;
use proptest::prelude::*;

use self::recording::Recording;
use self::replay::{records, replay};

const NAMES: [&str; 13] = [
    "asyncpg",
    "jdbc_batch",
    "node_postgres",
    "pgbench_extended",
    "pgbench_prepared",
    "pgbench_simple",
    "postgres_js",
    "psql",
    "psql_cancel",
    "psql_copy",
    "psql_errors",
    "psycopg_copy",
    "psycopg_pipeline",
];

#[test]
fn every_recording_is_replayed() {
    assert_eq!(Recording::names(), NAMES);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_it_is_cut_the_conversation_is_the_same(
        name in prop::sample::select(&NAMES[..]), cuts in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let recording = Recording::read(name);
        let whole = replay(&recording, &[usize::MAX]);
        prop_assert_eq!(replay(&recording, &cuts), whole);
    }
}

#[test]
fn asyncpg() {
    assert_snapshot!(records("asyncpg"), @r#"
1 select: completed, 1 rows, 20 bytes
2 select: completed, 1 rows, 20 bytes
3 select: completed, 1 rows, 28 bytes, masked public.users.email
4 transaction: completed, 0 rows, 0 bytes
5 insert: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 insert: completed, 1 rows, 0 bytes
8 select: completed, 2 rows, 20 bytes
9 select: completed, 2 rows, 20 bytes
10 select: completed, 1 rows, 10 bytes
11 transaction: completed, 0 rows, 0 bytes
12 select: failed 22012, 0 rows, 0 bytes
13 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
14 : failed 42601, 0 rows, 0 bytes, refused by unreadable
15 transaction: completed, 0 rows, 0 bytes
16 delete: completed, 3 rows, 0 bytes
17 transaction: completed, 0 rows, 0 bytes
18 copy_in: completed, 1 rows, 0 bytes
19 select: completed, 1 rows, 6 bytes
20 ClosePortalStmt: completed, 0 rows, 0 bytes
21 UnlistenStmt: completed, 0 rows, 0 bytes
22 set: completed, 0 rows, 0 bytes
"#);
}

#[test]
fn jdbc_batch() {
    assert_snapshot!(records("jdbc_batch"), @r#"
1 set: completed, 0 rows, 0 bytes
2 set: completed, 0 rows, 0 bytes
the name is now PostgreSQL JDBC Driver
3 transaction: completed, 0 rows, 0 bytes
4 insert: prepared, 0 rows, 0 bytes
5 insert: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 insert: completed, 1 rows, 0 bytes
8 insert: completed, 1 rows, 0 bytes
9 insert: completed, 1 rows, 0 bytes
10 insert: completed, 1 rows, 0 bytes
11 insert: completed, 1 rows, 0 bytes
12 insert: completed, 1 rows, 0 bytes
13 insert: completed, 1 rows, 0 bytes
14 insert: completed, 1 rows, 0 bytes
15 transaction: completed, 0 rows, 0 bytes
16 transaction: completed, 0 rows, 0 bytes
17 select: completed, 1 rows, 34 bytes, masked public.users.email
18 select: completed, 1 rows, 42 bytes, masked public.users.email
19 select: completed, 1 rows, 41 bytes, masked public.users.email
20 select: completed, 1 rows, 39 bytes, masked public.users.email
21 select: completed, 1 rows, 39 bytes, masked public.users.email
22 select: completed, 1 rows, 42 bytes, masked public.users.email
23 select: completed, 4 rows, 69 bytes
24 select: completed, 4 rows, 69 bytes
25 select: completed, 2 rows, 34 bytes
26 transaction: completed, 0 rows, 0 bytes
27 transaction: completed, 0 rows, 0 bytes
28 insert: completed, 1 rows, 0 bytes
29 insert: failed 23503, 0 rows, 0 bytes
30 insert: skipped, 0 rows, 0 bytes
31 transaction: completed, 0 rows, 0 bytes
32 transaction: completed, 0 rows, 0 bytes
33 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
34 select: skipped, 0 rows, 0 bytes
35 transaction: completed, 0 rows, 0 bytes
36 transaction: completed, 0 rows, 0 bytes
37 delete: completed, 10 rows, 0 bytes
38 transaction: completed, 0 rows, 0 bytes
"#);
}

#[test]
fn node_postgres() {
    assert_snapshot!(records("node_postgres"), @r#"
1 select: completed, 1 rows, 17 bytes
2 select: completed, 1 rows, 17 bytes
3 select: completed, 1 rows, 39 bytes, masked public.users.email
4 select: completed, 1 rows, 7 bytes
5 select: completed, 1 rows, 7 bytes
6 select: failed 22012, 0 rows, 0 bytes
7 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
8 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
9 transaction: completed, 0 rows, 0 bytes
10 insert: failed 23502, 0 rows, 0 bytes
11 select: failed 25P02, 0 rows, 0 bytes
12 transaction: completed, 0 rows, 0 bytes
13 select: completed, 1 rows, 14 bytes
"#);
}

#[test]
fn pgbench_extended() {
    assert_snapshot!(records("pgbench_extended"), @r#"
1 transaction: completed, 0 rows, 0 bytes
2 update: completed, 1 rows, 0 bytes
3 select: completed, 1 rows, 11 bytes
4 update: completed, 1 rows, 0 bytes
5 update: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 transaction: completed, 0 rows, 0 bytes
8 transaction: completed, 0 rows, 0 bytes
9 update: completed, 1 rows, 0 bytes
10 select: completed, 1 rows, 11 bytes
11 update: completed, 1 rows, 0 bytes
12 update: completed, 1 rows, 0 bytes
13 insert: completed, 1 rows, 0 bytes
14 transaction: completed, 0 rows, 0 bytes
"#);
}

#[test]
fn pgbench_prepared() {
    assert_snapshot!(records("pgbench_prepared"), @r#"
1 transaction: completed, 0 rows, 0 bytes
2 update: completed, 1 rows, 0 bytes
3 select: completed, 1 rows, 11 bytes
4 update: completed, 1 rows, 0 bytes
5 update: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 transaction: completed, 0 rows, 0 bytes
8 transaction: completed, 0 rows, 0 bytes
9 update: completed, 1 rows, 0 bytes
10 select: completed, 1 rows, 11 bytes
11 update: completed, 1 rows, 0 bytes
12 update: completed, 1 rows, 0 bytes
13 insert: completed, 1 rows, 0 bytes
14 transaction: completed, 0 rows, 0 bytes
"#);
}

#[test]
fn pgbench_simple() {
    assert_snapshot!(records("pgbench_simple"), @r#"
1 transaction: completed, 0 rows, 0 bytes
2 update: completed, 1 rows, 0 bytes
3 select: completed, 1 rows, 11 bytes
4 update: completed, 1 rows, 0 bytes
5 update: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 transaction: completed, 0 rows, 0 bytes
8 transaction: completed, 0 rows, 0 bytes
9 update: completed, 1 rows, 0 bytes
10 select: completed, 1 rows, 11 bytes
11 update: completed, 1 rows, 0 bytes
12 update: completed, 1 rows, 0 bytes
13 insert: completed, 1 rows, 0 bytes
14 transaction: completed, 0 rows, 0 bytes
"#);
}

#[test]
fn postgres_js() {
    assert_snapshot!(records("postgres_js"), @r#"
1 select: completed, 298 rows, 5727 bytes
2 select: completed, 2 rows, 31 bytes
3 select: completed, 1 rows, 34 bytes, masked public.users.email
4 select: completed, 1 rows, 42 bytes, masked public.users.email
5 select: completed, 1 rows, 41 bytes, masked public.users.email
6 select: completed, 1 rows, 39 bytes, masked public.users.email
7 transaction: completed, 0 rows, 0 bytes
8 select: completed, 1 rows, 7 bytes
9 update: completed, 1 rows, 0 bytes
10 transaction: completed, 0 rows, 0 bytes
11 transaction: completed, 0 rows, 0 bytes
12 delete: completed, 1 rows, 0 bytes
13 select: failed 22012, 0 rows, 0 bytes
14 transaction: completed, 0 rows, 0 bytes
15 select: completed, 4 rows, 28 bytes
16 select: completed, 4 rows, 28 bytes
17 select: completed, 2 rows, 15 bytes
18 select: completed, 1 rows, 7 bytes
19 select: skipped, 0 rows, 0 bytes
20 select: completed, 1 rows, 7 bytes
21 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
22 select: completed, 1 rows, 40 bytes
"#);
}

#[test]
fn psql() {
    assert_snapshot!(records("psql"), @r#"
1 select: completed, 3 rows, 132 bytes, masked public.users.email
2 select: completed, 1 rows, 8 bytes
3 transaction: completed, 0 rows, 0 bytes
4 insert: completed, 1 rows, 7 bytes
5 transaction: completed, 0 rows, 0 bytes
6 update: completed, 6 rows, 0 bytes
7 transaction: completed, 0 rows, 0 bytes
8 transaction: completed, 0 rows, 0 bytes
9 transaction: completed, 0 rows, 0 bytes
10 select: completed, 1 rows, 7 bytes
11 select: completed, 1 rows, 7 bytes
12 update: completed, 1 rows, 0 bytes
13 transaction: completed, 0 rows, 0 bytes
14 : failed 42601, 0 rows, 0 bytes, refused by unreadable
15 ClosePortalStmt: failed 25P02, 0 rows, 0 bytes
16 transaction: completed, 0 rows, 0 bytes
17 prepare+select: completed, 0 rows, 0 bytes
18 execute+select: completed, 1 rows, 41 bytes, masked public.users.email
19 execute+select: completed, 1 rows, 35 bytes, masked public.users.email
20 DeallocateStmt: completed, 0 rows, 0 bytes
21 set: completed, 0 rows, 0 bytes
the name is now nightly
22 create_table: completed, 0 rows, 0 bytes
23 insert: completed, 2 rows, 0 bytes
24 select: completed, 2 rows, 53 bytes
25 do: completed, 0 rows, 0 bytes
26 ListenStmt: completed, 0 rows, 0 bytes
27 NotifyStmt: completed, 0 rows, 0 bytes
28 select: completed, 1 rows, 315 bytes
"#);
}

#[test]
fn psql_cancel() {
    assert_snapshot!(records("psql_cancel"), @r#"
1 transaction: completed, 0 rows, 0 bytes
2 select: failed 57014, 0 rows, 0 bytes
3 select: failed 25P02, 0 rows, 0 bytes
"#);
}

#[test]
fn psql_copy() {
    assert_snapshot!(records("psql_copy"), @r#"
1 create_table: completed, 0 rows, 0 bytes
2 copy_in: completed, 3 rows, 0 bytes
3 copy_in: completed, 1 rows, 0 bytes
4 select: completed, 4 rows, 60 bytes
5 select+copy_out: completed, 5 rows, 59 bytes
6 copy_out: completed, 40 rows, 641 bytes
7 copy_out: completed, 8 rows, 267 bytes, masked public.users.email
8 copy_in: completed, 2 rows, 0 bytes
9 select: completed, 1 rows, 7 bytes
"#);
}

#[test]
fn psql_errors() {
    assert_snapshot!(records("psql_errors"), @r#"
1 : failed 42601, 0 rows, 0 bytes, refused by unreadable
2 select: failed 42P01, 0 rows, 0 bytes
3 select: failed 22012, 0 rows, 0 bytes
4 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
5 select: completed, 1 rows, 7 bytes
6 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
7 transaction: completed, 0 rows, 0 bytes
8 select: completed, 1 rows, 7 bytes
9 select: failed 22012, 0 rows, 0 bytes
10 select: failed 25P02, 0 rows, 0 bytes
11 drop_table: failed 25P02, 0 rows, 0 bytes, refused by no-drop-table
12 transaction: completed, 0 rows, 0 bytes
13 transaction: completed, 0 rows, 0 bytes
14 transaction: completed, 0 rows, 0 bytes
15 insert: failed 23505, 0 rows, 0 bytes
16 transaction: completed, 0 rows, 0 bytes
17 transaction: completed, 0 rows, 0 bytes
18 insert: completed, 1 rows, 0 bytes
19 transaction: completed, 0 rows, 0 bytes
20 transaction: completed, 0 rows, 0 bytes
21 transaction: completed, 0 rows, 0 bytes
22 copy_out: completed, 8 rows, 340 bytes, masked public.users.email
23 set: failed 42501, 0 rows, 0 bytes, refused by lexing-settings
"#);
}

#[test]
fn psycopg_copy() {
    assert_snapshot!(records("psycopg_copy"), @r#"
1 create_table: completed, 0 rows, 0 bytes
2 copy_in: completed, 5 rows, 0 bytes
3 copy_in: completed, 1 rows, 0 bytes
4 copy_out: completed, 5 rows, 164 bytes
5 copy_in: failed 22P02, 0 rows, 0 bytes
6 copy_in: failed 57014, 0 rows, 0 bytes
7 copy_out: completed, 8 rows, 340 bytes, masked public.users.email
8 select: completed, 1 rows, 7 bytes
"#);
}

#[test]
fn psycopg_pipeline() {
    assert_snapshot!(records("psycopg_pipeline"), @r#"
1 select: completed, 1 rows, 17 bytes
2 select: completed, 1 rows, 42 bytes, masked public.users.email
3 insert: completed, 1 rows, 0 bytes
4 insert: completed, 1 rows, 0 bytes
5 insert: completed, 1 rows, 0 bytes
6 insert: completed, 1 rows, 0 bytes
7 insert: completed, 1 rows, 0 bytes
8 insert: completed, 1 rows, 0 bytes
9 select: completed, 1 rows, 7 bytes
10 select: completed, 1 rows, 17 bytes
11 select: completed, 1 rows, 42 bytes, masked public.users.email
12 insert: completed, 1 rows, 0 bytes
13 insert: completed, 1 rows, 0 bytes
14 insert: completed, 1 rows, 0 bytes
15 insert: completed, 1 rows, 0 bytes
16 insert: completed, 1 rows, 0 bytes
17 insert: completed, 1 rows, 0 bytes
18 select: completed, 1 rows, 8 bytes
19 select: completed, 1 rows, 12 bytes
20 select: failed 22012, 0 rows, 0 bytes
21 select: skipped, 0 rows, 0 bytes
22 select: completed, 1 rows, 12 bytes
23 drop_table: failed 42501, 0 rows, 0 bytes, refused by no-drop-table
24 select: skipped, 0 rows, 0 bytes
25 select: skipped, 0 rows, 0 bytes
26 select: completed, 1 rows, 12 bytes
27 : failed 42601, 0 rows, 0 bytes, refused by unreadable
28 select: skipped, 0 rows, 0 bytes
29 select: skipped, 0 rows, 0 bytes
30 select: completed, 1 rows, 11 bytes
31 transaction: completed, 0 rows, 0 bytes
32 transaction: completed, 0 rows, 0 bytes
33 delete: completed, 12 rows, 0 bytes
34 transaction: completed, 0 rows, 0 bytes
35 transaction: completed, 0 rows, 0 bytes
36 DeallocateStmt: completed, 0 rows, 0 bytes
37 select: completed, 1 rows, 12 bytes
38 select: skipped, 0 rows, 0 bytes
39 select: skipped, 0 rows, 0 bytes
40 transaction: completed, 0 rows, 0 bytes
41 delete: prepared, 0 rows, 0 bytes
42 delete: completed, 12 rows, 0 bytes
43 select: completed, 1 rows, 25 bytes, masked public.users.email
"#);
}
