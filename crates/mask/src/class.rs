//! What a column or a value holds that must not be seen, and columns told by name and type.
//! `crate::Class` is the part of it that rows have masks for today.

mod confidence;
mod keys;
mod letter;
mod names;
mod persons;
mod sample;
mod words;

pub use confidence::Confidence;
pub(crate) use keys::KeyClass;
pub use keys::is_sensitive_key;
pub use names::{class_of, class_of_comment, is_town};
pub use sample::{Holds, Sample};

/// What a sensitive column or value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// E-mail addresses.
    Email,
    /// Telephone numbers, of mobiles and fax machines too.
    Phone,
    /// Numbers of payment cards.
    Card,
    /// Bank accounts.
    Iban,
    /// Numbers by which a state knows a person: social security, identity cards, health services.
    NationalId,
    /// Numbers by which a state taxes a person or a business.
    TaxId,
    /// Numbers of passports.
    Passport,
    /// IPv4 and IPv6 addresses.
    IpAddress,
    /// Addresses of network hardware.
    MacAddress,
    /// Where on Earth something is, in degrees.
    GeoLocation,
    /// Where somebody lives: streets, towns by column, postal codes by column.
    Address,
    /// Names of persons, or parts of them.
    PersonName,
    /// Days on which somebody was born.
    BirthDate,
    /// Passwords, their hashes, keys and tokens.
    Credential,
    /// Documents, such as JSON, in which keys say that some values are sensitive.
    Document,
    /// Computed from values of sensitive columns, in a way that says which no longer.
    Derived,
}

impl Class {
    /// Every class, in the order of records and listings.
    pub const ALL: [Class; 16] = [
        Class::Email,
        Class::Phone,
        Class::Card,
        Class::Iban,
        Class::NationalId,
        Class::TaxId,
        Class::Passport,
        Class::IpAddress,
        Class::MacAddress,
        Class::GeoLocation,
        Class::Address,
        Class::PersonName,
        Class::BirthDate,
        Class::Credential,
        Class::Document,
        Class::Derived,
    ];

    /// Whether its form alone tells it: numbers of versions look like addresses of networks, and sizes like places.
    pub fn is_distinct(self) -> bool {
        match self {
            Class::Email
            | Class::Phone
            | Class::Card
            | Class::Iban
            | Class::NationalId
            | Class::TaxId
            | Class::Passport
            | Class::Credential => true,
            Class::IpAddress
            | Class::MacAddress
            | Class::GeoLocation
            | Class::Address
            | Class::PersonName
            | Class::BirthDate
            | Class::Document
            | Class::Derived => false,
        }
    }

    /// Whether its values can be masked by one method or another: of what is computed the same is shown, whatever it is.
    pub fn has_method(self) -> bool {
        self != Class::Derived
    }

    /// The one that has this word.
    pub fn named(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The word for it in records and listings.
    pub fn name(self) -> &'static str {
        match self {
            Class::Email => "email",
            Class::Phone => "phone",
            Class::Card => "card",
            Class::Iban => "iban",
            Class::NationalId => "national_id",
            Class::TaxId => "tax_id",
            Class::Passport => "passport",
            Class::IpAddress => "ip_address",
            Class::MacAddress => "mac_address",
            Class::GeoLocation => "geo_location",
            Class::Address => "address",
            Class::PersonName => "person_name",
            Class::BirthDate => "birth_date",
            Class::Credential => "credential",
            Class::Document => "document",
            Class::Derived => "derived",
        }
    }
}
