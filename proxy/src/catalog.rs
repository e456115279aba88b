//! Keeps what is known of a database's relations and columns, and which columns are sensitive. One task per
//! database reads it with the proxy's own account: on demand, and from time to time.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use audit::record::ProxyPurpose;
use audit::spool::SpoolError;
use daemon::with_causes;
use mask::{Class, Classes, ColumnId, Sample, Unsearched};
use session::{Environment, MovedNames, Readings, Stain, Stains, Unknown};
use sql::catalog::{Catalog, Column, Holds, Relation};
use sql::{RowSecurity, Usage};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use wire::backend::{self, tag};
use wire::startup::PROTOCOL_3_0;
use wire::{BodyError, compose, split_frame};

use self::corrections::Pinned;
pub(crate) use self::corrections::{CorrectionError, Says};
pub(crate) use self::history::Chronicle;
use self::history::History;
use self::samples::Samples;
use crate::config::{Role, Upstream};
use crate::errand::Errand;
use crate::identity::Identity;
use crate::pipe::Pipe;
use crate::upstream;

mod carried;
mod corrections;
mod history;
mod hooks;
mod implicit;
mod kin;
mod memory;
mod moves;
mod news;
mod own;
mod routines;
mod rows;
mod said;
mod samples;
mod system;
mod views;

pub(crate) use self::memory::{Memory, MemoryError};
use self::moves::Moves;
use self::news::News;
use self::said::Said;

/// What is changed around the proxy is known after this time at the latest.
const REFRESH: Duration = Duration::from_secs(30);

/// A connection that nobody needs for so long is closed. It would be in the way of DROP DATABASE, which waits 5 s for
/// others to leave (procarray.c, `CountOtherDBBackends`).
const IDLE: Duration = Duration::from_secs(2);

/// Nor is one that is in use kept for longer: the ledger goes by that no connection of the proxy's own is older than an hour.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// The goodbye of a client (`Terminate`).
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// When it is read again where something of it could not be.
const PARTIAL: Duration = Duration::from_secs(1);

/// After this time at the latest all is read again where something new was read by itself, and somebody asks; at once where nobody does.
const NEWS: Duration = Duration::from_secs(10);

/// How long reading what is new by itself may take.
const NEWS_WAIT: Duration = Duration::from_secs(5);

/// How long reading the catalog may take.
const READ_WAIT: Duration = Duration::from_secs(30);

/// From then on what fails has taken too long.
const TREES_WAIT: Duration = Duration::from_secs(20);

/// Most of a definition's tree that is looked at, in bytes as PostgreSQL keeps it; it is a hundred times as long where it says the same again
/// and again.
const TREE_BYTES_MAX: u32 = 100_000;

/// The same after readings that took too long.
const TREE_BYTES_LEAST: u32 = 1_500;

/// Longest message of an answer, in bytes.
const ANSWER_BYTES_MAX: u32 = 256 << 10;

/// When an attempt to read that has failed is followed by the end of the next, at the latest.
const UNTIL_NEXT: Duration = REFRESH.saturating_add(IDLE).saturating_add(IDLE).saturating_add(READ_WAIT);

/// Most definitions that are asked for at once.
const ASKED_MAX: usize = 500;

/// Sessions that may wait for the same reading.
const REQUESTS_MAX: usize = 1_024;

/// Columns of which sessions may have seen values since the last look.
const SIGHTED_MAX: usize = 4_096;

/// Columns of which it is not known whether they are sensitive.
type Unsure = Arc<HashSet<ColumnId>>;

/// What sessions have seen since the last look.
type Sighted = HashMap<ColumnId, Sample>;

/// The newest version of any catalog. What is worked out with one is remembered by its version beside what is worked out
/// with those of other databases.
static VERSION: AtomicU64 = AtomicU64::new(0);

/// The newest session that looks at a catalog.
static SESSION: AtomicU64 = AtomicU64::new(1);

/// Relations that users made, with the columns that are not dropped, or one without a number where there is none. A type whose
/// values are strings (domains, citext) counts as text.
const RELATIONS: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text, coalesce(a.attnum, 0::int2), coalesce(a.attname::text, ''),
           CASE t.typcategory WHEN 'S' THEN 25::oid ELSE coalesce(a.atttypid, 0::oid) END
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
          AND a.attnum OPERATOR(pg_catalog.>) 0::int2
          AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f', 'c']::\"char\"[])
    ORDER BY c.oid, a.attnum";

/// Tables whose policies of rows hold.
const ROW_SECURITY: &str = "
    SELECT c.oid, CASE WHEN c.relforcerowsecurity THEN 1 ELSE 0 END FROM pg_catalog.pg_class c
    WHERE c.relrowsecurity AND c.oid OPERATOR(pg_catalog.>=) 16384::oid";

/// Names of indexes and sequences, but for temporary ones.
const OTHERS: &str = "
    SELECT DISTINCT c.relname::text FROM pg_catalog.pg_class c
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::\"char\"
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['i', 'I', 'S']::\"char\"[])";

const EXTENSIONS: &str = "SELECT e.extname::text FROM pg_catalog.pg_extension e";

/// Schemas; and the paths that roles and databases begin with.
const SCHEMAS: &str = "
    SELECT n.nspname::text, '' FROM pg_catalog.pg_namespace n
    UNION ALL
    SELECT '', pg_catalog.substr(one.setting, 13)
    FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS one(setting)
    WHERE one.setting OPERATOR(pg_catalog.~~) 'search_path=%'
    UNION ALL
    SELECT '', s.reset_val FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) 'search_path'";

/// Schemas with the roles that may look into them, by a grant of their own, as everybody or because they may do anything.
const USAGE: &str = "
    SELECT n.nspname::text, coalesce(r.rolname::text, '')
    FROM pg_catalog.pg_namespace n
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n'::\"char\", n.nspowner))) a
    LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
    WHERE a.privilege_type OPERATOR(pg_catalog.=) 'USAGE'
    UNION
    SELECT n.nspname::text, r.rolname::text
    FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.pg_roles r
    WHERE r.rolsuper";

const MAJOR_VERSION: &str = "SELECT pg_catalog.current_setting('server_version_num')::int4 / 10000";

