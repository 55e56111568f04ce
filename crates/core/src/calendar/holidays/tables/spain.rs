//! Spain, its autonomous communities and cities, and Barcelona.
//!
//! The communities choose their days anew each year, and whether a Sunday moves to Monday; the
//! choice is published in autumn. What they keep every year is a rule here; what they chose once is
//! listed for 2025 to 2028 (2028, and the feasts of Islam from 2027, as foreseen). In other years
//! the chosen days are missing, so that a deadline is early rather than late.

use super::super::rule::{Holiday, easter, fixed, once};
use super::{Table, part, state};

pub(super) static TABLES: &[&Table] = &[
    &ES, &AN, &AR, &AS, &CB, &CE, &CL, &CM, &CN, &CT, &BARCELONA, &EX, &GA, &IB, &MC, &MD, &ML,
    &NC, &PV, &RI, &VC,
];

static ES: Table = state(
    "ES",
    "Real Decreto 2001/1983 art. 45; Estatuto de los Trabajadores art. 37(2)",
    &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        fixed("Labour Day", 5, 1),
        fixed("Assumption", 8, 15),
        fixed("National Day", 10, 12),
        fixed("All Saints", 11, 1),
        fixed("Constitution Day", 12, 6),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
    ],
);

const YEARLY: &str = "working calendar published each year (BOE, Resolución de fiestas laborales)";

const MAUNDY_THURSDAY: Holiday = easter("Maundy Thursday", -3);
const EASTER_MONDAY: Holiday = easter("Easter Monday", 1);
const SAINT_JOSEPH: Holiday = fixed("Saint Joseph", 3, 19);
const SAINT_JOHN: Holiday = fixed("Saint John", 6, 24);
const SAINT_JAMES: Holiday = fixed("Saint James", 7, 25);
const SAINT_STEPHEN: Holiday = fixed("Saint Stephen", 12, 26);
const NATIONAL_2025: Holiday = once("Monday after the National Day", 2025, 10, 13);
const ALL_SAINTS_2026: Holiday = once("Monday after All Saints", 2026, 11, 2);
const CONSTITUTION_2026: Holiday = once("Monday after the Constitution Day", 2026, 12, 7);
const ASSUMPTION_2027: Holiday = once("Monday after the Assumption", 2027, 8, 16);
const FITR_2025: Holiday = once("Eid al-Fitr", 2025, 3, 31);
const FITR_2026: Holiday = once("Eid al-Fitr", 2026, 3, 20);
const FITR_2027: Holiday = once("Eid al-Fitr", 2027, 3, 9);
const FITR_2028: Holiday = once("Eid al-Fitr", 2028, 2, 26);
const ADHA_2025: Holiday = once("Eid al-Adha", 2025, 6, 6);
const ADHA_2026: Holiday = once("Eid al-Adha", 2026, 5, 27);
const ADHA_2027: Holiday = once("Eid al-Adha", 2027, 5, 16);
const ADHA_2028: Holiday = once("Eid al-Adha", 2028, 5, 5);

const fn community(code: &'static str, holidays: &'static [Holiday]) -> Table {
    part(&ES, code, YEARLY, holidays)
}

static AN: Table = community(
    "ES-AN",
    &[
        fixed("Andalusia Day", 2, 28).or_monday(),
        MAUNDY_THURSDAY,
        NATIONAL_2025,
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
        ASSUMPTION_2027,
    ],
);

static AR: Table = community(
    "ES-AR",
    &[
        MAUNDY_THURSDAY,
        fixed("Saint George", 4, 23).or_monday(),
        NATIONAL_2025,
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
        ASSUMPTION_2027,
    ],
);

static AS: Table = community(
    "ES-AS",
    &[
        MAUNDY_THURSDAY,
        fixed("Asturias Day", 9, 8),
        NATIONAL_2025,
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
        ASSUMPTION_2027,
    ],
);

static CB: Table = community(
    "ES-CB",
    &[
        MAUNDY_THURSDAY,
        fixed("Institutions of Cantabria", 7, 28),
        fixed("La Bien Aparecida", 9, 15),
        CONSTITUTION_2026,
    ],
);

