//! What functions do that the session has made and no catalog shows yet, as the statements that made them say: it is in the record of
//! whoever calls them by name (decision 154).

use sql::Touched;

use crate::judged::Judged;

/// Most statements that made functions of which that is known. What more of them make is not in records before a catalog shows it.
const MADE_MAX: usize = 10_000;

/// Functions that the session has made since a catalog was read.
#[derive(Debug, Default)]
pub(crate) struct MadeFunctions {
    made: Vec<Made>,
    /// The transaction that has made them is over …
    is_over: bool,
    /// … and the catalog was of this version when that was seen.
    over_at: Option<u64>,
}

/// What one statement makes.
#[derive(Debug)]
struct Made {
    names: Vec<String>,
    calls: Vec<String>,
    touched: Touched,
}

impl MadeFunctions {
    /// A statement is sent.
    pub(crate) fn sent(&mut self, judged: &Judged) {
        if judged.makes_functions.is_empty() || judged.refusal().is_some() || MADE_MAX <= self.made.len() {
            return;
        }
        self.made.push(Made {
            names: judged.makes_functions.clone(),
            calls: judged.calls.clone(),
            touched: judged.described.touched.clone(),
        });
        (self.is_over, self.over_at) = (false, None);
    }

    /// No transaction is open any more.
    pub(crate) fn transaction_is_over(&mut self) {
        self.is_over = true;
    }

    /// Forgets what a catalog of this version shows.
    pub(crate) fn forget_shown(&mut self, catalog_version: u64) {
        if self.made.is_empty() || !self.is_over {
            return;
        }
        if *self.over_at.get_or_insert(catalog_version) < catalog_version {
            *self = MadeFunctions::default();
        }
    }

    /// What those of them touch that `judged` calls, and those that they call.
    pub(crate) fn run_by(&self, judged: &Judged) -> Option<Touched> {
        if self.made.is_empty() {
            return None;
        }
        let mut left: Vec<&Made> = self.made.iter().collect();
        let mut called: Vec<&[String]> = vec![&judged.calls];
        let mut touched = Touched::default();
        while let Some(calls) = called.pop() {
            let is_called = |made: &&Made| made.names.iter().any(|name| calls.contains(name));
            let (run, others): (Vec<&Made>, Vec<&Made>) = left.into_iter().partition(is_called);
            left = others;
            for made in run {
                touched.extend(&made.touched);
                called.push(&made.calls);
            }
        }
        (left.len() < self.made.len()).then_some(touched)
    }
}
