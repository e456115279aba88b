//! `picket policy`: what the rules are, and what they say.

mod at_proxy;
mod backtest;
mod check;
mod explain;
mod known;
mod options;
mod reference;
mod stack;

pub(crate) use self::at_proxy::explain_at_proxy;
pub(crate) use self::backtest::backtest;
pub(crate) use self::check::check;
pub(crate) use self::explain::explain;
pub(crate) use self::known::Known;
pub(crate) use self::options::{Asker, Rules};
pub(crate) use self::reference::reference;
