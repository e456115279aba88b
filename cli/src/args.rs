//! The command line, and the help that teaches it.

mod export;
mod help;
mod login;

use std::path::PathBuf;

use audit::config::{ClickHouseConfig, Password};
use audit::ledger::{Object, Whose};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use uuid::Uuid;

pub(crate) use self::export::ExportArgs;
pub(crate) use self::login::{ConnectArgs, LoginArgs, TokenArgs};
use crate::policy::{Asker, Known, Rules};
use crate::since::Since;
use crate::verify::Options;

const AFTER_HELP: &str = "\
Examples:
  picket who-touched public.users.email --since 1h
  picket who-touched public.users --since 7d --format json | jq '.[] | select(.verdict == \"refuse\")'
  picket who-touched public.users.email --people --since 365d
  picket --clickhouse-url http://clickhouse.example:8123 bypasses --since 15m
  picket denied --principal alice --since 7d
  picket revealed --class email --since 7d
  picket who-saw --value ada@example.org --since 365d
  picket sessions --since 1h
  picket tail --follow
  picket policy explain 'delete from orders'
  picket classify list
  picket verify --public-key proxy1.pub --checkpoints proxy1.checkpoints

Environment:
  PICKET_CLICKHOUSE_URL       where --clickhouse-url is not given
  PICKET_CLICKHOUSE_CLUSTER   where --cluster is not given
  PICKET_CLICKHOUSE_USER      user at ClickHouse [default: default]
  PICKET_CLICKHOUSE_PASSWORD  that user's password [default: none]
  PICKET_RECORD_KEY_FILE      where --key-file of who-saw is not given
  NO_COLOR                    no colours, also on a terminal

Exit codes: 0 answered (also with no rows), 1 `verify` found something, 2 usage, 69 ClickHouse or the ledger in it is not there,
77 ClickHouse refuses the user, 1 anything else.";

const WHO_TOUCHED_ABOUT: &str = "\
Who read, changed or tried to touch a relation or a column

One row per execution of a statement through the proxy, the newest first, refused ones too. With --people one row per person and
database: that is a lookup for any time, where all executions of a long time take a while to read.";

const WHO_TOUCHED_HELP: &str = r#"Examples:
  picket who-touched public.users.email --since 1h
  picket who-touched 'public."Order Lines"' --since 7d --limit 1000
  picket who-touched public.users.email --people --since 365d
  picket who-touched public.users --format json | jq -r '.[].principal' | sort | uniq -c

Keys of a JSON object, in this order, and columns of CSV (lists joined by spaces, null empty):
  at                when it was judged, RFC 3339 in UTC with microseconds
  principal         who: the user of the proxy
  application_name  what the client called itself; empty where the session is not in the ledger
  client            address and port of the client; empty where the session is not in the ledger
  database          where it ran
  environment       what kind of place that is, such as production; empty where nobody said
  object            the object that was asked for
  access            read, write or read+write
  effects           list: what the statement does, such as select or drop_table
  verdict           allow or refuse
  rules             list: the rules that refused it or, where it was allowed, that only observe
  masked            true where the column was masked in the result; for a relation, any column of it
  finished_at       when it ended; null where it has not, or never told
  outcome           completed, failed, skipped, lost or prepared (never executed); else empty
  rows              rows returned or changed
  bytes             bytes of rows that the database sent
  sqlstate          the error that ended it; empty where there was none
  text              the whole statement
  session_id        UUID of its session
  sequence          its number in the session

Keys and columns with --people:
  principal         who: the user of the proxy
  database          where
  days              on how many days, in UTC; the first of the time that is asked for counts whole
  first_at          the first time, RFC 3339 in UTC with microseconds
  last_at           the last time
  read              true where something read it that was allowed
  written           true where something wrote it that was allowed
  masked            true where it, or a column of it, was masked in a result
  revealed          true where it, or a column of it, is sensitive and was shown as it is
  refused           true where something was refused that would have touched it
  effects           list: what those statements do, such as select or drop_table"#;

const BYPASSES_ABOUT: &str = "\
Who reached a database around the proxy

