//! Help of the questions about denials and sessions.

pub(super) const DENIED_ABOUT: &str = "\
What was refused, to whom, and by which rules

One row per execution of a statement that the proxy did not let through, the newest first.";

pub(super) const DENIED_HELP: &str = r#"Examples:
  picket denied --since 7d
  picket denied --principal alice --on shop
  picket denied --format json | jq -r '.[].rules[]' | sort | uniq -c

Keys of a JSON object, in this order, and columns of CSV (lists joined by spaces):
  at                when it was judged, RFC 3339 in UTC with microseconds
  principal         who: the user of the proxy
  application_name  what the client called itself; empty where the session is not in the ledger
  client            address and port of the client; empty where the session is not in the ledger
  database          where it would have run
  environment       what kind of place that is, such as production; empty where nobody said
  rules             list: the rules that refused it
  effects           list: what the statement would have done, such as drop_table
  objects           list: relations and columns that it would have touched
  outcome           failed, skipped or lost; empty where it has not ended
  sqlstate          the error that the client was told
  text              the whole statement
  session_id        UUID of its session
  sequence          its number in the session"#;

pub(super) const SESSIONS_ABOUT: &str = "\
Who was there, and what they did

One row per session that began, ended or executed something in that time, the newest first. What it did before that time is not
counted.";

pub(super) const SESSIONS_HELP: &str = r#"Examples:
  picket sessions --since 1h
  picket sessions --principal alice --on shop
  picket sessions --format json | jq -r '.[] | select(.refused > 0) | .session_id'

Keys of a JSON object, in this order, and columns of CSV (null empty):
  session_id        UUID of the session
  started_at        when the client was authenticated, RFC 3339 in UTC with microseconds; of a
                    session that is not in the ledger itself, when the first statement was judged
  ended_at          when it ended; null where it has not, or never told
  end_reason        why it ended, such as client_terminated
  principal         who: the user of the proxy
  authenticated_by  how, such as scram-sha-256
  application_name  what the client called itself at its start
  client            address and port of the client
  database          the database that was asked for
  database_role     the role that the proxy uses there
  environment       what kind of place that is, such as production; empty where nobody said
  statements        how many were executed, refused ones too
  refused           how many of them were refused
  masked            in how many results columns were masked
  rows              rows returned or changed
  bytes             bytes of rows that the database sent
  last_at           when the newest of them was judged; null where there is none"#;

pub(super) const SESSION_SHOW_ABOUT: &str = "\
What happened in a session, in the order of time

One row for its start, for each execution of a statement, and for its end.";

pub(super) const SESSION_SHOW_HELP: &str = r#"Examples:
  picket session show 01936d4e-0a55-7bbd-a6a4-6b1d7c2f9f10
  picket session show 01936d4e-0a55-7bbd-a6a4-6b1d7c2f9f10 --format json | jq -r '.[].text'

Keys of a JSON object, in this order, and columns of CSV (lists joined by spaces, null empty):
  at                when it happened, or a statement was judged; RFC 3339 in UTC, microseconds
  event             start, statement or end
  sequence          a statement's number in the session; 0 for start and end
  principal         who: the user of the proxy
  database          the database that was asked for
  effects           list: what the statement does, such as select or drop_table
  objects           list: relations and columns that it touched
  verdict           allow or refuse; empty for start and end
  rules             list: the rules that refused it or, where it was allowed, that only observe
  masked_columns    list: columns whose values were masked in the result
  finished_at       when the statement ended; null where it has not, or never told
  duration_seconds  how long it took; at the end, how long the session lasted
  outcome           completed, failed, skipped, lost or prepared (never executed); else empty
  rows              rows returned or changed
  bytes             bytes of rows that the database sent
  sqlstate          the error that ended it; empty where there was none
  text              the whole statement; for start how and from where somebody came, for end why
  session_id        UUID of the session"#;
