use proptest::prelude::*;

use super::*;

/// What is found in a text, each as `class:text`.
fn found(text: &str) -> Vec<String> {
    all(text.as_bytes()).map(|found| format!("{}:{}", found.class.name(), &text[found.range])).collect()
}

fn check(text: &str, expected: &[&str], wrong: &mut Vec<String>) {
    let found = found(text);
    if found != expected {
        wrong.push(format!("{text}: {found:?}"));
    }
}

#[test]
fn each_thing_is_found_in_a_sentence() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("write to bob.o'hara+x@shop.example.org.", "email:bob.o'hara+x@shop.example.org"),
        ("bei jörg@bücher.example, bitte", "email:jörg@bücher.example"),
        ("call +49 (0)30 1234567 today", "phone:+49 (0)30 1234567"),
        ("call (415) 555-0132 today", "phone:(415) 555-0132"),
        ("415-555-0132", "phone:415-555-0132"),
        ("1.415.555.0132", "phone:1.415.555.0132"),
        ("Tel: 020 7946 0958.", "phone:020 7946 0958"),
        ("01 99 00 12 34", "phone:01 99 00 12 34"),
        ("mobile 4155550132", "phone:4155550132"),
        ("Tel. (11) 94514-0604", "phone:(11) 94514-0604"),
        ("call 4155550132", "phone:4155550132"),
        ("please call me at 4155550132", "phone:4155550132"),
        ("(05110694952)", "national_id:05110694952"),
        ("电话+86 138 0013 8000。", "phone:+86 138 0013 8000"),
        ("paid with 4111 1111 1111 1111 12/27", "card:4111 1111 1111 1111"),
        ("card=378282246310005", "card:378282246310005"),
        ("3056930009020004", "card:3056930009020004"),
        ("to GB82 WEST 1234 5698 7654 32 please", "iban:GB82 WEST 1234 5698 7654 32"),
        ("DE89370400440532013000", "iban:DE89370400440532013000"),
        ("ssn 123-45-6789", "national_id:123-45-6789"),
        ("SSN: 123456789", "national_id:123456789"),
        ("AB123456C", "national_id:AB123456C"),
        ("nino AB 12 34 56 C", "national_id:AB 12 34 56 C"),
        ("943 476 5919", "national_id:943 476 5919"),
        ("12345678Z", "national_id:12345678Z"),
        ("X1234567L", "national_id:X1234567L"),
        ("RSSMRA85T10A562S", "national_id:RSSMRA85T10A562S"),
        ("BSN 111222333", "national_id:111222333"),
        ("44051401359", "national_id:44051401359"),
        ("529.982.247-25", "national_id:529.982.247-25"),
        ("11010519491231002X", "national_id:11010519491231002X"),
        ("1 85 05 78 006 084 91", "national_id:1 85 05 78 006 084 91"),
        ("756.9217.0769.85", "national_id:756.9217.0769.85"),
        ("131052-308T", "national_id:131052-308T"),
        ("811228-9874", "national_id:811228-9874"),
        ("S1234567D", "national_id:S1234567D"),
        ("10000000146", "national_id:10000000146"),
        ("11.222.333/0001-81", "tax_id:11.222.333/0001-81"),
        ("86095742719", "tax_id:86095742719"),
        ("912-70-1234", "tax_id:912-70-1234"),
        ("51 824 753 556", "tax_id:51 824 753 556"),
        ("AAAPL1234C", "tax_id:AAAPL1234C"),
        ("EIN 12-3456789", "tax_id:12-3456789"),
        ("NIP 0037412756", "tax_id:0037412756"),
        ("contribuinte 708803369", "tax_id:708803369"),
        ("passport no. C01X00T47", "passport:C01X00T47"),
        ("Personalausweis L01X00T471", "national_id:L01X00T471"),
        ("Perso-Nr. LF3ZT4WC01", "national_id:LF3ZT4WC01"),
        ("Passport: 123456789", "passport:123456789"),
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<1",
            "passport:P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<1",
        ),
        ("from 203.0.113.9:443", "ip_address:203.0.113.9"),
        ("Ver 203.0.113.9 por favor", "ip_address:203.0.113.9"),
        ("from [2001:db8::1]:443", "ip_address:2001:db8::1"),
        ("::ffff:192.0.2.1 said", "ip_address:::ffff:192.0.2.1"),
        ("00:1a:2B:3c:4d:5e", "mac_address:00:1a:2B:3c:4d:5e"),
        ("001a.2b3c.4d5e", "mac_address:001a.2b3c.4d5e"),
        ("at 52.520008, 13.404954", "geo_location:52.520008, 13.404954"),
        ("POINT(-13.404954 52.520008)", "geo_location:-13.404954 52.520008"),
        ("-33.8688197,151.2092955", "geo_location:-33.8688197,151.2092955"),
        ("lives in 12 Old Maple Street, Springfield", "address:12 Old Maple Street"),
        ("Musterstraße 5a, Berlin", "address:Musterstraße 5a"),
        ("PO Box 123", "address:PO Box 123"),
        ("Calle Mayor 12", "address:Calle Mayor 12"),
        ("Am-Park-Ring 4", "address:Am-Park-Ring 4"),
        ("Strada Verdi, 48", "address:Strada Verdi, 48"),
        ("12 rue de la Paix, Paris", "address:12 rue de la Paix"),
        ("Kathleen-Hoffmann-Gasse 55-36", "address:Kathleen-Hoffmann-Gasse 55-36"),
        ("ul. Traugutta 87/49", "address:ul. Traugutta 87/49"),
        ("Skogsvägen 611", "address:Skogsvägen 611"),
        ("515 Morgan Plains", "address:515 Morgan Plains"),
        ("born 12 March 1985", "birth_date:12 March 1985"),
        ("DOB: 1985-03-12", "birth_date:1985-03-12"),
        ("geboren am 12.03.1985", "birth_date:12.03.1985"),
        ("née le 12/03/1985", "birth_date:12/03/1985"),
        ("date of birth March 12, 1985", "birth_date:March 12, 1985"),
        ("AKIAIOSFODNN7EXAMPLE", "credential:AKIAIOSFODNN7EXAMPLE"),
        // Nothing of it is a digit, and nothing else a sign of anything.
        ("ASIAIHLNQPOQSWUUPKYN", "credential:ASIAIHLNQPOQSWUUPKYN"),
        ("password: os.environ", "credential:os.environ"),
        ("password=os.Environ[1", "credential:os.Environ[1"),
        ("postgres://app:s3cret@db.example.com/x", "credential:s3cret"),
        ("password=hunter2;x", "credential:hunter2"),
        (r#"{"password": "hunter"}"#, "credential:hunter"),
        ("Authorization: Bearer abcdefgh12345678", "credential:abcdefgh12345678"),
        ("x-api-key: k3y-value-77", "credential:k3y-value-77"),
        (
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "credential:$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        ),
        ("md5a3556571e93b0d20722ba62be61e8c2d", "credential:md5a3556571e93b0d20722ba62be61e8c2d"),
        (
            "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$a2V5:a2V5a2V5",
            "credential:SCRAM-SHA-256$4096:c2FsdHNhbHQ=$a2V5:a2V5a2V5",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIB1\n-----END PRIVATE KEY-----\n",
            "credential:-----BEGIN PRIVATE KEY-----\nMIIB1\n-----END PRIVATE KEY-----",
        ),
    ] {
        check(text, &[expected], &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn numbers_of_value_added_tax_are_found_by_country_and_check() {
    let mut wrong = Vec::new();
    for number in "ATU69070293 BE0152554472 DK82958398 EE112199032 EL122582568 FI19928204 FR43100678994 HR89834968178 HU28071402 LU65956474 PL7622984406 PT110960882 SE218021196901 SI81220103 SK4357045363 NL812921665B35 IE0193169A IE0888596EA ESB61095139 ES47487994D ESQ0322570C GB585226577 CHE145946894 DE814842925".split(' ') {
        let expected = format!("tax_id:{number}");
        check(number, &[&expected], &mut wrong);
        check(&format!("VAT {number}."), &[&expected], &mut wrong);
        // Another digit in its place checks in none of them.
        let place = number.rfind(|sign: char| sign.is_ascii_digit()).unwrap() - 2;
        let digit = number.as_bytes()[place] - b'0';
        let other = format!("{}{}{}", &number[..place], (digit + 1) % 10, &number[place + 1..]);
        check(&other, &[], &mut wrong);
    }
    for text in ["BE 0152.554.472", "FR 43 100678994", "CHE-145.946.894", "DE 814842925", "AT U69070293"] {
        check(text, &[&format!("tax_id:{text}")], &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lines_that_machines_read_are_found_as_a_whole() {
    let passport =
        "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4";
    let card =
        "IDD<<L01X00T471<<<<<<<<<<<<<<<\n6408125F2702283D<<<<<<<<<<<<<8\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<";
    let mut wrong = Vec::new();
    for (text, class) in [(passport, "passport"), (card, "national_id")] {
        check(text, &[&format!("{class}:{text}")], &mut wrong);
        let text = text.replace('\n', "\r\n");
        check(&text, &[&format!("{class}:{text}")], &mut wrong);
        for line in text.lines().take(2) {
            check(&format!("scan: {line};"), &[&format!("{class}:{line}")], &mut wrong);
        }
    }
    // A wrong digit, a sign too many, one line of many that is only like it.
    check("C01X00T479D<<6408125F2702283<<<<<<<<<<<<<<<4", &[], &mut wrong);
    check("C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<44", &[], &mut wrong);
    check("MUSTERMANN<<ERIKA<<<<<<<<<<<<<", &[], &mut wrong);
    check("IDD<<L01X00T472<<<<<<<<<<<<<<<", &[], &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_looks_alike_is_not_found() {
    let mut wrong = Vec::new();
    for text in [
        "",
        "hello",
        "123",
        "2026-11-27 04:18:15.123456+00",
        "2026-11-27T04:18:15Z",
        "12:34:56",
        "1700000000",
        "1700000000123",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "d41d8cd98f00b204e9800998ecf8427e",
        "1.2.3",
        "v1.2.3.4",
        "version 10.0.19.1",
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "std::vec",
        "a::b",
        "ORD-4111111111111111",
        "4111111111111112",
        "41111111111111111111111",
        "0.4111111111111111",
        "/orders/4111111111111111",
        "user@localhost",
        "@types/node",
        "a@2x.png",
        "git@github.com:org/repo",
        "foo@1.2.3",
        "SKU-123-45-6789",
        "DE85 7016 9874 0906 3047 28",
        "https://user@example.com/",
        "Platz 3",
        "Spring 5",
        "iPad 2",
        "Engineering 101",
        "000-12-3456",
        "666-12-3456",
        "GB82 WEST 1234",
        "GB83WEST12345698765432",
        "3.14, 2.71",
        "9780306406157",
        "978-0-306-40615-7",
        "01-02-2024",
        "01.02.2024 10:30",
        "1 000 000 000",
        "123 456 789",
        "5 Star hotel",
        "10 Way",
        "12 monkeys",
        "password_changed_at=2024",
        "password reset",
        "password: required",
        "password=$PASSWORD",
        "token=4096",
        "https://example.com/a:b@c",
        "P<",
        "eyJ",
        "eyJ.eyJ",
        "00:00:00:00:00:00",
        "aa:bb:cc:dd:ee:ff:00:11",
        "+05:30",
        "+1",
        "(2024)",
        "f(415) 5",
        "$1",
        "$100.00",
        "{}",
        "Chrome/120.0.0.0 Safari/537.36",
        "2024-01-01",
        "1985-03-12",
        "12 March 1985",
        "$1$2$3",
        "GB00799474198527648663",
        "L01X00T471",
        "Personalausweis L01X00T472",
        "DK82958399",
        "FI-19928204",
        "US82958398",
        "part SE2180211969",
        "12-3456789",
        "The call lasted 1234567 milliseconds.",
        "[0.567529, -0.034766, 0.817357, -0.747512, 0.868287]",
        "Umweg 3 km",
        "Via Lisbonne, le vol dure 3 heures.",
        "livré à 14 h 30, quai 7",
        "api_key=os.environ['API_KEY']",
        "pwd = os.getcwd()",
        "token = request.headers.get('X-Token')",
        "secret=process.env.API_KEY",
        "secret: !vault db",
    ] {
        check(text, &[], &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn streets_are_found_as_many_countries_write_them() {
    let streets = "Kölner Straße 12; Berliner Allee 12; Oude Markt 5; Am Markt 3; Unter den Linden 77; Zur Mühle 2a; 12 bis rue Victor Hugo; \
        12bis, avenue Foch; 5 place de la République; 3 square Lamartine; 25 bd Saint-Michel; 25 av. des Champs; \
        14 route de Lyon; C/ Mayor, 12; C/ Alcalá 45; Av. Libertador 1234; P.O. Box 123";
    let mut wrong = Vec::new();
    for street in streets.split("; ") {
        check(street, &[&format!("address:{street}")], &mut wrong);
    }
    for text in [
        "5 place settings",
        "3 route changes",
        "12 square meters",
        "4 bis 5 Tage",
        "Am Montag",
        "Im Jahr 2020",
        "we meet Am See 3",
        "In Stock 3 pieces",
        "C/C++ 11",
        "Straße 5",
        "P.O. 7",
    ] {
        check(text, &[], &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn several_things_are_found_in_order() {
    let text = "bob@shop.org, +1 415 555 0132; card 4111-1111-1111-1111";
    assert_eq!(found(text), ["email:bob@shop.org", "phone:+1 415 555 0132", "card:4111-1111-1111-1111"]);
}

/// Each of these could make some scan begin again at every repetition.
#[test]
fn what_is_read_is_linear_in_what_there_is() {
    let parts = [
        "a",
        "1",
        "1 ",
        "1-",
        "@",
        "a@",
        "a@a.",
        "+1",
        "(",
        "-",
        "-1.00000",
        "eyJ",
        "eyJ-",
        "eyJa.",
        "SG.",
        "hvs.",
        "$2a$",
        "password=$",
        "password='",
        "token=",
        "token:",
        "Bearer ",
        "a:",
        "::",
        "a://",
        "a://b:c",
        "P<",
        "I<",
        "IDD<<L01X00T471",
        "000000000000000000000000000",
        "AKIA",
        "{SSHA",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "born 1 ",
        "po box ",
        "Rue ",
        "Calle a ",
        "11 A ",
        "\u{e9}",
        "GB82",
        "1111 ",
        "é@",
        "/",
        "5 Via ",
        "1234-",
        "12:34:",
        "*",
        "A",
        "0 ",
    ];
    for part in parts {
        let read = |bytes: usize| {
            let value = part.repeat(bytes / part.len()).into_bytes();
            text::READ.set(0);
            assert!(all(&value).all(|found| found.range.end <= value.len()));
            text::READ.get()
        };
        let (short, long) = (read(1 << 10), read(8 << 10));
        assert!(long <= short * 10 + 100, "{part:?}: {short} bytes are read of 1 KiB, {long} of 8 KiB");
    }
}

/// Bytes of the kinds that detectors look at.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let sign = prop::sample::select(
        &b"0123456789012345678901234567890 -./:@+()$={}*<\"'AaEeyJpP_\xc3\xa9\xff\n"[..],
    );
    prop::collection::vec(sign, 0..200)
}

proptest! {
    #[test]
    fn ranges_are_in_order_and_inside_whatever_the_bytes_are(value in prop_oneof![bytes(), any::<Vec<u8>>()]) {
        let mut floor = 0;
        for found in all(&value) {
            prop_assert!(floor <= found.range.start && found.range.start < found.range.end);
            prop_assert!(found.range.end <= value.len());
            floor = found.range.end;
        }
    }

    #[test]
    fn ranges_of_text_are_text(value in "[0-9a-zé@ .:/+$=-]{0,80}|\\PC{0,80}") {
        for found in all(value.as_bytes()) {
            prop_assert!(value.get(found.range).is_some());
        }
    }
}

#[test]
fn members_of_documents_are_told_by_their_keys() {
    let named = |text: &str| {
        let named = all(text.as_bytes()).filter(|found| found.is_named);
        named
            .map(|found| format!("{} {}", found.class.name(), &text[found.range]))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (text, expected) in [
        (r#"{"first_name": "Ann", "a": 1}"#, "person_name Ann"),
        (r#"log: {"dob":"1980-02-03"} and {"lat":52.5}"#, "birth_date 1980-02-03, geo_location 52.5"),
        (r#"{"surname":"O\"Neil"#, r#"person_name O\"Neil"#),
        (r#""{\"surname\":\"Neil\"}""#, "person_name Neil"),
        (r#""surname"=>"Neil", "a"=>"b""#, "person_name Neil"),
        (r#"{"phones": ["1234567", "7654321"]}"#, r#"phone "1234567", "7654321""#),
        (
            r#"{"address": {"geo": {"x": "}"}, "line": "A]"}, "a": 1} etc"#,
            r#"address "geo": {"x": "}"}, "line": "A]""#,
        ),
        (r#"\"a\": {\\\"zip\\\": \\\"X\\\"}"#, "address X"),
        (r#"{\"zip\": \"a\\\"b\", \"c\": 1"#, r#"address a\\\"b"#),
        (r#"{"plan": "gold", "name": "x", "": "y", "first_name": "", "zip": null}"#, ""),
        (r#"he said "phone" and "pass""#, ""),
    ] {
        assert_eq!(named(text), expected, "{text}");
    }
}

#[test]
fn a_short_number_is_nothing_and_is_not_looked_at() {
    for (len, step) in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 3), (6, 97), (NUMBER_BYTES_MAX, 997)] {
        for number in (0..10_usize.pow(u32::try_from(len).unwrap())).step_by(step) {
            let text = format!("{number:0len$}");
            let looked_at = All { value: text.as_bytes(), place: 0, floor: 0 };
            assert_eq!(looked_at.collect::<Vec<_>>(), [], "{text}");
            assert_eq!(all(text.as_bytes()).place, text.len());
        }
    }
}
