//! No value of a sensitive column reaches the client, whatever computes it or carries it; and what is computed from others does.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use bytes::BytesMut;
use e2e::login::Login;
use e2e::psql::{self, Output};
use e2e::scratch::Scratch;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use sql::facts::Effect;

use crate::conversation::Client;
use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

/// The beginning of every sensitive value: as it is, reversed, in hexadecimal, in base64.
const CANARIES: [&str; 8] = [
    "alice.canary",
    "yranac.ecila",
    "616c6963652e63616e617279",
    "ywxpy2uuy2fuyxj5",
    "alicecanary",
    "yranacecila",
    "616c69636563616e617279",
    "ywxpy2vjyw5hcn",
];

/// What the sensitive values are, of which all is written with addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// They are found by their form wherever they go.
    Addresses,
    /// Words: nothing but what is known of columns hides them.
    Names,
}

impl Values {
    pub(crate) fn of(self, text: &str) -> String {
        match self {
            Values::Addresses => text.to_owned(),
            Values::Names => text
                .replace("@example.com", "")
                .replace("alice.canary", "alicecanary")
                // Of transactions that are prepared the whole server has the names.
                .replace("TRANSACTION 'g", "TRANSACTION 'names_g")
                .replace("PREPARED 'g", "PREPARED 'names_g")
                .replace("email", "last_name"),
        }
    }
}

pub(crate) fn shows_canary(output: &Output) -> bool {
    let all = format!("{}{}", output.stdout, output.stderr).to_ascii_lowercase();
    CANARIES.iter().any(|canary| all.contains(canary))
}

/// Runs a text in a session of its own, one statement after the other, and takes back what it did.
pub(crate) fn run(login: &Login, text: &str) -> Result<Output> {
    let text = match text.contains("BEGIN;") || text.starts_with("CALL") {
        true => format!("{text};"),
        false => format!("BEGIN;\n{text};\nROLLBACK;"),
    };
    // Without what psql says of the text itself.
    let output = psql::run_with(login, &["-At", "-v", "VERBOSITY=default"], &text.replace("; ", ";\n"))?;
    Ok(Output { stderr: output.stderr.lines().filter(|line| !line.starts_with("LINE ")).collect(), ..output })
}

/// The same in the extended protocol, with results in binary: all that the server sent.
pub(crate) fn run_binary(login: &Login, text: &str) -> Result<Output> {
    run_each(login, text, extended)
}

/// How COPY may send rows.
const COPY_FORMATS: [&str; 3] = ["text", "csv", "binary"];

/// The same with each query as a COPY in this format: all that the server sent.
pub(crate) fn run_copied(login: &Login, text: &str, format: &str) -> Result<Output> {
    run_each(login, text, |text| {
        let text = text.trim();
        let is_query = ["SELECT", "TABLE", "VALUES", "WITH"].iter().any(|word| text.starts_with(word));
        let mut message = BytesMut::new();
        match is_query {
            true => frontend::query(&format!("COPY ({text}) TO STDOUT (FORMAT {format})"), &mut message)?,
            false => frontend::query(text, &mut message)?,
        }
        Ok(message)
    })
}

/// Sends each statement of a text as `messages` makes of it, in a session of its own that takes back what they did. What is no SQL to us is left
/// out.
fn run_each(login: &Login, text: &str, messages: impl Fn(&str) -> Result<BytesMut>) -> Result<Output> {
    let text = match text.contains("BEGIN;") || text.starts_with("CALL") {
        true => text.to_owned(),
        false => format!("BEGIN; {text}; ROLLBACK"),
    };
    let facts = sql::read(text.as_bytes()).map(|facts| facts.statements).unwrap_or_default();
    let mut client = Client::connect(login)?;
    let mut stdout = String::new();
    for statement in facts.iter().filter(|statement| !statement.effects.contains(&Effect::CopyIn)) {
        let text = text.get(statement.span.clone()).unwrap_or_default();
        stdout += &String::from_utf8_lossy(&client.exchange_bytes(&messages(text)?, 1)?);
    }
    Ok(Output { stdout, stderr: String::new(), code: 0 })
}

