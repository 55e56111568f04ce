//! Cyprus, Greece, Italy, Malta, Portugal.

use chrono::Weekday::Sun;

use super::super::rule::{easter, first, fixed, once, orthodox};
use super::{Table, state};

pub(super) static TABLES: &[&Table] = &[&CY, &GR, &IT, &MT, &PT];

static CY: Table = state(
    "CY",
    "list of public holidays of the Public Administration and Personnel Department",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        orthodox("Green Monday", -48),
        fixed("Greek Independence", 3, 25),
        fixed("Cyprus National Day", 4, 1),
        orthodox("Good Friday", -2),
        orthodox("Easter Sunday", 0),
        orthodox("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        orthodox("Whit Monday", 50),
        fixed("Dormition", 8, 15),
        fixed("Independence Day", 10, 1),
        fixed("Ohi Day", 10, 28),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

/// 1 May is moved by a decision of the minister when it falls on a Sunday or in Holy Week. Decisions
/// that are to come are not foreseen, but for 2027 (Holy Saturday), where sources agree.
static GR: Table = state(
    "GR",
    "Acts 1157/1981 and 4808/2021 art. 60",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        orthodox("Green Monday", -48),
        fixed("Independence Day", 3, 25),
        orthodox("Good Friday", -2),
        orthodox("Easter Monday", 1),
        fixed("Labour Day", 5, 1).until(2023),
        once("Labour Day, moved", 2021, 5, 4).by(MOVED),
        once("Labour Day, moved", 2022, 5, 2).by(MOVED),
        once("Labour Day, moved", 2024, 5, 7).by(MOVED),
        fixed("Labour Day", 5, 1).from(2025),
        once("Labour Day, moved", 2027, 5, 4).by(MOVED),
        orthodox("Whit Monday", 50),
        fixed("Dormition", 8, 15),
        fixed("Ohi Day", 10, 28),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

const MOVED: &str = "decision of the minister of labour for that year";

static IT: Table = state(
    "IT",
    "Legge 260/1949 art. 2",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6).by("D.P.R. 792/1985"),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        once("Unification, 150 years", 2011, 3, 17).by("Decreto-legge 5/2011"),
        fixed("Liberation Day", 4, 25),
        fixed("Labour Day", 5, 1),
        first("Republic Day", Sun, 6, 1).until(2000).by("Legge 54/1977"),
        fixed("Republic Day", 6, 2).from(2001).by("Legge 336/2000"),
        fixed("Assumption", 8, 15),
        fixed("Saint Francis", 10, 4).from(2026).by("Legge 151/2025"),
        fixed("All Saints", 11, 1),
        first("National Unity", Sun, 11, 1).by("Legge 54/1977"),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

static MT: Table = state(
    "MT",
    "National Holidays and Other Public Holidays Act (cap. 252)",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Saint Paul's Shipwreck", 2, 10),
        fixed("Saint Joseph", 3, 19),
        fixed("Freedom Day", 3, 31),
        easter("Good Friday", -2),
        fixed("Workers' Day", 5, 1),
        fixed("Sette Giugno", 6, 7),
        fixed("Peter and Paul", 6, 29),
        fixed("Assumption", 8, 15),
        fixed("Our Lady of Victories", 9, 8),
        fixed("Independence Day", 9, 21),
        fixed("Immaculate Conception", 12, 8),
        fixed("Republic Day", 12, 13),
        fixed("Christmas Day", 12, 25),
    ],
);

static PT: Table = state(
    "PT",
    "Código do Trabalho art. 234",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        fixed("Freedom Day", 4, 25),
        fixed("Labour Day", 5, 1),
        easter("Corpus Christi", 60).until(2012).by(SUSPENDED),
        easter("Corpus Christi", 60).from(2016).by(RESTORED),
        fixed("Portugal Day", 6, 10),
        fixed("Assumption", 8, 15),
        fixed("Republic Day", 10, 5).until(2012).by(SUSPENDED),
        fixed("Republic Day", 10, 5).from(2016).by(RESTORED),
        fixed("All Saints", 11, 1).until(2012).by(SUSPENDED),
        fixed("All Saints", 11, 1).from(2016).by(RESTORED),
        fixed("Restoration of Independence", 12, 1).until(2012).by(SUSPENDED),
        fixed("Restoration of Independence", 12, 1).from(2016).by(RESTORED),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
    ],
);

const SUSPENDED: &str = "suspended for 2013 to 2015 by Lei 23/2012";
const RESTORED: &str = "restored by Lei 8/2016";