One row per connection that an agent saw arrive at a database without the proxy, the newest first; also of those that came from a
proxy's address and that no proxy says are its own, a minute after they opened. Those that a rule of the agent's
configuration allows are left out; --allowed shows them instead. --refused shows processes that an agent refused to connect.";

const BYPASSES_HELP: &str = r#"Examples:
  picket bypasses --since 15m
  picket bypasses --since 7d --format csv > bypasses.csv
  picket bypasses --allowed --since 30d
  picket bypasses --refused --since 1d
  picket bypasses --format json | jq '.[] | select(.state == "open")'

Keys of a JSON object, in this order, and columns of CSV (null empty):
  at                  when it was raised, or allowed; RFC 3339 in UTC with microseconds
  host                the host whose agent saw it
  process_command     name of the client's process; empty where it runs on another host
  process_pid         its process id; null where it runs on another host
  user                name of its user; empty where it is not known
  uid                 id of its user; null where it runs on another host
  process_cgroup      its cgroup; empty where it is not known
  process_executable  file that it runs; empty where it was gone before that could be read
  process_started_at  when it started; null where it was gone
  login_uid           user who logged in, whoever the process acts as since; null where nobody did
  login_user          name of that user; empty where it is not known
  process_unit        its unit of systemd, by the cgroup
  process_container   id of its container, by the cgroup
  process_pod         uid of its pod of Kubernetes, by the cgroup
  process_parents     list: who started it, who started that one, and so on, as command[pid]
  process_network_namespace  inode of its network namespace, as lsns shows it
  process_arguments   list: what it was started with, where the agent keeps that
  process_arguments_hash  keyed hash of that: which are the same; `picket-agent hash` makes it
  client              address and port of the client; empty where a process of the host was refused
  server              address and port of the database
  encryption          tls, gss, none, or refused where the client asked and the server has none;
                      empty where nothing tells
  database_role       role that the client asked to log in as; empty where it is not known
  database            database that it asked for
  application_name    what it called itself
  state               open, closed, or unknown where the ledger has no such connection;
                      with --refused: refused, or would_be_refused where it is only told
  opened_at           when the connection was established
  closed_at           when it closed; null until then
  duration_seconds    how long it lasted; null until it closed
  bytes_to_server     bytes that the database received; null where nobody counted
  bytes_to_client     bytes that the database sent; null where nobody counted
  message             the alert in one sentence
  alert_id            UUID of the alert; null where there is none
  rule                the rule that allows it; empty where none does"#;

const LIST_ABOUT: &str = "\
The columns that are sensitive now

One row per column whose values are masked for whoever may not see them, with what told its class.";

const HISTORY_ABOUT: &str = "\
What became known of a column, and by what

One row each time that its class became known or changed, the newest first.";

const LIST_HELP: &str = r#"Examples:
  picket classify list --on shop
  picket classify explain public.users.email
  picket classify list --format json | jq -r '.[] | select(.confidence == "low") | .object'

Keys of a JSON object, in this order, and columns of CSV:
  database         where the column is
  object           schema.relation.column
  class            what it holds, such as email; empty where it is gone, or is not sensitive any more
  evidence         what told it: name, type, comment, values (a sample of them), wire (those that sessions read), definition (of a
                   view), configuration, correction by whoever has said so, or earlier: it was so under another name, or a
                   statement wrote it there
  confidence       how sure that is: certain (somebody said so), high, medium, or low: its name says so, its values do not look like it
  values_seen      values of the column that were looked at
  values_of_class  how many of them have the form of the class
  at               when that became known, RFC 3339 in UTC with microseconds
  host             the proxy that said so"#;

const SET_ABOUT: &str = "\
Says what a column holds, whatever Picket finds

It is said to a proxy, at its console, and counts there at once, over renames and restarts, until the column is dropped. It is of that column
alone: views of it, and copies that were made before, keep their class until something is said of them too. Where the configuration has the column
under [upstream.columns], that counts.";

