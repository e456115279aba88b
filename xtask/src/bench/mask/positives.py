"""Values of each class that nobody may see: drawn from Faker, or from a form until python-stdnum says that it is one.

Neither knows Picket's rules. What comes here as a constant is published for tests by who gives such numbers.
"""

import base64
import datetime
import json
import string

import phonenumbers
from faker import Faker
from stdnum import get_cc_module, iban

# Published by Stripe, Adyen and PayPal for tests.
TEST_CARDS = [
    "4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222", "5105105105105100",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "3056930009020004",
    "36227206271667", "3566002020360505", "6200000000000005", "4111111111111111", "4012888888881881",
]
# RFC 7519 and jwt.io.
TEST_JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)
# ICAO 9303, part 4.
TEST_MRZ = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


class Draw:
    """Draws values; the same ones for the same seed."""

    def __init__(self, random):
        self.random = random
        self.fakers = {}

    def fake(self, locale):
        if locale not in self.fakers:
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(self.random.getrandbits(32))
        return self.fakers[locale]

    def form(self, written):
        """`#` is a digit, `@` a capital, `%` a digit in hex, `*` a letter or digit; `<` a day as yymmdd, `>` as ddmmyy."""
        signs = {
            "#": string.digits, "@": string.ascii_uppercase, "%": "0123456789abcdef",
            "*": string.ascii_letters + string.digits,
        }
        out = []
        for sign in written:
            if sign in "<>":
                born = datetime.date(1940, 1, 1) + datetime.timedelta(self.random.randrange(25_000))
                out.append(born.strftime("%y%m%d" if sign == "<" else "%d%m%y"))
            else:
                out.append(self.random.choice(signs[sign]) if sign in signs else sign)
        return "".join(out)

    def valid(self, country, name, written):
        """Of this form, and a number of that name by python-stdnum."""
        module = get_cc_module(country, name)
        while True:
            value = self.form(written)
            if module.is_valid(value):
                return value

    def groups(self, value, lens, separators):
        """`value`, as often written in groups as not."""
        separator = self.random.choice(separators)
        parts, place = [], 0
        for length in lens:
            parts.append(value[place:place + length])
            place += length
        return separator.join(parts + ([value[place:]] if place < len(value) else []))


