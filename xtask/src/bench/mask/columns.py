"""Writes labelled columns to standard output, whose values have no form of their own; its arguments are a seed and how many values each has.

A column is: class (`-` for harmless), kind, and its values, with tabs between and NUL behind it.
"""

import random
import sys

from faker import Faker

# In Latin letters, and with first names that lists can have or not.
LOCALES = [
    "cs_CZ", "da_DK", "de_AT", "de_DE", "en_GB", "en_IN", "en_US", "es_ES", "es_MX", "fi_FI", "fr_FR", "hr_HR", "hu_HU", "it_IT", "nl_NL",
    "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "sk_SK", "sl_SI", "sv_SE", "tr_TR",
]
# Columns of each kind and locale.
COLUMNS = 2


def kinds(fake):
    def turned():
        return f"{fake.last_name()}, {fake.first_name()}"

    yield "person_name", "whole", fake.name
    yield "person_name", "surname first", turned
    yield "person_name", "first name", fake.first_name
    for kind in ["company", "city", "street_name", "job", "country", "color_name", "catch_phrase"]:
        if hasattr(fake, kind):
            yield "-", kind, getattr(fake, kind)
    yield "-", "words", lambda: " ".join(fake.words(3)).title()


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    draw = random.Random(seed)
    for locale in LOCALES:
        for _ in range(COLUMNS):
            fake = Faker(locale)
            fake.seed_instance(draw.random())
            for label, kind, make in kinds(fake):
                values = [str(make()).replace("\t", " ").replace("\n", ", ") for _ in range(count)]
                sys.stdout.buffer.write("\t".join([label, f"{kind} {locale}", *values]).encode() + b"\0")


main()