const SET_HELP: &str = r#"Examples:
  picket classify set --on shop public.items.serial none --reason 'part numbers, not cards'
  picket classify set --on shop public.notes.body person_name --reason 'ticket 4711'
  picket classify set --on shop public.items.serial auto --reason 'holds orders now'
  picket classify rescan --on shop

Exit codes: 0 done, 2 usage, 69 the console cannot be reached, 77 it refuses the log-in, 1 it refuses the answer"#;

const APPROVALS_ABOUT: &str = "\
Statements that wait for an approval

They are listed and answered at the console of the proxy that they wait in (`[approvals]` in its configuration), as the user
that --console names.";

const APPROVALS_HELP: &str = r#"Examples:
  export PICKET_CONSOLE='host=proxy.example port=6432 user=bob dbname=picket' PICKET_CONSOLE_CA_FILE=ca.pem
  picket approvals list
  picket approvals show 1a2b3c4d
  picket approvals approve 1a2b3c4d --reason 'ticket 4711'
  picket approvals approve 1a2b3c4d --for 1h
  picket approvals deny 1a2b3c4d --reason 'not on a Friday'

Exit codes: 0 done, 2 usage, 69 the console cannot be reached, 77 it refuses the log-in, 1 it refuses the answer"#;

const GRANTS_HELP: &str = r#"Examples:
  picket approvals approve 1a2b3c4d --for 1h
  picket grants list
  picket grants revoke 1a2b3c4d --reason 'it is done'

Exit codes: 0 done, 2 usage, 69 the console cannot be reached, 77 it refuses the log-in, 1 it refuses the answer"#;

const EXPLAIN_ABOUT: &str = "\
What Picket reads in statements, and what its rules say of them

Nothing runs. With --at-proxy a proxy says what it would decide at this moment if that user sent the statements: by its own policies, and by
what the database's catalog says of views, functions, triggers, columns and what they hold. Approvals and questions about masked values that
were given or asked before do not count.

Without it nothing is connected to, and no catalog is known: what views, functions and triggers do is not counted, nobody knows which columns
are masked, so that `copy-masked` says nothing, and names stay as they are written. What a table has and holds is known where --column says it.";

const EXPLAIN_HELP: &str = r#"Examples:
  picket policy explain "delete from orders"
  picket policy explain --format json < migration.sql | jq '.[] | select(.verdict == "refuse")'
  picket policy explain --config /etc/picket/proxy.toml --as alice --on shop "drop table orders"
  picket policy explain --policies ./policies --kind agent "insert into orders values (1)"
  picket policy explain --at-proxy --on shop --as alice "select close_orders()"
  picket policy explain --policies ./policies --on shop --column public.users.email=email "select email from users"

Keys of a JSON object, in this order, one object for each statement:
  statement         its text
  verdict           allow, refuse or hold
  rules             list: the rules that are against it; empty where it is allowed
  approvers         list: the groups that may approve it, where it is held
  observed          list: the rules that are against it and only observe
  sqlstate          what the client is told: five letters, one line, which rule and why, how to get it done
  message
  detail
  hint
  effects           list: what it does, such as select, drop_table or create_view
  reads             list: relations that it reads, as it names them; at a proxy what they mean, also what it reads by what it reaches
  writes            list: the same of relations that it changes
  columns           list: columns that it names; at a proxy of which relations
  functions         list: functions that it calls or names in a definition
  fingerprint       the same for statements that differ in constants only, 16 hexadecimal digits
  readers_disagree  what the second reader understood differently; empty where it agrees or could not read
  normalised        its text without literals and comments, as pg_stat_statements shows it
  filtered          list: writes whose condition leaves some row out, such as "delete orders"
  unfiltered        list: writes that change every row of their table
  settings          list: settings that it changes, such as "search_path = audit"
  columns_read      list: columns that it reads, as it names them
  columns_written   list: columns that it gives values, as it names them
  commands          list: effects that policies know as `context.command`, such as ViewStmt
  error_line        where the grammar stops, from 1, of what is no SQL; 0 otherwise
  error_column

On a terminal the verdict stands out in colour.

Exit codes: 0 explained, whatever the verdict, 2 usage, 69 the console cannot be reached, 77 it refuses the log-in, 1 anything else"#;

