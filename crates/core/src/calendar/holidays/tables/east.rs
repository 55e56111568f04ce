//! Bulgaria, Croatia, Czechia, Hungary, Poland, Romania, Slovakia, Slovenia.

use super::super::rule::{easter, fixed, once, orthodox};
use super::{Table, state};

pub(super) static TABLES: &[&Table] = &[&BG, &CZ, &HR, &HU, &PL, &RO, &SI, &SK];

/// Since 2017 a holiday on a weekend, but for Easter's, is made up for by the next working day.
static BG: Table = state(
    "BG",
    "Labour Code art. 154(1) and (2)",
    &[
        fixed("New Year's Day", 1, 1).or_next_since(2017),
        fixed("Liberation Day", 3, 3).or_next_since(2017),
        orthodox("Good Friday", -2).from(2010),
        orthodox("Holy Saturday", -1).from(2010),
        orthodox("Easter Sunday", 0),
        orthodox("Easter Monday", 1),
        fixed("Labour Day", 5, 1).or_next_since(2017),
        fixed("Saint George", 5, 6).or_next_since(2017),
        fixed("Slavonic Alphabet", 5, 24).or_next_since(2017),
        fixed("Unification", 9, 6).or_next_since(2017),
        fixed("Independence", 9, 22).or_next_since(2017),
        fixed("Christmas Eve", 12, 24).or_next_since(2017),
        fixed("Christmas Day", 12, 25).or_next_since(2017),
        fixed("Second Day of Christmas", 12, 26).or_next_since(2017),
        once("Day off for the euro", 2025, 12, 31).by("decision of the Council of Ministers"),
        once("Day off for the euro", 2026, 1, 2).by("decision of the Council of Ministers"),
    ],
);

static CZ: Table = state(
    "CZ",
    "Act 245/2000",
    &[
        fixed("New Year's Day and Restoration of the State", 1, 1),
        easter("Good Friday", -2).from(2016).by("Act 359/2015"),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Victory Day", 5, 8),
        fixed("Cyril and Methodius", 7, 5),
        fixed("Jan Hus", 7, 6),
        fixed("Czech Statehood", 9, 28),
        fixed("Czechoslovak State", 10, 28),
        fixed("Struggle for Freedom", 11, 17),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static HR: Table = state(
    "HR",
    "Act on holidays (NN 110/2019)",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Easter Sunday", 0).from(2009),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Statehood Day", 5, 30).until(2001).by(OLDER_CROATIAN),
        fixed("Statehood Day", 6, 25).from(2002).until(2019).by(OLDER_CROATIAN),
        fixed("Statehood Day", 5, 30).from(2020),
        easter("Corpus Christi", 60).from(2002),
        fixed("Anti-Fascist Struggle", 6, 22),
        fixed("Victory and Thanksgiving", 8, 5),
        fixed("Assumption", 8, 15),
        fixed("Independence Day", 10, 8).from(2002).until(2019).by(OLDER_CROATIAN),
        fixed("All Saints", 11, 1),
        fixed("Remembrance of Vukovar", 11, 18).from(2020),
        fixed("Christmas Day", 12, 25),
        fixed("Saint Stephen", 12, 26),
    ],
);

const OLDER_CROATIAN: &str = "Act on holidays (NN 33/1996 as amended)";

