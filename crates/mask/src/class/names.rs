//! The class of a column by its name and type.

use std::collections::HashSet;

use super::Class;
use super::words::{
    AMOUNTS, HARMLESS_AFTER, HARMLESS_AFTER_NUMBERS, HARMLESS_AFTER_WHOLE_NUMBERS, HARMLESS_BEFORE, NUMBERED,
    PHRASES, TOWNS,
};

/// Words of one name that are looked at; the rest of a longer one says nothing new.
const NAME_WORDS_MAX: usize = 12;

/// Words that stand for one thing together, such as `date of birth`.
const PHRASE_WORDS_MAX: usize = 4;

/// How the values of a type can hold something sensitive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Text, arrays of it, and types that are not PostgreSQL's own: citext and domains are among them.
    Text,
    /// json, jsonb, xml, hstore's kin: a whole address or a set of secrets.
    Document,
    /// Numbers.
    Number,
    /// Days and points in time.
    Time,
    /// Strings of bytes and bits, and uuid.
    Bytes,
    /// inet and cidr.
    Network,
    /// macaddr and macaddr8.
    Hardware,
    /// Geometric types.
    Place,
    /// Booleans, intervals and all else: nothing that these classes are about.
    Other,
}

/// What a column of this name and type holds; `None` where they say nothing. Types are OIDs of `pg_type.dat`.
///
/// A value of type inet or macaddr is what its type says, whatever its column is called.
pub fn class_of(name: &str, type_oid: u32) -> Option<Class> {
    let shape = shape(type_oid);
    match shape {
        Shape::Other => return None,
        Shape::Hardware => return Some(Class::MacAddress),
        Shape::Network if type_oid == INET => return Some(Class::IpAddress),
        _ => {}
    }
    let words = words(name);
    if shape == Shape::Place && words.iter().any(|word| PLACE_WORDS.contains(&word.as_str())) {
        return Some(Class::GeoLocation);
    }
    let (class, place) = named(&words, shape)?;
    let (before, after) = (words.get(..place.0)?, words.get(place.1..)?);
    let is_before = |list: &HashSet<&str>| before.iter().any(|word| list.contains(word.as_str()));
    let is_after = |list: &HashSet<&str>| after.iter().any(|word| list.contains(word.as_str()));
    let is_number = shape == Shape::Number;
    let harmless = is_before(&HARMLESS_BEFORE)
        || is_after(&HARMLESS_AFTER)
        || class == Class::GeoLocation && after.iter().any(|word| word == "code")
        || is_number && is_after(&HARMLESS_AFTER_NUMBERS)
        || WHOLE.contains(&type_oid) && is_after(&HARMLESS_AFTER_WHOLE_NUMBERS)
        || FRACTIONS.contains(&type_oid) && AMOUNTS.contains(&words.get(place.0..place.1)?.concat().as_str());
    (!harmless).then_some(class)
}

/// Whether a column of this name and type has towns, which beside the rest of an address are a part of it, and alone tell nothing of
/// anybody.
pub fn is_town(name: &str, type_oid: u32) -> bool {
    let words = words(name);
    let mut after = words.iter().skip_while(|word| !TOWNS.contains(&word.as_str()));
    let is_named = after.next().is_some() && after.all(|word| word == "name" || is_digits(word));
    let is_about = words.iter().any(|word| HARMLESS_BEFORE.contains(word.as_str()));
    shape(type_oid) == Shape::Text && is_named && !is_about
}

/// What the comment of a column of this type says that it holds, where it is no more than a name for it: a sentence can be
/// about anything.
pub fn class_of_comment(comment: &str, type_oid: u32) -> Option<Class> {
    (comment.split_whitespace().count() <= COMMENT_WORDS_MAX).then(|| class_of(comment, type_oid))?
}

/// Words of a comment that names what a column holds.
const COMMENT_WORDS_MAX: usize = 5;

/// What columns of geometric types are called that hold a place on Earth; elsewhere these words say little.
const PLACE_WORDS: [&str; 4] = ["home", "location", "place", "position"];

const INET: u32 = 869;