/// Whether an expression of a definition calls `set_config` (`F_SET_CONFIG_TEXT_TEXT_BOOL`), or is too long to be looked at.
const SETS: &str = "
    SELECT (EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class OPERATOR(pg_catalog.>=) 16384::oid
                    AND CASE WHEN pg_catalog.pg_column_size(ev_action) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
                        ELSE ev_action::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_attrdef
                   WHERE CASE WHEN pg_catalog.pg_column_size(adbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true ELSE adbin::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_constraint
                   WHERE CASE WHEN pg_catalog.pg_column_size(conbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true ELSE conbin::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_type
                   WHERE CASE WHEN pg_catalog.pg_column_size(typdefaultbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true ELSE typdefaultbin::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_policy p
                   WHERE CASE WHEN pg_catalog.pg_column_size(p.polqual) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                                OR pg_catalog.pg_column_size(p.polwithcheck) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
                         ELSE p.polqual::text OPERATOR(pg_catalog.~~) c.call OR p.polwithcheck::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_trigger
                   WHERE CASE WHEN pg_catalog.pg_column_size(tgqual) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true ELSE tgqual::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_proc
                   WHERE CASE WHEN pg_catalog.pg_column_size(proargdefaults) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true ELSE proargdefaults::text OPERATOR(pg_catalog.~~) c.call END)
        OR EXISTS (SELECT FROM pg_catalog.pg_index
                   WHERE CASE WHEN pg_catalog.pg_column_size(indexprs) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                                OR pg_catalog.pg_column_size(indpred) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
                         ELSE indexprs::text OPERATOR(pg_catalog.~~) c.call OR indpred::text OPERATOR(pg_catalog.~~) c.call END))::int
    FROM (VALUES ('%:funcid 2078 %')) c(call)";

/// Views with what they read, and parts with what they are a part of.
const DEPENDENCIES: &str = "
    SELECT r.ev_class, d.refobjid
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) r.oid
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::regclass::oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.refobjid OPERATOR(pg_catalog.<>) r.ev_class
      AND d.refobjid OPERATOR(pg_catalog.>=) 16384::oid
      AND r.ev_class OPERATOR(pg_catalog.>=) 16384::oid
      AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"
    UNION
    SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits WHERE inhrelid OPERATOR(pg_catalog.>=) 16384::oid";

/// Columns that views read, of whichever relation; 0 of one of which they read none. A view that takes a whole row (a Var without a number,
/// primnodes.h) is not among them: pg_depend does not tell of that; nor is one whose tree is too long to be looked at.
const SEEN: &str = "
    SELECT v.ev_class, d.refobjid, d.refobjsubid
    FROM (SELECT r.oid, r.ev_class FROM pg_catalog.pg_rewrite r
          WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::oid AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"
            AND CASE WHEN pg_catalog.pg_column_size(r.ev_action) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN false
                ELSE r.ev_action::text OPERATOR(pg_catalog.!~~) '%:varattno 0 %' END) v
    JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) v.oid
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::regclass::oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.refobjid OPERATOR(pg_catalog.<>) v.ev_class
      AND d.refobjid OPERATOR(pg_catalog.>=) 16384::oid";

/// Generated columns, which COPY leaves out, and which of them are no whole values of others: in the tree of an expression that gives some is nothing
/// (primnodes.h) but columns, constants, casts that change nothing, COALESCE and NULLIF, `||`, and `lower`, `upper`, `initcap`, and `ltrim`, `rtrim`,
/// `btrim` of spaces and the cast of a `char(n)` to a text, by their OIDs (pg_operator.dat, pg_proc.dat). A tree that is too long to be one of a few columns
/// is not read.
const GENERATED: &str = "
    SELECT a.attrelid, a.attnum,
           CASE WHEN pg_catalog.pg_column_size(f.adbin) OPERATOR(pg_catalog.>) 20000
                  OR f.adbin::text OPERATOR(pg_catalog.~) '[{](?!(VAR|CONST|RELABELTYPE|OPEXPR|FUNCEXPR|COALESCE|COALESCEEXPR|NULLIFEXPR) )[A-Z]'
                  OR f.adbin::text OPERATOR(pg_catalog.~) ':opno (?!(98|654|2779|2780) )'
                  OR f.adbin::text OPERATOR(pg_catalog.~) ':funcid (?!(401|870|871|872|881|882|885) )' THEN 1 ELSE 0 END
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid OPERATOR(pg_catalog.=) a.attrelid AND f.adnum OPERATOR(pg_catalog.=) a.attnum
    WHERE a.attrelid OPERATOR(pg_catalog.>=) 16384::oid AND a.attgenerated OPERATOR(pg_catalog.<>) ''::\"char\"
          AND NOT a.attisdropped";

/// Columns of which others are generated, and 0 for each column of a composite type that a column is of: in an array, a domain, or
/// both. Up to PostgreSQL 14 the generated column depends on the others, since 15 its expression does.
const HOLDS: &str = "
    SELECT d.objid, d.objsubid, d.refobjid, d.refobjsubid
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.objid AND a.attnum::int4 OPERATOR(pg_catalog.=) d.objsubid
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.objid OPERATOR(pg_catalog.=) d.refobjid AND d.refobjsubid OPERATOR(pg_catalog.>) 0
      AND d.objid OPERATOR(pg_catalog.>=) 16384::oid AND a.attgenerated OPERATOR(pg_catalog.<>) ''::\"char\"
    UNION
    SELECT f.adrelid, f.adnum, d.refobjid, d.refobjsubid
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attrdef f ON f.oid OPERATOR(pg_catalog.=) d.objid
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) f.adrelid AND a.attnum OPERATOR(pg_catalog.=) f.adnum
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::regclass::oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.refobjid OPERATOR(pg_catalog.=) f.adrelid AND d.refobjsubid OPERATOR(pg_catalog.>) 0
      AND f.adrelid OPERATOR(pg_catalog.>=) 16384::oid AND a.attgenerated OPERATOR(pg_catalog.<>) ''::\"char\"
    UNION
    SELECT a.attrelid, a.attnum, r.oid, 0
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type one ON one.oid OPERATOR(pg_catalog.=) a.atttypid
    LEFT JOIN pg_catalog.pg_type two ON two.oid OPERATOR(pg_catalog.=) one.typelem OR two.oid OPERATOR(pg_catalog.=) one.typbasetype
    LEFT JOIN pg_catalog.pg_type three ON three.oid OPERATOR(pg_catalog.=) two.typelem OR three.oid OPERATOR(pg_catalog.=) two.typbasetype
    LEFT JOIN pg_catalog.pg_type four ON four.oid OPERATOR(pg_catalog.=) three.typelem OR four.oid OPERATOR(pg_catalog.=) three.typbasetype
    JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) ANY (ARRAY[one.typrelid, two.typrelid, three.typrelid, four.typrelid])
    WHERE a.attrelid OPERATOR(pg_catalog.>=) 16384::oid AND a.attnum OPERATOR(pg_catalog.>) 0::int2 AND NOT a.attisdropped
      AND a.atttypid OPERATOR(pg_catalog.>=) 16384::oid";

/// Triggers by which PostgreSQL itself writes words of some columns into another one (`tsvector_update_trigger`, and the same that takes the
/// configuration from a column). Without arguments where they are longer than any that name each column once.
const WORDS: &str = "
    SELECT t.tgrelid, CASE WHEN pg_catalog.octet_length(t.tgargs) OPERATOR(pg_catalog.<=) 110000 THEN pg_catalog.encode(t.tgargs, 'hex') ELSE '' END
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid
    WHERE p.prosrc OPERATOR(pg_catalog.=) ANY (ARRAY['tsvector_update_trigger_byid', 'tsvector_update_trigger_bycolumn'])
      AND p.oid OPERATOR(pg_catalog.<) 16384::oid";

/// Composite types with the relations whose columns their fields are.
const RECORDS: &str = "
    SELECT c.reltype, c.oid, CASE c.relkind WHEN 'c'::\"char\" THEN 1 ELSE 0 END, t.typarray
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) c.reltype
    WHERE c.reltype OPERATOR(pg_catalog.<>) 0::oid AND c.oid OPERATOR(pg_catalog.>=) 16384::oid
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f', 'c']::\"char\"[])";

