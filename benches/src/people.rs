//! Invented customers: the same for the same number, seven items of 114 bytes together on average.

/// The items in the order of [`Person::values`].
pub(crate) const ITEMS: [&str; 7] =
    ["email", "first_name", "last_name", "company", "address", "city", "country"];
/// How many of the items stand in the class `account`; the others stand in `billing`.
pub(crate) const OF_ACCOUNT: usize = 3;

/// A customer as text.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) values: [String; 7],
}

const FIRST: [&str; 16] = [
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Eszter",
    "Fatima",
    "Gaëlle",
    "Henrik",
    "Ingrid",
    "Jürgen",
    "Katarzyna",
    "Léon",
    "Małgorzata",
    "Nils",
    "Oksana",
    "Pedro",
];
const LAST: [&str; 16] = [
    "Almeida",
    "Bergström",
    "Castellano",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Grabowska",
    "Horvath",
    "Ivanova",
    "Janssens",
    "Kowalczyk",
    "Lefèvre",
    "Marchetti",
    "Novák",
    "Olsson",
    "Papadakis",
];
const STREETS: [&str; 8] = [
    "Rue des Lilas",
    "Hauptstraße",
    "Via Garibaldi",
    "Calle Mayor",
    "Storgatan",
    "Kerkstraat",
    "Ulica Długa",
    "Avenue de la Gare",
];
const CITIES: [(&str, &str); 8] = [
    ("Lyon", "FR"),
    ("Leipzig", "DE"),
    ("Bologna", "IT"),
    ("Zaragoza", "ES"),
    ("Uppsala", "SE"),
    ("Utrecht", "NL"),
    ("Poznań", "PL"),
    ("Namur", "BE"),
];
const TRADES: [&str; 8] =
    ["Logistics", "Consulting", "Bakery", "Software", "Metalworks", "Press", "Optics", "Textiles"];

/// The customer with a number.
pub(crate) fn person(number: u64) -> Person {
    let mut bits = mix(number);
    let mut pick = |many: usize| {
        let at = (bits % many as u64) as usize;
        bits = mix(bits);
        at
    };
    let first = FIRST.get(pick(FIRST.len())).copied().unwrap_or_default();
    let last = LAST.get(pick(LAST.len())).copied().unwrap_or_default();
    let street = STREETS.get(pick(STREETS.len())).copied().unwrap_or_default();
    let (city, country) = CITIES.get(pick(CITIES.len())).copied().unwrap_or_default();
    let trade = TRADES.get(pick(TRADES.len())).copied().unwrap_or_default();
    let house = pick(240) + 1;
    Person {
        values: [
            email(number),
            first.to_owned(),
            last.to_owned(),
            format!("{last} {trade} & Partners"),
            format!("{street} {house}, staircase {}", house % 7),
            city.to_owned(),
            country.to_owned(),
        ],
    }
}

/// The address of the customer with a number, which stands there in letters: long numbers would be
/// taken for card numbers, one in ten of them.
pub(crate) fn email(number: u64) -> String {
    let letters: String = number.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
    format!("{:x}.{letters}@mail{}.example.org", mix(number) >> 44, number % 97)
}

/// Mixes the bits of a number (the finaliser of SplitMix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
