//! Reads `postgresql.conf` and the options that a server was started with, for the settings that say where it listens and which
//! files say who may log in. It is pure (<https://www.postgresql.org/docs/current/config-setting.html>).

/// Those that are compared.
pub(super) const WATCHED: [&str; 10] = [
    "config_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "port",
    "ssl",
    "ssl_ca_file",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// Whether a server goes by it once it starts again, and not before (`PGC_POSTMASTER` of `guc_tables.c`).
pub(super) fn needs_start(name: &str) -> bool {
    !name.starts_with("ssl")
}

/// A statement of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Setting { name: String, value: String },
    File { name: String, is_optional: bool },
    Folder(String),
}

pub(super) fn read(text: &str) -> Vec<Statement> {
    text.lines().filter_map(statement).collect()
}

fn statement(line: &str) -> Option<Statement> {
    let line = line.trim_start();
    let end =
        line.find(|letter: char| !(letter.is_alphanumeric() || "_.$".contains(letter))).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let value = value(rest.strip_prefix('=').unwrap_or(rest).trim_start())?;
    Some(match name.to_ascii_lowercase().as_str() {
        "include" => Statement::File { name: value, is_optional: false },
        "include_if_exists" => Statement::File { name: value, is_optional: true },
        "include_dir" => Statement::Folder(value),
        name => Statement::Setting { name: name.to_owned(), value },
    })
}

/// In quotes, two of them or one behind a backslash are one; without, it ends at a blank or comment.
fn value(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(|letter: char| letter.is_whitespace() || letter == '#').unwrap_or(text.len());
        return text.get(..end).filter(|value| !value.is_empty()).map(str::to_owned);
    };
    let (mut value, mut letters) = (String::new(), quoted.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if letters.peek() == Some(&'\'') => value.extend(letters.next()),
            '\'' => return Some(value),
            '\\' => value.extend(letters.next()),
            letter => value.push(letter),
        }
    }
    None
}

/// Where a server was told that `postgresql.conf` is, by `-D`; that may name another folder for the data.
pub(super) const CONFIG_FOLDER: &str = "-D";

/// What a server was started with, of `postmaster.opts`: each argument stands in quotes, and none is escaped.
pub(super) fn options(text: &str) -> Vec<(String, String)> {
    let Some((_, arguments)) = text.trim_end().split_once(" \"") else { return Vec::new() };
    let mut arguments = arguments.strip_suffix('"').unwrap_or(arguments).split("\" \"");
    let mut settings = Vec::new();
    while let Some(argument) = arguments.next() {
        let Some(option) = argument.strip_prefix('-') else { continue };
        // `--name=value` is `-c name=value`.
        if let Some((name, value)) = option.strip_prefix('-').and_then(|long| long.split_once('=')) {
            settings.push((name.replace('-', "_"), value.to_owned()));
            continue;
        }
        let Some(letter) = option.chars().next() else { continue };
        let rest = option.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            'i' => settings.push(("listen_addresses".to_owned(), "*".to_owned())),
            'l' => settings.push(("ssl".to_owned(), "on".to_owned())),
            // These take a value; of the others with one, no value begins with a dash.
            'c' | 'h' | 'p' | 'k' | 'D' => {
                let value = if rest.is_empty() { arguments.next().unwrap_or_default() } else { rest };
                let (name, value) = match letter {
                    'h' => ("listen_addresses".to_owned(), value),
                    'p' => ("port".to_owned(), value),
                    'k' => ("unix_socket_directories".to_owned(), value),
                    'D' => (CONFIG_FOLDER.to_owned(), value),
                    _ => {
                        let Some((name, value)) = value.split_once('=') else { continue };
                        (name.trim().replace('-', "_").to_lowercase(), value)
                    }
                };
                settings.push((name, value.to_owned()));
            }
            _ => {}
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> Statement {
        Statement::Setting { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn settings_are_read_as_postgresql_writes_them() {
        let text = "# port = 1\n  Port=5433 # why\nlisten_addresses 'localhost, ''a\\'b' # c\nssl=on\nbroken = 'x\n= 1\n\
            include 'a'\ninclude_if_exists = 'b'\ninclude_dir='conf.d'\nempty = ''\n";
        let file = |name: &str, is_optional| Statement::File { name: name.to_owned(), is_optional };
        let expected = [
            setting("port", "5433"),
            setting("listen_addresses", "localhost, 'a'b"),
            setting("ssl", "on"),
            file("a", false),
            file("b", true),
            Statement::Folder("conf.d".to_owned()),
            setting("empty", ""),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn options_of_a_server_are_read_as_it_notes_them() {
        let text = "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/data\" \"-c\" \"config_file=/etc/a b.conf\" \
            \"--hba-file=/x\" \"-i\" \"-p5433\" \"-k\" \"/s\" \"-h\" \"\"\n";
        let expected = [
            ("-D", "/data"),
            ("config_file", "/etc/a b.conf"),
            ("hba_file", "/x"),
            ("listen_addresses", "*"),
            ("port", "5433"),
            ("unix_socket_directories", "/s"),
            ("listen_addresses", ""),
        ];
        assert_eq!(options(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(options("postgres"), []);
    }
}
