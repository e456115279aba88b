//! What the kernel programs told of processes, by process. Who is asked about stays, and of the others the oldest go.

use std::collections::HashMap;
use std::mem;

use ebpf_abi::Process;

/// Processes of which something is known, twice: at least as many as the kernel programs remember that they have told.
const YOUNG_MAX: usize = 4096;

/// A process by its pid, which is used again, and its start; and how often it has become another program.
pub(super) type Key = (u32, u64, u32);

#[derive(Debug)]
pub(super) struct Heard<T> {
    /// Those that were told or asked about since …
    young: HashMap<Key, T>,
    /// … and those that were before. INVARIANT: none of them is young.
    old: HashMap<Key, T>,
}

impl<T> Default for Heard<T> {
    fn default() -> Self {
        Heard { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<T> Heard<T> {
    /// This is known of it, in place of what was.
    pub(super) fn note(&mut self, key: Key, what: T) {
        self.old.remove(&key);
        if YOUNG_MAX <= self.young.len() {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, what);
    }

    /// What is known of it.
    pub(super) fn of(&mut self, process: &Process) -> Option<&T> {
        let key = (process.pid, process.started_boot_ns, process.executions);
        if let Some(known) = self.old.remove(&key) {
            self.note(key, known);
        }
        self.young.get(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_about_stays_however_many_come() {
        let mut heard = Heard::default();
        let process = |pid| Process { pid, started_boot_ns: 7, ..Process::UNKNOWN };
        heard.note((0, 7, 0), "first");
        heard.note((0, 7, 0), "again");
        assert_eq!(heard.of(&Process { started_boot_ns: 8, ..process(0) }), None, "its pid is another's");
        assert_eq!(heard.of(&Process { executions: 1, ..process(0) }), None, "it is another program");
        for pid in 1..=3 * u32::try_from(YOUNG_MAX).unwrap() {
            heard.note((pid, 7, 0), "other");
            assert_eq!(heard.of(&process(0)), Some(&"again"));
        }
        assert_eq!(heard.of(&process(1)), None);
        assert!(heard.young.len() <= YOUNG_MAX && heard.old.len() <= YOUNG_MAX);
    }
}
