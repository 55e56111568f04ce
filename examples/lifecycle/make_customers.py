"""Writes customers.csv: 200 invented customers, the same at every run.

The names are combined from lists written here, the addresses lie under the reserved `.example`
domain (RFC 2606), VAT numbers and IBANs have right check digits and random account numbers. The
digests are of random passwords that nobody keeps. Eight records are wrong on purpose.
"""

import csv
import datetime as dt
import hashlib
import random
import sys

random.seed(71_182)
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc)
COLUMNS = (
    "email password_sha256 company first_name last_name address postal_code city country "
    "vat_number locale plan payment card_token card_brand card_last4 card_expiry iban "
    "mandate_reference mandate_signed_on registered_at last_login_at closed_at"
).split()

PEOPLE = {
    "PL": ("Zofia Jan Hanna Piotr Łucja Michał", "Wrona Lis Dąb Sowa Górska Zając", "ul. Lipowa|ul. Słoneczna", "Gdańsk|Łódź|Kraków", "##-###", "pl-PL"),
    "FR": ("Aline Hugo Maëlle Rémi Zoé Loïc", "Berger Fabre Noël Petit Roux Vidal", "rue des Tilleuls|avenue du Port", "Nantes|Lyon|Brest", "#####", "fr-FR"),
    "DE": ("Greta Emil Käthe Jonas Ida Jörg", "Vogt Krüger Lang Weiß Busch Ott", "Lindenweg|Am Markt", "Kiel|Jena|Köln", "#####", "de-DE"),
    "ES": ("Inés Pau Marta Íñigo Vera Hugo", "Rey Peña Soler Vega Ibáñez Gil", "calle Mayor|plaza Nueva", "Vigo|Soria|León", "#####", "es-ES"),
    "NL": ("Sanne Bram Fleur Daan Noor Thijs", "de Wit Vos Bakker Smit Prins Kok", "Kerkstraat|Molenweg", "Delft|Breda|Zwolle", "#### AB", "nl-NL"),
}


def digits(n):
    return "".join(random.choice("0123456789") for _ in range(n))


def filled(pattern):
    return "".join(random.choice("123456789") if c == "#" else c for c in pattern)


def luhn_digit(text):
    total = 0
    for i, c in enumerate(reversed(text)):
        n = int(c) * (2 if i % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return str(-total % 10)


def vat(country):
    if country == "PL":
        while True:
            head = random.choice("123456789") + digits(8)
            check = sum(w * int(c) for w, c in zip((6, 5, 7, 2, 3, 4, 5, 6, 7), head)) % 11
            if check < 10:
                return "PL" + head + str(check)
    if country == "FR":
        siren = "4" + digits(7)
        siren += luhn_digit(siren)
        return "FR%02d%s" % ((12 + 3 * (int(siren) % 97)) % 97, siren)
    if country == "DE":
        head = random.choice("123456789") + digits(7)
        product = 10
        for c in head:
            product = 2 * ((int(c) + product) % 10 or 10) % 11
        return "DE" + head + str((11 - product) % 10)
    if country == "ES":
        head = digits(7)
        total = sum(int(c) for c in head[1::2])
        for c in head[0::2]:
            total += sum(divmod(2 * int(c), 10))
        return "ESB" + head + str(-total % 10)
    return ""


def iban(country):
    if country == "NL":
        bban = "TEST" + digits(10)
    elif country == "DE":
        bban = digits(18)
    elif country == "PL":
        bban = digits(24)
    else:
        country, bban = "DE", digits(18)
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return "%s%02d%s" % (country, 98 - int(number) % 97, bban)


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def customer(number):
    country = random.choice(list(PEOPLE))
    first, last, streets, cities, postal, locale = PEOPLE[country]
    row = dict.fromkeys(COLUMNS, "")
    row["first_name"] = random.choice(first.split())
    row["last_name"] = random.choice(last.split())
    row["email"] = "customer%03d@%s.example" % (number, random.choice(("birch", "alder", "rowan")))
    row["password_sha256"] = hashlib.sha256(random.randbytes(16)).hexdigest()
    row["address"] = "%s %d" % (random.choice(streets.split("|")), random.randint(1, 99))
    row["postal_code"] = filled(postal)
    row["city"] = random.choice(cities.split("|"))
    row["country"] = country
    row["locale"] = locale
    if random.random() < 0.6:
        row["company"] = "%s & %s" % (row["last_name"], random.choice(last.split()))
        row["vat_number"] = vat(country)
    registered = NOW - dt.timedelta(days=random.randint(30, 2900), seconds=random.randint(0, 86399))
    row["registered_at"] = stamp(registered)
    login = registered + (NOW - registered) * random.random() ** 0.35
    row["last_login_at"] = stamp(login)
    if random.random() < 0.05:
        row["closed_at"] = stamp(login + (NOW - login) * random.random())
    row["plan"], row["payment"] = "free", "none"
    if random.random() < 0.6:
        row["plan"] = "paid"
        row["payment"] = random.choice(("card", "card", "sepa"))
        if row["payment"] == "card":
            row["card_token"] = "pm_" + "".join(random.choices("abcdefghkmnpqrstuvwxyz", k=20))
            row["card_brand"] = random.choice(("visa", "mastercard"))
            row["card_last4"] = digits(4)
            row["card_expiry"] = "%02d/%02d" % (random.randint(1, 12), random.randint(25, 31))
        else:
            row["iban"] = iban(country)
            row["mandate_reference"] = "LIFE-%06d" % number
            row["mandate_signed_on"] = registered.date().isoformat()
    return row


def main(path):
    rows = [customer(number) for number in range(1, 201)]
    rows[19]["email"] = "nobody.at.all"
    rows[39]["email"] = rows[38]["email"].upper()
    rows[59]["vat_number"] = "PL1234567890"
    rows[79]["address"] = "pay with 4242 4242 4242 4242"
    rows[99].update(plan="paid", payment="card", card_token="", card_last4="4242")
    rows[119]["country"] = "UK"
    rows[139]["registered_at"] = "2024-02-30T10:00:00Z"
    rows[159].update(plan="paid", payment="sepa", iban="DE00123456781234567890",
                     mandate_reference="LIFE-X", mandate_signed_on="2024-05-01")
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
