//! The database knows whose a session is, and nobody can tell it something else.

use anyhow::Result;
use e2e::psql;

use super::Rig;
use super::escapes::{OBSERVING, says};

/// Keys of the upstream.
const TELLS: &str = "application-name = \"append\"\nuser-setting = \"picket.principal\"";

/// Each of them says something else than who it is, where nobody keeps it.
const LIES: [(&str, &str); 12] = [
    ("SET picket.\"principal\" = 'dave'", "setting"),
    ("SET LOCAL picket.\"PRINCIPAL\" = 'dave'", "setting"),
    ("SET \"picket.principal\" TO dave", "setting"),
    ("SELECT set_config('picket.principal', 'dave', false)", "setting"),
    ("SELECT set_config('PICKET.' || 'PRINCIPAL', 'dave', false)", "setting"),
    ("DO $$ BEGIN PERFORM set_config('picket.principal', 'dave', false); END $$", "setting"),
    ("DO $$ BEGIN EXECUTE 'SET picket.\"prin' || 'cipal\" = dave'; END $$", "setting"),
    ("SET application_name = 'psql (dave)'", "name"),
    ("SET LOCAL application_name = 'dave'", "name"),
    ("SELECT set_config('application_name', 'dave', true)", "name"),
    ("UPDATE pg_settings SET setting = 'dave' WHERE name = 'application_name'", "name"),
    ("DO $$ BEGIN SET application_name = 'dave'; END $$", "name"),
];

const WHO: &str = "SELECT current_setting('picket.principal', true), current_setting('application_name')";

#[test]
fn the_database_sees_the_user_in_the_activity_and_in_policies_of_rows() -> Result<()> {
    let rig = Rig::start(&format!("{TELLS}\nroles = [{{ set-role = \"{{}}_reader\" }}]"), "")?;
    rig.stack.truth(&format!(
        "CREATE TABLE notes (owner text, body text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY own ON notes USING (owner = current_setting('picket.principal')); GRANT SELECT ON notes TO {}; \
         INSERT INTO notes VALUES ('ann', 'of ann'), ('bob', 'of bob')",
        rig.role("reader")
    ))?;
    for user in ["ann", "bob"] {
        let own = psql::run(&rig.login(user), "SELECT body FROM notes")?.success()?;
        assert_eq!(own.trim(), format!("of {user}"));
    }
    let mut session = psql::Session::start(&rig.login("ann"))?;
    session.expect("SHOW application_name;", "psql (ann)")?;
    let seen = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%(ann)'";
    assert_eq!(rig.stack.truth(seen)?, "psql (ann)");
    for reset in
        ["RESET ALL;", "RESET application_name;", "SET picket.\"principal\" TO DEFAULT;", "DISCARD ALL;"]
    {
        let said = session.ask(reset)?;
        assert!(!said.contains("ERROR"), "{reset}: {said}");
        session.expect(&format!("{WHO};"), "psql (ann)")?;
        session.expect("SELECT 'it is ' || current_setting('picket.principal');", "it is ann")?;
    }
    Ok(())
}

#[test]
fn nobody_tells_it_that_he_is_somebody_else() -> Result<()> {
    let rig = Rig::start(TELLS, OBSERVING)?;
    let (own, service) = (&rig.stack.database, rig.service());
    for (lie, what) in LIES {
        let statements = ["BEGIN", lie, WHO];
        let direct =
            says(&service, "-c picket.principal=ann -c application_name=psql\\ (ann)", own, &statements)?;
        let believed = direct.stdout.lines().find(|line| line.contains('|')).unwrap_or_default();
        let (setting, name) = believed.split_once('|').unwrap_or_default();
        assert!(if what == "name" { name } else { setting }.contains("dave"), "{lie}: {direct:?}");
        let refused = says(&rig.login("ann"), "", own, &statements)?;
        assert!(refused.stderr.contains("kept-settings"), "{lie}: {refused:?}");
        assert!(!refused.stdout.contains("dave|") && !refused.stdout.contains("|dave"), "{lie}: {refused:?}");
    }
    for options in [
        "-c picket.principal=dave",
        "--picket.principal=dave",
        "--application-name=dave",
        "-ecpicket.principal=dave",
    ] {
        let refused = says(&rig.login("ann"), options, own, &[WHO])?;
        assert!(refused.code == 2 && refused.stderr.contains("kept-settings"), "{options}: {refused:?}");
    }
    // What a client calls itself in its own parameter is heard, in front of who it is.
    let named =
        psql::command(&rig.login("ann"))?.args(["-qAtc", WHO]).env("PGAPPNAME", "x (dave)").output()?;
    assert_eq!(String::from_utf8_lossy(&named.stdout).trim(), "ann|x (dave) (ann)");
    Ok(())
}

#[test]
fn the_name_can_be_the_users_alone_and_is_the_clients_where_nothing_is_said() -> Result<()> {
    for (keys, name) in [("application-name = \"replace\"", "bob"), ("", "psql")] {
        let rig = Rig::start(keys, "")?;
        let said = psql::run(&rig.login("bob"), WHO)?.success()?;
        assert_eq!(said.trim(), format!("|{name}"));
    }
    Ok(())
}
