//! The steps of reading, one by one, for whoever measures or counts them. Everybody else calls [`read`](crate::read).

pub use crate::read::{Parsed, collect, forget, locate, parse};
pub use crate::second::{Second, compare};