/// Columns of tables that are of such a type, or of an array of one, and not generated.
const RECORD_COLUMNS: &str = "
    SELECT a.attrelid, a.attnum, CASE WHEN e.oid IS NULL THEN 0 ELSE 1 END
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.attrelid
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    LEFT JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) t.typelem AND e.typarray OPERATOR(pg_catalog.=) t.oid
    WHERE a.attrelid OPERATOR(pg_catalog.>=) 16384::oid AND a.attnum OPERATOR(pg_catalog.>) 0::int2 AND NOT a.attisdropped
      AND a.attgenerated OPERATOR(pg_catalog.=) ''::\"char\"
      AND (t.typtype OPERATOR(pg_catalog.=) 'c'::\"char\" OR e.typtype OPERATOR(pg_catalog.=) 'c'::\"char\")
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::\"char\"[])";

/// All functions and procedures, as a statement would call them: fast-path calls have their numbers.
const FUNCTIONS: &str = "
    SELECT p.oid, pg_catalog.quote_ident(n.nspname::text), pg_catalog.quote_ident(p.proname::text)
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace";

/// What was read at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Grows with every attempt to read, and no other database's snapshot has the same; 0 before the first.
    pub(crate) version: u64,
    /// Whether it is gone by: it was read, and not so long ago that it had to be read again.
    pub(crate) holds: bool,
    /// When that attempt was.
    tried_at: Option<Instant>,
    /// When it was read.
    read_at: Option<Instant>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) classes: Classes,
    /// Those of them that are columns of views whose definitions could not be read, and may show something else than before.
    unsure: Unsure,
    unsearched: Unsearched,
    /// What was written into relations that it may not show yet.
    stains: Arc<Stains>,
    /// The same but for temporary ones.
    lasting_stains: Arc<Stains>,
    /// What has another meaning than it shows.
    moves: Arc<Moves>,
}

impl Snapshot {
    /// What a session looks at when it takes bytes.
    pub(crate) fn environment<'a>(
        &'a self,
        identity: &'a Identity,
        (moved, has_own_stains): (Option<&'a MovedNames>, bool),
        readings: &'a mut Readings,
    ) -> Environment<'a> {
        Environment {
            catalog: &self.catalog,
            classes: &self.classes,
            unsearched: (!self.unsearched.is_empty()).then_some(&self.unsearched),
            methods: identity.methods(),
            moved,
            stains: if has_own_stains { &self.stains } else { &self.lasting_stains },
            has_own_stains,
            policies: identity.policies(),
            subject: identity.subject(),
            catalog_version: self.version,
            catalog_holds: self.holds,
            allowance: Some(identity.allowance()),
            catalog_is_new: self.is_new(),
            readings,
        }
    }

    /// Whether the last attempt to read it has succeeded.
    pub(crate) fn is_new(&self) -> bool {
        self.read_at.is_some() && self.read_at == self.tried_at
    }

    /// Its sensitive columns, without those that only may be.
    fn certain(&self) -> Cow<'_, Classes> {
        if self.unsure.is_empty() {
            return Cow::Borrowed(&self.classes);
        }
        let mut classes = self.classes.clone();
        classes.retain(|id, _| !self.unsure.contains(id));
        Cow::Owned(classes)
    }

    /// The same with other moves.
    fn with_moves(&self, moves: Moves) -> Self {
        Snapshot { moves: Arc::new(moves), ..self.clone() }
    }

    /// The same, but newer, with what is remembered.
    fn with(&self, memory: &Memory) -> Self {
        let version = VERSION.fetch_add(1, Ordering::Relaxed) + 1;
        let stains = Arc::new(memory.stains(&self.catalog));
        let lasting_stains = Arc::new(stains.lasting());
        let mut newer = Snapshot { version, stains, lasting_stains, ..self.clone() };
        memory.add_to(&self.catalog, &mut newer.classes);
        newer
    }
}

/// The catalog of one database. It is read while it has sessions.
pub(crate) struct KeptCatalog {
    requests: mpsc::Sender<Request>,
    snapshots: Arc<watch::Sender<Arc<Snapshot>>>,
    way_in: watch::Sender<Arc<Upstream>>,
    memory: Arc<Mutex<Memory>>,
    sighted: Arc<Mutex<Sighted>>,
}

/// One session's view of it.
pub(crate) struct CatalogKeeper {
    requests: mpsc::Sender<Request>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    publish: Arc<watch::Sender<Arc<Snapshot>>>,
    memory: Option<Arc<Mutex<Memory>>>,
    sighted: Arc<Mutex<Sighted>>,
    /// What the session is known by to [`Moves`], and what it has moved.
    number: u64,
    moved: MovedNames,
    /// What others have moved.
    elsewhere: Option<MovedNames>,
    /// How many transactions that move names were over when it sent what it waits for.
    sent: Option<u64>,
}

/// Reads it again for somebody who is no session.
pub(crate) struct CatalogReader {
    requests: mpsc::Sender<Request>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

/// How much of a definition is looked at: of whatever anybody makes, the catalog must be read. What is longer counts as code that nobody knows.
struct Trees {
    bytes_max: u32,
    lowered_at: Instant,
}

impl Default for Trees {
    fn default() -> Self {
        Trees { bytes_max: TREE_BYTES_MAX, lowered_at: Instant::now() }
    }
}

impl Trees {
    /// Bytes of one, as PostgreSQL keeps its tree.
    fn bytes_max(&mut self) -> u32 {
        if LIFE < self.lowered_at.elapsed() && self.bytes_max < TREE_BYTES_MAX {
            (self.bytes_max, self.lowered_at) = ((2 * self.bytes_max).min(TREE_BYTES_MAX), Instant::now());
        }
        self.bytes_max
    }

    /// A reading had no end: many of them may be long.
    fn took_too_long(&mut self) {
        (self.bytes_max, self.lowered_at) = ((self.bytes_max / 8).max(TREE_BYTES_LEAST), Instant::now());
    }
}

/// Somebody needs a reading that has not begun yet.
struct Request {
    done: oneshot::Sender<()>,
    /// Looks at the values of all tables behind it, however short ago that was.
    rescans: bool,
    /// These are needed alone.
    unknown: Option<Unknown>,
}

impl Request {
    /// Of the whole catalog.
    fn of_all(done: oneshot::Sender<()>, rescans: bool) -> Self {
        Request { done, rescans, unknown: None }
    }
}

impl KeptCatalog {
    /// Starts the task that keeps the catalog of `upstream`, of which this is remembered. It ends when this and every keeper are
    /// dropped.
    pub(crate) fn start(
        upstream: Arc<Upstream>,
        memory: Memory,
        chronicle: Chronicle,
    ) -> (Self, impl Future<Output = ()>) {
        let (requests, wanted) = mpsc::channel(REQUESTS_MAX);
        let snapshots = Arc::new(watch::Sender::default());
        let (way_in, upstream) = watch::channel(upstream);
        let memory = Arc::new(Mutex::new(memory));
        let sighted = Arc::default();
        let task = keep(
            upstream,
            wanted,
            Arc::clone(&snapshots),
            Arc::clone(&memory),
            Arc::clone(&sighted),
            History::new(chronicle),
        );
        (KeptCatalog { requests, snapshots, way_in, memory, sighted }, task)
    }

    /// For one more session.
    pub(crate) fn keeper(&self) -> CatalogKeeper {
        let (snapshots, number) = (self.snapshots.subscribe(), SESSION.fetch_add(1, Ordering::Relaxed));
        let elsewhere = snapshots.borrow().moves.elsewhere(number, None);
        CatalogKeeper {
            requests: self.requests.clone(),
            snapshots,
            publish: Arc::clone(&self.snapshots),
            memory: Some(Arc::clone(&self.memory)),
            sighted: Arc::clone(&self.sighted),
            number,
            moved: MovedNames::default(),
            elsewhere,
            sent: None,
        }
    }

    /// Whether no session is with the database.
    pub(crate) fn is_unused(&self) -> bool {
        self.snapshots.receiver_count() == 0
    }