const BACKTEST_ABOUT: &str = "\
What policies would have done to the statements that were recorded

Every statement in the ledger is judged again, with the policies that are given instead of those that were. Shown is what would
be otherwise, by person and rule, the most frequent first. Statements of a person that differ in constants only are judged once,
by the newest of them. Groups and kinds of people are those of --config.

With --at-proxy the proxy at --console judges them, as a session of that person would that has just begun: by the catalogs of its
databases as they are now (views, functions, triggers, partitions, all schemas that have a table of a name, what columns hold), and by
the policies that are given, which it reads and nobody else goes by. It runs nothing and keeps nothing. What was decided by something else
than the text, such as a name that was prepared before, counts as it was; so does what is in databases that the proxy does not have.

Without it, of the databases is known what the ledger has recorded. What a shipped rule refused for what is in no text (what functions do,
settings, masked values) counts as it was; what a rule of your own refused for that is shown as allowed. How many executions count as
they were is said.";

const BACKTEST_HELP: &str = r#"Examples:
  picket policy backtest --config /etc/picket/proxy.toml --policies ./new
  picket policy backtest --config /etc/picket/proxy.toml --policies ./new --at-proxy --console "host=proxy port=6432 dbname=picket user=bob"
  picket policy backtest --since 7d --config ./proxy.new.toml --format json | jq '.[] | select(.verdict == "refuse")'

Keys of a JSON object, in this order, and columns of CSV (lists joined by spaces):
  verdict_then  what was decided: allow or refuse
  rules_then    list: the rules that refused it then or, where it was allowed, that only observed
  verdict       what would be: allow, refuse or hold
  rules         list: the same for these policies
  principal     who
  database      where
  executions    how many it would have been
  statements    how many kinds of statements those are, by user, place and hour of the week
  last_at       when the newest of them ran, RFC 3339 in UTC
  text          one of them

Who may ask a proxy, and how much it takes at once: docs/approvals.md, "Asking beforehand"."#;

const CHECK_ABOUT: &str = "\
Whether policies can be judged with, and do what their examples say

Policies must be Cedar, and speak of what Picket's schema has. What never decides anything is told as a warning, with the line and
the mend: conditions that exclude each other, what another policy says already, permits that another forbids, databases, environments
and groups that the configuration does not have. `@refuses` and `@allows` of a policy name statements, one in each line: the rule must
be against the first, and not against the second, when the one who asks sends them. (unseen) NAME, (fast path) FUNCTION and (replication)
COMMAND in front name what is no statement, (masked) statements that read masked columns.";

const CHECK_HELP: &str = r#"Examples:
  picket policy check --policies ./policies
  picket policy check --config /etc/picket/proxy.toml
  picket policy check --policies ./policies --kind agent

Exit codes: 0 they can be judged with and every example is as it says, 2 they cannot, 1 an example is not"#;

const VERIFY_ABOUT: &str = "\
Whether the ledger is what its writers signed

Each proxy and agent gives its records places in a chain, and signs what it ships together, and with that all that it shipped
before. All rows are read and compared with what was signed, and the first that is missing, changed, there twice, in another
place or of nobody is named. Nothing is written.

The key of a writer is in `signing.key.pub` in the directory of its spool, or what `openssl pkey -in FILE -pubout` makes of its
`spool.signing-key`. Without --public-key the ledger itself says which keys its writers have, and whoever wrote all of a chain
anew, with another key, is not found. Without --checkpoints nobody can tell whether the newest rows were cut off, until the writer
ships more: give it `checkpoints` in the directory of the spool, or its last line, kept where nobody who writes the ledger can write.";

const VERIFY_HELP: &str = r#"Examples:
  picket verify
  picket verify --public-key proxy1.pub --public-key agent1.pub --checkpoints /var/lib/picket/proxy/checkpoints
  picket verify --since 90d --format json | jq '.findings[]'

With a TTL, or when partitions are dropped, give --since: what began before may be gone.

