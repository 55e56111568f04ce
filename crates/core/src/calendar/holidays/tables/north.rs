//! Denmark, Estonia, Finland, Iceland, Latvia, Lithuania, Norway, Sweden.

use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu};

use super::super::rule::{easter, first, fixed, once};
use super::{Table, state};

pub(super) static TABLES: &[&Table] = &[&DK, &EE, &FI, &IS, &LT, &LV, &NO, &SE];

static DK: Table = state(
    "DK",
    "holidays of the Church of Denmark, as the Act on shops (lukkeloven) names them",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Maundy Thursday", -3),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        easter("Great Prayer Day", 26).until(2023).by("abolished by Act 214/2023"),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static EE: Table = state(
    "EE",
    "Pühade ja tähtpäevade seadus § 1 and 2",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Independence Day", 2, 24),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        fixed("Spring Day", 5, 1),
        easter("Whit Sunday", 49),
        fixed("Victory Day", 6, 23),
        fixed("Midsummer Day", 6, 24),
        fixed("Restoration of Independence", 8, 20),
        fixed("Christmas Eve", 12, 24).from(2005),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

/// The two eves are free in practice and by collective agreements, not by these Acts.
static FI: Table = state(
    "FI",
    "Church Act; Acts 388/1937 (6 December) and 272/1944 (1 May)",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("May Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        first("Midsummer Eve", Fri, 6, 19).by(FINNISH_PRACTICE),
        first("Midsummer Day", Sat, 6, 20),
        first("All Saints", Sat, 10, 31),
        fixed("Independence Day", 12, 6),
        fixed("Christmas Eve", 12, 24).by(FINNISH_PRACTICE),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

const FINNISH_PRACTICE: &str = "practice of authorities and collective agreements";

static IS: Table = state(
    "IS",
    "Act 88/1971 on a week of 40 hours, art. 6",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Maundy Thursday", -3),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        first("First Day of Summer", Thu, 4, 19),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("National Day", 6, 17),
        first("Commerce Day", Mon, 8, 1),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static LT: Table = state(
    "LT",
    "Darbo kodeksas art. 123",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Restoration of the State", 2, 16),
        fixed("Restoration of Independence", 3, 11),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        first("Mother's Day", Sun, 5, 1),
        first("Father's Day", Sun, 6, 1),
        fixed("Saint John", 6, 24).from(2003),
        fixed("Statehood Day", 7, 6),
        fixed("Assumption", 8, 15),
        fixed("All Saints", 11, 1),
        fixed("All Souls", 11, 2).from(2020),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

static LV: Table = state(
    "LV",
    "Act on holidays and days of remembrance of 3 October 1990",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day and Convocation of the Constituent Assembly", 5, 1),
        fixed("Restoration of Independence", 5, 4).from(2002).or_next_since(2007),
        first("Mother's Day", Sun, 5, 8),
        easter("Whit Sunday", 49),
        fixed("Midsummer Eve", 6, 23),
        fixed("Midsummer Day", 6, 24),
        once("Song and Dance Celebration", 2018, 7, 9),
        once("Song and Dance Celebration", 2023, 7, 10),
        once("Visit of Pope Francis", 2018, 9, 24),
        once("Ice Hockey World Championship", 2023, 5, 29),
        fixed("Proclamation of the Republic", 11, 18).or_next_since(2007),
        fixed("Christmas Eve", 12, 24).from(2007),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
        fixed("New Year's Eve", 12, 31),
        once(BRIDGE, 2018, 4, 30).by(DECREED),
        once(BRIDGE, 2020, 6, 22).by(DECREED),
        once(BRIDGE, 2021, 5, 3).by(DECREED),
        once(BRIDGE, 2021, 6, 25).by(DECREED),
        once(BRIDGE, 2021, 11, 19).by(DECREED),
        once(BRIDGE, 2023, 5, 5).by(DECREED),
        once(BRIDGE, 2024, 12, 23).by(DECREED),
        once(BRIDGE, 2024, 12, 30).by(DECREED),
        once(BRIDGE, 2025, 5, 2).by(DECREED),
        once(BRIDGE, 2025, 11, 17).by(DECREED),
        once(BRIDGE, 2026, 1, 2).by(DECREED),
        once(BRIDGE, 2026, 6, 22).by(DECREED),
    ],
);

const BRIDGE: &str = "Day off in exchange for a Saturday";
const DECREED: &str = "order of the Cabinet of Ministers for that year";

static NO: Table = state(
    "NO",
    "Act 12/1995 on holidays, § 2",
    &[
        fixed("New Year's Day", 1, 1),
        easter("Maundy Thursday", -3),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1).by("Act 1/1947"),
        fixed("Constitution Day", 5, 17).by("Act 1/1947"),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);

/// Without the eves of Midsummer, Christmas and New Year, which Act 1930:173 treats as holidays for
/// periods of Swedish law.
static SE: Table = state(
    "SE",
    "Act 1989:253 on public holidays",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("May Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50).until(2004),
        fixed("National Day", 6, 6).from(2005),
        first("Midsummer Day", Sat, 6, 20),
        first("All Saints", Sat, 10, 31),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
);