/// Parse, Bind with results in binary, Describe, Execute, Sync.
pub(crate) fn extended(text: &str) -> Result<BytesMut> {
    let mut messages = BytesMut::new();
    let (formats, values): ([i16; 0], [i32; 0]) = ([], []);
    frontend::parse("", text.trim(), [], &mut messages)?;
    frontend::bind("", "", formats, values, |_, _| Ok(IsNull::Yes), [1_i16], &mut messages)
        .ok()
        .context("write a Bind message")?;
    frontend::describe(b'P', "", &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    Ok(messages)
}

pub(crate) fn cases(file: &str) -> impl Iterator<Item = &str> {
    file.split("\n\n").map(str::trim).filter(|case| !case.is_empty())
}

pub(crate) fn with_objects(sections: &str) -> Result<Stack> {
    with_objects_of(Values::Addresses, sections)
}

pub(crate) fn with_objects_of(values: Values, sections: &str) -> Result<Stack> {
    let stack = Stack::start_with(sections)?;
    psql::run(&stack.owner(), &values.of(include_str!("leaks/objects.sql")))?.success()?;
    psql::run(&stack.owner(), "ANALYZE people")?.success()?;
    Ok(stack)
}

/// The same with more objects, which somebody has made.
pub(crate) fn with_more(by: impl Fn(&Stack) -> Login, objects: &str) -> Result<Stack> {
    with_more_of(Values::Addresses, by, objects)
}

fn with_more_of(values: Values, by: impl Fn(&Stack) -> Login, objects: &str) -> Result<Stack> {
    let stack = with_objects_of(values, "")?;
    psql::run(&by(&stack), &values.of(objects))?.success()?;
    Ok(stack)
}

/// Attacks of which each shows such values to whoever makes the objects, and none shows them to alice.
pub(crate) fn assert_attacks_fail(
    values: Values,
    by: impl Fn(&Stack) -> Login,
    objects: &str,
    attacks: &str,
) -> Result<()> {
    let stack = with_more_of(values, &by, objects)?;
    assert_no_leak(&values.of(attacks), &by(&stack), &stack.alice()?, shows_canary)
}

#[test]
fn what_leaks_directly_does_not_leak_through_picket() -> Result<()> {
    assert_attacks_fail(Values::Addresses, Stack::superuser, "", include_str!("leaks/attacks.sql"))
}

#[test]
fn what_has_no_form_does_not_leak_either() -> Result<()> {
    assert_attacks_fail(Values::Names, Stack::superuser, "", include_str!("leaks/attacks.sql"))
}

fn assert_sinks_take_nothing(values: Values) -> Result<()> {
    let stack = with_objects_of(values, "")?;
    let attacks = values.of(include_str!("leaks/sinks.sql"));
    assert_no_leak(&attacks, &stack.superuser(), &stack.alice()?, shows_canary)?;
    let attack = values.of("SELECT set_config('my.x', email, true) FROM people");
    let refused = run(&stack.alice()?, &attack)?;
    assert!(refused.stderr.contains("Rule \"masked-values-stay\""), "{}", refused.stderr);
    Ok(())
}

#[test]
fn values_are_not_handed_to_functions_that_put_them_elsewhere() -> Result<()> {
    assert_sinks_take_nothing(Values::Addresses)
}

#[test]
fn values_without_a_form_are_not_handed_to_them_either() -> Result<()> {
    assert_sinks_take_nothing(Values::Names)
}

/// Cases of a file that this server can run: each begins with the first version that has what it uses.
fn since<'f>(login: &Login, file: &'f str) -> Result<Vec<&'f str>> {
    let version = psql::run(login, "SHOW server_version_num")?.success()?;
    let version: u32 = version.trim().parse()?;
    let mut found = Vec::new();
    for case in cases(file) {
        let (since, text) = case.split_once('\n').context("read since when it is")?;
        let since: u32 = since.trim_start_matches("-- since: ").parse()?;
        found.extend(Some(text).filter(|_| since * 10_000 <= version));
    }
    Ok(found)
}

fn assert_newer_servers_show_nothing(values: Values) -> Result<()> {
    let stack = with_objects_of(values, "")?;
    let (alice, superuser) = (stack.alice()?, stack.superuser());
    let attacks = since(&superuser, include_str!("leaks/newer.sql"))?.join("\n\n");
    assert_no_leak(&values.of(&attacks), &superuser, &alice, shows_canary)?;
    for text in since(&superuser, include_str!("leaks/newer_harmless.sql"))? {
        let text = values.of(text);
        let (through, directly) = (run(&alice, &text)?, run(&superuser, &text)?);
        assert_eq!(through.stdout, directly.stdout, "{text}\n{}", through.stderr);
    }
    Ok(())
}

#[test]
fn what_newer_servers_have_does_not_leak() -> Result<()> {
    assert_newer_servers_show_nothing(Values::Addresses)
}

