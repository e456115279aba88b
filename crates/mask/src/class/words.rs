//! The words of column names: English first, then German, French, Spanish, Portuguese, Italian and Dutch.
//! What several words name is written as one, since names are read with and without separators.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::Class;

/// Words before a phrase that make a column one about it: flags and numbers.
pub(super) static HARMLESS_BEFORE: LazyLock<HashSet<&str>> =
    LazyLock::new(|| BEFORE.split_whitespace().collect());

/// Words after a phrase that make a column one about it: when it was changed, how many there are, of which kind.
pub(super) static HARMLESS_AFTER: LazyLock<HashSet<&str>> =
    LazyLock::new(|| AFTER.split_whitespace().collect());

/// The class that each phrase names.
pub(super) static PHRASES: LazyLock<HashMap<&str, Class>> = LazyLock::new(|| {
    let of_class = |&(class, phrases): &(Class, &'static str)| {
        phrases.split_whitespace().map(move |phrase| (phrase, class))
    };
    NAMES.iter().flat_map(of_class).collect()
});

/// The same of numbers: how many, how much and how long, which no value of these classes is.
pub(super) static HARMLESS_AFTER_NUMBERS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| AFTER_NUMBERS.split_whitespace().collect());

/// The same of whole numbers: into which part of all values one falls.
pub(super) static HARMLESS_AFTER_WHOLE_NUMBERS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| AFTER_WHOLE_NUMBERS.split_whitespace().collect());

const BEFORE: &str = "allow allows bus can contract count had has is max memory min needs no num requires show should \
    total use uses wants web";

const AFTER: &str = "at attempt attempts bounced brand category changed clicked client cnt color colour confirmed consent \
    count counter country date domain enabled exists expires expiry failed flag format frequency id ids kind \
    label len length limit missing model name notifications on opened optin optout os policy preference present provider \
    reason required reset score sent server size source state status strength subject template type \
    updated used uuid valid validated verification verified version";

const AFTER_NUMBERS: &str = "amount balance bill cents charge charges clicks conversions cost costs debt duration due fee \
    fees gross hits impressions millis minutes ms ns orders percent percentage pct price rate ratio revenue sales \
    seconds secs sessions share spend sum tax total traffic usage users views visitors visits weight";

const AFTER_WHOLE_NUMBERS: &str =
    "band bin bucket cluster decile grid idx index level percentile quantile rank shard slot tier tile";

/// What amounts are called too, where they are numbers with a fraction.
pub(super) const AMOUNTS: [&str; 1] = ["vat"];

/// Phrases of addresses that numbers are called, too.
pub(super) const NUMBERED: [&str; 12] = [
    "cep",
    "codepostal",
    "codigopostal",
    "hausnummer",
    "housenumber",
    "huisnummer",
    "plz",
    "postalcode",
    "postcode",
    "postleitzahl",
    "zip",
    "zipcode",
];

/// What towns are called.
pub(super) const TOWNS: [&str; 18] = [
    "cidade",
    "citta",
    "città",
    "city",
    "ciudad",
    "commune",
    "comune",
    "gemeente",
    "hometown",
    "localidad",
    "localité",
    "municipio",
    "ort",
    "plaats",
    "stad",
    "stadt",
    "town",
    "ville",
];