    /// Reads it by this way in from now on.
    pub(crate) fn enter_by(&self, upstream: Arc<Upstream>) {
        self.way_in.send_replace(upstream);
    }
}

impl CatalogKeeper {
    /// Of a connection that is with no database.
    pub(crate) fn of_nothing() -> Self {
        let (requests, _) = mpsc::channel(1);
        let nothing = Snapshot { holds: true, tried_at: Some(Instant::now()), ..Snapshot::default() };
        let (publish, snapshots) = watch::channel(Arc::new(nothing));
        CatalogKeeper {
            requests,
            snapshots,
            publish: Arc::new(publish),
            memory: None,
            sighted: Arc::default(),
            number: 0,
            moved: MovedNames::default(),
            elsewhere: None,
            sent: None,
        }
    }

    /// Waits until it was read, and not too long ago: it is let be while no session is with the database.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the catalog is read all the same.
    pub(crate) async fn is_fresh(&self) {
        let snapshot = self.snapshot();
        let is_fresh = snapshot.tried_at.is_some_and(|tried_at| tried_at.elapsed() < REFRESH);
        if !snapshot.holds || !is_fresh {
            self.is_read_again().await;
        }
    }

    /// The newest snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Brings `snapshot` to the newest. Costs one load where it is the newest.
    pub(crate) fn renew(&mut self, snapshot: &mut Arc<Snapshot>) {
        if self.snapshots.has_changed().unwrap_or(false) {
            *snapshot = Arc::clone(&self.snapshots.borrow_and_update());
            self.elsewhere = snapshot.moves.elsewhere(self.number, self.sent);
        }
    }

