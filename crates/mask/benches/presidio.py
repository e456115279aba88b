"""Presidio's pattern recognisers on the corpus of `crates/mask/corpus`, as `tests/corpus.rs` does it with the detectors.

Needs `presidio-analyzer` (and nothing of spaCy's models). Run it with the folder of the corpus:
    python presidio.py crates/mask/corpus
"""

import importlib.metadata
import inspect
import pathlib
import sys
import time

import tldextract
from presidio_analyzer import PatternRecognizer, predefined_recognizers

# The list of public suffixes that comes with it: nothing is fetched while values are counted.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

# What the entities of Presidio are called here. Others, such as plates of cars, are left out on both sides.
CLASSES = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address", "MAC_ADDRESS": "mac_address", "US_SSN": "national_id", "UK_NINO": "national_id",
    "UK_NHS": "national_id", "CA_SIN": "national_id", "ES_NIF": "national_id", "ES_NIE": "national_id",
    "IT_FISCAL_CODE": "national_id", "PL_PESEL": "national_id", "IN_AADHAAR": "national_id", "SG_NRIC_FIN": "national_id",
    "FI_PERSONAL_IDENTITY_CODE": "national_id", "KR_RRN": "national_id", "ZA_ID_NUMBER": "national_id",
    "AU_MEDICARE": "national_id", "SE_PERSONNUMMER": "national_id", "TR_NATIONAL_ID": "national_id", "US_ITIN": "tax_id",
    "IN_PAN": "tax_id", "IN_GSTIN": "tax_id", "AU_ABN": "tax_id", "AU_TFN": "tax_id", "IT_VAT_CODE": "tax_id",
    "DE_TAX_ID": "tax_id", "DE_VAT_ID": "tax_id", "US_PASSPORT": "passport", "UK_PASSPORT": "passport",
    "IN_PASSPORT": "passport", "IT_PASSPORT": "passport", "DE_PASSPORT": "passport",
}

# Scores that Presidio gives: by form alone below, with a check digit or context at 0.4 and more.
THRESHOLDS = (0.0, 0.4)


def recognisers():
    """Every predefined recogniser of patterns, in the languages of its own context words."""
    found = []
    for name, kind in sorted(vars(predefined_recognizers).items()):
        if inspect.isclass(kind) and (issubclass(kind, PatternRecognizer) or name == "PhoneRecognizer"):
            try:
                recogniser = kind()
            except Exception as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
                continue
            if set(recogniser.supported_entities) & set(CLASSES):
                found.append(recogniser)
    return found


def analyse(found, value):
    """The classes that are found in one value, each with its best score."""
    best = {}
    for recogniser in found:
        for result in recogniser.analyze(value, recogniser.supported_entities, None) or []:
            kind = CLASSES.get(result.entity_type)
            if kind:
                best[kind] = max(best.get(kind, 0.0), result.score)
    return best


def main():
    found = recognisers()
    version = importlib.metadata.version("presidio-analyzer")
    print(f"presidio-analyzer {version}, {len(found)} recognisers, Python {sys.version.split()[0]}")
    corpus = pathlib.Path(sys.argv[1])
    analyse(found, "warm 1")
    values, began, rows = 0, time.perf_counter(), {}
    for path in sorted(corpus.glob("*.tsv")):
        for line in path.read_text().splitlines():
            label, value = line.split("\t", 1)
            best = analyse(found, value.replace("\\n", "\n"))
            values += 1
            rows.setdefault(path.stem, []).append((label, best))
    elapsed = time.perf_counter() - began
    for threshold in THRESHOLDS:
        print(f"score of at least {threshold}: class, precision, recall, F1")
        for kind in sorted(set(CLASSES.values())):
            right = missed = wrong = 0
            for label, best in rows[kind]:
                kept = {name for name, score in best.items() if score >= threshold}
                if label == "-":
                    wrong += bool(kept)
                elif kind in kept:
                    right += 1
                else:
                    missed += 1
            precision = right / (right + wrong) if right + wrong else 0.0
            recall = right / (right + missed)
            print(f"{kind:12} {precision:.3f} {recall:.3f} {2 * right / (2 * right + missed + wrong):.3f}")
    print(f"{values / elapsed:.0f} values/s, one core")


main()