/// What each class is called. No phrase stands in two.
pub(super) const NAMES: &[(Class, &str)] = &[
    (
        Class::Email,
        "email emailaddress emailaddr emailid mailaddress contactmail usermail usermailaddress \
        mailadresse emailadresse courriel correo correoelectronico correioeletronico postaelettronica \
        indirizzoemail adressemail",
    ),
    (
        Class::Phone,
        "phone phonenumber phoneno phonenum telephone telephonenumber tel telno telnumber mobile \
        mobilephone mobilenumber mobileno cellphone cellnumber fax faxnumber faxno msisdn whatsapp \
        telefon telefonnummer telefonnr handy handynummer mobilnummer rufnummer téléphone \
        numerotelephone telefono teléfono movil móvil celular telefone telemovel cellulare telefoon \
        telefoonnummer mobiel",
    ),
    (
        Class::Card,
        "cardnumber cardno cardnum ccnumber ccnum ccno creditcard creditcardnumber creditcardno \
        debitcard debitcardnumber paymentcard pan primaryaccountnumber cvv cvc cvv2 cardcvv kreditkarte \
        kreditkartennummer kartennummer cartebancaire numerocarte cartecredit tarjeta tarjetacredito \
        tarjetadecredito numerotarjeta cartao cartaocredito cartadicredito cartacredito creditcardnummer",
    ),
    (
        Class::Iban,
        "iban ibannumber bankaccount bankaccountnumber bankaccountno accountiban kontonummer \
        bankverbindung comptebancaire cuentabancaria contabancaria contobancario rekeningnummer",
    ),
    (
        Class::NationalId,
        "ssn socialsecurity socialsecuritynumber socialsecurityno socsec nationalid nationalidnumber \
        nationalidentifier nationalinsurance nationalinsurancenumber nino nhsnumber nhsno sinnumber \
        socialinsurancenumber identitynumber identitycard identitycardnumber idcard idcardnumber \
        idcardno personalid personalidnumber personalnumber governmentid govid medicarenumber \
        driverlicense driverslicense driverlicence driverslicence driverlicensenumber \
        driverslicensenumber dni nie numerodni codicefiscale bsn burgerservicenummer pesel aadhaar \
        aadhar aadhaarnumber aadharnumber cpf curp nric nir insee numeroinsee numerosecu \
        numerosecuritesociale personnummer fodselsnummer cprnummer hetu personalausweis ausweisnummer \
        sozialversicherungsnummer svnummer ahvnummer cartaidentita carteidentite cedula numerodocumento \
        führerschein fuehrerschein",
    ),
    (
        Class::TaxId,
        "taxid taxidnumber taxidentifier taxnumber taxno taxpayerid taxpayernumber \
        taxpayeridentificationnumber tin itin ein tfn vat vatid vatno vatnumber vatregno gstin utr \
        pannumber pancard steuernummer steuerid steueridentifikationsnummer ustid ustidnr umsatzsteuerid \
        nif cnpj partitaiva piva numerofiscal nip siret numerotva btwnummer",
    ),
    (
        Class::Passport,
        "passport passportnumber passportno passportnum passportid reisepass reisepassnummer passnummer \
        passeport numeropasseport pasaporte numeropasaporte passaporte passaporto paspoort \
        paspoortnummer",
    ),
    (
        Class::IpAddress,
        "ip ipaddress ipaddr ipv4 ipv6 ipv clientip remoteip remoteaddr remoteaddress userip sourceip \
        ipadresse adresseip direccionip enderecoip indirizzoip",
    ),
    (Class::MacAddress, "mac macaddress macaddr hwaddr hardwareaddress ethernetaddress"),
    (
        Class::GeoLocation,
        "lat latitude lng lon longitude latlng latlon latlong geolocation geopoint geoposition \
        geocoordinate gps gpslocation gpsposition gpscoordinate coordinate breitengrad laengengrad \
        längengrad koordinaten latitud longitud latitudine longitudine",
    ),
    (
        Class::Address,
        "address homeaddress addressline addrline addr street streetaddress streetname streetline \
        mailingaddress postaladdress shippingaddress billingaddress deliveryaddress residence zip \
        zipcode postcode postalcode housenumber adresse anschrift wohnort strasse straße hausnummer plz \
        postleitzahl rue codepostal direccion dirección domicilio calle codigopostal endereco endereço \
        morada cep indirizzo adres straat huisnummer",
    ),
    (
        Class::PersonName,
        "firstname fname lastname lname fullname surname givenname familyname middlename maidenname \
        forename personname realname legalname customername patientname employeename contactname \
        cardholder cardholdername holdername accountholder accountholdername ownername recipientname \
        beneficiaryname guestname passengername studentname teachername doctorname nameoncard nextofkin \
        vorname nachname familienname geburtsname kundenname prenom prénom nomfamille nomdefamille \
        nomclient nomcomplet nombrecompleto nombrecliente apellido sobrenome nomecompleto cognome \
        voornaam achternaam",
    ),
    (
        Class::BirthDate,
        "dob birthdate birthday dateofbirth birthdt bdate bday borndate bornon geburtsdatum \
        geburtstag datenaissance datedenaissance fechanacimiento fechadenacimiento datanascimento \
        datadenascimento datanascita datadinascita geboortedatum",
    ),
    (
        Class::Credential,
        "password passwordhash passwd passwdhash pwd pwdhash pass passphrase passcode pincode pin secret \
        secretkey clientsecret apikey apisecret apitoken token accesstoken accesskey accesskeyid \
        refreshtoken authtoken bearertoken sessiontoken sessionkey resettoken privatekey signingkey \
        encryptionkey sshkey credential otp otpsecret totpsecret mfasecret securityanswer passwort \
        passworthash kennwort motdepasse motpasse contrasena contraseña clave senha parola wachtwoord",
    ),
];
