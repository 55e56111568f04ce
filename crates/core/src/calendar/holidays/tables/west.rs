//! Austria, Belgium, France with Alsace and Moselle, Ireland, Liechtenstein, Luxembourg, the
//! Netherlands, Switzerland, the United Kingdom; and TARGET.

use chrono::Weekday::Mon;

use super::super::rule::{Holiday, easter, first, fixed, last, once, saint_brigid};
use super::{Table, part, state};

pub(super) static TABLES: &[&Table] = &[
    &AT,
    &BE,
    &CH,
    &FR,
    &MOSELLE,
    &ALSACE,
    &GB,
    &ENGLAND,
    &WALES,
    &SCOTLAND,
    &NORTHERN_IRELAND,
    &IE,
    &LI,
    &LU,
    &NL,
    &TARGET,
];

static AT: Table = state(
    "AT",
    "Arbeitsruhegesetz § 7(2)",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Easter Monday", 1),
        fixed("National Holiday (1 May)", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        easter("Corpus Christi", 60),
        fixed("Assumption", 8, 15),
        fixed("National Day", 10, 26),
        fixed("All Saints", 11, 1),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

static BE: Table = state(
    "BE",
    "Royal decree of 18 April 1974, art. 1; Sundays by the Act of 4 January 1974",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("National Day", 7, 21),
        fixed("Assumption", 8, 15),
        fixed("All Saints", 11, 1),
        fixed("Armistice", 11, 11),
        fixed("Christmas Day", 12, 25),
    ],
);

/// Only what all cantons keep; a canton's own days are added by the embedder.
static CH: Table = state(
    "CH",
    "laws of all cantons (Arbeitsgesetz art. 20a)",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Ascension Day", 39),
        fixed("National Day", 8, 1).by("Federal Constitution art. 110(3)"),
        fixed("Christmas Day", 12, 25),
    ],
);

/// Whit Monday has been the day of solidarity since 2004, a working day for many; it stayed on the
/// list of public holidays.
static FR: Table = state(
    "FR",
    "Code du travail L3133-1",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Victory in Europe", 5, 8),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("National Day", 7, 14),
        fixed("Assumption", 8, 15),
        fixed("All Saints", 11, 1),
        fixed("Armistice", 11, 11),
        fixed("Christmas Day", 12, 25),
    ],
);

const ALSACE_MOSELLE: &[Holiday] = &[easter("Good Friday", -2), fixed("Saint Stephen", 12, 26)];
const ALSACE_MOSELLE_LAW: &str = "Code du travail L3134-13";

static MOSELLE: Table = part(&FR, "FR-57", ALSACE_MOSELLE_LAW, ALSACE_MOSELLE);
static ALSACE: Table = part(&FR, "FR-6AE", ALSACE_MOSELLE_LAW, ALSACE_MOSELLE);

/// What all four parts keep. Days that fall on a weekend are made up for by proclamation each year.
static GB: Table = state(
    "GB",
    "Banking and Financial Dealings Act 1971, s. 1 and schedule 1; common law",
    &[
        fixed("New Year's Day", 1, 1).or_next(),
        easter("Good Friday", -2),
        first("Early May Bank Holiday", Mon, 5, 1).until(2019),
        once("Early May Bank Holiday, moved for VE Day", 2020, 5, 8).by(PROCLAIMED),
        first("Early May Bank Holiday", Mon, 5, 1).from(2021),
        last("Spring Bank Holiday", Mon, 5, 31).until(2001),
        once("Golden Jubilee", 2002, 6, 3).by(PROCLAIMED),
        once("Spring Bank Holiday, moved", 2002, 6, 4).by(PROCLAIMED),
        last("Spring Bank Holiday", Mon, 5, 31).from(2003).until(2011),
        once("Royal Wedding", 2011, 4, 29).by(PROCLAIMED),
        once("Spring Bank Holiday, moved", 2012, 6, 4).by(PROCLAIMED),
        once("Diamond Jubilee", 2012, 6, 5).by(PROCLAIMED),
        last("Spring Bank Holiday", Mon, 5, 31).from(2013).until(2021),
        once("Spring Bank Holiday, moved", 2022, 6, 2).by(PROCLAIMED),
        once("Platinum Jubilee", 2022, 6, 3).by(PROCLAIMED),
        once("State Funeral of Elizabeth II", 2022, 9, 19).by(PROCLAIMED),
        once("Coronation of Charles III", 2023, 5, 8).by(PROCLAIMED),
        last("Spring Bank Holiday", Mon, 5, 31).from(2023),
        fixed("Christmas Day", 12, 25).or_next(),
        fixed("Boxing Day", 12, 26).or_next(),
    ],
);

