//! OIDs of PostgreSQL's own types (pg_type.dat).

pub(super) const BYTEA: u32 = 17;
pub(super) const NAME: u32 = 19;
pub(super) const INT8: u32 = 20;
pub(super) const INT2: u32 = 21;
pub(super) const INT4: u32 = 23;
pub(super) const TEXT: u32 = 25;
pub(super) const JSON: u32 = 114;
pub(super) const XML: u32 = 142;
pub(super) const JSON_ARRAY: u32 = 199;
pub(super) const FLOAT4: u32 = 700;
pub(super) const FLOAT8: u32 = 701;
pub(super) const UNKNOWN: u32 = 705;
pub(super) const BPCHAR: u32 = 1042;
pub(super) const VARCHAR: u32 = 1043;
pub(super) const DATE: u32 = 1082;
pub(super) const TIMESTAMP: u32 = 1114;
pub(super) const TIMESTAMPTZ: u32 = 1184;
pub(super) const NUMERIC: u32 = 1700;
pub(super) const UUID: u32 = 2950;
pub(super) const JSONB: u32 = 3802;
pub(super) const JSONB_ARRAY: u32 = 3807;

/// Ranges and multiranges of numbers, days and moments.
pub(super) const RANGES: [u32; 6] = [3904, 3906, 3908, 3910, 3912, 3926];
pub(super) const MULTIRANGES: [u32; 6] = [4451, 4532, 4533, 4534, 4535, 4536];