/// int8, int2, int4, and their arrays.
const WHOLE: [u32; 6] = [20, 21, 23, 1016, 1005, 1007];

/// numeric, float4, float8, and their arrays.
const FRACTIONS: [u32; 6] = [1700, 700, 701, 1231, 1021, 1022];

fn shape(type_oid: u32) -> Shape {
    match type_oid {
        // text, varchar, bpchar, name, unknown; their arrays; "char" and tsvector, and theirs.
        25 | 1043 | 1042 | 19 | 705 | 1009 | 1015 | 1014 | 1003 | 18 | 1002 | 3614 | 3643 => Shape::Text,
        114 | 3802 | 142 | 199 | 3807 => Shape::Document,
        // int8, int2, int4, numeric, float4, float8, and their arrays; ranges and multiranges of int4, numeric, int8, and arrays of those.
        20 | 21 | 23 | 1700 | 700 | 701 | 1016 | 1005 | 1007 | 1231 | 1021 | 1022 => Shape::Number,
        3904..=3907 | 3926 | 3927 | 4451 | 4532 | 4536 | 6150 | 6151 | 6157 => Shape::Number,
        // date, timestamp, timestamptz, and their arrays; their ranges and multiranges, and arrays of those.
        1082 | 1114 | 1184 | 1182 | 1115 | 1185 => Shape::Time,
        3908..=3913 | 4533..=4535 | 6152 | 6153 | 6155 => Shape::Time,
        // bytea, uuid, bit, varbit, and their arrays.
        17 | 2950 | 1001 | 2951 | 1560..=1563 => Shape::Bytes,
        INET | 650 | 1041 | 651 => Shape::Network,
        829 | 774 | 1040 | 775 => Shape::Hardware,
        // point, lseg, path, box, polygon, line, circle, and their arrays.
        600..=604 | 628 | 718 | 1017..=1020 | 1027 | 629 | 719 => Shape::Place,
        crate::FIRST_NORMAL_OID.. => Shape::Text,
        _ => Shape::Other,
    }
}

/// Whether values of this shape can be of this class at all.
fn fits(class: Class, shape: Shape) -> bool {
    match class {
        Class::Email | Class::Iban => shape == Shape::Text,
        Class::Phone | Class::Card => matches!(shape, Shape::Text | Shape::Number),
        // In bytes where they are encrypted, as UUIDs where they are derived from the number.
        Class::NationalId | Class::TaxId | Class::Passport => {
            matches!(shape, Shape::Text | Shape::Number | Shape::Bytes)
        }
        Class::IpAddress => matches!(shape, Shape::Text | Shape::Network | Shape::Number),
        Class::MacAddress => shape == Shape::Text,
        Class::GeoLocation => {
            matches!(shape, Shape::Text | Shape::Document | Shape::Number | Shape::Place)
        }
        // Some parts of it are numbers: `NUMBERED`.
        Class::Address => matches!(shape, Shape::Text | Shape::Document | Shape::Number),
        Class::PersonName => matches!(shape, Shape::Text | Shape::Document),
        Class::BirthDate => matches!(shape, Shape::Text | Shape::Time),
        Class::Credential => matches!(shape, Shape::Text | Shape::Document | Shape::Bytes),
        Class::Document | Class::Derived => false,
    }
}

/// The longest phrase of `words` that names something, the last of equal ones: in English and German what a column is
/// stands at its end. With it the places of its first word and after its last.
fn named(words: &[String], shape: Shape) -> Option<(Class, (usize, usize))> {
    let lens = (1..=PHRASE_WORDS_MAX.min(words.len())).rev();
    lens.flat_map(|len| (0..=words.len() - len).rev().map(move |start| (start, start + len))).find_map(
        |place| {
            let phrase = words.get(place.0..place.1)?.concat();
            let class = lookup(&phrase)?;
            let fits = match (class, shape) {
                (Class::Address, Shape::Number) => is_number_of_address(&phrase, words.get(place.1..)?),
                _ => fits(class, shape),
            };
            fits.then_some((class, place))
        },
    )
}

