//! Numbers of fixed form: how they are written, and the check that tells them from others of that form.

mod americas;
mod asia;
mod card;
mod europe;
mod vat;

use self::americas::{cnpj, cpf, curp, ein, itin, sin, ssn};
use self::asia::{aadhaar, abn, china, gstin, korea, medicare, nric, pan, south_africa, tfn};
use self::card::card;
use self::europe::{
    ahv, belgium, bsn, codice_fiscale, denmark, dni, german_card, german_tax, hetu, nhs, nie, nino, nip, nir,
    norway, pesel, portuguese_tax, steuernummer, sweden, turkey,
};
use self::vat::vat;
use super::context;
use super::text::{at, before, end_of, goes_on, is_inside};
use crate::class::Class::{self, Card, NationalId, TaxId};

/// How one kind of number is written.
struct Form {
    class: Class,
    /// `d` is a digit, `A` an upper-case letter, `?` either; all else is itself.
    written: &'static [u8],
    /// Words of which one must stand before it; empty where form and check say enough.
    named: &'static [&'static str],
    /// Sees digits and letters without what separates them.
    check: fn(&[u8]) -> bool,
}

const fn form(class: Class, written: &'static str, check: fn(&[u8]) -> bool) -> Form {
    Form { class, written: written.as_bytes(), named: &[], check }
}

const fn named(
    class: Class,
    written: &'static str,
    named: &'static [&'static str],
    check: fn(&[u8]) -> bool,
) -> Form {
    Form { class, written: written.as_bytes(), named, check }
}

const SSN: &[&str] = &["ssn", "social security", "soc sec"];
const SIN: &[&str] = &["sin", "social insurance", "nas"];
const GERMAN_CARD: &[&str] = &[
    "ausweis",
    "personalausweis",
    "ausweisnummer",
    "ausweisnr",
    "personalausweisnummer",
    "perso",
    "id card",
    "identity card",
];
const TFN: &[&str] = &["tfn", "tax file"];

#[rustfmt::skip]
const FORMS: &[Form] = &[
    form(Card, "dddd dddd dddd dddd", card),
    form(Card, "dddd-dddd-dddd-dddd", card),
    form(Card, "dddd dddd dddd dddd ddd", card),
    form(Card, "dddd dddddd ddddd", card),
    form(Card, "dddd-dddddd-ddddd", card),
    form(Card, "dddd dddddd dddd", card),
    form(Card, "dddd-dddddd-dddd", card),
    form(Card, "dddddddddddddddd", card),
    form(Card, "ddddddddddddddd", card),
    form(Card, "dddddddddddddd", card),
    form(Card, "ddddddddddddddddddd", card),
    named(Card, "ddddddddddddd", &["card", "visa", "cc"], card),
    form(NationalId, "ddd-dd-dddd", ssn),
    form(NationalId, "ddd dd dddd", ssn),
    named(NationalId, "ddddddddd", SSN, ssn),
    form(TaxId, "ddd-dd-dddd", itin),
    named(TaxId, "ddddddddd", &["itin", "taxpayer"], itin),
    named(TaxId, "dd-ddddddd", &["ein", "fein", "employer identification", "tax id", "tin"], ein),
    form(NationalId, "ddd-ddd-ddd", sin),
    named(NationalId, "ddd ddd ddd", SIN, sin),
    named(NationalId, "ddddddddd", SIN, sin),
    form(NationalId, "ddd.ddd.ddd-dd", cpf),
    form(NationalId, "ddddddddddd", cpf),
    form(TaxId, "dd.ddd.ddd/dddd-dd", cnpj),
    form(TaxId, "dddddddddddddd", cnpj),
    form(NationalId, "AAAAddddddAAAAAA?d", curp),
    form(NationalId, "AAddddddA", nino),
    form(NationalId, "AA dd dd dd A", nino),
    form(NationalId, "AA dddddd A", nino),
    form(NationalId, "ddd ddd dddd", nhs),
    named(NationalId, "dddddddddd", &["nhs"], nhs),
    form(NationalId, "ddddddddA", dni),
    form(NationalId, "dddddddd-A", dni),
    form(NationalId, "dd.ddd.ddd-A", dni),
    form(NationalId, "AdddddddA", nie),
    form(NationalId, "A-ddddddd-A", nie),
    form(NationalId, "AAAAAAddAddAdddA", codice_fiscale),
    named(NationalId, "ddddddddd", &["bsn", "burgerservicenummer", "sofinummer"], bsn),
    form(NationalId, "ddddddddddd", pesel),
    form(NationalId, "ddddddddddd", norway),
    form(NationalId, "dddddd ddddd", norway),
    form(NationalId, "ddddddddddd", turkey),
    form(TaxId, "ddddddddddd", german_tax),
    form(TaxId, "dd ddd ddd ddd", german_tax),
    named(TaxId, "dd/ddd/ddddd", &["steuernummer", "steuernr", "st.-nr", "stnr"], steuernummer),
    form(TaxId, "AAdddddddd", vat),
    form(TaxId, "AAddddddddd", vat),
    form(TaxId, "AAdddddddddd", vat),
    form(TaxId, "AAddddddddddd", vat),
    form(TaxId, "AAdddddddddddd", vat),
    form(TaxId, "AA dddddddd", vat),
    form(TaxId, "AA ddddddddd", vat),
    form(TaxId, "AA dddddddddd", vat),
    form(TaxId, "AA ddddddddddd", vat),
    form(TaxId, "AA dd ddddddddd", vat),
    form(TaxId, "AA ddd ddd ddd", vat),
    form(TaxId, "AA dddd.ddd.ddd", vat),
    form(TaxId, "AAdddd.ddd.ddd", vat),
    form(TaxId, "AAAdddddddd", vat),
    form(TaxId, "AA Adddddddd", vat),
    form(TaxId, "AAAddddddd?", vat),
    form(TaxId, "AAddddddddA", vat),
    form(TaxId, "AAdddddddA", vat),
    form(TaxId, "AAdddddddAA", vat),
    form(TaxId, "AAdddddddddAdd", vat),
    form(TaxId, "AAA-ddd.ddd.ddd", vat),
    form(TaxId, "AAAddddddddd", vat),
    named(NationalId, "A????????d", GERMAN_CARD, german_card),
    named(NationalId, "AA???????d", GERMAN_CARD, german_card),
    named(NationalId, "AAA??????d", GERMAN_CARD, german_card),
    form(NationalId, "ddddddddddd", belgium),
    form(NationalId, "dd.dd.dd-ddd.dd", belgium),
    form(NationalId, "756.dddd.dddd.dd", ahv),
    form(NationalId, "756dddddddddd", ahv),
    form(NationalId, "ddddddddddddddd", nir),
    form(NationalId, "ddddddAdddddddd", nir),
    form(NationalId, "d dd dd dd ddd ddd dd", nir),
    form(NationalId, "dddddd-dddd", sweden),
    form(NationalId, "dddddddd-dddd", sweden),
    named(NationalId, "dddddd-dddd", &["cpr", "personnummer"], denmark),
    form(NationalId, "dddddd-ddd?", hetu),
    form(NationalId, "ddddddAddd?", hetu),
    form(TaxId, "ddd-ddd-dd-dd", nip),
    form(TaxId, "ddd-dd-dd-ddd", nip),
    named(TaxId, "dddddddddd", &["nip"], nip),
    named(TaxId, "ddddddddd", &["nif", "contribuinte"], portuguese_tax),
    form(NationalId, "dddd dddd dddd", aadhaar),
    form(NationalId, "dddd-dddd-dddd", aadhaar),
    named(NationalId, "dddddddddddd", &["aadhaar", "aadhar", "uidai", "uid"], aadhaar),
    form(TaxId, "AAAAAddddA", pan),
    form(TaxId, "ddAAAAAddddA?Z?", gstin),
    form(NationalId, "dddddddddddddddddd", china),
    form(NationalId, "dddddddddddddddddX", china),
    form(NationalId, "dddddd-ddddddd", korea),
    form(NationalId, "AdddddddA", nric),
    form(NationalId, "dddd ddddd d", medicare),
    form(TaxId, "dd ddd ddd ddd", abn),
    named(TaxId, "ddddddddddd", &["abn"], abn),
    named(TaxId, "ddd ddd ddd", TFN, tfn),
    named(TaxId, "ddddddddd", TFN, tfn),
    form(NationalId, "ddddddddddddd", south_africa),
];