Keys of the JSON object:
  whole         true where nothing was found
  findings      list, chain by chain, the first 1000: kind, table, writer, first and last (places in the chain), at (when it
                began), message
  found         of each kind, how many were found
  chains        list: writer, public_key, first and last (places that were looked for), newest_at, checkpoints, whole (records that
                are there as they were signed), completed (a later record took their place), elsewhere (sent again in another
                chain), unproven (rows that are still to be signed), noted (place up to which --checkpoints agrees)
  unchained     rows of before there were chains, by table
  keys_known    true where --public-key was given

Kinds: missing, changed, duplicated, reordered, inserted, unchained (without a place, though there were chains already), forged
(signed by another key), forked (goes on in two ways), rewritten (not what was noted or signed before), cut (the newest part is gone)

Exit codes: 0 whole, 1 something was found, 2 usage, 69 ClickHouse or the ledger in it is not there, 77 ClickHouse refuses the user"#;

#[derive(Debug, Parser)]
#[command(
    name = "picket",
    version,
    about = "Ask Picket: who touched what, who went around the proxy, and what the rules say of a statement",
    after_help = AFTER_HELP,
    max_term_width = 100
)]
pub(crate) struct Args {
    /// ClickHouse's HTTP interface
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PICKET_CLICKHOUSE_URL",
        default_value = "http://127.0.0.1:8123"
    )]
    clickhouse_url: String,
    /// Database that holds the ledger
    #[arg(long, global = true, value_name = "NAME", default_value = "picket")]
    database: String,
    /// The cluster whose servers have the ledger together, as `clickhouse.cluster` of the daemons
    #[arg(long, global = true, value_name = "NAME", env = "PICKET_CLICKHOUSE_CLUSTER")]
    cluster: Option<String>,
    #[command(subcommand)]
    pub(crate) question: Question,
}