static CE: Table = community(
    "ES-CE",
    &[
        MAUNDY_THURSDAY,
        fixed("Saint Anthony", 6, 13).or_monday(),
        fixed("Our Lady of Africa", 8, 5),
        fixed("Ceuta Day", 9, 2).until(2024),
        fixed("Ceuta Day", 9, 2).from(2026),
        FITR_2025,
        FITR_2026,
        FITR_2027,
        FITR_2028,
        ADHA_2025,
        ADHA_2026,
        ADHA_2027,
        ADHA_2028,
    ],
);

static CL: Table = community(
    "ES-CL",
    &[
        MAUNDY_THURSDAY,
        fixed("Castile and León Day", 4, 23).or_monday(),
        NATIONAL_2025,
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
        ASSUMPTION_2027,
    ],
);

static CM: Table = community(
    "ES-CM",
    &[
        MAUNDY_THURSDAY,
        EASTER_MONDAY.only(2026),
        fixed("Castilla-La Mancha Day", 5, 31),
        easter("Corpus Christi", 60),
        ALL_SAINTS_2026,
    ],
);

static CN: Table = community(
    "ES-CN",
    &[
        MAUNDY_THURSDAY,
        fixed("Canary Islands Day", 5, 30).or_monday(),
        ALL_SAINTS_2026,
        ASSUMPTION_2027,
    ],
);

static CT: Table =
    community("ES-CT", &[EASTER_MONDAY, SAINT_JOHN, fixed("Catalonia Day", 9, 11), SAINT_STEPHEN]);

static BARCELONA: Table = part(
    &CT,
    "ES-CT-BARCELONA",
    "local holidays published each year (DOGC)",
    &[easter("Whit Monday", 50), fixed("Our Lady of Mercy", 9, 24).or_monday()],
);

static EX: Table = community(
    "ES-EX",
    &[
        MAUNDY_THURSDAY,
        fixed("Extremadura Day", 9, 8),
        NATIONAL_2025,
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
    ],
);

static GA: Table = community(
    "ES-GA",
    &[
        SAINT_JOSEPH.only(2026),
        MAUNDY_THURSDAY,
        fixed("Galician Literature", 5, 17),
        SAINT_JOHN.only(2026),
        fixed("Galicia Day", 7, 25),
    ],
);

static IB: Table = community(
    "ES-IB",
    &[
        fixed("Balearic Islands Day", 3, 1).or_monday(),
        MAUNDY_THURSDAY,
        EASTER_MONDAY.from(2026),
        SAINT_STEPHEN.from(2025).until(2026),
    ],
);

static MC: Table = community(
    "ES-MC",
    &[SAINT_JOSEPH, MAUNDY_THURSDAY, fixed("Murcia Day", 6, 9), CONSTITUTION_2026],
);

static MD: Table = community(
    "ES-MD",
    &[
        SAINT_JOSEPH.only(2027),
        MAUNDY_THURSDAY,
        fixed("Madrid Day", 5, 2).or_monday(),
        SAINT_JAMES.only(2025),
        ALL_SAINTS_2026,
        CONSTITUTION_2026,
    ],
);

static ML: Table = community(
    "ES-ML",
    &[
        MAUNDY_THURSDAY,
        fixed("Our Lady of Victory", 9, 8),
        fixed("Melilla Day", 9, 17).or_monday(),
        CONSTITUTION_2026,
        FITR_2025,
        FITR_2026,
        FITR_2027,
        FITR_2028,
        ADHA_2025,
        ADHA_2026,
        ADHA_2027,
        ADHA_2028,
    ],
);

static NC: Table = community(
    "ES-NC",
    &[
        SAINT_JOSEPH.only(2026),
        MAUNDY_THURSDAY,
        EASTER_MONDAY,
        SAINT_JAMES.only(2025),
        ALL_SAINTS_2026,
        fixed("Saint Francis Xavier", 12, 3).or_monday(),
    ],
);

static PV: Table = community(
    "ES-PV",
    &[SAINT_JOSEPH.from(2026).until(2027), MAUNDY_THURSDAY, EASTER_MONDAY, SAINT_JAMES],
);

static RI: Table = community(
    "ES-RI",
    &[MAUNDY_THURSDAY, EASTER_MONDAY, fixed("La Rioja Day", 6, 9), CONSTITUTION_2026],
);

static VC: Table = community(
    "ES-VC",
    &[SAINT_JOSEPH, EASTER_MONDAY, SAINT_JOHN, fixed("Valencian Community Day", 10, 9)],
);
