use proptest::prelude::*;

use super::*;

fn masked(class: Class, type_oid: u32, value: &str) -> Option<String> {
    let mut out = b"before".to_vec();
    let shown = mask(&Methods::default(), class, type_oid, TEXT_FORMAT, value.as_bytes(), &mut out);
    shown.then(|| String::from_utf8(out.split_off(6)).unwrap())
}

#[test]
fn a_part_stays_where_it_says_which_but_not_what() {
    for (class, value, expected) in [
        (Class::Email, "alice@example.com", "a***@***.com"),
        (Class::Phone, "+49 30 1234567", "+** ** *****67"),
        (Class::Phone, "1234", "****"),
        (Class::Phone, "４５", "**"),
        (Class::Card, "4111 1111 1111 1234", "**** **** **** 1234"),
        (Class::Card, "123", "***"),
        (Class::Iban, "GB82 WEST 1234 5698 7654 32", "GB** **** **** **** **54 32"),
        (Class::Iban, "12345678", "********"),
        (Class::IpAddress, "203.0.113.9", "203.0.113.0"),
        (Class::IpAddress, "2001:db8:1:2::3", "2001:db8:1::"),
        (Class::IpAddress, "host.example", "***"),
        (Class::MacAddress, "00:1a:2b:3c:4d:5e", "00:1a:2b:00:00:00"),
        (Class::NationalId, "123-45-6789", "***"),
        (Class::PersonName, "Bob", "***"),
        (Class::Credential, "hunter2", "***"),
        (Class::Derived, "x", "***"),
        (Class::Derived, "", ""),
    ] {
        assert_eq!(masked(class, TEXT, value).as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn types_keep_their_limits_and_what_is_no_text_becomes_null() {
    assert_eq!(masked(Class::Derived, VARCHAR, "x").as_deref(), Some("*"));
    assert_eq!(masked(Class::Email, VARCHAR, "ö@b.is").as_deref(), Some("ö***@*"));
    assert_eq!(masked(Class::PersonName, BPCHAR, "Zoë       ").as_deref(), Some("***       "));
    assert_eq!(masked(Class::PersonName, BPCHAR, "Z ").as_deref(), Some("* "));
    assert_eq!(masked(Class::Email, 90_000, "bob@shop.org").as_deref(), Some("b***@***.org"));
    assert_eq!(masked(Class::Email, 90_000, "{\"(bob@shop.org)\"}"), None);
    assert_eq!(masked(Class::Email, 90_000, "{[bob@shop.org,x)}"), None);
    for type_oid in [16, 17, 20, 23, 600, 701, 1009, 1082, 1184, 1700, 2950] {
        assert_eq!(masked(Class::Phone, type_oid, "4155550132"), None, "{type_oid}");
    }
    assert_eq!(masked(Class::Derived, network::INET, "203.0.113.9"), None);
}

#[test]
fn arrays_are_masked_element_by_element() {
    let emails = |type_oid, value| masked(Class::Email, type_oid, value);
    let value = r#"{bob@shop.org,"a b\"@x.org",NULL,"",{"\\@y.org","NULL"}}"#;
    assert_eq!(
        emails(1009, value).as_deref(),
        Some(r#"{b***@***.org,a***@***.org,NULL,"",{"\\***@***.org",***}}"#)
    );
    assert_eq!(emails(1009, "[0:1]={a@b.is,c@d.is}").as_deref(), Some("[0:1]={a***@***.is,c***@***.is}"));
    assert_eq!(emails(1009, "{}").as_deref(), Some("{}"));
    assert_eq!(emails(1015, "{ö@b.is}").as_deref(), Some("{ö***@*}"));
    assert_eq!(emails(90_001, "{bob@shop.org}").as_deref(), Some("{b***@***.org}"));
    assert_eq!(masked(Class::IpAddress, 1041, "{203.0.113.9,::1}").as_deref(), Some("{203.0.113.0,::}"));
    for malformed in ["", "bob@shop.org", "{bob", "{a}}", "{a\"b}", "{\"a", "x={a}"] {
        assert_eq!(emails(1009, malformed), None, "{malformed}");
    }
    assert_eq!(emails(1007, "{1,2}"), None);
    assert_eq!(masked(Class::Derived, 1009, "{a,b}"), None);
    let binary = |oid: u32, elements: &[&[u8]]| {
        let count = u32::try_from(elements.len()).unwrap();
        let mut value = [1, 0, oid, count, 1].map(u32::to_be_bytes).as_flattened().to_vec();
        for element in elements {
            value.extend(u32::try_from(element.len()).unwrap().to_be_bytes());
            value.extend_from_slice(element);
        }
        value
    };
    let mut out = Vec::new();
    assert!(mask(
        &Methods::default(),
        Class::Email,
        1009,
        1,
        &binary(TEXT, &[b"bob@shop.org", b""]),
        &mut out
    ));
    assert_eq!(out, binary(TEXT, &[b"b***@***.org", b""]));
    assert!(!mask(&Methods::default(), Class::Email, 1009, 1, &binary(23, &[b"bob@"]), &mut out));
    assert!(!mask(
        &Methods::default(),
        Class::Email,
        1009,
        1,
        &binary(TEXT, &[b"bob@shop.org"])[..30],
        &mut out
    ));
}

#[test]
fn documents_keep_their_keys_and_their_form() {
    let json =
        r#" {"a": "bob@shop.org", "b" : [1, true, null, {"bob@shop.org": "x\u00e9\"", "e": {}}], "c": []} "#;
    let shown = r#" {"a": "b***@***.org", "b" : [null, null, null, {"***": "***", "e": {}}], "c": []} "#;
    assert_eq!(masked(Class::Email, JSON, json).as_deref(), Some(shown));
    assert_eq!(masked(Class::Email, JSONB, "\"\\ud83d\\ude00@x.org\"").as_deref(), Some("\"😀***@***.org\""));
    assert_eq!(masked(Class::Phone, JSONB, "4155550132").as_deref(), Some("null"));
    for malformed in ["", "{", "{\"a\"}", "[1", "[1 2]", "\"a", "{} x", &"[".repeat(200)] {
        assert_eq!(masked(Class::Email, JSON, malformed), None, "{malformed}");
    }
    assert_eq!(masked(Class::Derived, JSON, "{\"a\": 1}"), None);
    let mut out = Vec::new();
    assert!(mask(&Methods::default(), Class::Email, JSONB, 1, b"\x01[\"bob@shop.org\"]", &mut out));
    assert_eq!(out, b"\x01[\"b***@***.org\"]");
    assert!(!mask(&Methods::default(), Class::Email, JSONB, 1, b"[]", &mut out));
    out.clear();
    assert!(!mask(&Methods::default(), Class::Email, JSON, 0, b"A{", &mut out) && out.is_empty());
}

#[test]
fn addresses_of_networks_stay_addresses_in_both_formats() {
    assert_eq!(masked(Class::IpAddress, network::INET, "203.0.113.9/25").as_deref(), Some("203.0.113.0/25"));
    assert_eq!(
        masked(Class::IpAddress, network::CIDR, "2001:db8:1:2::/64").as_deref(),
        Some("2001:db8:1::/64")
    );
    assert_eq!(masked(Class::IpAddress, network::INET, "nonsense"), None);
    assert_eq!(
        masked(Class::MacAddress, network::MACADDR, "08:00:2b:01:02:03").as_deref(),
        Some("08:00:2b:00:00:00")
    );
    let binary = |class, type_oid, value: &[u8]| {
        let mut out = Vec::new();
        mask(&Methods::default(), class, type_oid, 1, value, &mut out).then_some(out)
    };
    let inet = |address: &[u8]| [&[2, 32, 0, 4], address].concat();
    assert_eq!(
        binary(Class::IpAddress, network::INET, &inet(&[203, 0, 113, 9])),
        Some(inet(&[203, 0, 113, 0]))
    );
    assert_eq!(binary(Class::IpAddress, network::INET, &inet(&[203, 0])), None);
    assert_eq!(
        binary(Class::MacAddress, network::MACADDR, &[8, 0, 43, 1, 2, 3]),
        Some(vec![8, 0, 43, 0, 0, 0])
    );
    let binary8 = binary(Class::MacAddress, network::MACADDR8, &[8, 0, 43, 1, 2, 3, 4, 5]);
    assert_eq!(binary8, Some(vec![8, 0, 43, 0, 0, 0, 0, 0]));
}

#[test]
fn what_is_found_in_a_text_alone_is_masked() {
    let found = |text: &str| {
        let mut out = Vec::new();
        mask_found(&Methods::default(), text.as_bytes(), |_| true, &mut out)
            .then(|| String::from_utf8(out).unwrap())
    };
    assert_eq!(
        found("Zoë: bob@shop.org paid 4111-1111-1111-1111.").as_deref(),
        Some("Zoë: b***@***.org paid ****-****-****-1111.")
    );
    assert_eq!(found("postgres://app:s3cret@db/x").as_deref(), Some("postgres://app:***@db/x"));
    assert_eq!(found("nothing here, 42"), None);
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(&Class::ALL[..])
}

/// Texts with much in them that detectors and masks look at.
const TEXTS: &str = "([a-zé]{1,3}@[a-z]{1,3}\\.(io|com)|[0-9:./ +-]{0,20}|\\PC{0,12}){0,4}";

proptest! {
    #[test]
    fn masks_of_text_are_text_and_not_longer(class in class(), value in TEXTS) {
        for type_oid in [NAME, BPCHAR, VARCHAR, 90_000] {
            if let Some(masked) = masked(class, type_oid, &value) {
                prop_assert!(masked.chars().count() <= value.chars().count());
            }
        }
        prop_assert!(masked(class, TEXT, &value).unwrap().len() <= value.len() + 16);
        let mut out = Vec::new();
        if mask_found(&Methods::default(), value.as_bytes(), |_| true, &mut out) {
            let out = String::from_utf8(out).unwrap();
            prop_assert!(out.chars().count() <= value.chars().count());
        }
    }

    #[test]
    fn nothing_panics_whatever_the_bytes_are(
        class in class(), type_oid in prop_oneof![0..4000_u32, Just(90_000)], format in 0..2_i16, value: Vec<u8>,
    ) {
        let mut out = Vec::new();
        let shown = mask(&Methods::default(), class, type_oid, format, &value, &mut out);
        prop_assert!(shown || out.is_empty());
        prop_assert!(out.len() <= value.len() + 16);
        out.clear();
        let found = mask_found(&Methods::default(), &value, |_| true, &mut out);
        prop_assert!(found || out.is_empty());
    }
}

fn by(method: Method, type_oid: u32, format: i16, value: &[u8]) -> Option<Vec<u8>> {
    let methods = Methods::new([(Class::Phone, method)], &[b'k'; 32]).unwrap();
    let mut out = Vec::new();
    mask(&methods, Class::Phone, type_oid, format, value, &mut out).then_some(out)
}

fn by_text(method: Method, type_oid: u32, value: &str) -> Option<String> {
    by(method, type_oid, TEXT_FORMAT, value.as_bytes()).map(|shown| String::from_utf8(shown).unwrap())
}

#[test]
fn a_token_has_the_form_of_its_value() {
    let token = |type_oid, value| by_text(Method::Token, type_oid, value).unwrap();
    insta::assert_snapshot!(token(types::TEXT, "4155550132"), @"giyqsulnntpj2lbbh55w");
    insta::assert_snapshot!(token(types::VARCHAR, "415555"), @"phkm5m");
    insta::assert_snapshot!(token(types::INT8, "4155550132"), @"4344574894");
    insta::assert_snapshot!(token(types::NUMERIC, "-415.5500"), @"-394.2751");
    insta::assert_snapshot!(token(types::FLOAT8, "52.5"), @"17.6");
    insta::assert_snapshot!(token(types::DATE, "1990-01-31"), @"2086-05-29");
    insta::assert_snapshot!(token(types::UUID, "5b30857f-0bfa-48b5-ac0b-5c64e28078d1"), @"d669ebaf-5aac-8f74-97ef-257334b1ed6f");
    insta::assert_snapshot!(token(types::BYTEA, r"\x00ff"), @r"\xdb85f5b93db616bc11b0488afeabb0f93866af28e8400bb89fce60da6c4b7af1");
    insta::assert_snapshot!(token(1016, "{4155550132,NULL,7}"), @"{4344574894,NULL,4}");
    for (type_oid, value) in [
        (types::NUMERIC, "NaN"),
        (types::FLOAT8, "Infinity"),
        (types::FLOAT8, "1e300"),
        (types::DATE, "infinity"),
        (types::DATE, "31.01.1990"),
        (types::TIMESTAMP, "1990-01-31 00:00:00"),
        (types::BYTEA, r"\000"),
        (16, "t"),
    ] {
        assert_eq!(by_text(Method::Token, type_oid, value), None, "{value}");
    }
}

#[test]
fn the_same_is_shown_of_all_and_null_of_none() {
    for (type_oid, value, shown) in [
        (types::TEXT, "4155550132", "***"),
        (types::VARCHAR, "1", "*"),
        (types::INT4, "4155", "0"),
        (types::DATE, "1990-01-31", "2000-01-01"),
        (types::TIMESTAMP, "1990-01-31 10:00:00.5", "2000-01-01 00:00:00"),
        (types::UUID, "5b30857f-0bfa-48b5-ac0b-5c64e28078d1", "00000000-0000-0000-0000-000000000000"),
        (network::INET, "203.0.113.9", "0.0.0.0"),
        (1007, "{4155,7}", "{0,0}"),
        (types::XML, "<a>4155</a>", "***"),
        (types::RANGES[0], "[4155,4156)", "empty"),
        (types::MULTIRANGES[0], "{[4155,4156)}", "{}"),
    ] {
        assert_eq!(by_text(Method::Fixed, type_oid, value).as_deref(), Some(shown), "{value}");
        assert_eq!(by_text(Method::Null, type_oid, value), None, "{value}");
    }
    assert_eq!(by_text(Method::Fixed, types::DATE, "31.01.1990"), None);
    let range = [2, 0, 0, 0, 4, 0, 0, 0x10, 0x3b, 0, 0, 0, 4, 0, 0, 0x10, 0x3c];
    assert_eq!(by(Method::Fixed, types::RANGES[0], 1, &range).unwrap(), [1]);
    let ranges = [&[0, 0, 0, 1, 0, 0, 0, 17][..], &range].concat();
    assert_eq!(by(Method::Fixed, types::MULTIRANGES[0], 1, &ranges).unwrap(), [0; 4]);
}

/// A numeric as PostgreSQL sends it: of `1234567.89`, groups 123, 4567 and 8900.
const NUMERIC: [u8; 14] = [0, 3, 0, 1, 0, 0, 0, 2, 0, 123, 0x11, 0xD7, 0x22, 0xC4];

#[test]
fn both_formats_have_the_same_token() {
    let token = |type_oid, value| by_text(Method::Token, type_oid, value).unwrap();
    let binary = |type_oid, value: &[u8]| by(Method::Token, type_oid, 1, value).unwrap();
    let int4 = binary(types::INT4, &415_555_i32.to_be_bytes());
    assert_eq!(i32::from_be_bytes(int4.try_into().unwrap()).to_string(), token(types::INT4, "415555"));
    let float = binary(types::FLOAT8, &52.25_f64.to_be_bytes());
    assert_eq!(f64::from_be_bytes(float.try_into().unwrap()).to_string(), token(types::FLOAT8, "52.25"));
    let number = binary(types::NUMERIC, &NUMERIC);
    let mut shown = Vec::new();
    numbers::write_numeric(&number, &mut shown).unwrap();
    assert_eq!(String::from_utf8(shown).unwrap(), token(types::NUMERIC, "1234567.89"));
    let day = binary(types::DATE, &(-3_623_i32).to_be_bytes());
    let mut shown = Vec::new();
    numbers::write_day(i32::from_be_bytes(day.try_into().unwrap()), true, &mut shown).unwrap();
    assert_eq!(String::from_utf8(shown).unwrap(), token(types::DATE, "1990-01-30"));
    assert_eq!(binary(types::BYTEA, &[0, 255])[..2], rows_bytes(&token(types::BYTEA, r"\x00ff"))[..2]);
}

fn rows_bytes(text: &str) -> Vec<u8> {
    crate::rows::bytes(text.strip_prefix(r"\x").unwrap().as_bytes())
}

proptest! {
    #[test]
    fn a_token_of_a_number_is_a_number_of_its_type(value: i64) {
        let shown = |type_oid, value: i64| by_text(Method::Token, type_oid, &value.to_string()).unwrap();
        prop_assert!(shown(types::INT8, value).parse::<i64>().is_ok());
        prop_assert_eq!(shown(types::INT8, value).len(), value.to_string().len());
        let short = i32::try_from(value >> 32).unwrap();
        prop_assert!(shown(types::INT4, short.into()).parse::<i32>().is_ok());
        prop_assert!(shown(types::INT2, i64::from(short >> 16)).parse::<i16>().is_ok());
    }

    #[test]
    fn no_numeric_panics_in_any_format(value: Vec<u8>, head in 0_u16..6) {
        let long = [head.to_be_bytes().as_slice(), &value].concat();
        for method in Method::ALL {
            for type_oid in [types::NUMERIC, types::DATE, types::UUID, types::BYTEA, types::FLOAT4, 1231] {
                for format in [0, 1] {
                    by(method, type_oid, format, &value);
                    by(method, type_oid, format, &long);
                }
            }
        }
    }
}

fn of_document(type_oid: u32, value: &[u8], format: i16) -> Option<Option<Vec<u8>>> {
    let mut out = b"before".to_vec();
    let shown = document(&Methods::default(), type_oid, format, value, Match::is_distinct, &mut out);
    shown.map(|is_value| is_value.then(|| out.split_off(6)))
}

fn document_text(type_oid: u32, value: &str) -> Option<String> {
    of_document(type_oid, value.as_bytes(), TEXT_FORMAT)?.map(|shown| String::from_utf8(shown).unwrap())
}

#[test]
fn keys_of_documents_tell_what_is_masked_in_them() {
    for (value, expected) in [
        (r#"{"firstName": "Ann", "plan": "gold"}"#, r#"{"firstName": "***", "plan": "gold"}"#),
        (r#"{"a":{"phone":"+49 30 1234567"},"n":7}"#, r#"{"a":{"phone":"+** ** *****67"},"n":7}"#),
        (
            r#"{"lat":52.5,"lng":-13.4,"n":1e3,"ok":true,"x":null}"#,
            r#"{"lat":null,"lng":null,"n":1e3,"ok":true,"x":null}"#,
        ),
        (r#"{"address":{"line":"High St","no":4},"no":4}"#, r#"{"address":{"line":"***","no":null},"no":4}"#),
        (r#"{"phones":["1234567",["7654321"]]}"#, r#"{"phones":["*****67",["*****21"]]}"#),
        (r#"[{"ssn":1234},{"ssn":"\u0031"}]"#, r#"[{"ssn":null},{"ssn":"***"}]"#),
        (r#"{"note":"ask bob@shop.org","v":"1.2.3.4"}"#, r#"{"note":"ask b***@***.org","v":"1.2.3.4"}"#),
        (r#"{"raw":"{\"dob\":\"1980-02-03\",\"a\":1}"}"#, r#"{"raw":"{\"dob\":\"***\",\"a\":1}"}"#),
        (r#"{"bob@shop.org":"x","v1.2.3.4":1}"#, r#"{"b***@***.org":"x","v1.2.3.4":1}"#),
        (
            r#"{"zip": 90210, "phone": {"type": "mobile", "no": "1234567"}}"#,
            r#"{"zip": null, "phone": {"type": "mobile", "no": "*****67"}}"#,
        ),
        ("\n {\"ssn\":\"x\", \"a\":\"\\ud800\"}", "\n {\"ssn\":\"***\", \"a\":\"\\ud800\"}"),
        (r#"{"n":4111111111111111}"#, r#"{"n":null}"#),
        (r#"{"password":""}"#, r#"{"password":""}"#),
    ] {
        for type_oid in [JSON, JSONB, TEXT, 90_000] {
            assert_eq!(document_text(type_oid, value).as_deref(), Some(expected));
        }
        let binary = [b"\x01", value.as_bytes()].concat();
        let shown = of_document(JSONB, &binary, 1).flatten().unwrap();
        assert_eq!(shown, [b"\x01", expected.as_bytes()].concat());
    }
    let list = r#"{"{\"ssn\": \"1\", \"a\": \"1\"}",NULL}"#;
    assert_eq!(
        document_text(JSONB_ARRAY, list).as_deref(),
        Some(r#"{"{\"ssn\": \"***\", \"a\": \"1\"}",NULL}"#)
    );
    // No JSON, or another type.
    assert_eq!(of_document(JSON, b"{", TEXT_FORMAT), Some(None));
    assert_eq!(document_text(TEXT, "{ssn: 1"), None);
    assert_eq!(document_text(23, "1"), None);
    // What would grow is NULL.
    assert_eq!(of_document(VARCHAR, br#"{"ssn":"1"}"#, TEXT_FORMAT), Some(None));
    assert_eq!(masked(Class::Document, TEXT, "gold").as_deref(), Some("gold"));
    assert_eq!(masked(Class::Document, 23, "1"), None);
    let deep = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(document_text(JSON, &deep(128)).is_some());
    assert_eq!(document_text(JSON, &deep(129)), None);
}

#[test]
fn keys_of_hstore_tell_what_is_masked_in_it() {
    let value =
        r#""ssn"=>"078-05-1120", "plan"=>"gold", "a\"b"=>NULL, "lat"=>"52.5", "note"=>"bob@shop.org""#;
    let expected = r#""ssn"=>"***", "plan"=>"gold", "a\"b"=>NULL, "lat"=>"***", "note"=>"b***@***.org""#;
    assert_eq!(document_text(90_000, value).as_deref(), Some(expected));
    assert_eq!(document_text(TEXT, value).as_deref(), Some(expected));
    let nested = r#""a"=>"{\"ssn\": \"x\"}""#;
    assert_eq!(document_text(90_000, nested).as_deref(), Some(r#""a"=>"{\"ssn\": \"***\"}""#));
    let list = r#"{"\"ssn\"=>\"x\", \"a\"=>\"b\"",NULL}"#;
    assert_eq!(document_text(90_001, list).as_deref(), Some(r#"{"\"ssn\"=>\"***\", \"a\"=>\"b\"",NULL}"#));
    for other in [r#""a""#, r#""a"=>"#, r#""a"=>"b","#, r#""a"=>"b" "#] {
        assert_eq!(document_text(90_000, other), None, "{other}");
    }
    let binary = |pairs: &[(&str, Option<&str>)]| {
        let mut value = u32::try_from(pairs.len()).unwrap().to_be_bytes().to_vec();
        for text in pairs.iter().flat_map(|(key, held)| [Some(*key), *held]) {
            let len = text.map_or(-1, |text| i32::try_from(text.len()).unwrap());
            value.extend_from_slice(&len.to_be_bytes());
            value.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        value
    };
    let shown =
        of_document(90_000, &binary(&[("ssn", Some("078-05-1120")), ("a", None), ("b", Some("c"))]), 1);
    assert_eq!(shown, Some(Some(binary(&[("ssn", Some("***")), ("a", None), ("b", Some("c"))]))));
    assert_eq!(of_document(90_000, &binary(&[("a", None)])[..9], 1), None);
    assert_eq!(of_document(90_000, &[0; 4], 1), None);
}

proptest! {
    #[test]
    fn a_masked_document_is_a_document_and_no_bytes_panic(value: Vec<u8>, key in "ssn|a|[a-z]{0,3}", held in ".{0,8}") {
        for type_oid in [JSON, JSONB, JSON_ARRAY, TEXT, 90_000] {
            let _ = (of_document(type_oid, &value, 0), of_document(type_oid, &value, 1));
        }
        let mut json = Vec::new();
        let mut escaped = String::new();
        held.chars().for_each(|letter| match letter {
            '"' | '\\' => escaped.extend(['\\', letter]),
            '\0'..='\x1f' => escaped.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => escaped.push(letter),
        });
        json.extend_from_slice(format!(r#"{{"{key}": "{escaped}", "b": [1, "{escaped}"]}}"#).as_bytes());
        let shown = of_document(JSON, &json, 0).flatten().unwrap();
        // It can be read again, and then nothing more is masked.
        prop_assert_eq!(of_document(JSON, &shown, 0).flatten().unwrap(), shown);
    }
}

#[test]
fn a_mask_is_told_from_values() {
    let values = [
        (Class::Email, "ada.byron@example.org"),
        (Class::Phone, "+49 170 1234567"),
        (Class::PersonName, "Ada Byron"),
        (Class::Card, "4111 1111 1111 1111"),
        (Class::Iban, "DE89 3704 0044 0532 0130 00"),
        (Class::Credential, "pbkdf2_sha256$600000$salt$c29tZXRoaW5n"),
        (Class::Derived, "Ada Byron, London"),
        (
            Class::Document,
            r#"{"plan": "free", "email": "ada.byron@example.org", "list": [1, {"password":"x12345"}]}"#,
        ),
    ];
    for method in [Method::Partial, Method::Fixed] {
        let methods = Methods::new(Class::ALL.map(|class| (class, method)), b"").unwrap();
        for (class, value) in values {
            let mut shown = Vec::new();
            assert!(mask(&methods, class, TEXT, TEXT_FORMAT, value.as_bytes(), &mut shown));
            let shown = String::from_utf8(shown).unwrap();
            assert!(is_mask(&methods, class, &shown), "{class:?}: {shown}");
            for other in [value, "", "*", "a*b", "rated *** by all", "***-***-***-***-***-***-***-***@", "x"]
            {
                assert!(!is_mask(&methods, class, other), "{class:?}: {other}");
            }
        }
    }
}
