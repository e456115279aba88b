//! What is known of a string of statements after reading it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

pub use crate::computed::{Computed, Target};
use crate::condition::Condition;
pub use crate::cursors::Opens;
use crate::landing::Bare;
use crate::names::{Name, Naming};
pub use crate::put::Put;
pub use crate::reach::{Reached, Via};
pub use crate::rows::Retyped;
use crate::values::Values;
pub use crate::view::Replacing;

/// What a string of statements does, statement by statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// In the order of the text; empty for a string of blanks and comments.
    pub statements: Vec<Statement>,
    /// What the second reader understood differently; `None` where it agrees or could not read the text.
    pub readers_disagree: Option<String>,
}

impl Facts {
    /// Whether another text with the same [`skeleton`](crate::skeleton) says the same, but for where it stands: one
    /// statement that reads and writes rows, of which nothing here tells the value of a literal.
    pub fn hold_for_skeleton(&self) -> bool {
        let rows = |effect: &Effect| {
            matches!(effect, Effect::Select | Effect::Insert | Effect::Update | Effect::Delete)
        };
        match self.statements.as_slice() {
            [statement @ Statement { effects, settings, forgets, keys, rests_on_literals: false, .. }] => {
                // Keys say what is taken out of a document.
                let takes_by_key =
                    statement.operators.iter().any(|name| crate::lineage::TAKING.contains(&name.as_str()))
                        || statement
                            .functions
                            .iter()
                            .any(|name| crate::lineage::BY_KEYS.contains(&name.as_str()));
                !takes_by_key
                    && keys.is_empty()
                    && settings.is_empty()
                    && forgets.is_empty()
                    && !effects.is_empty()
                    && effects.iter().all(rows)
            }
            _ => false,
        }
    }
}