    /// The session waits for what it has sent, and was judged by `snapshot`, or has all answers.
    pub(crate) fn note_waiting(&mut self, waits: bool, snapshot: &Snapshot) {
        match (waits, self.sent) {
            (true, None) => self.sent = Some(snapshot.moves.ended()),
            (false, Some(_)) => {
                self.sent = None;
                if self.elsewhere.is_some() {
                    self.elsewhere = snapshot.moves.elsewhere(self.number, None);
                }
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Names that other sessions have given another meaning than the snapshot shows that it was last renewed with.
    pub(crate) fn moved(&self) -> Option<&MovedNames> {
        self.elsewhere.as_ref()
    }

    /// The session has moved these in its transaction; none where that is over. Every session knows from now on.
    pub(crate) fn note_moved(&mut self, names: &MovedNames) {
        if self.moved.is_empty() && names.is_empty() || self.moved == *names {
            return;
        }
        self.moved.clone_from(names);
        let number = self.number;
        self.publish.send_modify(|snapshot| {
            let mut moves = Moves::clone(&snapshot.moves);
            if names.is_empty() {
                moves.end(number)
            } else {
                moves.note(number, names)
            }
            *snapshot = Arc::new(snapshot.with_moves(moves));
        });
    }

    /// Remembers what a statement writes that is not sent yet: every session knows it from now on.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be kept.
    pub(crate) fn stain(&self, stains: &[Stain]) -> Result<(), MemoryError> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let mut memory = lock(memory);
        let catalog = Arc::clone(&self.publish.borrow().catalog);
        if memory.note(stains, &catalog)? {
            self.publish.send_modify(|snapshot| *snapshot = Arc::new(snapshot.with(&memory)));
        }
        Ok(())
    }

    /// The session has seen these values, which tell of their columns from the next look on.
    pub(crate) fn saw(&self, values: Vec<(ColumnId, Sample)>) {
        let mut sighted = lock(&self.sighted);
        for (id, sample) in values {
            if sighted.len() < SIGHTED_MAX || sighted.contains_key(&id) {
                sighted.entry(id).or_default().add(&sample);
            }
        }
    }

    /// Somebody says what the column with this path holds, which `evidence` is kept of first: every session knows it from now on.
    /// Where nothing is said any more, what Picket finds counts when the catalog was read again.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] where it does not count.
    pub(crate) fn correct(
        &self,
        path: &str,
        says: Says,
        by: &str,
        evidence: impl FnOnce() -> Result<(), SpoolError>,
    ) -> Result<(), CorrectionError> {
        let Some(memory) = &self.memory else { return Err(CorrectionError::Unknown(path.to_owned())) };
        let mut memory = lock(memory);
        memory.correct(&self.snapshot().catalog, path, says, by, evidence)?;
        self.publish.send_modify(|snapshot| *snapshot = Arc::new(snapshot.with(&memory)));
        Ok(())
    }

    /// Waits for an attempt to read the catalog that begins now or later, behind which the values of all tables are looked at.
    pub(crate) async fn is_rescanned(&self) {
        read_again(&self.requests, true).await;
    }

    /// Waits for an attempt to read the catalog that begins now or later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the catalog is read all the same.
    pub(crate) async fn is_read_again(&self) {
        read_again(&self.requests, false).await;
    }

    /// For what a session has done beside it.
    pub(crate) fn reader(&self) -> CatalogReader {
        CatalogReader { requests: self.requests.clone(), snapshots: self.snapshots.clone() }
    }

    /// Has the catalog read again, without waiting for it.
    pub(crate) fn refresh(&self) {
        let (done, _) = oneshot::channel();
        // A full queue means that it will be read anyway.
        let _ = self.requests.try_send(Request::of_all(done, false));
    }

    /// The same of these, which are read by themselves where that tells all.
    pub(crate) fn refresh_some(&self, unknown: Unknown) {
        let (done, _) = oneshot::channel();
        let _ = self.requests.try_send(Request { done, rescans: false, unknown: Some(unknown) });
    }

    /// Waits for an attempt to read these that begins now or later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: they are read all the same.
    pub(crate) async fn are_read(&self, unknown: Unknown) {
        let (done, waits) = oneshot::channel();
        let request = Request { done, rescans: false, unknown: Some(unknown) };
        if self.requests.send(request).await.is_ok() {
            let _ = waits.await;
        }
    }
}

impl CatalogReader {
    /// The snapshot after an attempt to read it that begins now or later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the catalog is read all the same.
    pub(crate) async fn read_again(&self) -> Arc<Snapshot> {
        read_again(&self.requests, false).await;
        Arc::clone(&self.snapshots.borrow())
    }
}

async fn read_again(requests: &mpsc::Sender<Request>, rescans: bool) {
    let (done, waits) = oneshot::channel();
    if requests.send(Request::of_all(done, rescans)).await.is_ok() {
        let _ = waits.await;
    }
}

/// A session that ends has moved what it has, or not: the next catalog shows it.
impl Drop for CatalogKeeper {
    fn drop(&mut self) {
        self.note_moved(&MovedNames::default());
    }
}

async fn keep(
    mut way_in: watch::Receiver<Arc<Upstream>>,
    mut wanted: mpsc::Receiver<Request>,
    publish: Arc<watch::Sender<Arc<Snapshot>>>,
    memory: Arc<Mutex<Memory>>,
    sighted: Arc<Mutex<Sighted>>,
    mut history: History,
) {
    let mut connection: Option<Pipe> = None;
    let mut connected_since = Instant::now();
    let mut samples = Samples::default();
    let mut said = Said::default();
    let mut trees = Trees::default();
    // Something could not be read, or was read by itself.
    let (mut is_partial, mut has_news) = (false, false);
    loop {
        is_partial &= 0 < publish.receiver_count();
        let wait = match &connection {
            // Nobody uses it any more, and somebody may be about to drop the database.
            Some(_) if publish.receiver_count() == 0 => Duration::ZERO,
            Some(_) if is_partial || has_news => PARTIAL,
            Some(_) => IDLE,
            None => REFRESH,
        };
        let mut request = timeout(wait, wanted.recv()).await;
        if request.is_err()
            && !is_partial
            && !has_news
            && let Some(mut idle) = connection.take()
        {
            idle.queue(&TERMINATE);
            // A server that does not take it sees the connection close.
            let _ = idle.close();
            let _ = timeout(IDLE, idle.flush_all()).await;
            request = timeout(REFRESH, wanted.recv()).await;
        }
        let request = match request {
            Ok(Some(request)) => Some(request),
            Ok(None) => return,
            // Nobody uses it: leave the database alone, but for what the ledger is not told yet.
            Err(_) if publish.receiver_count() == 0 && !has_news => continue,
            Err(_) => None,
        };
        // One reading serves all who have asked before it begins; who asks later may know of what it does not see.
        let mut requests: Vec<Request> = request.into_iter().collect();
        requests.extend(std::iter::from_fn(|| wanted.try_recv().ok()).take(REQUESTS_MAX));
        if requests.iter().any(|request| request.rescans) {
            samples.are_old();
        }
        let before = Arc::clone(&publish.borrow());
        let unpinned = lock(&memory).unpinned();
        let is_other_way = way_in.has_changed().unwrap_or(false);
        if is_other_way || LIFE < connected_since.elapsed() {
            connection = None;
        }
        if connection.is_none() {
            connected_since = Instant::now();
        }
        let upstream = Arc::clone(&way_in.borrow_and_update());
        let chronicle = history.chronicle();
        let age_max = if has_news { NEWS } else { REFRESH };
        let may_be_alone = !requests.is_empty()
            && !is_other_way
            && unpinned.is_empty()
            && before.holds
            && before.is_new()
            && before.read_at.is_some_and(|read_at| read_at.elapsed() < age_max);
        let unknown = news::together(requests.iter().map(|request| request.unknown.as_ref()));
        if let Some(unknown) = unknown.filter(|_| may_be_alone) {
            let news =
                read_news(&upstream, chronicle, &mut connection, &before, &unknown, &mut said, &memory);
            let news = match timeout(NEWS_WAIT, news).await {
                Ok(news) => news,
                Err(_) => Err(format!("not read within {} s", NEWS_WAIT.as_secs())),
            };
            let is_told = match news {
                Ok(News::Nothing) => true,
                Ok(News::Later) => {
                    has_news = true;
                    true
                }
                Ok(News::Read(snapshot)) => {
                    has_news = true;
                    replace(&publish, snapshot.with(&lock(&memory)), 0, None);
                    true
                }
                // A name alone waits for no more than what is plain: it is as new as it was.
                Ok(News::More) if unknown.oids.is_empty() && unknown.altered.is_empty() => {
                    has_news = true;
                    true
                }
                Ok(News::More) => false,
                Err(error) => {
                    connection = None;
                    tracing::debug!(
                        database = upstream.database,
                        error,
                        "what is new was not read by itself"
                    );
                    false
                }
            };
            if is_told {
                for Request { done, .. } in requests {
                    let _ = done.send(());
                }
                continue;
            }
        }
        has_news = false;
        // What is asked for meanwhile is known to the next.
        let (mut before, mut unpinned) = (Arc::clone(&publish.borrow()), unpinned);
        let ended = before.moves.ended();
        let (begun_at, bytes_max) = (Instant::now(), trees.bytes_max());
        let mut is_other_system = false;
        let read = loop {
            let ways = (&*upstream, chronicle);
            let read = read(ways, &mut connection, &before, &unpinned, &mut said, &memory, bytes_max);
            match timeout(READ_WAIT, read).await {
                Ok(Ok(Some(read))) => break Ok(read),
                Ok(Ok(None)) if is_other_system => {
                    break Err("another database is there with each connection".to_owned());
                }
                Ok(Ok(None)) => {
                    is_other_system = true;
                    before = Arc::new(Snapshot { version: before.version, ..Snapshot::default() });
                    (samples, unpinned) = (Samples::default(), Vec::new());
                }
                Ok(Err(error)) => break Err(error),
                Err(_) => break Err(format!("not read within {} s", READ_WAIT.as_secs())),
            }
        };
        if read.is_err() && TREES_WAIT < begun_at.elapsed() {
            trees.took_too_long();
        }
        {
            let mut memory = lock(&memory);
            is_partial = read.as_ref().is_ok_and(Read::is_partial);
            let is_read = read.is_ok();
            let left = read.as_ref().ok().and_then(|read| read.left.clone());
            let next =
                next(&before, read, &upstream, memory.pinned(), &samples, &mut connection).with(&memory);
            if is_read && let Err(error) = memory.read(&next.catalog, &next.certain(), &unpinned) {
                tracing::error!(
                    error = with_causes(&error),
                    "sensitive columns cannot be kept over a restart"
                );
            }
            replace(&publish, next, ended, left.as_ref());
        }
        for Request { done, .. } in requests {
            let _ = done.send(());
        }
        let fresh = std::mem::take(&mut *lock(&sighted));
        samples.saw(&publish.borrow().catalog, fresh);
        look(&mut samples, &mut connection, &publish, &memory, || !wanted.is_empty()).await;
        let snapshot = Arc::clone(&publish.borrow());
        let pinned = lock(&memory).pinned().clone();
        if snapshot.unsure.is_empty() {
            history.note(&snapshot, &pinned, &said, &samples, &upstream);
        }
    }
}

/// Publishes `snapshot`, which shows what so many transactions have moved but for what is of these names, with what else was moved
/// meanwhile; without names it shows nothing of it.
fn replace(
    publish: &watch::Sender<Arc<Snapshot>>,
    snapshot: Snapshot,
    ended: u64,
    left: Option<&HashSet<String>>,
) {
    publish.send_modify(|now| {
        let mut moves = Moves::clone(&now.moves);
        if let Some(left) = left {
            moves.are_shown(ended, left);
        }
        *now = Arc::new(snapshot.with_moves(moves));
    });
}

/// The snapshot after `before`, still without what is remembered and a version of its own (`Snapshot::with`). Where reading failed,
/// what was known stays, and holds for as long as it may.
fn next(
    before: &Snapshot,
    read: Result<Read, String>,
    upstream: &Upstream,
    pinned: &Pinned,
    samples: &Samples,
    connection: &mut Option<Pipe>,
) -> Snapshot {
    let now = Instant::now();
    match read {
        Ok(Read { catalog, mut classes, unsure, .. }) => {
            tracing::debug!(database = upstream.database, columns = classes.len(), "catalog read");
            if !before.holds && before.read_at.is_some() {
                tracing::info!(database = upstream.database, "catalog read again: it is gone by as before");
            }
            let unsearched = samples.unsearched(&catalog, &classes, pinned);
            classes.extend(unsure.iter().map(|id| (*id, Class::Derived)));
            let (tried_at, read_at) = (Some(now), Some(now));
            let (catalog, stains, moves) = (Arc::new(catalog), Arc::default(), Arc::default());
            let (version, unsure) = (before.version, Arc::new(unsure));
            Snapshot {
                version,
                holds: true,
                tried_at,
                read_at,
                catalog,
                classes,
                unsure,
                unsearched,
                stains,
                lasting_stains: Arc::default(),
                moves,
            }
        }
        Err(error) => {
            *connection = None;
            tracing::warn!(database = upstream.database, error, "catalog not read");
            // The next attempt may come too late.
            let holds = before.holds
                && before.read_at.is_some_and(|read_at| now - read_at + UNTIL_NEXT <= upstream.catalog_trust);
            if before.holds && !holds {
                let trust_secs = upstream.catalog_trust.as_secs();
                tracing::error!(
                    database = upstream.database,
                    trust_secs,
                    "catalog not read for too long: new sessions are refused, and all columns count as unknown"
                );
            }
            Snapshot { holds, tried_at: Some(now), ..before.clone() }
        }
    }
}

/// Looks at values, where there is time for that, and publishes what they tell.
async fn look(
    samples: &mut Samples,
    connection: &mut Option<Pipe>,
    publish: &watch::Sender<Arc<Snapshot>>,
    memory: &Mutex<Memory>,
    is_wanted: impl Fn() -> bool,
) {
    let before = Arc::clone(&publish.borrow());
    let Some(pipe) = connection.as_mut().filter(|_| before.holds) else { return };
    let pinned = lock(memory).pinned().clone();
    match look_with(samples, pipe, &before, &pinned, is_wanted).await {
        Ok(Some(snapshot)) => replace(publish, snapshot.with(&lock(memory)), 0, None),
        Ok(None) => {}
        Err(error) => {
            *connection = None;
            samples.keep_untold();
            tracing::warn!(error, "values were not looked at");
        }
    }
}

/// The snapshot after `before`, as `next` gives it, where values have told something.
async fn look_with(
    samples: &mut Samples,
    pipe: &mut Pipe,
    before: &Snapshot,
    pinned: &Pinned,
    is_wanted: impl Fn() -> bool,
) -> Result<Option<Snapshot>, String> {
    if !samples.look(pipe, &before.catalog, &before.classes, is_wanted).await? {
        return Ok(None);
    }
    let (mut catalog, mut classes) = (Arc::clone(&before.catalog), before.classes.clone());
    for (id, class) in samples.classes(&catalog) {
        classes.entry(id).or_insert(class);
    }
    pinned.apply(&catalog, &mut classes);
    if classes.len() != before.classes.len() {
        let locked = Locked::read(pipe).await?;
        let shown = views::classify(pipe, &catalog, &locked, &mut classes, pinned).await?;
        if !shown.held.is_empty() {
            samples.keep_untold();
            return Ok(None);
        }
        catalog = Arc::new(Catalog::clone(&catalog).with_cut(shown.cut));
        pinned.apply(&catalog, &mut classes);
    }
    let unsearched = samples.unsearched(&catalog, &classes, pinned);
    let (stains, lasting_stains) = (Arc::clone(&before.stains), Arc::clone(&before.lasting_stains));
    let moves = Arc::clone(&before.moves);
    let unsure = Arc::clone(&before.unsure);
    Ok(Some(Snapshot { catalog, classes, unsure, unsearched, stains, lasting_stains, moves, ..*before }))
}

/// Columns that are sensitive by a name or a comment, and those that were before: renaming a column does not uncover it. What was known
/// before of `unpinned` is what somebody said, and says no more.
fn classes(
    catalog: &Catalog,
    said: &Said,
    before: &Snapshot,
    unpinned: &[ColumnId],
    memory: &Memory,
) -> Classes {
    let mut classes = Classes::new();
    for relation in catalog.relations() {
        for column in &relation.columns {
            let id = ColumnId { table_oid: relation.oid, number: column.number };
            let by_comment = || said.class_by_comment(&id, column);
            let class = said.class_by_name(&id, column).or_else(by_comment);
            let before = || {
                let is_known = !unpinned.contains(&id) && !before.unsure.contains(&id);
                let found = before.classes.get(&id).filter(|_| is_known);
                found.copied().or_else(|| memory.class(&id))
            };
            if let Some(class) = class.or_else(before) {
                classes.insert(id, class);
            }
        }
    }
    memory.add_to(catalog, &mut classes);
    classes
}

/// What was read.
struct Read {
    catalog: Catalog,
    classes: Classes,
    /// Columns of views that could not be looked at.
    unsure: HashSet<ColumnId>,
    /// Names of the views that could not be, and of what they rest on: what has moved of it is not shown. `None` where it could be any, as
    /// rules could not be looked at.
    left: Option<HashSet<String>>,
}

impl Read {
    /// Whether something could not be looked at.
    fn is_partial(&self) -> bool {
        self.left.as_ref().is_none_or(|left| !left.is_empty())
    }
}

/// `None`: another system is there than before, and what is known by its numbers must be forgotten first.
async fn read(
    (upstream, chronicle): (&Upstream, &Chronicle),
    connection: &mut Option<Pipe>,
    before: &Snapshot,
    unpinned: &[ColumnId],
    said: &mut Said,
    memory: &Mutex<Memory>,
    tree_bytes_max: u32,
) -> Result<Option<Read>, String> {
    lock(memory).is_said(&upstream.columns);
    // One that lay idle may have been closed meanwhile.
    if let Some(idle) = connection
        && let Ok(read) = ask_all(idle, upstream, before, unpinned, said, memory, tree_bytes_max).await
    {
        return Ok(Some(read));
    }
    let connected = connection.insert(connect(upstream, chronicle).await?);
    let system = system(connected).await?;
    if lock(memory).of_system(&system) {
        return Ok(None);
    }
    ask_all(connected, upstream, before, unpinned, said, memory, tree_bytes_max).await.map(Some)
}

/// Reads some of it alone, where that tells all. A connection on which it failed is of no more use.
async fn read_news(
    upstream: &Upstream,
    chronicle: &Chronicle,
    connection: &mut Option<Pipe>,
    before: &Snapshot,
    unknown: &Unknown,
    said: &mut Said,
    memory: &Mutex<Memory>,
) -> Result<News, String> {
    // One that lay idle may have been closed meanwhile.
    if let Some(idle) = connection
        && let Ok(news) = news::read(idle, before, unknown, said).await
    {
        return Ok(news);
    }
    let connected = connection.insert(connect(upstream, chronicle).await?);
    let system = system(connected).await?;
    if !lock(memory).is_of_system(&system) {
        // Nothing is told before all of it was read.
        return Err("another database may be there than before".to_owned());
    }
    news::read(connected, before, unknown, said).await
}

/// A connection on which it failed is of no more use.
async fn ask_all(
    pipe: &mut Pipe,
    upstream: &Upstream,
    before: &Snapshot,
    unpinned: &[ColumnId],
    said: &mut Said,
    memory: &Mutex<Memory>,
    tree_bytes_max: u32,
) -> Result<Read, String> {
    ask(pipe, &format!("SET picket.tree_bytes_max = {tree_bytes_max}"), |_| Ok(())).await?;
    said.read(pipe).await?;
    let mut functions = HashMap::new();
    if upstream.names_functions {
        ask(pipe, FUNCTIONS, |row| add_function(&mut functions, row)).await?;
    }
    send(
        pipe,
        &[
            RELATIONS,
            ROW_SECURITY,
            OTHERS,
            EXTENSIONS,
            DEPENDENCIES,
            SEEN,
            GENERATED,
            HOLDS,
            WORDS,
            RECORDS,
            RECORD_COLUMNS,
            &own::query(),
        ],
    )
    .await?;
    let mut relations = HashMap::new();
    told(pipe, |row| add_relation(&mut relations, row)).await?;
    let mut row_security = HashMap::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (table, is_forced) =
            (row.number::<u32>("table")?, row.number::<u8>("whether it is forced")? != 0);
        row_security.insert(table, if is_forced { RowSecurity::Forced } else { RowSecurity::On });
        Ok(())
    })
    .await?;
    let mut others = Vec::new();
    told(pipe, |row| {
        others.push(Texts(backend::DataRow::read(row)?).text("name")?);
        Ok(())
    })
    .await?;
    let mut extensions = Vec::new();
    told(pipe, |row| {
        extensions.push(Texts(backend::DataRow::read(row)?).text("extension")?);
        Ok(())
    })
    .await?;
    let mut dependencies = Vec::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        dependencies.push((row.number("relation")?, row.number("relation below")?));
        Ok(())
    })
    .await?;
    let mut seen: HashMap<(u32, u32), HashSet<i16>> = HashMap::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let of = (row.number("view")?, row.number("relation below")?);
        seen.entry(of).or_default().insert(row.number("column number")?);
        Ok(())
    })
    .await?;
    let (mut generated, mut cut) = (Vec::new(), Vec::new());
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let column = (row.number("relation")?, row.number("column number")?);
        generated.push(column);
        cut.extend((row.number::<u8>("whether it is cut")? != 0).then_some(column));
        Ok(())
    })
    .await?;
    let mut holds = Vec::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (relation, column) = (row.number("relation")?, row.number("column number")?);
        let (of, number) = (row.number("other relation")?, row.number::<i16>("other column")?);
        holds.push(Holds { relation, column, of, of_column: (number > 0).then_some(number) });
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let relation = row.number("table")?;
        let arguments = hooks::arguments(&row.text("trigger's arguments")?);
        holds.extend(relations.get(&relation).into_iter().flat_map(|relation| words(relation, &arguments)));
        Ok(())
    })
    .await?;
    let (mut records, mut types_alone, mut lists) = (HashMap::new(), HashSet::new(), HashMap::new());
    let (mut record_columns, mut list_columns) = (Vec::new(), Vec::new());
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (type_oid, relation) = (row.number("type")?, row.number("relation")?);
        records.insert(type_oid, relation);
        if row.number::<u8>("whether it is a type alone")? != 0 {
            types_alone.insert(relation);
        }
        lists.insert(row.number("type of arrays")?, type_oid);
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let column = (row.number("relation")?, row.number("column number")?);
        match row.number::<u8>("whether it is of arrays")? {
            0 => record_columns.push(column),
            _ => list_columns.push(column),
        }
        Ok(())
    })
    .await?;
    let own_names = own::read(pipe).await?;
    let mut major = 0;
    ask(pipe, MAJOR_VERSION, |row| {
        major = Texts(backend::DataRow::read(row)?).number("major version")?;
        Ok(())
    })
    .await?;
    let routines = routines::read(pipe, major, &before.catalog).await?;
    let implicit = implicit::read(pipe).await?;
    let locked = Locked::read(pipe).await?;
    let (hooks, has_all_rules) = hooks::read(pipe, &before.catalog).await?;
    let (rows, domains) = rows::read(pipe, &before.catalog, locked.0.is_empty()).await?;
    let options = views::options(pipe).await?;
    let catalog = Catalog::new(relations.into_values()).with_functions(functions).with_rows(rows);
    // Nobody looks for a name that means one relation.
    let usage = if catalog.has_name_twice() { usage(pipe).await? } else { Usage::default() };
    let (schemas, begins_in_own) = schemas(pipe).await?;
    let catalog = catalog.with_domains(domains).with_usage(usage).with_major_version(major);
    let catalog = catalog.with_schemas(schemas, begins_in_own);
    let catalog = catalog.with_views(options).with_others(others).with_extensions(extensions);
    let catalog = catalog.with_row_security(row_security).with_records(records, types_alone, record_columns);
    let catalog = catalog.with_lists(lists, list_columns);
    let catalog =
        catalog.with_dependencies(dependencies).with_seen(seen).with_generated(generated).with_holds(holds);
    let catalog =
        catalog.with_routines(routines).with_hooks(hooks).with_implicit(implicit).with_own_names(own_names);
    let (system_views, left_views) = system::read(pipe, &catalog, &before.catalog, &locked).await?;
    let catalog = catalog.with_system_views(system_views);
    said.compare(&catalog);
    let pinned = lock(memory).pinned().clone();
    let mut classes = classes(&catalog, said, before, unpinned, &lock(memory));
    pinned.apply(&catalog, &mut classes);
    let shown = views::classify(pipe, &catalog, &locked, &mut classes, &pinned).await?;
    // A view that was not looked at has what it had.
    cut.extend(shown.cut);
    cut.extend(before.catalog.cut().filter(|(relation, _)| shown.held.contains(relation)));
    let catalog = catalog.with_cut(cut);
    pinned.apply(&catalog, &mut classes);
    let mut unsure = views::unsure(pipe, &shown.held, &catalog, &classes, before).await?;
    let configured: HashSet<ColumnId> = pinned.configured(&catalog).collect();
    unsure.retain(|id| !pinned.corrected().contains_key(id) && !configured.contains(id));
    let views = shown.held.iter().chain(&left_views).filter_map(|view| catalog.relation(*view));
    let names = views.flat_map(|view| catalog.with_underlying(view)).map(|relation| relation.name.clone());
    let left = has_all_rules.then(|| names.collect());
    Ok(Read { catalog: catalog.with_record_columns(shown.records), classes, unsure, left })
}