/// What is asked
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Who read, changed or tried to touch a relation or a column
    #[command(long_about = WHO_TOUCHED_ABOUT, after_long_help = WHO_TOUCHED_HELP)]
    WhoTouched {
        /// `schema.relation` or `schema.relation.column`, written as in SQL; a relation stands for all its columns
        object: Object,
        /// Show instead one row per person, also of long times at once
        #[arg(long)]
        people: bool,
        #[command(flatten)]
        answer: Answer,
    },
    /// Connections that agents see
    #[command(subcommand)]
    Connections(Connections),
    /// Who reached a database around the proxy
    #[command(long_about = BYPASSES_ABOUT, after_long_help = BYPASSES_HELP)]
    Bypasses {
        /// Show instead what rules of agents allow
        #[arg(long)]
        allowed: bool,
        /// Show instead whom agents refused to connect, or would have
        #[arg(long, conflicts_with = "allowed")]
        refused: bool,
        #[command(flatten)]
        answer: Answer,
    },
    /// How much of what reached databases came through the proxy
    #[command(long_about = help::COVERAGE_ABOUT, after_long_help = help::COVERAGE_HELP)]
    Coverage {
        /// Show instead where the agents' account has holes
        #[arg(long)]
        gaps: bool,
        #[command(flatten)]
        answer: Answer,
    },
    /// What was refused, to whom, and by which rules
    #[command(long_about = help::DENIED_ABOUT, after_long_help = help::DENIED_HELP)]
    Denied {
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        answer: Answer,
    },
    /// Who asked for a person, by what is known of them
    #[command(long_about = help::WHO_SAW_ABOUT, after_long_help = help::WHO_SAW_HELP)]
    WhoSaw {
        #[command(flatten)]
        values: Values,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        answer: Answer,
    },
    /// Who saw sensitive values as they are
    #[command(long_about = help::REVEALED_ABOUT, after_long_help = help::REVEALED_HELP)]
    Revealed {
        /// Only values of this class, such as email
        #[arg(long, value_name = "CLASS", default_value = "", hide_default_value = true)]
        class: String,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        answer: Answer,
    },
    /// Who was there, and what they did
    #[command(long_about = help::SESSIONS_ABOUT, after_long_help = help::SESSIONS_HELP, args_conflicts_with_subcommands = true)]
    Sessions {
        /// As behind `picket session`
        #[command(subcommand)]
        one: Option<Session>,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        answer: Answer,
    },
    /// One session
    #[command(subcommand)]
    Session(Session),
    /// The newest statements as lines, and those that come as they come
    #[command(long_about = help::TAIL_ABOUT, after_long_help = help::TAIL_HELP)]
    Tail {
        /// Go on with what comes, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        /// How far back a statement may have begun: a number with s, m, h, d or w, such as 15m, 1h or 7d
        #[arg(long, value_name = "TIME", default_value = "1h")]
        since: Since,
        /// Statements to begin with
        #[arg(long, value_name = "ROWS", default_value = "20", value_parser = clap::value_parser!(u32).range(0..=10_000))]
        limit: u32,
        /// Form of the lines
        #[arg(long, value_enum, default_value = "text")]
        format: LineFormat,
    },
    /// A table or a view of the ledger as a file
    #[command(long_about = help::EXPORT_ABOUT, after_long_help = help::EXPORT_HELP)]
    Export(ExportArgs),
    /// Brings the ledger to this Picket's schema, and makes it where it is missing
    #[command(long_about = help::MIGRATE_ABOUT)]
    Migrate,
    /// What a shell needs to complete commands and options, on stdout
    #[command(after_long_help = help::COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes manual pages, one for each command
    #[command(after_long_help = help::MAN_HELP)]
    Man {
        /// A folder that is there
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Whether the ledger is what its writers signed
    #[command(long_about = VERIFY_ABOUT, after_long_help = VERIFY_HELP)]
    Verify(Options),
    /// What the rules say
    #[command(subcommand)]
    Policy(Box<Policy>),
    /// Which columns are sensitive
    #[command(subcommand)]
    Classify(Classify),
    /// Logs in at the identity provider, with a browser
    #[command(long_about = login::LOGIN_ABOUT, after_long_help = login::LOGIN_HELP)]
    Login(LoginArgs),
    /// Prints a fresh token of that log-in, which is a password
    #[command(long_about = login::TOKEN_ABOUT, after_long_help = login::TOKEN_HELP)]
    Token(TokenArgs),
    /// Starts psql with a fresh token as its password
    #[command(after_long_help = login::CONNECT_HELP)]
    Connect(ConnectArgs),
    /// Forgets that log-in, here and at the provider
    Logout,
    /// Statements that wait for an approval
    #[command(long_about = APPROVALS_ABOUT, after_long_help = APPROVALS_HELP)]
    Approvals {
        #[command(flatten)]
        console: Console,
        #[command(subcommand)]
        about: Answers,
    },
    /// Approvals that count for a while: `picket approvals approve --for` gives them
    #[command(after_long_help = GRANTS_HELP)]
    Grants {
        #[command(flatten)]
        console: Console,
        #[command(subcommand)]
        about: Grants,
    },
}

/// What is known of a person
#[derive(Debug, ClapArgs)]
pub(crate) struct Values {
    /// A value, however it is written; may be given several times: what was given any of them is shown. `-` takes one from each line of
    /// stdin, which keeps them out of the shell's history
    #[arg(long = "value", value_name = "VALUE", required = true, allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// The key that the proxy makes hashes of values with: `record.key-file` of its configuration, or `record.key` in its spool's
    /// directory
    #[arg(
        long,
        value_name = "FILE",
        env = "PICKET_RECORD_KEY_FILE",
        default_value = "/var/lib/picket/proxy/record.key"
    )]
    pub(crate) key_file: PathBuf,
}

/// Where people answer
#[derive(Debug, ClapArgs)]
pub(crate) struct Console {
    /// The proxy's console, as libpq's connection string or URI; the password is taken from PGPASSWORD where it has none
    #[arg(
        long,
        global = true,
        value_name = "CONNINFO",
        env = "PICKET_CONSOLE",
        default_value = "host=127.0.0.1 port=6432 dbname=picket"
    )]
    pub(crate) console: String,
    /// Certificates of the authorities that the console's is of, in PEM: then TLS is needed
    #[arg(long, global = true, value_name = "FILE", env = "PICKET_CONSOLE_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// What is asked or answered