static HU: Table = state(
    "HU",
    "Labour Code (Act I of 2012) s. 102",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Revolution of 1848", 3, 15),
        easter("Good Friday", -2).from(2017),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Saint Stephen, State Foundation", 8, 20),
        fixed("Revolution of 1956", 10, 23),
        fixed("All Saints", 11, 1),
        fixed("Christmas Eve", 12, 24).from(2026),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
        once(BRIDGE, 2018, 3, 16).by(DECREED),
        once(BRIDGE, 2018, 4, 30).by(DECREED),
        once(BRIDGE, 2018, 10, 22).by(DECREED),
        once(BRIDGE, 2018, 11, 2).by(DECREED),
        once(BRIDGE, 2018, 12, 24).by(DECREED),
        once(BRIDGE, 2018, 12, 31).by(DECREED),
        once(BRIDGE, 2019, 8, 19).by(DECREED),
        once(BRIDGE, 2019, 12, 24).by(DECREED),
        once(BRIDGE, 2019, 12, 27).by(DECREED),
        once(BRIDGE, 2020, 8, 21).by(DECREED),
        once(BRIDGE, 2020, 12, 24).by(DECREED),
        once(BRIDGE, 2021, 12, 24).by(DECREED),
        once(BRIDGE, 2022, 3, 14).by(DECREED),
        once(BRIDGE, 2022, 10, 31).by(DECREED),
        once(BRIDGE, 2024, 8, 19).by(DECREED),
        once(BRIDGE, 2024, 12, 24).by(DECREED),
        once(BRIDGE, 2024, 12, 27).by(DECREED),
        once(BRIDGE, 2025, 5, 2).by(DECREED),
        once(BRIDGE, 2025, 10, 24).by(DECREED),
        once(BRIDGE, 2025, 12, 24).by(DECREED),
        once(BRIDGE, 2026, 1, 2).by(DECREED),
        once(BRIDGE, 2026, 8, 21).by(DECREED),
    ],
);

const BRIDGE: &str = "Day off in exchange for a Saturday";
const DECREED: &str = "ministerial decree on the working days around holidays of that year";

static PL: Table = state(
    "PL",
    "Act of 18 January 1951 on days free from work, art. 1",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6).from(2011),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("State Holiday", 5, 1),
        fixed("Third of May", 5, 3),
        easter("Whit Sunday", 49),
        easter("Corpus Christi", 60),
        fixed("Assumption", 8, 15),
        fixed("All Saints", 11, 1),
        fixed("Independence Day", 11, 11),
        once("Independence, 100 years", 2018, 11, 12).by("Act of 7 November 2018"),
        fixed("Christmas Eve", 12, 24).from(2025).by("Act of 6 December 2024"),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static RO: Table = state(
    "RO",
    "Codul muncii art. 139",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Second Day of the Year", 1, 2),
        fixed("Epiphany", 1, 6).from(2024),
        fixed("Saint John the Baptist", 1, 7).from(2024),
        fixed("Union of the Principalities", 1, 24).from(2017),
        orthodox("Good Friday", -2).from(2018),
        orthodox("Easter Sunday", 0),
        orthodox("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Children's Day", 6, 1).from(2017),
        orthodox("Whit Sunday", 49).from(2009),
        orthodox("Whit Monday", 50).from(2009),
        fixed("Dormition", 8, 15).from(2009),
        fixed("Saint Andrew", 11, 30).from(2012),
        fixed("National Day", 12, 1),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static SI: Table = state(
    "SI",
    "Act on holidays and days off (ZPDPD) art. 1 and 2",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Second Day of the Year", 1, 2).until(2012),
        fixed("Second Day of the Year", 1, 2).from(2017),
        fixed("Prešeren Day", 2, 8),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Uprising Against Occupation", 4, 27),
        fixed("Labour Day", 5, 1),
        fixed("Second Labour Day", 5, 2),
        easter("Whit Sunday", 49),
        fixed("Statehood Day", 6, 25),
        once("Solidarity after the floods", 2023, 8, 14).by("intervention act of August 2023"),
        fixed("Assumption", 8, 15),
        fixed("Reformation Day", 10, 31),
        fixed("Remembrance of the Dead", 11, 1),
        fixed("Christmas Day", 12, 25),
        fixed("Independence and Unity", 12, 26),
    ],
);

/// State holidays without rest (1 September since 2024, 17 November since 2025, 8 May and 15
/// September in 2026) are working days.
static SK: Table = state(
    "SK",
    "Act 241/1993",
    &[
        fixed("Establishment of the Republic", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Victory over Fascism", 5, 8).until(2025),
        fixed("Victory over Fascism", 5, 8).from(2027),
        fixed("Cyril and Methodius", 7, 5),
        fixed("National Uprising", 8, 29),
        fixed("Constitution Day", 9, 1).until(2023),
        fixed("Our Lady of Sorrows", 9, 15).until(2025),
        fixed("Our Lady of Sorrows", 9, 15).from(2027),
        once("Declaration of the Nation, 100 years", 2018, 10, 30),
        fixed("All Saints", 11, 1),
        fixed("Struggle for Freedom", 11, 17).from(2001).until(2024),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);