/// What one statement does.
#[derive(Clone, Default, PartialEq)]
pub struct Statement {
    /// Where it stands in the text, in bytes, without the semicolon.
    pub span: Range<usize>,
    /// libpg_query's fingerprint: the same for statements that differ in constants only.
    pub fingerprint: u64,
    /// Everything it does, without repetition, in the order of the text.
    pub effects: Vec<Effect>,
    /// Relations it names.
    pub relations: Vec<RelationUse>,
    /// What a definition or grant names besides: schemas, what is in them, relations behind a trigger or comment.
    pub objects: Vec<Object>,
    /// Columns it names.
    pub columns: Vec<ColumnUse>,
    /// Functions it calls, or names in a definition, without their schemas: a name can be anybody's own.
    pub functions: Vec<String>,
    /// Those that it calls with a schema.
    pub qualified: Vec<Name>,
    /// Operators that it names or that its grammar stands for, without their schemas.
    pub operators: Vec<String>,
    /// Types that it names, without their schemas.
    pub types: Vec<String>,
    /// Names of its common table expressions, which may hide relations of the same name.
    pub ctes: Vec<String>,
    /// Those that mean common table expressions wherever they stand.
    pub only_ctes: BTreeSet<String>,
    /// Prepared statements, portals and temporary tables that it takes away.
    pub forgets: Vec<Forgets>,
    /// The prepared statement or cursor that it makes.
    pub makes: Option<Makes>,
    /// Prepared statements and cursors that it runs.
    pub runs: Vec<Runs>,
    /// It locks rows that it reads: FOR UPDATE, FOR SHARE and what is between them.
    pub locks: bool,
    /// What it does within makes or takes away prepared statements or cursors, of which nobody can tell when.
    pub meddles: bool,
    /// A body opens cursors, which others can read by their names.
    pub opens: Opens,
    /// A body does something again and again.
    pub loops: bool,
    /// It asks a sequence whose name is computed.
    pub picks_sequence: bool,
    /// It makes a table whose rows go to partitions.
    pub partitions: bool,
    /// Settings it changes by SET, RESET or `set_config`.
    pub settings: Vec<Setting>,
    /// Names of the trigger functions that it makes or replaces.
    pub replaces: Vec<String>,
    /// Names of other functions that it may replace, or changes.
    pub redefines: Vec<String>,
    /// Views that it may put in the place of others.
    pub replaced_views: Vec<Replacing>,
    /// What it makes or changes by names without a schema.
    pub bare: Vec<Bare>,
    /// Columns that it gives another type.
    pub retyped: Vec<Retyped>,
    /// Its writes of rows, without repetition: an upsert also as an UPDATE, a MERGE also as what its arms do.
    pub writes: Vec<Write>,
    /// Columns that its updates assign to.
    pub assigned: Vec<String>,
    /// Tables that it drops.
    pub drops: Vec<Name>,
    /// What refers to a table that it truncates is truncated too.
    pub cascades: bool,
    /// Its writes that change every row of their target.
    pub unfiltered: Vec<Write>,
    /// Conditions of others that may be true of every row, as the catalog says ([`Facts::with_reach`]).
    pub conditions: Vec<Arc<Condition>>,
    /// Those of them that are, and why: they are among `unfiltered` too.
    pub certain: Vec<(Write, String)>,
    /// Tables of which it hands each row to functions.
    pub hands: Vec<Handing>,
    /// Temporary tables that it makes, whatever there was before.
    pub temporary: Vec<String>,
    /// Those are gone when the transaction ends (ON COMMIT DROP).
    pub passes: bool,
    /// Temporary views and sequences that it makes, whatever there was before.
    pub scratch: Vec<String>,
    /// Indexes that it makes, of whichever table.
    pub indexes: Vec<String>,
    /// Temporary tables and views that it makes, within bodies and under other conditions too.
    pub shadows: Vec<String>,
    /// What its bodies take away is taken for theirs because the catalog shows no other table of its name, or it makes no extension because
    /// the catalog shows that it is there.
    pub rests_on_absence: bool,
    /// Writes to each row of temporary tables that its bodies have made for themselves right before.
    pub unfiltered_own: Vec<Write>,
    /// Extensions that it makes where they are not there; `None` for one that it makes in any case.
    pub extensions: Vec<Option<String>>,
    /// Names that its bodies read rows of without a schema, where what they read is not read.
    pub looked_up: Vec<String>,
    /// Names that it gives to relations, and ways to others that these become.
    pub names: Vec<Naming>,
    /// Names that it gives to what is no relation: functions, types, operators, aggregates. Also within bodies.
    pub coined: Vec<String>,
    /// It does so within a body, which may go on by what it has named.
    pub names_within: bool,
    /// It is a ROLLBACK, also to a savepoint.
    pub undoes: bool,
    /// It is a COMMIT PREPARED: what that does was said long ago, by whomever.
    pub commits_prepared: bool,
    /// It changes what relations are, or what fills their columns, that it does not name: those of a domain or composite type.
    pub changes_type: bool,
    /// With other literals it could be filtered where it is not, or the other way round.
    pub rests_on_literals: bool,
    /// It gives back rows of what it inserts into, or looks for rows there that it conflicts with.
    pub returns: bool,
    /// Names in bodies of plpgsql that may be relations which are read there.
    pub mentions: Vec<String>,
    /// The word of it that came last into PostgreSQL's grammar, of those that are names before.
    pub newest_word: Option<NewWord>,
    /// It has a string constant. PostgreSQL turns one into a value of its type when it analyses the statement, and with
    /// that runs the checks of domains within the type.
    pub has_string: bool,
    /// Constants by which it takes something out of documents, also within bodies, and names of columns that it makes of members of some. One
    /// that is not told is empty.
    pub keys: BTreeSet<String>,
    /// The values that it says; `None` where nobody can tell.
    pub values: Option<Arc<Values>>,
    /// Texts that its body computes and runs, and what may become a part of one.
    pub computed: Vec<Computed>,
    /// What texts that it computes write to, of which only a part is told.
    pub targets: Vec<Target>,
    /// It runs texts of which it is not told what they write to.
    pub runs_any: bool,
    /// Code that it calls runs texts that it puts together.
    pub runs_texts: bool,
    /// Words of texts in bodies, which such a text may name.
    pub words: BTreeSet<String>,
    /// A body takes the row that its trigger is about as a whole.
    pub takes_row: bool,
    /// What its body puts into columns of the row that its trigger is about.
    pub puts: Vec<Put>,
    /// What follows from it by itself, where a catalog tells ([`Facts::with_reach`]).
    pub reached: Vec<Reached>,
}

