"""Presidio's pattern recognisers on a corpus as `corpus.py` writes it.

Prints a line for each value: what was found as CLASS:BEGIN:END:SCORE:SCORE with tabs between, where the second score counts
the words around it as Presidio's engine does. Last `per_second NUMBER`, of the recognisers alone. No model of a language is
used: words are those of a tokeniser.
"""

import inspect
import itertools
import logging
import sys
import time

import spacy
import tldextract
from presidio_analyzer import PatternRecognizer, predefined_recognizers
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts

# The list of public suffixes that comes with it: nothing is fetched while values are counted.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
logging.disable(logging.WARNING)

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


class Words:
    """What `NlpArtifacts` asks of an engine: which words say nothing."""

    def is_stopword(self, word, language):
        return False

    def is_punct(self, word, language):
        return not any(sign.isalnum() for sign in word)


def recognisers():
    """Every predefined recogniser of patterns, in the languages of its own context words."""
    for name, kind in sorted(vars(predefined_recognizers).items()):
        if inspect.isclass(kind) and (issubclass(kind, PatternRecognizer) or name == "PhoneRecognizer"):
            try:
                recogniser = kind()
            except Exception as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
                continue
            if set(recogniser.supported_entities) & set(CLASSES):
                yield recogniser


def analyse(recognisers, value):
    return list(itertools.chain.from_iterable(
        recogniser.analyze(value, recogniser.supported_entities, None) or [] for recogniser in recognisers))


def words(tokenise, value):
    tokens = tokenise(value)
    lemmas = [token.text.lower() for token in tokens]
    return NlpArtifacts([], tokens, [token.idx for token in tokens], lemmas, Words(), "en")


def main():
    found, tokenise, enhancer = list(recognisers()), spacy.blank("en"), LemmaContextAwareEnhancer()
    with open(sys.argv[1], "rb") as file:
        values = [record.split(b"\t", 4)[4].decode() for record in file.read().split(b"\0")[:-1]]
    analyse(found, "warm 1")
    began = time.perf_counter()
    results = [analyse(found, value) for value in values]
    elapsed = time.perf_counter() - began
    for value, results in zip(values, results):
        named = enhancer.enhance_using_context(value, results, words(tokenise, value), found)
        line = []
        for plain, with_words in zip(results, named):
            if plain.entity_type in CLASSES:
                begin, end = (len(value[:place].encode()) for place in (plain.start, plain.end))
                line.append(f"{CLASSES[plain.entity_type]}:{begin}:{end}:{plain.score}:{with_words.score}")
        print("\t".join(line))
    print(f"per_second {len(values) / elapsed}")


main()
