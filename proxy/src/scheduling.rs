//! How Linux lets a thread of sessions run (sched(7)). A thread whose sessions take turns is `SCHED_BATCH`: the same share of a
//! core, but it does not cut short who runs there when it wakes, and serves what has come meanwhile in one go. A thread with one
//! session at work is `SCHED_OTHER`: nothing else comes meanwhile.

use std::io;

/// Turns in a row that one task alone must have had until its thread counts as its own.
const ALONE_TURNS: u32 = 64;

/// The scheduling of one thread, by which of its tasks have had news.
#[derive(Debug)]
pub(crate) struct Scheduling {
    is_ours: bool,
    is_batch: bool,
    last: usize,
    /// For how many turns nothing but `last` has had news.
    turns: u32,
}

impl Scheduling {
    /// Of the calling thread. It stays as it is where whoever started the process chose another policy than `SCHED_OTHER`.
    pub(crate) fn of_this_thread() -> Self {
        let is_ours = policy() == libc::SCHED_OTHER;
        Scheduling { is_ours, is_batch: false, last: usize::MAX, turns: 0 }
    }

    /// In this turn `ready` tasks have news, `first` before all others.
    pub(crate) fn turn(&mut self, first: usize, ready: usize) {
        let is_alone = ready == 1 && first == self.last;
        self.last = first;
        self.turns = if is_alone { self.turns.saturating_add(1) } else { 0 };
        if self.is_ours && self.is_batch == (ALONE_TURNS <= self.turns) {
            self.change();
        }
    }

    #[cold]
    fn change(&mut self) {
        let policy = if self.is_batch { libc::SCHED_OTHER } else { libc::SCHED_BATCH };
        match set_policy(policy) {
            Ok(()) => self.is_batch = !self.is_batch,
            Err(error) => {
                tracing::debug!(%error, "sessions run as they did");
                self.is_ours = false;
            }
        }
    }
}

/// The calling thread's policy, or -1.
#[expect(unsafe_code, reason = "no library has a safe call for it")]
fn policy() -> libc::c_int {
    // SAFETY: 0 is the calling thread.
    unsafe { libc::sched_getscheduler(0) }
}

#[expect(unsafe_code, reason = "no library has a safe call that leaves the nice value alone")]
fn set_policy(policy: libc::c_int) -> io::Result<()> {
    let unchanged = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the parameters outlive the call, which only reads them.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const unchanged) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The policies of a thread after turns in which these tasks had news.
    fn policies(turns: impl IntoIterator<Item = (usize, usize)> + Send + 'static) -> Vec<libc::c_int> {
        let seen = thread::spawn(move || {
            let mut scheduling = Scheduling::of_this_thread();
            let after = turns.into_iter().map(|(first, ready)| {
                scheduling.turn(first, ready);
                policy()
            });
            let mut after: Vec<_> = after.collect();
            after.dedup();
            after
        });
        seen.join().unwrap()
    }

    fn alone(task: usize, turns: u32) -> impl Iterator<Item = (usize, usize)> {
        (0..turns).map(move |_| (task, 1))
    }

    const OTHER: libc::c_int = libc::SCHED_OTHER;
    const BATCH: libc::c_int = libc::SCHED_BATCH;

    #[test]
    fn one_session_has_its_thread_for_itself_after_a_while() {
        assert_eq!(policies(alone(3, ALONE_TURNS)), [BATCH]);
        assert_eq!(policies(alone(3, ALONE_TURNS + 1)), [BATCH, OTHER]);
        assert_eq!(policies(alone(3, 10 * ALONE_TURNS)), [BATCH, OTHER]);
    }

    #[test]
    fn sessions_that_take_turns_are_served_in_one_go() {
        let turns = (0..10 * ALONE_TURNS as usize).map(|turn| (turn / 32 % 2, 1));
        assert_eq!(policies(turns), [BATCH]);
        assert_eq!(policies((0..10 * ALONE_TURNS).map(|_| (3, 2))), [BATCH]);
    }

    #[test]
    fn a_second_session_ends_it_and_it_comes_again() {
        let turns = alone(3, ALONE_TURNS + 1).chain(alone(4, 1)).chain(alone(3, ALONE_TURNS + 1));
        assert_eq!(policies(turns), [BATCH, OTHER, BATCH, OTHER]);
    }

    #[test]
    fn a_policy_that_somebody_chose_stays() {
        let seen = thread::spawn(|| {
            set_policy(libc::SCHED_IDLE).unwrap();
            let mut scheduling = Scheduling::of_this_thread();
            (0..200).for_each(|turn| scheduling.turn(turn % 2, 1));
            policy()
        });
        assert_eq!(seen.join().unwrap(), libc::SCHED_IDLE);
    }
}
