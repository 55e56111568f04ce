//! Germany and its Länder. The holidays are the Länder's own law, but for 3 October; what all of
//! them keep stands in the table of the state.

use chrono::Weekday::Wed;

use super::super::rule::{Holiday, easter, fixed, last, once};
use super::{Table, part, state};

pub(super) static TABLES: &[&Table] = &[
    &DE,
    &BADEN_WUERTTEMBERG,
    &BAVARIA,
    &AUGSBURG,
    &BERLIN,
    &BRANDENBURG,
    &BREMEN,
    &HAMBURG,
    &HESSE,
    &LOWER_SAXONY,
    &MECKLENBURG,
    &NORTH_RHINE,
    &RHINELAND,
    &SAARLAND,
    &SAXONY,
    &SAXONY_ANHALT,
    &SCHLESWIG_HOLSTEIN,
    &THURINGIA,
];

static DE: Table = state(
    "DE",
    "laws on Sundays and holidays of all Länder",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("German Unity", 10, 3).by("Einigungsvertrag art. 2(2)"),
        once("Reformation Day, 500 years", 2017, 10, 31),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

const EPIPHANY: Holiday = fixed("Epiphany", 1, 6);
const CORPUS_CHRISTI: Holiday = easter("Corpus Christi", 60);
const ASSUMPTION: Holiday = fixed("Assumption", 8, 15);
const REFORMATION: Holiday = fixed("Reformation Day", 10, 31);
const ALL_SAINTS: Holiday = fixed("All Saints", 11, 1);

static BADEN_WUERTTEMBERG: Table = part(
    &DE,
    "DE-BW",
    "Feiertagsgesetz Baden-Württemberg § 1",
    &[EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS],
);

/// Without 15 August, which is a holiday in municipalities with a Catholic majority only: who acts
/// in one of them adds the day.
static BAVARIA: Table = part(
    &DE,
    "DE-BY",
    "Bayerisches Feiertagsgesetz art. 1",
    &[EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS],
);

static AUGSBURG: Table =
    part(&BAVARIA, "DE-BY-AUGSBURG", BAVARIA.law, &[fixed("Peace Festival", 8, 8), ASSUMPTION]);

static BERLIN: Table = part(
    &DE,
    "DE-BE",
    "Berliner Sonn- und Feiertagsgesetz § 1",
    &[
        fixed("Women's Day", 3, 8).from(2019),
        once("Liberation, 75 years", 2020, 5, 8),
        once("Liberation, 80 years", 2025, 5, 8),
        once("Uprising of 1953, 75 years", 2028, 6, 17),
    ],
);

static BRANDENBURG: Table = part(
    &DE,
    "DE-BB",
    "Feiertagsgesetz Brandenburg § 2",
    &[easter("Easter Sunday", 0), easter("Whit Sunday", 49), REFORMATION],
);

static BREMEN: Table =
    part(&DE, "DE-HB", "Bremisches Feiertagsgesetz § 2", &[REFORMATION.from(2018)]);

static HAMBURG: Table =
    part(&DE, "DE-HH", "Hamburgisches Feiertagsgesetz § 1", &[REFORMATION.from(2018)]);

static HESSE: Table = part(&DE, "DE-HE", "Hessisches Feiertagsgesetz § 1", &[CORPUS_CHRISTI]);

static LOWER_SAXONY: Table =
    part(&DE, "DE-NI", "Niedersächsisches Feiertagsgesetz § 2", &[REFORMATION.from(2018)]);

static MECKLENBURG: Table = part(
    &DE,
    "DE-MV",
    "Feiertagsgesetz Mecklenburg-Vorpommern § 2",
    &[fixed("Women's Day", 3, 8).from(2023), REFORMATION],
);

static NORTH_RHINE: Table =
    part(&DE, "DE-NW", "Feiertagsgesetz Nordrhein-Westfalen § 2", &[CORPUS_CHRISTI, ALL_SAINTS]);

static RHINELAND: Table =
    part(&DE, "DE-RP", "Feiertagsgesetz Rheinland-Pfalz § 2", &[CORPUS_CHRISTI, ALL_SAINTS]);

static SAARLAND: Table = part(
    &DE,
    "DE-SL",
    "Saarländisches Feiertagsgesetz § 2",
    &[CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS],
);

/// Without Corpus Christi, which some municipalities of the Sorbs keep.
static SAXONY: Table = part(
    &DE,
    "DE-SN",
    "Sächsisches Feiertagsgesetz § 1",
    &[REFORMATION, last("Repentance and Prayer", Wed, 11, 22)],
);

static SAXONY_ANHALT: Table =
    part(&DE, "DE-ST", "Feiertagsgesetz Sachsen-Anhalt § 2", &[EPIPHANY, REFORMATION]);

static SCHLESWIG_HOLSTEIN: Table =
    part(&DE, "DE-SH", "Feiertagsgesetz Schleswig-Holstein § 2", &[REFORMATION.from(2018)]);

/// Without Corpus Christi, which municipalities of the Eichsfeld keep.
static THURINGIA: Table = part(
    &DE,
    "DE-TH",
    "Thüringer Feiertagsgesetz § 2",
    &[fixed("World Children's Day", 9, 20).from(2019), REFORMATION],
);
