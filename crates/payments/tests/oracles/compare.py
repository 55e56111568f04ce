"""Random identifiers, right and spoilt: ours against python-stdnum and schwifty.

usage: compare.py VERDICTS, the program of examples/verdicts.rs. The same numbers in every run.
"""

import random
import subprocess
import sys

import schwifty
import stdnum.eu.at_02
import stdnum.eu.vat
import stdnum.iban
from schwifty import registry

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
RANDOM = random.Random(2026)
PER_COUNTRY = 60


# Their accounts bear the code of France, Finland or the United Kingdom.
TERRITORIES = "AX BL GF GG GP IM JE MF MQ NC PF PM RE TF WF YT".split()


def specs():
    for country in (a + b for a in LETTERS for b in LETTERS):
        try:
            spec = registry.get_iban_spec(country)
        except (KeyError, schwifty.exceptions.SchwiftyException):
            continue
        # Countries that libraries know and the registry does not.
        if not spec.aspirational and country not in TERRITORIES:
            yield country, spec


REGISTERED = dict(specs())
assert len(REGISTERED) > 80

# Lengths of VAT numbers that are digits alone and of one form (after the prefix in brackets).
VAT = {
    "ATU": 8, "BE0": 9, "DE": 9, "DK": 8, "EL": 9, "FI": 8, "FR": 11, "HR": 11, "HU": 8, "LU": 8,
    "MT": 8, "PL": 10, "PT": 9, "SI": 8,
}


def draw(kind, count):
    alphabet = {"n": DIGITS, "a": LETTERS, "c": LETTERS + DIGITS, "i": LETTERS + DIGITS}[kind]
    return "".join(RANDOM.choice(alphabet) for _ in range(count))


def remainder(text):
    return int("".join(str(int(c, 36)) for c in text)) % 97


def spoil(text):
    """Half are left; the others get one mistake of a typist."""
    at = RANDOM.randrange(2, len(text) - 1)
    return [
        text,
        text,
        text,
        text[:at] + RANDOM.choice(DIGITS + LETTERS) + text[at + 1 :],
        text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        text[:at] + text[at + 1 :],
    ][RANDOM.randrange(6)]


def ibans():
    for country, spec in REGISTERED.items():
        for _ in range(PER_COUNTRY):
            account = "".join(draw(kind, count) for count, kind in parts(spec.bban_spec))
            check = 98 - remainder(account + country + "00")
            yield spoil(f"{country}{check:02}{account}")


def parts(spec):
    """`4!n2!a` as pairs of a count and a kind."""
    for part in spec.replace("!", "").replace("n", "n ").replace("a", "a ").replace("c", "c ").split():
        yield int(part[:-1]), part[-1]


def creditors():
    for country in "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MC MT NL NO PL PT SE SI SK SM".split():
        for _ in range(PER_COUNTRY):
            national = draw("n", 11) if country == "DE" else draw("c", RANDOM.randrange(5, 20))
            check = 98 - remainder(national + country + "00")
            text = f"{country}{check:02}{draw('c', 3)}{national}"
            # What python-stdnum does not know: that Germany's have one length.
            yield text if country == "DE" else spoil(text)


def vat_numbers():
    for prefix, length in VAT.items():
        for _ in range(PER_COUNTRY):
            front = draw("n", length - 2)
            # All pairs of check digits: those that pass are among them.
            for check in range(100):
                yield f"{prefix}{front}{check:02}"


def is_iban(text):
    """python-stdnum takes check digits that nobody gives, and letters among them."""
    check = text[2:4]
    return stdnum.iban.is_valid(text, check_country=False) and check.isdigit() and "02" <= check <= "98"


def is_iban_of_schwifty(text):
    try:
        schwifty.IBAN(text)
        return True
    except ValueError:
        return False


def compare(program, kind, texts, oracle, known=lambda text: False):
    texts = list(texts)
    lines = "".join(f"{kind}\t{text}\n" for text in texts)
    run = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    answers = run.stdout.splitlines()
    assert len(answers) == len(texts)
    right = wrong = 0
    for text, answer in zip(texts, answers):
        ours, theirs = answer in ("ok", "true"), oracle(text)
        right += ours and theirs
        if ours != theirs and not known(text):
            wrong += 1
            if wrong <= 10:
                print(f"  {kind} {text}: ours {answer}, {oracle.__name__} {theirs}")
    print(f"{kind}, {oracle.__name__}: {len(texts)} compared, {right} valid, {wrong} differ")
    return wrong == 0 and 100 < right < len(texts)


def main():
    program = sys.argv[1]
    accounts = list(ibans())
    national = [text for text in accounts if text[:2] in ("BE", "ES") and is_iban(text)]
    for country, front in [("BE", 10), ("ES", 18)] * 100:
        # Of a bank that python-stdnum knows.
        account = ("001" + draw("n", front))[:front] + "00"
        for check in range(100):
            full = account[:-2] + f"{check:02}" if country == "BE" else account[:8] + f"{check:02}" + account[8:18]
            national.append(f"{country}{98 - remainder(full + country + '00'):02}{full}")

    def is_national(text):
        return stdnum.iban.is_valid(text)

    def is_creditor(text):
        return stdnum.eu.at_02.is_valid(text) and text[2:4].isdigit() and len(text) > 7

    def is_vat(text):
        return stdnum.eu.vat.is_valid(text)

    def is_no_check(text):
        """Malta's check digits are 37 less a rest, so 01 to 37; python-stdnum takes those above too."""
        return text.startswith("MT") and not 1 <= int(text[-2:]) <= 37

    good = [
        compare(program, "iban", accounts, is_iban),
        # Brazil's banks have letters in schwifty and none in the registry.
        compare(program, "iban", accounts, is_iban_of_schwifty, lambda text: text[:2] == "BR"),
        compare(program, "national", national, is_national),
        compare(program, "creditor", creditors(), is_creditor),
        compare(program, "vat", vat_numbers(), is_vat, is_no_check),
    ]
    sys.exit(0 if all(good) else 1)


main()