/// The longest form without separators.
const LEN_MAX: usize = 20;

/// Forms by how many digits, or upper-case letters, they begin with: one bit for each of `FORMS`.
static BY_DIGITS: [u128; LEN_MAX] = by_start(true);
static BY_LETTERS: [u128; LEN_MAX] = by_start(false);

#[expect(clippy::indexing_slicing, reason = "computed while compiling, where a mistake is an error")]
const fn by_start(digits: bool) -> [u128; LEN_MAX] {
    let mut table = [0; LEN_MAX];
    let mut index = 0;
    while index < FORMS.len() {
        let written = FORMS[index].written;
        let mut len = 0;
        while len < written.len()
            && (if digits {
                written[len] == b'd' || written[len].is_ascii_digit()
            } else {
                written[len] == b'A'
            })
        {
            len += 1;
        }
        if len > 0 {
            table[len] |= 1 << index;
        }
        index += 1;
    }
    table
}

/// The first form that what begins at `start` has and whose check holds, with where it ends.
pub(super) fn matching(value: &[u8], start: usize) -> Option<(Class, usize)> {
    let digits = at(value, start).is_ascii_digit();
    let run = match digits {
        true => end_of(value, start, |byte| byte.is_ascii_digit()) - start,
        false => end_of(value, start, |byte| byte.is_ascii_uppercase()) - start,
    };
    let mut left = *(if digits { &BY_DIGITS } else { &BY_LETTERS }).get(run)?;
    if left == 0 || is_inside(value, start) {
        return None;
    }
    while left != 0 {
        let form = FORMS.get(left.trailing_zeros() as usize)?;
        left &= left - 1;
        if let Some(end) = form.read(value, start) {
            return Some((form.class, end));
        }
    }
    None
}

impl Form {
    /// Where it ends, if it is here.
    fn read(&self, value: &[u8], start: usize) -> Option<usize> {
        let end = start + self.written.len();
        let here = value.get(start..end)?;
        let mut number = [0; LEN_MAX];
        let mut len = 0;
        for (&byte, &sign) in here.iter().zip(self.written) {
            let fits = match sign {
                b'd' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_uppercase(),
                b'?' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
                _ => byte == sign,
            };
            if !fits {
                return None;
            }
            if byte.is_ascii_alphanumeric() {
                *number.get_mut(len)? = byte;
                len += 1;
            }
        }
        // A longer list of groups is another thing; four groups of a card are not mistaken.
        let spaced = self.class != Class::Card && self.written.contains(&b' ');
        let digit_before =
            before(value, start) == b' ' && start >= 2 && before(value, start - 1).is_ascii_digit();
        let digit_after = at(value, end) == b' ' && at(value, end + 1).is_ascii_digit();
        let alone = !goes_on(value, end) && !(spaced && (digit_before || digit_after));
        let is_named = || self.named.is_empty() || context::names(value, start, self.named);
        (alone && (self.check)(number.get(..len)?) && is_named()).then_some(end)
    }
}