#[derive(Debug, Subcommand)]
pub(crate) enum Answers {
    /// What waits for you, or for others because of you
    List {
        /// Form of the answer
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// All that is known of one of them
    Show {
        /// Its name, as it is listed
        request: String,
        /// Form of the answer
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Let it run, once
    Approve {
        /// Its name, as it is listed
        request: String,
        /// Let run what is alike too, of the same person, for so long: 30m, 1h
        #[arg(long = "for", value_name = "TIME", default_value = "")]
        time: String,
        /// Why; it is recorded
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Refuse it
    Deny {
        /// Its name, as it is listed
        request: String,
        /// Why; whoever waits is told, and it is recorded
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// What is done to connections
#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// Ends a connection that is open, on the host that it leads to: asks the agent there, as `picket-agent kill` does
    #[command(after_long_help = help::KILL_HELP)]
    Kill(KillArgs),
}

/// Which connection, and why
#[derive(Debug, ClapArgs)]
pub(crate) struct KillArgs {
    /// The configuration of the agent that runs on this host
    #[arg(long, value_name = "FILE", default_value = "/etc/picket/agent.toml")]
    pub(crate) config: PathBuf,
    /// The client's address and port as `picket bypasses` shows it, or `connections.cookie`
    pub(crate) connection: String,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// What is asked of grants
#[derive(Debug, Subcommand)]
pub(crate) enum Grants {
    /// What runs without being asked about, and for how long
    List {
        /// Form of the answer
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Take one back
    Revoke {
        /// Its name, as it is listed
        grant: String,
        /// Why; it is recorded
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// What is asked of one session
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// What happened in a session, in the order of time
    #[command(long_about = help::SESSION_SHOW_ABOUT, after_long_help = help::SESSION_SHOW_HELP)]
    Show {
        /// UUID of the session, which `picket sessions` shows
        #[arg(value_name = "ID")]
        session_id: Uuid,
        #[command(flatten)]
        shown: Lines,
    },
    /// Ends a session at once, at the console of its proxy; for the group that `approvals.kill-group` names there
    Kill {
        /// UUID of the session, which `picket sessions` shows, or the end of it: 8 letters at least
        #[arg(value_name = "ID", value_parser = end_of_uuid)]
        session_id: String,
        /// Why; its client is told, and it is recorded
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        console: Console,
    },
}

/// A UUID, or as much of its end as names something.
fn end_of_uuid(text: &str) -> Result<String, String> {
    let digits = text.chars().filter(|letter| *letter != '-').count();
    let is_end = text.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    let odd = || "give the UUID, or the end of it: 8 letters at least, of 0-9 and a-f".to_owned();
    (is_end && (8..=32).contains(&digits)).then(|| text.to_owned()).ok_or_else(odd)
}

/// Whose, and where
#[derive(Debug, ClapArgs)]
pub(crate) struct WhoseArgs {
    /// Only those of this user of the proxy
    #[arg(long, value_name = "USER", default_value = "", hide_default_value = true)]
    principal: String,
    /// Only those on this database
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    on: String,
}

impl From<WhoseArgs> for Whose {
    fn from(WhoseArgs { principal, on }: WhoseArgs) -> Self {
        Whose { principal, database: on }
    }
}

/// What is asked of sensitive columns
#[derive(Debug, Subcommand)]
pub(crate) enum Classify {
    /// The columns that are sensitive now
    #[command(long_about = LIST_ABOUT, after_long_help = LIST_HELP)]
    List {
        /// Only those of this database
        #[arg(long, value_name = "NAME", default_value = "")]
        on: String,
        #[command(flatten)]
        shown: Lines,
    },
    /// What became known of a column, and by what
    #[command(long_about = HISTORY_ABOUT, after_long_help = LIST_HELP)]
    Explain {
        /// `schema.relation.column` or `schema.relation`, written as in SQL; a relation stands for all its columns
        object: Object,
        #[command(flatten)]
        shown: Lines,
    },
    /// Says what a column holds, whatever Picket finds; for the group that `approvals.steward-group` names
    #[command(long_about = SET_ABOUT, after_long_help = SET_HELP)]
    Set {
        /// The database, by the name that clients ask the proxy for
        #[arg(long, value_name = "NAME")]
        on: String,
        /// `schema.relation.column`, written as in SQL
        column: String,
        /// A class, such as `email`; `none`: nothing sensitive is in it; `auto`: what Picket finds counts again
        class: String,
        /// Why; it is recorded
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        console: Console,
    },
    /// Reads a database's catalog again, and looks at the values of all its tables; for the same group
    #[command(after_long_help = SET_HELP)]
    Rescan {
        /// The database, by the name that clients ask the proxy for
        #[arg(long, value_name = "NAME")]
        on: String,
        #[command(flatten)]
        console: Console,
    },
}

/// How many lines, and in which form
#[derive(Debug, ClapArgs)]
pub(crate) struct Lines {
    /// Most rows to show
    #[arg(long, value_name = "ROWS", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// What is asked of the rules
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// What Picket reads in statements, and what its rules say of them
    #[command(long_about = EXPLAIN_ABOUT, after_long_help = EXPLAIN_HELP)]
    Explain {
        /// Statements; read from standard input where none are given
        sql: Option<String>,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        known: Known,
        #[command(flatten)]
        rules: Rules,
        /// Ask the proxy at --console, which goes by its own policies and the database's catalog; for the group that
        /// `approvals.explain-group` names there
        #[arg(long, requires = "on", conflicts_with_all = ["Rules", "Known", "environment", "hour", "weekday"])]
        at_proxy: bool,
        #[command(flatten)]
        console: Console,
        /// Form of the answer
        #[arg(long, value_enum, default_value = "text")]
        format: ExplainFormat,
    },
    /// Whether policies can be judged with, and do what their examples say
    #[command(long_about = CHECK_ABOUT, after_long_help = CHECK_HELP)]
    Check {
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        known: Known,
        #[command(flatten)]
        rules: Rules,
    },
    /// What policies would have done to the statements that were recorded
    #[command(long_about = BACKTEST_ABOUT, after_long_help = BACKTEST_HELP)]
    Backtest {
        #[command(flatten)]
        rules: Rules,
        /// How far to look back: a number with s, m, h, d or w, such as 1h, 30d or 1h30m
        #[arg(long, value_name = "TIME", default_value = "30d")]
        since: Since,
        /// Most kinds of statements to judge again, the newest first
        #[arg(long, value_name = "ROWS", default_value = "100000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        /// Have the proxy at --console judge them by these policies and its databases' catalogs, without going by these policies; for
        /// the group that `approvals.explain-group` names there
        #[arg(long)]
        at_proxy: bool,
        #[command(flatten)]
        console: Console,
        /// Form of the answer
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// All rules with their reasons, as Markdown
    Reference {
        #[command(flatten)]
        rules: Rules,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    Text,
    /// An array of objects
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LineFormat {
    /// For people; long statements are cut
    Text,
    /// An object a line
    Json,
}

/// How much of the answer, and in which form
#[derive(Debug, ClapArgs)]
pub(crate) struct Answer {
    /// How far to look back: a number with s, m, h, d or w, such as 15m, 1h, 7d or 1h30m
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub(crate) since: Since,
    /// Most rows to show
    #[arg(long, value_name = "ROWS", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people; long statements are cut
    Table,
    /// An array of objects, everything whole
    Json,
    /// A header line and a line per row, everything whole
    Csv,
}

impl Args {
    /// Where the ledger is. Credentials come from the environment alone: a command line is for everybody to read.
    pub(crate) fn clickhouse(&self) -> ClickHouseConfig {
        let variable = |name: &str| std::env::var(name).ok();
        let config = ClickHouseConfig::default();
        ClickHouseConfig {
            url: self.clickhouse_url.clone(),
            database: self.database.clone(),
            cluster: self.cluster.clone(),
            user: variable("PICKET_CLICKHOUSE_USER").unwrap_or(config.user),
            password: Password(variable("PICKET_CLICKHOUSE_PASSWORD").unwrap_or_default()),
        }
    }
}
