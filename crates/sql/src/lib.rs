//! Statement text to facts: what each statement of a string does, and to what. Pure: no IO, no clock.
//! It does not decide whether a statement may run (see `policy`).
//!
//! Two readers, one authority: PostgreSQL's own grammar (`pg_query`, libpg_query 18) splits, parses and
//! fingerprints; `sqlparser` reads the same text a second time and only its disagreement is reported.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable,
        clippy::todo,
        clippy::string_slice
    )
)]

pub mod added;
mod asked;
mod body;
mod bounds;
mod builtin;
pub mod catalog;
mod code;
mod collect;
mod columns;
mod computed;
mod condition;
mod constant;
mod constants;
mod copy_out;
mod cover;
mod ctes;
mod cursors;
mod definitions;
mod ensured;
mod every_row;
pub mod facts;
mod filter;
mod given;
mod handing;
pub mod hooks;
pub mod implicit;
mod landing;
mod lineage;
mod literals;
mod moves;
mod names;
mod normalised;
mod objects;
mod own;
mod part;
mod place;
mod plain;
mod planning;
mod point;
mod put;
mod reach;
mod read;
mod routine;
pub mod rows;
mod scope;
mod script;
mod search_path;
mod second;
mod setting;
mod settled;
mod shadow;
mod source;
pub mod steps;
mod summary;
mod system;
mod tells;
mod temporary;
mod touched;
mod tree;
mod untold;
pub mod values;
mod view;
mod walk;
mod within;
mod writes;

pub use bounds::{
    OPERATOR_RUN_BYTES_MAX, STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX, STATEMENT_TOKENS_MAX, STATEMENTS_MAX,
};
pub use catalog::Catalog;
pub use code::Code;
pub use columns::{
    ReachedColumns, may_give, may_show, names_column, reached_columns, reads_column, reads_rows, rows_of,
    writes_column,
};
pub use constants::without_constants;
pub use copy_out::{Copied, CopyOut, copy_out};
pub use facts::{Facts, Statement, Unreadable};
pub use given::Given;
pub use handing::shown_whole;
pub use landing::own_path;
pub use lineage::{
    Aside, Constant, EXTENDING, Followed, Key, Likeness, Lineage, Origin, Probe, Rename, RowOf, Sensitive,
    Shows, Spill, Spilled, Taking, Told, asides, asks_of_referring, calls_for_rows, compared_keys,
    copied_columns, cut_columns, defines_foreign, followed_block, hands_to, is_quiet, is_sink,
    keeps_documents, key_parameters, likenesses, lineage, makes_sink, new_name, partitioned, probes,
    record_fields, rename, sinks, spills, takes_apart, takes_by_keys, told, widens, with_keys,
};
pub use literals::{skeleton, taken_out};
pub use names::{Name, Naming};
pub use normalised::normalised;
pub use own::trusted_names;
pub use part::RowSecurity;
pub use place::{Place, place};
pub use planning::{EVALUATING, Planning, Unplanned, planning};
pub use read::read;
pub use search_path::{SEARCH_PATH, SearchPath, Usage, code_may_set, code_sets_own_paths, found_by_path};
pub use setting::{only_sets, setting_name};
pub use summary::{Summary, words};
pub use system::{SystemViews, is_information, written_through};
pub use tells::{Telling, Tells, TellsColumn, tells};
pub use temporary::Scratch;
pub use touched::{Touched, touched, touched_by_path};
pub use view::ViewOptions;

/// Stack that a thread needs which calls [`read`]: libpg_query's deepest trees recurse that far
/// when they are decoded and dropped (32 MiB measured; twice that given). What is built without optimisation takes several times as much.
pub const READ_STACK_BYTES: usize = if cfg!(debug_assertions) { 512 << 20 } else { 64 << 20 };