const PROCLAIMED: &str = "royal proclamation of that year";
const EASTER_AND_SUMMER: &[Holiday] =
    &[easter("Easter Monday", 1), last("Summer Bank Holiday", Mon, 8, 31)];

static ENGLAND: Table = part(&GB, "GB-ENG", GB.law, EASTER_AND_SUMMER);
static WALES: Table = part(&GB, "GB-WLS", GB.law, EASTER_AND_SUMMER);
static SCOTLAND: Table = part(
    &GB,
    "GB-SCT",
    GB.law,
    &[
        fixed("2 January", 1, 2).or_next(),
        once("Bank Holiday for the World Cup", 2026, 6, 15).by(PROCLAIMED),
        first("Summer Bank Holiday", Mon, 8, 1),
        fixed("Saint Andrew", 11, 30)
            .from(2007)
            .or_next()
            .by("St Andrew's Day Bank Holiday (Scotland) Act 2007"),
    ],
);
static NORTHERN_IRELAND: Table = part(
    &GB,
    "GB-NIR",
    GB.law,
    &[
        fixed("Saint Patrick", 3, 17).or_next(),
        easter("Easter Monday", 1),
        fixed("Battle of the Boyne", 7, 12).or_next(),
        last("Summer Bank Holiday", Mon, 8, 31),
    ],
);

/// The Act moves no day off a weekend: it gives the employee another.
static IE: Table = state(
    "IE",
    "Organisation of Working Time Act 1997, second schedule",
    &[
        fixed("New Year's Day", 1, 1),
        saint_brigid("Saint Brigid").from(2023).by("S.I. 50/2022"),
        fixed("Saint Patrick", 3, 17),
        once("Day of Remembrance", 2022, 3, 18).by("S.I. 50/2022"),
        easter("Easter Monday", 1),
        first("May Day", Mon, 5, 1),
        first("June Holiday", Mon, 6, 1),
        first("August Holiday", Mon, 8, 1),
        last("October Holiday", Mon, 10, 31),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

static LI: Table = state(
    "LI",
    "calendar of public holidays of the National Administration",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        fixed("Candlemas", 2, 2),
        fixed("Saint Joseph", 3, 19),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        easter("Corpus Christi", 60),
        fixed("National Day", 8, 15),
        fixed("Nativity of Mary", 9, 8),
        fixed("All Saints", 11, 1),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

static LU: Table = state(
    "LU",
    "Code du travail L.232-2",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Europe Day", 5, 9).from(2019).by("Act of 25 April 2019"),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("National Day", 6, 23),
        fixed("Assumption", 8, 15),
        fixed("All Saints", 11, 1),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

/// The Act names 5 May for every year; practice, and the collections of holidays, keep it every
/// fifth. The narrower reading stands here: it gives the earlier deadline.
static NL: Table = state(
    "NL",
    "Algemene termijnenwet art. 3",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Queen's Day", 4, 30).until(2013).or_saturday(),
        fixed("King's Day", 4, 27).from(2014).or_saturday(),
        fixed("Liberation Day", 5, 5).from(2000).every(5),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

/// The days on which the euro's payment system is closed besides weekends: no SEPA banking days.
static TARGET: Table = state(
    "TARGET",
    "long-term calendar of the European Central Bank (14 December 2000), from 2002",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Christmas Day", 12, 25),
        fixed("26 December", 12, 26),
    ],
);