#[test]
fn what_newer_servers_have_does_not_leak_what_has_no_form() -> Result<()> {
    assert_newer_servers_show_nothing(Values::Names)
}

/// Each tells a value by which of many things it is that changes.
const CHOOSING: [&str; 8] = [
    "CREATE SEQUENCE q_a; SELECT nextval('q_' || left(email, 1)) FROM people WHERE id = 1",
    "CREATE SEQUENCE q_97; SELECT nextval(('q_' || ascii(email))::regclass) FROM people WHERE id = 1",
    "CREATE SEQUENCE a; SELECT nextval('a'); SELECT currval(left(email, 1)) FROM people WHERE id = 1",
    "CREATE SEQUENCE q_a; CREATE FUNCTION counts(t text) RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''q_'' || left(t, 1))'; SELECT counts(email) FROM people WHERE id = 1",
    "CREATE SEQUENCE q_a; DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; PERFORM nextval('q_' || left(v, 1)); END $$",
    "SELECT lo_create(777097); SELECT lo_open(777000 + ascii(email), 262144) FROM people WHERE id = 1",
    "SELECT lo_create(777000); SELECT lo_open(777000, 262144); SELECT loread(0, ascii(email)) FROM people WHERE id = 1",
    "SELECT pg_advisory_lock(97); SELECT pg_advisory_unlock(ascii(email)) FROM people WHERE id = 1",
];

#[test]
fn values_do_not_choose_what_changes() -> Result<()> {
    let stack = with_objects("")?;
    for text in CHOOSING {
        let directly = run(&stack.superuser(), text)?;
        assert!(!directly.stderr.contains("ERROR"), "{text}\n{}", directly.stderr);
        let through = run(&stack.alice()?, text)?;
        assert!(through.stderr.contains("Rule \"masked-values-stay\""), "{text}\n{}", through.stderr);
    }
    for text in [
        "CREATE SEQUENCE s; SELECT nextval('s'), email FROM people WHERE id = 1",
        "CREATE SEQUENCE s; CREATE TABLE n (id int DEFAULT nextval('s'), v text); INSERT INTO n (v) SELECT email FROM people",
        "CREATE TABLE n (id serial, v text); INSERT INTO n SELECT nextval(pg_get_serial_sequence('n', 'id')), email FROM people",
        "CREATE SEQUENCE s_1; SELECT nextval('s_' || id), email FROM people WHERE id = 1",
    ] {
        let through = run(&stack.alice()?, text)?;
        assert!(!through.stderr.contains("ERROR"), "{text}\n{}", through.stderr);
    }
    Ok(())
}

/// Names, notifications and comments, by blocks whose texts nobody can tell: whoever may run such may not see what is masked by it.
const PUT_TOGETHER: &str = "\
    DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', (SELECT email FROM people WHERE id = 1)); END $$; SELECT relname FROM pg_class\n\n\
    LISTEN c; DO $$ BEGIN EXECUTE format('NOTIFY c, %L', (SELECT email FROM people WHERE id = 1)); END $$; COMMIT; BEGIN\n\n\
    DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; EXECUTE 'COMMENT ON TABLE visits IS ' || quote_literal(v); END $$; \
        SELECT obj_description('visits'::regclass)\n\n\
    DO $$ BEGIN EXECUTE format('SET my.x = %L', mail(1)); END $$; SHOW my.x";

fn assert_texts_put_together_take_nothing(values: Values) -> Result<()> {
    let stack = with_objects_of(values, "[policy.mode]\nopaque-code = \"observe\"\n")?;
    let alice = stack.alice()?;
    assert_no_leak(&values.of(PUT_TOGETHER), &stack.superuser(), &alice, shows_canary)?;
    let harmless = "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE visits IS %L', (SELECT note FROM visits WHERE id = 1)); END $$";
    psql::run(&alice, harmless)?.success()?;
    Ok(())
}

#[test]
fn texts_that_blocks_put_together_take_no_values() -> Result<()> {
    assert_texts_put_together_take_nothing(Values::Addresses)
}

#[test]
fn texts_that_blocks_put_together_take_none_without_a_form() -> Result<()> {
    assert_texts_put_together_take_nothing(Values::Names)
}