impl Statement {
    /// Notes that it does this too.
    pub(crate) fn add(&mut self, effect: Effect) {
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    /// Whether it reads rows of the relations that it writes: which ones to change, or what to give back.
    pub fn reads_what_it_writes(&self) -> bool {
        let reads = |effect: &Effect| matches!(effect, Effect::Delete | Effect::Merge | Effect::Update);
        self.returns || self.effects.iter().any(reads)
    }
}

/// Names of relations and columns are the users' data model, not theirs to log.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("span", &self.span)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

/// One thing that a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the SQL command of its name")]
pub enum Effect {
    /// Something in a schema of PostgreSQL's own is made or changed.
    AlterCatalog,
    AlterDefaultPrivileges,
    /// ALTER SYSTEM, and what else decides for everybody who connects: another name of a database, a trigger on log-ins.
    AlterSystem,
    AlterTable,
    Call,
    CopyIn,
    CopyOut,
    CreateTable,
    Delete,
    /// Triggers, rules, constraints or row level security are switched off, replaced or opened, or fire for replicas only; rows are
    /// kept out of the write-ahead log, or what identifies them is.
    DisableProtection,
    /// An anonymous code block.
    Do,
    /// A DROP of something that neither is nor holds a table.
    Drop,
    /// A DROP of something that can take tables with it: an extension, or with CASCADE a type, a server, a function …
    DropCascade,
    /// ALTER TABLE … DROP COLUMN: its values are gone.
    DropColumn,
    DropDatabase,
    DropOwned,
    DropSchema,
    DropTable,
    /// A DROP, without CASCADE, of what is the session's own and no table.
    DropTemporary,
    Execute,
    Explain,
    Grant,
    Insert,
    /// A function that runs with its owner's rights, whoever calls it.
    LendRights,
    Merge,
    /// A function or procedure whose body could run commands that are not read.
    OpaqueBody,
    /// A call of one that is there already.
    OpaqueCall,
    /// A DO block with such a body.
    OpaqueDo,
    Prepare,
    /// A foreign table is pointed at something else, or where a table is stored; what reaches beyond the database is called otherwise.
    Redirect,
    /// A command of the replication protocol, by its name in small letters.
    Replication(&'static str),
    /// CREATE OR REPLACE of a function that triggers may call already.
    ReplaceTriggerFunction,
    /// A temporary relation is in front of one by which triggers, checks or policies of rows decide, or to which they write.
    Shadow,
    /// REASSIGN OWNED, and ALTER TABLE … OWNER TO.
    Reassign,
    Revoke,
    /// CREATE, ALTER or DROP of a role, user or group.
    Role,
    Select,
    /// COPY from or to a file on the server.
    ServerFile,
    /// COPY from or to a program on the server.
    ServerProgram,
    Set,
    Transaction,
    Truncate,
    Update,
    /// Any other utility command, by the name of its node in PostgreSQL's parse tree.
    Other(&'static str),
}

impl Effect {
    /// Whether it changes what others than its session find defined, or who may use it. What is of no such kind of its own
    /// (`Other`) may too.
    pub fn defines(self) -> bool {
        matches!(
            self,
            Effect::AlterCatalog
                | Effect::AlterDefaultPrivileges
                | Effect::AlterTable
                | Effect::CreateTable
                | Effect::DisableProtection
                | Effect::Drop
                | Effect::DropCascade
                | Effect::DropColumn
                | Effect::DropOwned
                | Effect::DropSchema
                | Effect::DropTable
                | Effect::DropTemporary
                | Effect::Grant
                | Effect::LendRights
                | Effect::Reassign
                | Effect::Redirect
                | Effect::Revoke
        )
    }

    /// The word for it in records.
    pub fn name(self) -> &'static str {
        match self {
            Effect::AlterCatalog => "alter_catalog",
            Effect::AlterDefaultPrivileges => "alter_default_privileges",
            Effect::AlterSystem => "alter_system",
            Effect::AlterTable => "alter_table",
            Effect::Call => "call",
            Effect::CopyIn => "copy_in",
            Effect::CopyOut => "copy_out",
            Effect::CreateTable => "create_table",
            Effect::Delete => "delete",
            Effect::DisableProtection => "disable_protection",
            Effect::Do => "do",
            Effect::Drop | Effect::DropTemporary => "drop",
            Effect::DropCascade => "drop_cascade",
            Effect::DropColumn => "drop_column",
            Effect::DropDatabase => "drop_database",
            Effect::DropOwned => "drop_owned",
            Effect::DropSchema => "drop_schema",
            Effect::DropTable => "drop_table",
            Effect::Execute => "execute",
            Effect::Explain => "explain",
            Effect::Grant => "grant",
            Effect::Insert => "insert",
            Effect::LendRights => "lend_rights",
            Effect::Merge => "merge",
            Effect::OpaqueBody => "opaque_body",
            Effect::OpaqueCall => "opaque_call",
            Effect::OpaqueDo => "opaque_do",
            Effect::Prepare => "prepare",
            Effect::Reassign => "reassign_owned",
            Effect::Redirect => "redirect",
            Effect::ReplaceTriggerFunction | Effect::Shadow => "disable_protection",
            Effect::Revoke => "revoke",
            Effect::Role => "role",
            Effect::Select => "select",
            Effect::ServerFile => "server_file",
            Effect::ServerProgram => "server_program",
            Effect::Set => "set",
            Effect::Transaction => "transaction",
            Effect::Truncate => "truncate",
            Effect::Update => "update",
            Effect::Replication(command) => command,
            Effect::Other(node) => node,
        }
    }
}

/// Whether a relation is read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Its rows are read.
    Read,
    /// Its rows or its definition are changed.
    Write,
}

/// A relation as the statement names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelationUse {
    /// Schema, where the statement gives one.
    pub schema: Option<String>,
    /// Name without the schema.
    pub name: String,
    /// Alias in this statement, where it has one.
    pub alias: Option<String>,
    /// What happens to it.
    pub access: Access,
    /// The statement names no columns of it but means all: `INSERT INTO t VALUES …`, `COPY t`, `DELETE`, `DROP`.
    pub whole: bool,
}