/// Whether a number that `phrase` names, and `after` goes on about, is a part of an address: other words make it one about that.
fn is_number_of_address(phrase: &str, after: &[String]) -> bool {
    let is_named =
        NUMBERED.contains(&phrase) || phrase.strip_suffix('s').is_some_and(|one| NUMBERED.contains(&one));
    let is_number = |word: &String| {
        is_digits(word) || matches!(word.as_str(), "code" | "ext" | "no" | "nr" | "num" | "number" | "plus")
    };
    is_named && after.iter().all(is_number)
}

fn is_digits(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The class that a phrase names, in the singular or a plural with `s`.
fn lookup(phrase: &str) -> Option<Class> {
    PHRASES.get(phrase).or_else(|| PHRASES.get(phrase.strip_suffix('s')?)).copied()
}

/// The words of a name in lower case: `homePhone2`, `HOME_PHONE` and `home-phone` begin with the same two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = ' ';
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = (letter.is_uppercase()
            && (last.is_lowercase()
                || last.is_uppercase() && letters.peek().is_some_and(|next| next.is_lowercase())))
            || letter.is_numeric() != last.is_numeric() && last.is_alphanumeric();
        if (begins || !letter.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            if words.len() == NAME_WORDS_MAX {
                break;
            }
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        last = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::words::NAMES;

    const TEXT: u32 = 25;
    const BOOL: u32 = 16;
    const INT8: u32 = 20;
    const DATE: u32 = 1082;
    const TIMESTAMPTZ: u32 = 1184;

    #[track_caller]
    fn all_are(class: Class, type_oid: u32, names: &str) {
        for name in names.split_whitespace() {
            assert_eq!(class_of(name, type_oid), Some(class), "{name}");
        }
    }

    #[track_caller]
    fn none_are(type_oid: u32, names: &str) {
        for name in names.split_whitespace() {
            assert_eq!(class_of(name, type_oid), None, "{name}");
        }
    }

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(words("homePhone2"), ["home", "phone", "2"]);
        assert_eq!(words("HOME_PHONE"), ["home", "phone"]);
        assert_eq!(words("userIPAddress"), ["user", "ip", "address"]);
        assert_eq!(words("__Téléphone fixe--"), ["téléphone", "fixe"]);
        assert!(words("").is_empty() && words("_- .").is_empty());
    }

    #[test]
    fn names_say_it_in_ranges_lists_and_bits_too() {
        const DATE_RANGE: u32 = 3912;
        const DATES: u32 = 1182;
        const INT4_RANGE: u32 = 3904;
        const VARBIT: u32 = 1562;
        const POINTS: u32 = 1017;
        all_are(Class::BirthDate, DATE_RANGE, "date_of_birth dob");
        all_are(Class::BirthDate, DATES, "date_of_birth");
        all_are(Class::NationalId, INT4_RANGE, "ssn");
        all_are(Class::Credential, VARBIT, "password");
        all_are(Class::GeoLocation, POINTS, "home_location");
        none_are(DATE_RANGE, "valid during email");
    }

    #[test]
    fn comments_that_are_names_say_it_too() {
        assert_eq!(class_of_comment("Customer's e-mail address", TEXT), Some(Class::Email));
        assert_eq!(class_of_comment("Password (bcrypt)", TEXT), Some(Class::Credential));
        assert_eq!(class_of_comment("date of birth", DATE), Some(Class::BirthDate));
        assert_eq!(class_of_comment("what to write to the e-mail address that was confirmed", TEXT), None);
        assert_eq!(class_of_comment("e-mail was confirmed", BOOL), None);
        assert_eq!(class_of_comment("", TEXT), None);
    }

    #[test]
    fn names_of_text_columns_say_what_they_hold() {
        all_are(
            Class::Email,
            TEXT,
            "email Email e_mail E-Mail user_email email_address workEmail emails email_id \
            contact_mail mail_address correo_electronico email2 EMAIL_ADDR",
        );
        all_are(
            Class::Phone,
            TEXT,
            "phone phone_number phoneNumber home_phone mobile mobile_no cell_phone telephone tel fax \
            fax_number telefon handynummer telefono telefone celular portable_phone phones msisdn phone2",
        );
        all_are(
            Class::Card,
            TEXT,
            "card_number cardNumber credit_card credit_card_number creditcard cc_number pan debit_card \
            kreditkarte numero_carte tarjeta_credito cvv",
        );
        all_are(Class::Iban, TEXT, "iban IBAN customer_iban account_iban bank_account_number kontonummer");
        all_are(
            Class::NationalId,
            TEXT,
            "ssn SSN social_security_number national_id nino nhs_number dni nie codice_fiscale bsn pesel \
            aadhaar aadhar_number cpf id_card_number personalausweis sin_number insee customer_ssn",
        );
        all_are(
            Class::TaxId,
            TEXT,
            "tax_id taxId vat_number tin itin ein steuernummer steuer_id nif cnpj partita_iva",
        );
        all_are(Class::Passport, TEXT, "passport passport_no passportNumber reisepass pasaporte passeport");
        all_are(
            Class::IpAddress,
            TEXT,
            "ip ip_address ipAddress client_ip last_login_ip remote_addr ipv4 userIPAddress",
        );
        all_are(Class::MacAddress, TEXT, "mac_address macAddr device_mac");
        all_are(Class::GeoLocation, TEXT, "latitude lat_lng geo_location coordinates gps longitude");
        all_are(
            Class::Address,
            TEXT,
            "address home_address address_line1 AddressLine2 street street_address billing_address zip_code \
            zip postcode postal_code plz strasse straße adresse rue direccion endereco indirizzo adres",
        );
        all_are(
            Class::PersonName,
            TEXT,
            "first_name firstName lastname LAST_NAME full_name surname given_name family_name middle_name \
            customer_name patient_name vorname nachname prenom nom_famille apellido apellidos sobrenome \
            cognome achternaam mothers_maiden_name name_on_card",
        );
        all_are(Class::BirthDate, TEXT, "dob birth_date dateOfBirth birthday geburtsdatum fecha_nacimiento");
        all_are(
            Class::Credential,
            TEXT,
            "password passwd pwd password_hash api_key apiKey secret client_secret access_token \
            refreshToken token private_key passwort mot_de_passe contrasena senha otp_secret session_token",
        );
    }

    #[test]
    fn names_that_only_sound_like_it_are_harmless() {
        none_are(
            TEXT,
            "name id status product_name file_name hostname card_type phone_type token_type address_type \
            email_status email_template description title mail_server company_name user_id nickname_color \
            key hash tokenizer tokens_used cell_id mobile_os mac_version ip_count street_count \
            web_address memory_address passport_status secret_name platform latency category tell \
            pants panel spin single mission zipper recipient_count phone_model card_brand birth_country_id birth_place \
            long_description market_cap trello_card geo_region lng_code latCode cell_value street_id token_name phone_country_code",
        );
        none_are(
            INT8,
            "email_count address_count token_count ip_count address_id email_id password_length name_id \
            phone_count card_count token street_number_count first_name_id",
        );
        none_are(
            TIMESTAMPTZ,
            "email_sent_at password_changed_at phone_verified_at created_at card_expires_at",
        );
        none_are(DATE, "hired_on card_expiry password_date");
    }

    #[test]
    fn no_boolean_is_sensitive() {
        none_are(BOOL, "email ssn phone_verified password has_passport birth_date ip");
    }

    #[test]
    fn types_tell_what_a_name_can_mean() {
        all_are(Class::Phone, INT8, "phone mobile_number");
        all_are(Class::NationalId, INT8, "ssn cpf");
        all_are(Class::BirthDate, DATE, "dob birth_date geburtsdatum date_naissance");
        all_are(Class::GeoLocation, 701, "lat lng longitude geo_lat");
        all_are(Class::GeoLocation, 600, "location coordinates position");
        all_are(Class::Address, 3802, "address billing_address");
        all_are(Class::Credential, 17, "password_hash secret_key");
        all_are(Class::IpAddress, 869, "last_seen_from x");
        all_are(Class::IpAddress, 650, "client_ip");
        all_are(Class::MacAddress, 829, "x");
        all_are(Class::Email, 90_000, "email");
        all_are(
            Class::Address,
            23,
            "zip zip_code zipCode zip5 zip_plus_4 postal_code billing_postcode plz postleitzahl code_postal cep \
            house_number hausnummer zips",
        );
        all_are(Class::Address, 1700, "plz zip_code");
        all_are(Class::Passport, 2950, "passport_no passport");
        all_are(Class::NationalId, 2950, "national_id ssn");
        all_are(Class::NationalId, 17, "ssn national_id");
        all_are(Class::TaxId, 2950, "tax_number");
        all_are(Class::Credential, 2950, "token api_key session_token");
        none_are(650, "allowed_range");
        none_are(
            23,
            "address_id address_count street_count street_number_count zip_count zip_ratio zip_level street city",
        );
        none_are(
            2950,
            "id user_id address_id email token_id phone card_number passport_status iban first_name",
        );
        none_are(25, "location position");
        none_are(23, "email first_name address password");
    }

    /// What is counted, measured or put into parts of something sensitive is a number, and tells of nobody.
    #[test]
    fn numbers_about_something_are_harmless() {
        const INT2: u32 = 21;
        const INT4: u32 = 23;
        const FLOAT8: u32 = 701;
        const NUMERIC: u32 = 1700;
        for whole in [INT2, INT4, INT8] {
            none_are(
                whole,
                "lat_bucket lng_bucket latBucket lat_tile lon_grid lat_index ip_bucket phone_bucket ssn_bucket ssn_shard \
                ip_count email_count phone_cnt ip_rank lat_ms mobile_visits \
                mobile_users mobile_sessions phone_minutes ssn_present ssn_missing phone_exists vat_cents passport_fee",
            );
            all_are(Class::GeoLocation, whole, "lat latitude lng lat_e6 latitude_e7");
            all_are(Class::Phone, whole, "phone mobile_number tel phone2 p_phone phone_sec unique_phone");
            all_are(Class::IpAddress, whole, "ip last_ip");
            all_are(Class::NationalId, whole, "ssn ssn_number ssn_group");
        }
        for fraction in [FLOAT8, NUMERIC] {
            none_are(
                fraction,
                "vat vat_rate vat_amount vat_percent vat_total mobile_share mobile_revenue phone_cost phone_bill lat_ms lat_seconds \
                credit_card_balance credit_card_fee ip_ratio",
            );
            // A part of the Earth that is told by its corner is a place.
            all_are(Class::GeoLocation, fraction, "lat lat_bucket home_lat lng_rounded lat_min lat_avg");
        }
        none_are(
            TEXT,
            "ssn_present email_missing phone_exists card_type card_type_code name_length first_name_length",
        );
        none_are(BOOL, "ssn_present phone_verified lat_bucket has_email");
        all_are(Class::NationalId, TEXT, "ssn_bucket ssn_group ssn_index");
        all_are(Class::TaxId, TEXT, "vat vat_number vat_id");
        all_are(Class::TaxId, INT8, "vat vat_number");
        all_are(Class::Phone, TEXT, "phone_us unique_phone mobile_sec");
    }

    #[test]
    fn towns_are_texts_that_are_called_so() {
        let towns =
            "city City billing_city city_name town home_town homeTown city2 ort ville ciudad stad comune";
        for name in towns.split_whitespace() {
            assert!(is_town(name, TEXT), "{name}");
        }
        let others = "city_id city_code city_count city_population capacity velocity district has_city sort \
            city_updated_at town_hall ort_nr";
        for name in others.split_whitespace() {
            assert!(!is_town(name, TEXT), "{name}");
        }
        assert!(!is_town("city", INT8) && !is_town("city", BOOL) && !is_town("", TEXT));
    }

    #[test]
    fn every_phrase_can_be_found_and_stands_once() {
        let phrases: Vec<_> = NAMES.iter().flat_map(|(_, phrases)| phrases.split_whitespace()).collect();
        assert_eq!(phrases.len(), PHRASES.len());
        for phrase in phrases {
            let words = words(phrase);
            assert!(words.len() <= PHRASE_WORDS_MAX && words.concat() == phrase, "{phrase}");
        }
    }
}