/// The schemas that there are, and whether a session may begin with a path that names one of PostgreSQL's own.
async fn schemas(pipe: &mut Pipe) -> Result<(HashSet<String>, bool), String> {
    let (mut schemas, mut begins_in_own) = (HashSet::new(), false);
    ask(pipe, SCHEMAS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        schemas.insert(row.text("schema")?);
        begins_in_own |= sql::own_path(&row.text("path")?).is_some();
        Ok(())
    })
    .await?;
    Ok((schemas, begins_in_own))
}

/// Who may look into which schema, and whether definitions change where they look.
async fn usage(pipe: &mut Pipe) -> Result<Usage, String> {
    let mut usage = Vec::new();
    ask(pipe, USAGE, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        usage.push((row.text("schema")?, row.text("role")?));
        Ok(())
    })
    .await?;
    let mut is_set_anywhere = false;
    ask(pipe, SETS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        is_set_anywhere = row.number::<u8>("whether a definition sets something")? != 0;
        Ok(())
    })
    .await?;
    Ok(Usage::new(usage, is_set_anywhere))
}

/// What tells this database from another that is put in its place; empty where the server does not say.
async fn system(pipe: &mut Pipe) -> Result<String, String> {
    let mut system = String::new();
    let told = ask(pipe, SYSTEM, |row| {
        system = Texts(backend::DataRow::read(row)?).text("system")?;
        Ok(())
    });
    match told.await {
        Ok(()) => Ok(system),
        Err(_) => Ok(String::new()),
    }
}

