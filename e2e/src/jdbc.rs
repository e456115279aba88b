//! The JDBC driver of Debian's package, and a program that asks it what tools ask.

use std::path::Path;

/// The program's source.
pub const PROGRAM: &str = include_str!("../clients/Metadata.java");

/// A program whose statements wait for an approval.
pub const HOLDING: &str = include_str!("../clients/Holding.java");

/// A program that logs in and asks one thing.
pub const LOGIN: &str = include_str!("../clients/Login.java");

/// Where Debian puts the driver.
pub const DRIVER: &str = "/usr/share/java/postgresql.jar";

/// Whether it is there.
#[must_use]
pub fn is_installed() -> bool {
    Path::new(DRIVER).exists()
}
