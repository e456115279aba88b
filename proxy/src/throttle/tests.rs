//! What is refused and what is not, at moments that the tests choose.

use super::*;

const HOME: &str = "192.0.2.1";
const AWAY: &str = "198.51.100.7";

/// A limit of 4 for a user and of 8 for an address, and a clock.
struct Gate {
    throttle: Throttle,
    limits: Limits,
    now: Instant,
}

impl Gate {
    fn new() -> Self {
        let mut limits = Limits::default();
        (limits.max_failed_logins_per_user, limits.max_failed_logins_per_address) = (4, 8);
        Gate { throttle: Throttle::default(), limits, now: Instant::now() }
    }

    fn attempt(&self, address: &str) -> Attempt<'_> {
        Attempt { throttle: &self.throttle, limits: &self.limits, address: address.parse().unwrap() }
    }

    /// Whether a right one is taken.
    fn admits(&self, address: &str, user: &str) -> bool {
        self.attempt(address).is_admitted(user, self.now).is_ok()
    }

    /// As many wrong ones: how many of them were looked at.
    fn wrong(&self, address: &str, user: &str, count: u32) -> u32 {
        (0..count)
            .map(|_| {
                let is_admitted = self.admits(address, user);
                if is_admitted {
                    self.attempt(address).was_wrong(user, self.now);
                }
                u32::from(is_admitted)
            })
            .sum()
    }

    fn right(&self, address: &str, user: &str) {
        self.attempt(address).was_right(user, self.now);
    }

    fn passes(&mut self, secs: u64) {
        self.now += Duration::from_secs(secs);
    }
}

#[test]
fn as_many_as_the_limit_are_looked_at_and_then_as_many_in_a_minute() {
    let mut gate = Gate::new();
    assert_eq!(gate.wrong(HOME, "ada", 100), 4);
    assert!(!gate.admits(HOME, "ada") && gate.admits(HOME, "bob"));
    gate.passes(15);
    assert_eq!(gate.wrong(HOME, "ada", 100), 1);
    gate.passes(60);
    assert_eq!(gate.wrong(HOME, "ada", 100), 4);
    // However long it goes on, a minute later all is well.
    for _ in 0..1_000 {
        gate.attempt(HOME).was_wrong("ada", gate.now);
    }
    gate.passes(15);
    assert!(gate.admits(HOME, "ada"));
}

#[test]
fn an_address_that_tries_many_names_runs_out_and_the_users_at_home_there_do_not() {
    let gate = Gate::new();
    gate.right(HOME, "ada");
    let looked_at: u32 = (0..100).map(|number| gate.wrong(HOME, &format!("user{number}"), 1)).sum();
    assert_eq!(looked_at, 8);
    assert!(!gate.admits(HOME, "somebody") && gate.admits(HOME, "ada") && gate.admits(AWAY, "somebody"));
}

#[test]
fn who_guesses_at_a_user_from_elsewhere_does_not_lock_the_user_out() {
    let gate = Gate::new();
    gate.right(HOME, "ada");
    let looked_at: u32 = (1..=50).map(|number| gate.wrong(&format!("198.51.100.{number}"), "ada", 10)).sum();
    // Four from the first; then one from each address that is new.
    assert_eq!(looked_at, 4 + 49);
    assert!(gate.admits(HOME, "ada"));
    assert_eq!(gate.wrong(HOME, "ada", 10), 4);
    // From a new place the user has a try, too.
    assert!(gate.admits("203.0.113.9", "ada"));
}

#[test]
fn a_right_one_forgives_wrong_ones_of_the_same_user_there_and_no_others() {
    let gate = Gate::new();
    gate.wrong(HOME, "ada", 3);
    gate.right(HOME, "ada");
    assert_eq!(gate.wrong(HOME, "ada", 100), 4);
    // Whoever has an account of his own does not guess at others' by that.
    let mut looked_at = 0;
    for _ in 0..20 {
        looked_at += gate.wrong(HOME, "bob", 1);
        gate.right(HOME, "mallory");
    }
    assert_eq!(looked_at, 4);
}

#[test]
fn an_address_is_known_for_a_day_and_neighbours_of_an_ipv6_address_are_one() {
    let mut gate = Gate::new();
    gate.right(HOME, "ada");
    gate.passes(KNOWN.as_secs());
    let names = |gate: &Gate| (0..8).map(|number| gate.wrong(HOME, &format!("user{number}"), 1)).sum::<u32>();
    assert_eq!(names(&gate), 8);
    assert!(!gate.admits(HOME, "ada"));
    let looked_at: u32 = (0..100).map(|number| gate.wrong(&format!("2001:db8::{number:x}"), "bob", 1)).sum();
    assert_eq!(looked_at, 4);
    // One host, whichever way it is written.
    gate.wrong("::ffff:203.0.113.1", "eve", 10);
    assert!(!gate.admits("203.0.113.1", "eve"));
}

#[test]
fn nothing_is_limited_where_the_limits_are_0() {
    let mut gate = Gate::new();
    (gate.limits.max_failed_logins_per_user, gate.limits.max_failed_logins_per_address) = (0, 0);
    assert_eq!(gate.wrong(HOME, "ada", 1_000), 1_000);
    assert_eq!(gate.throttle.counts(), Counts { wrong: 1_000, refused: 0, entries: 0 });
}

#[test]
fn what_is_kept_in_mind_is_bounded_and_who_was_right_is_kept_longest() {
    let gate = Gate::new();
    gate.right(HOME, "ada");
    for number in 0..40_000_u32 {
        gate.attempt(&Ipv6Addr::from_bits(u128::from(number) << 64).to_string()).was_wrong("bob", gate.now);
        gate.attempt(HOME).was_wrong(&format!("user{number}"), gate.now);
    }
    let counts = gate.throttle.counts();
    assert!(counts.entries <= ENTRIES_MAX && counts.wrong == 80_000, "{counts:?}");
    assert!(gate.admits(HOME, "ada"));
}
