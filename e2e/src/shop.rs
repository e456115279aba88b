//! A small shop's database: the example that tests and demo work on.

use anyhow::{Context, Result};

use crate::login::Login;
use crate::postgres::{self, Postgres};

/// The role that owns the shop's tables, and that the proxy uses: it *could* drop them.
pub const OWNER: &str = "shop_owner";
/// A role with which somebody goes around the proxy.
pub const STAFF: &str = "shop_staff";

/// Customers in a new shop.
pub const CUSTOMERS: usize = 8;
/// Orders in a new shop.
pub const ORDERS: usize = 40;

const TABLES: &str = include_str!("shop.sql");

/// The passwords of the shop's roles.
#[derive(Clone, Debug)]
pub struct Shop {
    owner_password: String,
    staff_password: String,
}

impl Shop {
    /// Creates the roles in a cluster. Once per cluster, before any `create_database`.
    pub fn create_roles(postgres: &Postgres) -> Result<Self> {
        let shop = Self { owner_password: postgres::password()?, staff_password: postgres::password()? };
        let Self { owner_password, staff_password } = &shop;
        let sql = format!(
            "CREATE ROLE {OWNER} LOGIN PASSWORD '{owner_password}'; CREATE ROLE {STAFF} LOGIN PASSWORD '{staff_password}'"
        );
        postgres.administer("postgres", &sql).context("create the shop's roles")?;
        Ok(shop)
    }

    /// Creates a database called `name` with the shop's tables and rows in it.
    pub fn create_database(&self, postgres: &Postgres, name: &str) -> Result<()> {
        postgres
            .administer("postgres", &format!("CREATE DATABASE {name} OWNER {OWNER}"))
            .context("create the shop's database")?;
        postgres.administer(name, TABLES).context("create the shop's tables")?;
        Ok(())
    }

    /// The owner's way straight to the database.
    #[must_use]
    pub fn owner(&self, postgres: &Postgres, database: &str) -> Login {
        postgres.superuser(database).as_user(OWNER, &self.owner_password)
    }

    /// A member of staff's way straight to the database.
    #[must_use]
    pub fn staff(&self, postgres: &Postgres, database: &str) -> Login {
        postgres.superuser(database).as_user(STAFF, &self.staff_password)
    }
}