const SYSTEM: &str = "
    SELECT pg_catalog.concat(s.system_identifier, '/', d.oid)
    FROM pg_catalog.pg_control_system() s
    JOIN pg_catalog.pg_database d ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Relations that somebody has for himself alone, or waits for. Definitions of views and rules that are about them must not be asked for:
/// PostgreSQL would wait for those relations (ruleutils.c), and with it all who wait for the catalog.
struct Locked(HashSet<u32>);

const LOCKED: &str = "
    SELECT l.relation FROM pg_catalog.pg_locks l
    WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' AND l.relation OPERATOR(pg_catalog.>=) 16384::oid
      AND l.database OPERATOR(pg_catalog.=)
          (SELECT d.oid FROM pg_catalog.pg_database d
           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

impl Locked {
    async fn read(pipe: &mut Pipe) -> Result<Self, String> {
        let mut relations = HashSet::new();
        ask(pipe, LOCKED, |row| {
            relations.insert(Texts(backend::DataRow::read(row)?).number("locked relation")?);
            Ok(())
        })
        .await?;
        Ok(Locked(relations))
    }

    /// Whether this relation, or what it reads or is a part of, is one of them.
    fn has(&self, relation: u32, catalog: &Catalog) -> bool {
        let rests =
            |relation| catalog.with_underlying(relation).iter().any(|below| self.0.contains(&below.oid));
        !self.0.is_empty() && catalog.relation(relation).is_some_and(rests)
    }
}

/// Runs `query`, and has each row taken.
async fn ask(
    pipe: &mut Pipe,
    query: &str,
    take: impl FnMut(&[u8]) -> Result<(), BodyError>,
) -> Result<(), String> {
    send(pipe, &[query]).await?;
    told(pipe, take).await
}

/// Sends queries together: none waits for the answer to the one before. Each answer must be taken.
async fn send(pipe: &mut Pipe, queries: &[&str]) -> Result<(), String> {
    let mut requests = Vec::new();
    queries.iter().for_each(|query| compose::query(&mut requests, query.as_bytes()));
    pipe.queue(&requests);
    pipe.flush_all().await.map_err(|error| with_causes(&error))
}

/// Has each row of the next answer taken.
async fn told(pipe: &mut Pipe, take: impl FnMut(&[u8]) -> Result<(), BodyError>) -> Result<(), String> {
    taken(pipe, take).await?.map_or(Ok(()), Err)
}

/// The same where the server may refuse it: what it says then. The connection goes on.
async fn answer(
    pipe: &mut Pipe,
    query: &str,
    take: impl FnMut(&[u8]) -> Result<(), BodyError>,
) -> Result<Option<String>, String> {
    send(pipe, &[query]).await?;
    taken(pipe, take).await
}

/// Has each row of the next answer taken; what the server says where it refuses.
async fn taken(
    pipe: &mut Pipe,
    mut take: impl FnMut(&[u8]) -> Result<(), BodyError>,
) -> Result<Option<String>, String> {
    let mut failed = None;
    loop {
        let Some((frame, _)) =
            split_frame(pipe.unread(), ANSWER_BYTES_MAX).map_err(|error| with_causes(&error))?
        else {
            pipe.read_more().await.map_err(|error| with_causes(&error))?;
            continue;
        };
        match frame.tag {
            tag::DATA_ROW => take(frame.body).map_err(|error| with_causes(&error))?,
            tag::ERROR_RESPONSE => {
                failed = Some(String::from_utf8_lossy(backend::error_field(frame.body, b'M')).into_owned());
            }
            tag::READY_FOR_QUERY => {
                pipe.use_up(frame.wire_len());
                return Ok(failed);
            }
            _ => {}
        }
        let len = frame.wire_len();
        pipe.use_up(len);
    }
}

/// The same for a query about some of many things, which it names by their OIDs at `OIDS`.
async fn ask_about(
    pipe: &mut Pipe,
    query: &str,
    oids: impl Iterator<Item = u32>,
    mut take: impl FnMut(&[u8]) -> Result<(), BodyError>,
) -> Result<(), String> {
    let oids: Vec<String> = oids.map(|oid| oid.to_string()).collect();
    for oids in oids.chunks(ASKED_MAX) {
        ask(pipe, &query.replace("OIDS", &oids.join(",")), &mut take).await?;
    }
    Ok(())
}

/// The values of a row, none of which is NULL.
struct Texts<'a>(backend::DataRow<'a>);

