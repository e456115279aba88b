//! Another user of this machine, for programs that must not run as root.

use std::fs;

use anyhow::{Context, Result};

/// A user's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Id of the user's own group.
    pub gid: u32,
}

impl Account {
    /// Looks `name` up in the machine's list of users.
    pub fn find(name: &str) -> Result<Self> {
        let users = fs::read_to_string("/etc/passwd").context("read the list of users")?;
        users.lines().find_map(|line| Self::parse(line, name)).with_context(|| format!("find user `{name}`"))
    }

    fn parse(line: &str, name: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let named = fields.next() == Some(name);
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        named.then_some(Self { uid, gid })
    }

    /// What makes `setpriv` become this user, with no rights of root left.
    #[must_use]
    pub fn setpriv_args(&self) -> [String; 5] {
        let Self { uid, gid } = self;
        let words = ["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"];
        words.map(str::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn the_numbers_are_the_third_and_fourth_field() {
        let account = Account::parse("nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin", "nobody");
        assert_eq!(account.map(|account| (account.uid, account.gid)), Some((65534, 65533)));
    }
}