impl RelationUse {
    /// A relation that something happens to, by its name alone.
    pub fn written(schema: Option<String>, name: String) -> Self {
        RelationUse { schema, name, alias: None, access: Access::Write, whole: false }
    }

    /// `schema.relation`, or the relation alone where the statement gives no schema.
    pub fn path(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What a definition names that is no relation to its grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A relation, that it has a trigger, index, comment or the like on.
    Relation {
        /// Schema, where the statement gives one.
        schema: Option<String>,
        /// Name without the schema.
        name: String,
    },
    /// A column that it changes, or that it is about.
    Column(String),
    /// The schema of this name, or something in it.
    Schema(String),
    /// Something in a schema that the statement does not tell: CASCADE, a name without a schema, all of a role's.
    Anywhere,
}

/// A table of which each row is handed to functions: to all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handing {
    /// The table, as the statement names it.
    pub table: Name,
    /// Their names, without schemas.
    pub functions: BTreeSet<String>,
}

/// A write of rows, as the statement names its target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// INSERT, UPDATE, DELETE, MERGE, TRUNCATE or COPY; ALTER TABLE where that computes rows anew.
    pub effect: Effect,
    /// Schema of its target, where the statement gives one.
    pub schema: Option<String>,
    /// Name of its target.
    pub name: String,
}

/// A column as the statement names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColumnUse {
    /// What stands before the name: nothing, an alias or relation, or a schema and a relation.
    pub qualifier: Vec<String>,
    /// Its name; `None` for `*`.
    pub name: Option<String>,
    /// It is only given a value here, not read.
    pub is_target: bool,
}

/// A setting that a statement changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its name in lower case; `None` where it is computed, and where all are reset.
    pub name: Option<String>,
    /// Its new value; `None` where it is computed or reset.
    pub value: Option<String>,
    /// It goes back to what the session began with (`RESET`, `SET … TO DEFAULT`).
    pub is_reset: bool,
    /// All settings go back to what the session began with (`RESET ALL`, `DISCARD ALL`).
    pub is_reset_all: bool,
    /// It ends with the transaction (`SET LOCAL`), or may.
    pub is_local: bool,
}

/// What DEALLOCATE, DISCARD, CLOSE or DECLARE takes away or makes anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgets {
    /// Every prepared statement.
    All,
    /// The prepared statement of this name.
    Statement(String),
    /// The portal of this name.
    Portal(String),
    /// Every portal.
    Portals,
    /// Every temporary table.
    Temporary,
}

/// What PREPARE or DECLARE makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Makes {
    /// A prepared statement of this name.
    Prepared(String),
    /// A cursor of this name.
    Cursor {
        /// Its name.
        name: String,
        /// It outlives its transaction.
        holds: bool,
    },
}

/// What EXECUTE, FETCH or MOVE runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The prepared statement of this name.
    Prepared(String),
    /// The cursor of this name.
    Cursor(String),
    /// Some cursor: its name is computed.
    AnyCursor,
}

/// A word that is one of PostgreSQL's grammar since a major version, and the name of a column or function before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewWord {
    /// The word.
    pub word: &'static str,
    /// The major version.
    pub since: u16,
}