#[test]
fn notifications_of_others_do_not_tell_what_is_masked() -> Result<()> {
    let stack = with_objects("")?;
    let mut alice = psql::Session::start(&stack.alice()?)?;
    alice.ask("LISTEN people;")?;
    let payload =
        r#"{"id": 1, "lastName": "Lovelace", "plan": "basic", "note": "of alice.canary@example.com"}"#;
    psql::run(&stack.superuser(), &format!("SELECT pg_notify('people', '{payload}')"))?.success()?;
    let told = alice.ask("SELECT 1;")?;
    assert!(told.contains(r#""id": 1"#) && told.contains(r#""plan": "basic""#), "{told}");
    assert!(!told.contains("canary") && !told.contains("Lovelace"), "{told}");
    Ok(())
}

/// A role's default is reported at the start, and what a function sets, in the midst.
#[test]
fn names_of_applications_that_others_set_do_not_tell_what_is_masked() -> Result<()> {
    let stack = with_objects("")?;
    let (alice, superuser) = (stack.alice()?, stack.superuser());
    let named = "CREATE FUNCTION named() RETURNS text LANGUAGE sql AS $$SELECT set_config('application_name', 'of alice.canary@example.com', false)$$";
    psql::run(&superuser, named)?.success()?;
    let role = psql::run(&stack.owner(), "SELECT current_user")?.success()?;
    psql::run(
        &superuser,
        &format!("ALTER ROLE {} SET application_name = 'for alice.canary@example.com'", role.trim()),
    )?
    .success()?;
    let mut client = Client::connect(&alice)?;
    let mut message = BytesMut::new();
    frontend::query("SELECT 1 FROM (SELECT named()) it", &mut message)?;
    let told = String::from_utf8_lossy(&client.exchange_bytes(&message, 1)?).into_owned();
    assert!(told.contains("application_name") && !told.contains("canary"), "{told}");
    let greeted = client.greeted.join(" ");
    assert!(greeted.contains("application_name=for a***@***.com"), "{greeted}");
    Ok(())
}

/// Nobody can ask the server about a COPY in the midst of a text.
#[test]
fn what_is_made_and_copied_in_one_text_is_refused() -> Result<()> {
    const TEXT: &str = "CREATE FUNCTION object(o oid) RETURNS text LANGUAGE sql \
        AS $$SELECT convert_from(lo_get(o), 'UTF8')$$; COPY (SELECT object(171717)) TO STDOUT";
    let stack = with_objects("")?;
    let sent = |login: &Login| psql::run_with(login, &["-At", "-c", TEXT], "");
    let refused = sent(&stack.alice()?)?;
    assert!(!shows_canary(&refused) && refused.stderr.contains("COPY is sent alone"), "{}", refused.stderr);
    assert!(shows_canary(&sent(&stack.superuser())?));
    Ok(())
}

/// Each of these statements shows something when it is sent directly, and nothing through the proxy: as text, in binary, and copied in
/// one of the three formats.
pub(crate) fn assert_no_leak(
    attacks: &str,
    directly: &Login,
    through: &Login,
    shows: fn(&Output) -> bool,
) -> Result<()> {
    let (mut wrong, mut count) = (String::new(), 0);
    for attack in cases(attacks) {
        count += 1;
        let output = run(directly, attack)?;
        if !shows(&output) {
            writeln!(wrong, "is no attack: {attack}\n{}{}", output.stdout, output.stderr)?;
        }
        let format = COPY_FORMATS.get(count % COPY_FORMATS.len()).copied().unwrap_or_default();
        let copied = run_copied(through, attack, format)?;
        for output in [run(through, attack)?, run_binary(through, attack)?, copied] {
            if shows(&output) {
                writeln!(wrong, "leaks: {attack}\n{}{}", output.stdout, output.stderr)?;
            }
        }
    }
    assert!(wrong.is_empty(), "of {count}:\n{wrong}");
    Ok(())
}

/// Columns of types that few values are kept in, each with one.
const RARE: [(&str, &str); 18] = [
    ("date_of_birth daterange", "'[1977-07-07,1977-07-08)'"),
    ("dob datemultirange", "'{[1977-07-07,1977-07-08)}'"),
    ("birth_date tstzrange", "'[1977-07-07,1977-07-08)'"),
    ("dobs date[]", "'{1977-07-07}'"),
    ("ssn int4range", "'[123456789,123456790)'"),
    ("latitude numrange", "'[52.5163,52.5164)'"),
    ("address tsvector", "'canary:1'"),
    ("password varbit", "B'1011011'"),
    ("password_hash bit(8)", "B'10110110'"),
    ("last_name \"char\"", "'C'"),
    ("home_location point[]", "'{\"(52.5163,13.3777)\"}'"),
    ("phone int8multirange", "'{[4915112345678,4915112345679)}'"),
    ("zip_code int4", "60614"),
    ("plz numeric", "10115"),
    ("passport_no uuid", "'8f0e7c52-3c0b-4f5e-9a53-6a5f2f1b7d10'"),
    ("national_id uuid", "'8f0e7c52-3c0b-4f5e-9a53-6a5f2f1b7d11'"),
    ("session_token uuid", "'8f0e7c52-3c0b-4f5e-9a53-6a5f2f1b7d12'"),
    // Of an address, since there is one beside it.
    ("home_town text", "'Springfield'"),
];

#[test]
fn columns_of_any_type_are_known_by_their_names() -> Result<()> {
    let stack = Stack::start()?;
    let (columns, values): (Vec<_>, Vec<_>) = RARE.into_iter().unzip();
    let made = format!(
        "CREATE TABLE rare ({}); INSERT INTO rare VALUES ({})",
        columns.join(", "),
        values.join(", ")
    );
    psql::run(&stack.owner(), &made)?.success()?;
    let alice = stack.alice()?;
    for column in columns {
        let name = column.split(' ').next().unwrap_or_default();
        for text in [format!("SELECT {name} FROM rare"), format!("COPY (SELECT {name} FROM rare) TO STDOUT")]
        {
            let direct = psql::run_with(&stack.owner(), &["-At"], &text)?.success()?;
            let through = psql::run_with(&alice, &["-At"], &text)?.success()?;
            assert_ne!(direct, through, "{text}");
            assert!(!through.contains(direct.trim()), "{text}: {through}");
        }
        let binary = run_binary(&alice, &format!("SELECT {name} FROM rare"))?;
        assert!(binary.stdout.contains("SELECT 1"), "{column}: {}", binary.stdout);
    }
    let harmless = "CREATE TABLE weather (home_town text, zip_count int, zip_level int, address_id int, id uuid); \
        INSERT INTO weather VALUES ('Springfield', 3, 9, 5, '8f0e7c52-3c0b-4f5e-9a53-6a5f2f1b7d13')";
    psql::run(&stack.owner(), harmless)?.success()?;
    let shown = psql::run(&alice, "SELECT * FROM weather")?.success()?;
    assert_eq!(shown.trim(), "Springfield|3|9|5|8f0e7c52-3c0b-4f5e-9a53-6a5f2f1b7d13");
    Ok(())
}

#[test]
fn what_shows_nothing_sensitive_comes_through_as_it_is() -> Result<()> {
    assert_as_it_is(include_str!("leaks/harmless.sql"), &with_objects("")?)
}

/// Each of these statements shows the same through the proxy as directly.
pub(crate) fn assert_as_it_is(statements: &str, stack: &Stack) -> Result<()> {
    let (alice, directly) = (stack.alice()?, stack.owner());
    for text in cases(statements) {
        let (through, direct) = (run(&alice, text)?, run(&directly, text)?);
        // Of an error that could tell of values, the details go.
        let first = |output: &Output| output.stderr.split("DETAIL").next().unwrap_or_default().to_owned();
        assert_eq!((&through.stdout, first(&through)), (&direct.stdout, first(&direct)), "{text}");
    }
    Ok(())
}

#[test]
fn whoever_may_see_values_sees_them_all() -> Result<()> {
    let folder = Scratch::new("reveals")?;
    let policy = "@rule(\"support\") permit (principal == Picket::User::\"alice\", \
        action == Picket::Action::\"reveal\", resource == Picket::Class::\"phone\");";
    fs::write(folder.join("support.cedar"), policy)?;
    let mut stack = with_objects(&format!("[policy]\ndir = {:?}\n", folder.path()))?;
    let text =
        "SELECT phone, ssn, date_of_birth, last_login_ip FROM secrets;\nSELECT lower(phone) FROM secrets;\n";
    let shown = |stack: &Stack| psql::run_with(&stack.alice()?, &["-At"], text)?.success();
    assert_eq!(shown(&stack)?, "+49 30 alice.canary|***||203.0.113.0\n***\n");
    reload(&mut stack, RELOADED, |text| {
        text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"reveal\"]\n")
    })?;
    let all = "+49 30 alice.canary|123-45-alice.canary|1977-07-07|203.0.113.77\n+49 30 alice.canary\n";
    assert_eq!(shown(&stack)?, all);
    psql::run(&stack.alice()?, "COPY secrets TO STDOUT")?.success()?;
    Ok(())
}
