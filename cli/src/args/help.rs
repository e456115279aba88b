//! Help of the questions about denials and sessions, of what goes out of the ledger, and of what is written for shells.

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

pub(super) const WHO_SAW_ABOUT: &str = "\
Who asked for a person, by what is known of them

One row per execution of a statement that was given one of the values, as a literal or as a parameter, the newest first. The ledger has
no such values, only hashes of them that the proxy made with its key: they are made here in the same way, and the values go nowhere.
The same value is found however it was written: in capitals, with blanks, a number with or without signs between its digits.

Found is what was recorded as a hash, which is what may be somebody's (`[record]` in the proxy's configuration), and not what a
result had: for that ask `picket revealed`.";

pub(super) const WHO_SAW_HELP: &str = r#"Examples:
  picket who-saw --value ada@example.org --since 365d
  picket who-saw --value '+49 170 1234567' --value ada@example.org --key-file ./record.key
  pass show people/ada | picket who-saw --value - --format json | jq -r '.[].principal' | sort | uniq -c

Keys of a JSON object, in this order, and columns of CSV (lists joined by spaces):
  at                when it was judged, RFC 3339 in UTC with microseconds
  principal         who: the user of the proxy
  application_name  what the client called itself; empty where the session is not in the ledger
  client            address and port of the client; empty where the session is not in the ledger
  database          where it ran
  environment       what kind of place that is, such as production; empty where nobody said
  effects           list: what the statement does, such as select or update
  objects           list: relations and columns that it touches
  verdict           allow or refuse
  rules             list: the rules that refused it or, where it was allowed, that only observe
  outcome           completed, failed, skipped, lost or prepared (never executed); else empty
  rows              rows returned or changed
  sqlstate          the error that ended it; empty where there was none
  text              the statement as it is recorded
  parameters        list: what $1, $2 … were bound to: NULL, a value in quotes, or its hash behind #
  session_id        UUID of its session
  sequence          its number in the session"#;

pub(super) const REVEALED_ABOUT: &str = "\
Who saw sensitive values as they are

One row per execution of a statement and sensitive column that its result showed, the newest first: whoever asked may see it
(`reveal`). Of a COPY that nothing had to be masked of, all sensitive columns of the relations that it reads count.";

pub(super) const REVEALED_HELP: &str = r#"Examples:
  picket revealed --since 7d
  picket revealed --class email --on shop
  picket revealed --format json | jq -r '.[] | select(.rows > 1000) | .principal' | sort | uniq -c

Keys of a JSON object, in this order, and columns of CSV:
  at                when it was judged, RFC 3339 in UTC with microseconds
  principal         who: the user of the proxy
  application_name  what the client called itself; empty where the session is not in the ledger
  client            address and port of the client; empty where the session is not in the ledger
  database          where it ran
  environment       what kind of place that is, such as production; empty where nobody said
  object            schema.relation.column, or the label of what is computed, in parentheses
  class             what it holds, such as email; derived where it is computed
  outcome           completed, failed, skipped or lost
  rows              rows returned or changed
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
  parameters        list: what $1, $2 … were bound to: NULL, a value in quotes, or its hash behind #
  masked_values     values of the result that were masked
  session_id        UUID of the session"#;

pub(super) const KILL_HELP: &str = r#"Examples:
  picket connections kill 10.0.0.9:40000 --reason "reads orders around the proxy"
  picket connections kill --config agent.toml 4242 --reason "leaked password"

For root and the agent's user. Who asked, whose connection it is and why is an alert `killed` first; then the kernel resets it.

Exit codes: 0 it is ended, 1 it is not, 2 usage, 69 no agent is installed or runs here, 77 you may not."#;

pub(super) const TAIL_ABOUT: &str = "\
The newest statements as lines, and those that come as they come

One line per execution, the oldest first. With --follow the ledger is asked every second; a statement that runs for long has a line
when it begins and one when it has ended. Records are in the ledger some seconds after the event.";

pub(super) const TAIL_HELP: &str = r#"Examples:
  picket tail --follow
  picket tail -f --principal alice --format json | jq -c 'select(.verdict == "refuse")'

Keys of a JSON object: those of `picket session show`."#;

pub(super) const EXPORT_ABOUT: &str = "\
A table or a view of the ledger as a file

All columns of all rows of that time, the oldest first, as ClickHouse writes them. A file has its name only when it is whole, and no
file is written over.";

pub(super) const EXPORT_HELP: &str = r#"Examples:
  picket export statements --since 7d --format parquet --output statements.parquet
  picket export denied --since 52w | gzip > denied.jsonl.gz
  picket export who-touched | jq -r 'select(.object == "public.users.email") | .principal'

What the columns mean: `DESCRIBE TABLE statements` in ClickHouse."#;

pub(super) const MIGRATE_ABOUT: &str = "\
Brings the ledger to this Picket's schema, and makes it where it is missing

Proxies and agents do this too when they start. Here it is for ledgers whose daemons may not change tables, and before daemons are
replaced. What is there stays; the second time nothing happens.";

pub(super) const COMPLETIONS_HELP: &str = r#"Examples:
  picket completions bash > /etc/bash_completion.d/picket
  picket completions zsh > ~/.zfunc/_picket
  picket completions fish > ~/.config/fish/completions/picket.fish"#;

pub(super) const MAN_HELP: &str = r#"Examples:
  picket man /usr/local/share/man/man1 && man picket-session-show"#;

pub(super) const COVERAGE_ABOUT: &str = "\
How much of what reached databases came through the proxy

One row per day, host and database, the newest first, as the agents on the databases' hosts saw it. Where no agent is, nobody looks;
where one was blind, --gaps tells when.";

pub(super) const COVERAGE_HELP: &str = r#"Examples:
  picket coverage --since 30d
  picket coverage --gaps --since 7d
  picket coverage --since 30d --format json | jq '.[] | select(.share < 1)'

Keys of a JSON object, in this order, and columns of CSV (null empty):
  day            when the connections were opened, in UTC
  host           the host whose agent saw them
  server         address and port of the database
  connections    how many there were
  proxied        how many came through the proxy
  bypassed       how many went around it
  allowed        how many a rule of the agent allows around it
  allowed_by     list: names of these rules
  unknown        of how many nobody can tell
  bytes          bytes in both directions
  bytes_proxied  those of connections through the proxy
  share          part of the connections that came through the proxy, 0 to 1
  bytes_share    part of the bytes; null where there were none

Keys with --gaps: began_at, ended_at (null while it lasts), kind, host, session_id (null but for unseen_session), message.

Kinds: away (the agent did not run), events_lost (the kernel had more than the agent took), processes_lost (it did not tell whose
connections are), ends_unseen (it does not tell of their ends), degraded (what an agent cannot do on its host), unseen_session (the proxy had a session on a watched database, and
no agent saw its connection)."#;