# Each kind: its class, what draws one, and how people name it, where nothing else tells it from other numbers.
def kinds(draw):
    random, fake = draw.random, draw.fake
    choice = random.choice

    def email():
        name = choice(["en_US", "de_DE", "fr_FR", "es_ES", "pl_PL", "it_IT"])
        return choice([fake(name).email, fake(name).company_email, fake(name).free_email])()

    def email_rare():
        user = fake("en_US").user_name()
        return choice([
            f"{user}+{choice(['news', 'shop', '2026'])}@{fake('en_US').domain_name(2)}", f"{user.title()}@bücher.example",
            f"o'{user}@{fake('en_US').domain_name()}", f"{user}@xn--bcher-kva.example", f"jürgen.{user}@example.de",
            f"{user}_{user}@mail.{fake('en_US').domain_name()}", f"{user}@{choice(['firma', 'shop'])}.museum",
        ])

    def phone(style):
        while True:
            region = choice(["US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "IN", "CN", "SE", "CH", "AU", "JP", "MX"])
            kind = choice([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
            example = phonenumbers.example_number_for_type(region, kind)
            digits = list(phonenumbers.national_significant_number(example))
            for place in range(3, len(digits)):
                digits[place] = choice(string.digits)
            number = phonenumbers.parse("".join(digits), region)
            if phonenumbers.is_valid_number(number):
                return phonenumbers.format_number(number, style)

    def us_phone():
        area, exchange = random.randrange(201, 989), random.randrange(200, 999)
        return draw.form(choice(["({}) {}-####", "{}-{}-####", "{}.{}.####"]).format(area, exchange))

    def card():
        value = choice(TEST_CARDS) if random.random() < 0.2 else fake("en_US").credit_card_number(
            choice(["visa", "mastercard", "amex", "discover", "jcb16", "diners"]))
        # Faker draws JCB's from all of 35, of which these were never given.
        if value.startswith("35") and not 3528 <= int(value[:4]) <= 3589:
            return card()
        lens = [4, 6, 5] if len(value) == 15 else [4, 6, 4] if len(value) == 14 else [4, 4, 4, 4]
        return draw.groups(value, lens, ["", "", " ", "-"])

    def account():
        locale = choice(["de_DE", "en_GB", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "fi_FI", "no_NO", "pt_PT", "de_AT", "de_CH"])
        while True:
            value = fake(locale).iban()
            if iban.is_valid(value, check_country=False):
                return draw.groups(value, [4] * (len(value) // 4), ["", " "])

    def mrz():
        return TEST_MRZ.split("\n")[0] if random.random() < 0.1 else (
            f"P<{choice(['D<<', 'USA', 'GBR', 'FRA', 'ESP'])}{fake('en_US').last_name().upper()}<<"
            f"{fake('en_US').first_name().upper()}").ljust(44, "<")

    def ssn(separator):
        while True:
            value = fake("en_US").ssn()
            if get_cc_module("us", "ssn").is_valid(value):
                return value.replace("-", separator)

    def nino():
        first, second = choice("ABCEGHJKLMNOPRSTWXYZ"), choice("ABCEGHJKLMNPRSTWXYZ")
        if first + second in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
            return nino()
        return draw.groups(draw.form(f"{first}{second}######{choice('ABCD')}"), [2, 2, 2, 2, 1], ["", " "])

    def from_faker(locale, provider, country, name):
        module = get_cc_module(country, name)
        while True:
            value = getattr(fake(locale), provider)()
            try:
                if module.is_valid(value):
                    return value
            except KeyError:
                # Of a county that python-stdnum does not know.
                pass

    def geo():
        latitude, longitude = random.uniform(-89, 89), random.uniform(-179, 179)
        digits = choice([5, 6, 7])
        return choice([f"{latitude:.{digits}f}, {longitude:.{digits}f}", f"{latitude:.{digits}f},{longitude:.{digits}f}"])

    def address():
        locale = choice(["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "sv_SE"])
        return fake(locale).street_address().replace("\n", ", ")

    def birth(names):
        day = fake("en_US").date_of_birth(minimum_age=16, maximum_age=95)
        return choice([
            day.isoformat(), day.strftime("%d.%m.%Y"), day.strftime("%d/%m/%Y"), day.strftime("%m/%d/%Y"),
            f"{day.day} {day.strftime('%B %Y')}", f"{day.strftime('%B')} {day.day}, {day.year}",
            f"{day.day} {day.strftime('%b %Y')}",
        ])

    def url():
        scheme = choice(["postgres", "postgresql", "mysql", "amqp", "redis", "mongodb+srv", "https"])
        return f"{scheme}://{fake('en_US').user_name()}:", draw.form("*" * 12), f"@{fake('en_US').domain_name()}/app"

    def segment(value):
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    def jwt():
        claims = {"sub": fake("en_US").user_name(), "iat": 1_790_000_000 + random.randrange(10**6)}
        return TEST_JWT if random.random() < 0.1 else (
            f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(claims)}.{draw.form('*' * 43)}")

    def password():
        before = choice(['password=', 'PASSWORD: ', '"password": "', "db_password='", "pwd=", "passwd: ", "client_secret=", "Passwort: "])
        after = {'"': '"', "'": "'"}.get(before[-1], "")
        return before, fake("en_US").password(length=random.randrange(8, 20), special_chars=False), after

    def pem():
        lines = "\n".join(draw.form("*" * 64) for _ in range(4))
        kind = choice(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"

    def password_hash():
        return choice([
            "$2b$12$" + draw.form("*" * 53), "$6$" + draw.form("*" * 8) + "$" + draw.form("*" * 86), "md5" + draw.form("%" * 32),
            "pbkdf2_sha256$600000$" + draw.form("*" * 22) + "$" + draw.form("*" * 43) + "=",
            "$argon2id$v=19$m=65536,t=3,p=4$" + draw.form("*" * 22) + "$" + draw.form("*" * 43),
            "SCRAM-SHA-256$4096:" + draw.form("*" * 22) + "==$" + draw.form("*" * 43) + "=:" + draw.form("*" * 43) + "=",
        ])

    E164, INTERNATIONAL, NATIONAL = (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL,
                                     phonenumbers.PhoneNumberFormat.NATIONAL)
    SSN = ["SSN", "Social Security number", "social security no."]
    CALL = ["phone", "Tel.", "mobile", "Telefon", "Teléfono", "Téléphone", "call me at", "cell", "fax", "Handy"]
    BORN = ["born", "born on", "DOB", "date of birth", "geboren am", "Geburtsdatum", "né le", "fecha de nacimiento", "birthday"]
    PASS = ["passport", "passport number", "Passport No.", "Reisepass", "passeport n°", "pasaporte"]
    def aws():
        return choice(["AKIA", "ASIA"]) + "".join(random.choices(string.ascii_uppercase + "234567", k=16))

    KEYS = [
        "ghp_" + "*" * 36, "glpat-" + "*" * 20, "xoxb-############-############-" + "*" * 24,
        "sk_live_" + "*" * 24, "AIza" + "*" * 35, "npm_" + "*" * 36, "SG." + "*" * 22 + "." + "*" * 43,
        "sk-proj-" + "*" * 48, "sk-ant-api03-" + "*" * 80, "hf_" + "*" * 34, "dop_v1_" + "%" * 64,
    ]

    def of(country, name, *written):
        return lambda: draw.valid(country, name, choice(written))

    return [
        ("email", "usual", email, None), ("email", "rare", email_rare, None),
        ("phone", "e164", lambda: phone(E164), None), ("phone", "international", lambda: phone(INTERNATIONAL), None),
        ("phone", "national", lambda: phone(NATIONAL), CALL),
        ("phone", "us", us_phone, None),
        ("card", "card", card, None), ("iban", "iban", account, None),
        ("national_id", "us_ssn", lambda: ssn("-"), None), ("national_id", "us_ssn_digits", lambda: ssn(""), SSN),
        ("national_id", "uk_nino", nino, None),
        ("national_id", "uk_nhs", lambda: draw.groups(draw.valid("gb", "nhs", "##########"), [3, 3, 4], [" ", ""]), ["NHS", "NHS number"]),
        ("national_id", "es_dni", of("es", "dni", "########@"), None),
        ("national_id", "es_nie", of("es", "nie", "X#######@", "Y#######@"), None),
        ("national_id", "it_cf", lambda: from_faker("it_IT", "ssn", "it", "codicefiscale"), None),
        ("national_id", "nl_bsn", of("nl", "bsn", "#########"), ["BSN", "burgerservicenummer"]),
        ("national_id", "pl_pesel", of("pl", "pesel", "<#####"), None),
        ("national_id", "br_cpf", of("br", "cpf", "###.###.###-##", "###########"), None),
        ("national_id", "cn_ric", lambda: from_faker("zh_CN", "ssn", "cn", "ric"), None),
        ("national_id", "fr_nir", of("fr", "nir", "1##05750#######", "2##11690#######"), None),
        ("national_id", "fi_hetu", of("fi", "hetu", ">-###@", ">-####"), None),
        ("national_id", "se_personnummer", of("se", "personnummer", "<-####"), None),
        ("national_id", "no_fodselsnummer", of("no", "fodselsnummer", ">#####"), None),
        ("national_id", "ca_sin", lambda: draw.groups(draw.valid("ca", "sin", "#########"), [3, 3, 3], ["-", " "]), ["SIN", "social insurance number"]),
        ("national_id", "in_aadhaar", lambda: draw.groups(draw.valid("in", "aadhaar", "############"), [4, 4, 4], [" "]), None),
        ("national_id", "kr_rrn", of("kr", "rrn", "<-1######", "<-2######"), None),
        ("national_id", "tr_tckimlik", of("tr", "tckimlik", "###########"), None),
        ("national_id", "mx_curp", lambda: from_faker("es_MX", "curp", "mx", "curp"), None),
        ("national_id", "ch_ahv", of("ch", "ssn", "756.####.####.##"), None),
        ("national_id", "be_nn", of("be", "nn", "<#####"), None),
        ("national_id", "dk_cpr", of("dk", "cpr", ">-####"), ["CPR", "CPR-nr."]),
        ("tax_id", "us_itin", of("us", "itin", "9##-##-####"), None),
        ("tax_id", "us_ein", of("us", "ein", "##-#######"), ["EIN", "Employer Identification Number", "Tax ID"]),
        ("tax_id", "de_idnr", lambda: draw.groups(draw.valid("de", "idnr", "###########"), [2, 3, 3, 3], ["", " "]), None),
        ("tax_id", "de_vat", of("de", "vat", "DE#########"), None), ("tax_id", "it_iva", of("it", "iva", "IT###########"), None),
        ("tax_id", "pl_nip", lambda: draw.groups(draw.valid("pl", "nip", "##########"), [3, 3, 2, 2], ["-", ""]), ["NIP"]),
        ("tax_id", "pt_nif", of("pt", "nif", "#########"), ["NIF", "contribuinte"]),
        ("tax_id", "br_cnpj", of("br", "cnpj", "##.###.###/0001-##", "########0001##"), None),
        ("tax_id", "in_pan", of("in", "pan", "@@@P@####@", "@@@C@####@"), None),
        ("tax_id", "in_gstin", of("in", "gstin", "27@@@P@####@1Z@", "29@@@C@####@1Z#"), None),
        ("tax_id", "au_abn", lambda: draw.groups(draw.valid("au", "abn", "###########"), [2, 3, 3, 3], [" "]), None),
        ("tax_id", "au_tfn", lambda: draw.groups(draw.valid("au", "tfn", "#########"), [3, 3, 3], [" ", ""]), ["TFN", "tax file number"]),
        ("passport", "us", lambda: draw.form(choice(["#########", "@########"])), PASS),
        ("passport", "eu", lambda: draw.form(choice(["C########", "@@#######", "##@@#####", "@@######"])), PASS),
        ("passport", "mrz", mrz, None),
        ("ip_address", "ipv4", lambda: choice([fake("en_US").ipv4_public, fake("en_US").ipv4_private])(), None),
        ("ip_address", "ipv6", lambda: choice([fake("en_US").ipv6(), draw.form("2001:db8::%%%%"), draw.form("fe80::%%%:%%ff:fe%%:%%%%")]), None),
        ("mac_address", "mac", lambda: choice([fake("en_US").mac_address(), fake("en_US").mac_address().upper().replace(":", "-"), draw.form("00%%.%%%%.%%%%")]), None),
        ("geo_location", "degrees", geo, None), ("address", "street", address, None),
        ("birth_date", "birth_date", lambda: birth(BORN), BORN),
        ("credential", "key", lambda: choice([aws, lambda: draw.form(choice(KEYS))])(), None), ("credential", "jwt", jwt, None), ("credential", "url", url, None),
        ("credential", "password", password, None), ("credential", "private_key", pem, None), ("credential", "hash", password_hash, None),
    ]