impl NewWord {
    /// What a node of the tree stands for, where that is such a word (kwlist.h and gram.y of 15 to 18).
    pub(crate) fn of(kind: &str) -> Option<Self> {
        let (word, since) = match kind {
            "JsonArrayConstructor" | "JsonArrayQueryConstructor" => ("json_array", 16),
            "JsonArrayAgg" => ("json_arrayagg", 16),
            "JsonObjectAgg" => ("json_objectagg", 16),
            "JsonObjectConstructor" => ("json_object", 16),
            // And `json_exists` and `json_query`.
            "JsonFuncExpr" => ("json_value", 17),
            "JsonParseExpr" => ("json", 17),
            "JsonScalarExpr" => ("json_scalar", 17),
            "JsonSerializeExpr" => ("json_serialize", 17),
            "JsonTable" => ("json_table", 17),
            "MergeSupportFunc" => ("merge_action", 17),
            _ => return None,
        };
        Some(NewWord { word, since })
    }

    /// `SYSTEM_USER`, of the functions that are called without parentheses.
    pub(crate) const SYSTEM_USER: Self = NewWord { word: "system_user", since: 16 };
}

impl Unreadable {
    /// A word for why.
    pub fn kind(&self) -> &'static str {
        match self {
            Unreadable::Encoding => "encoding",
            Unreadable::Lexing { .. } => "lexing",
            Unreadable::Nul => "nul",
            Unreadable::NewWord { .. } => "new-word",
            Unreadable::TooLong { .. } => "too-long",
            Unreadable::TooManyTokens { .. } => "too-many-tokens",
            Unreadable::TooManyStatements { .. } => "too-many-statements",
            Unreadable::TooDeep { .. } => "too-deep",
            Unreadable::TooSlow { .. } => "too-slow",
            Unreadable::OperatorRun { .. } => "operator-run",
            Unreadable::Syntax { .. } => "syntax",
            Unreadable::Tree { .. } => "tree",
        }
    }
}

/// A text that cannot be read, and so is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is not in an encoding whose bytes mean one thing only.
    #[error("the statement is not valid UTF-8")]
    Encoding,
    /// The session has a setting with which the text could mean something else to the server.
    #[error("with `{setting}` as this session has it, the statement could mean something else to the server")]
    Lexing {
        /// Name of the setting.
        setting: &'static str,
    },
    /// It holds a NUL, where the server would stop reading.
    #[error("the statement holds a NUL byte")]
    Nul,
    /// It has a word that means something else to an older server.
    #[error(
        "`{word}` is a name to this server, and to what reads the statement a word of PostgreSQL {since}: write it in quotes"
    )]
    NewWord {
        /// The word.
        word: &'static str,
        /// The major version since which it is one.
        since: u16,
    },
    /// It is longer than the reader takes.
    #[error("the statement has {len} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes of the text.
        len: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Its tree would take more memory than one may.
    #[error("the statement has more than {limit} words and signs")]
    TooManyTokens {
        /// Tokens allowed.
        limit: usize,
    },
    /// To judge all that it does would hold up others for too long.
    #[error("the text has {statements} statements, Picket's limit is {limit} (`STATEMENTS_MAX`)")]
    TooManyStatements {
        /// Statements of the text.
        statements: usize,
        /// Statements allowed.
        limit: usize,
    },
    /// Its tree is deeper than the reader's.
    #[error(
        "the statement nests operators, calls or queries in more than {limit} levels, which is Picket's limit (`STATEMENT_DEPTH_MAX`)"
    )]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// Reading it took longer than it may, where long texts are read (see `proxy`).
    #[error("the statement was not read within {secs} s, which is the limit (`long-statement-timeout-secs`)")]
    TooSlow {
        /// Seconds allowed.
        secs: u64,
    },
    /// It holds so many operator characters in a row that scanning them would take seconds.
    #[error("the statement has more than {limit} operator characters in a row")]
    OperatorRun {
        /// Characters allowed.
        limit: usize,
    },
    /// PostgreSQL's grammar does not accept it.
    #[error("{message}")]
    Syntax {
        /// What PostgreSQL's parser says.
        message: String,
    },
    /// The parser's tree does not have the shape that is known.
    #[error("the parser's answer could not be understood: {reason}")]
    Tree {
        /// What was wrong with it.
        reason: String,
    },
}
