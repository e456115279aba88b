//! How Linux lets a thread of sessions run: as `SCHED_BATCH` (sched(7)), which gets the same share of a core and does not
//! cut short who runs there when it wakes. What comes meanwhile is then served in one go.

use std::io;

/// Makes the calling thread `SCHED_BATCH`, unless whoever started the process chose another policy for it.
///
/// # Errors
///
/// Those of sched_setscheduler(2): the system may not allow it.
#[expect(unsafe_code, reason = "no library has a safe call that leaves the nice value alone")]
pub(crate) fn batch() -> io::Result<()> {
    let unchanged = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the parameters outlive the call, which only reads them.
    let result = unsafe {
        match libc::sched_getscheduler(0) {
            libc::SCHED_OTHER => libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const unchanged),
            policy => policy,
        }
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    /// Field 41 of proc_pid_stat(5).
    fn policy() -> String {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(38).unwrap().to_string()
    }

    #[test]
    fn a_thread_becomes_one_of_batch() {
        let seen = thread::spawn(|| {
            let before = policy();
            batch().unwrap();
            batch().unwrap();
            (before, policy())
        });
        assert_eq!(seen.join().unwrap(), ("0".to_string(), "3".to_string()));
    }
}
