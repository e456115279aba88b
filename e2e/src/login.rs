//! Everything a client needs to reach a database: where, who, with which password.

/// One way into one database.
#[derive(Clone, Debug)]
pub struct Login {
    /// The TCP port of 127.0.0.1.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
    /// That user's password.
    pub password: String,
    /// The database to ask for.
    pub database: String,
}

impl Login {
    /// The same door with another user and password.
    #[must_use]
    pub fn as_user(&self, user: &str, password: &str) -> Self {
        Self { user: user.to_string(), password: password.to_string(), ..self.clone() }
    }

    /// The same door with another database behind it.
    #[must_use]
    pub fn to_database(&self, database: &str) -> Self {
        Self { database: database.to_string(), ..self.clone() }
    }

    /// As libpq reads it, without the password.
    #[must_use]
    pub fn conninfo(&self) -> String {
        self.conninfo_at("127.0.0.1")
    }

    /// The same where `host` is another way to the same server, such as the folder of its UNIX socket.
    #[must_use]
    pub fn conninfo_at(&self, host: &str) -> String {
        let Self { port, user, password: _, database } = self;
        format!("host={host} port={port} user={user} dbname={database}")
    }
}