impl Texts<'_> {
    fn text(&mut self, field: &'static str) -> Result<String, BodyError> {
        let value = self.0.next().transpose()?.flatten().ok_or(BodyError::Value { field })?;
        String::from_utf8(value.to_vec()).map_err(|_| BodyError::Value { field })
    }

    fn number<T: FromStr>(&mut self, field: &'static str) -> Result<T, BodyError> {
        self.text(field)?.parse().map_err(|_| BodyError::Value { field })
    }
}

/// Adds one row of `RELATIONS`.
fn add_relation(relations: &mut HashMap<u32, Relation>, row: &[u8]) -> Result<(), BodyError> {
    let mut row = Texts(backend::DataRow::read(row)?);
    let oid = row.number("relation")?;
    let (schema, name) = (row.text("schema")?, row.text("name")?);
    let column = Column {
        number: row.number("column number")?,
        name: row.text("column name")?,
        type_oid: row.number("type")?,
    };
    let relation =
        relations.entry(oid).or_insert_with(|| Relation { oid, schema, name, columns: Vec::new() });
    if column.number != 0 {
        relation.columns.push(column);
    }
    Ok(())
}

/// What a trigger of `WORDS` on a relation writes into its first argument: words of those from the third on.
fn words(relation: &Relation, arguments: &[String]) -> Vec<Holds> {
    let number = |name: &String| {
        relation.columns.iter().find(|column| column.name == *name).map(|column| column.number)
    };
    let holds = |column, of| Holds { relation: relation.oid, column, of: relation.oid, of_column: Some(of) };
    if arguments.is_empty() {
        // Nobody knows.
        let numbers = || relation.columns.iter().map(|column| column.number);
        return numbers().flat_map(|column| numbers().map(move |of| holds(column, of))).collect();
    }
    let Some(column) = arguments.first().and_then(number) else { return Vec::new() };
    arguments.iter().skip(2).filter_map(number).map(|of| holds(column, of)).collect()
}

/// Adds one row of `FUNCTIONS`.
fn add_function(functions: &mut HashMap<u32, String>, row: &[u8]) -> Result<(), BodyError> {
    let mut row = Texts(backend::DataRow::read(row)?);
    let oid = row.number("function")?;
    let (schema, name) = (row.text("schema")?, row.text("name")?);
    functions.insert(oid, format!("{schema}.{name}"));
    Ok(())
}

/// The same way as every session's: the same encryption, the same proofs. It waits for locks for less than the server takes to look for a
/// deadlock (`deadlock_timeout`, 1 s): it holds several itself, and whoever changes those tables would be ended for it.
async fn connect(upstream: &Upstream, chronicle: &Chronicle) -> Result<Pipe, String> {
    let options = format!(
        "-c search_path=pg_catalog -c statement_timeout=30s -c lock_timeout=500ms -c default_transaction_read_only=on -c row_security=off -c jit=off \
         -c picket.tree_bytes_max={TREE_BYTES_MAX}"
    );
    let parameters = [
        ("application_name", "picket-proxy catalog"),
        ("client_encoding", "UTF8"),
        ("options", options.as_str()),
    ];
    let parameters = parameters.map(|(name, value)| (name.into(), value.into()));
    let mut errand = Errand::new(chronicle, ProxyPurpose::Catalog, upstream);
    let connected = upstream::connect(upstream, &Role::Own, PROTOCOL_3_0, &parameters, &mut errand).await;
    let mut pipe = connected.map_err(|error| with_causes(&error))?.pipe;
    news::prepare(&mut pipe).await?;
    Ok(pipe)
}
