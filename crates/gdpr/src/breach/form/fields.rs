//! The hundred fields of the authorities' common template, as a table of facts.
//!
//! Numbers, sections, articles, kinds and letters are those of the template for notifying personal
//! data breaches of the European Data Protection Board, version 1.0 (adopted in June 2026, not yet
//! mandatory), in the machine-readable form that Nicola Franchetto and Martim Taborda Barata made of
//! it (CC BY 4.0). The words of the options are ours, and short.
//!
//! Two places follow the template's sense and not that form: field 95 is a description, which the
//! form calls a date; and fields 118 and 123, lists of authorities, have one letter there.

use super::field::FieldKind::{Choice, Day, Flag, Number, Text, Time};
use super::field::Need::{Always, Asked, Free};
use super::field::{Field, field};

/// All fields, in the template's order.
pub static FIELDS: [Field; 100] = [
    field(3, "1.1", "", Always, Choice("new|follow-up")),
    field(4, "1.1", "", Always, Choice("complete|incomplete|withdrawal")),
    field(5, "1.1", "", Asked, Text),
    field(6, "1.1", "", Asked, Text),
    field(7, "1.1", "", Free, Text),
    field(
        10,
        "1.1",
        "Art. 33(3)(a)",
        Asked,
        Choice("company number|organisation number|VAT number"),
    ),
    field(11, "1.1", "Art. 33(3)(a)", Asked, Text),
    field(12, "1.1", "Art. 33(3)(a)", Always, Text),
    field(13, "1.1", "Art. 33(3)(a)", Always, Text),
    field(14, "1.1", "Art. 33(3)(a)", Free, Choice("private|public")),
    field(
        15,
        "1.1",
        "Art. 33(3)(a)",
        Free,
        Choice("freelance or micro|small or medium|large|other"),
    ),
    field(16, "1.1", "Art. 33(3)(a)", Free, Text),
    field(17, "1.1", "Art. 33(3)(a)", Free, Text),
    field(18, "1.1", "Art. 33(3)(a)", Asked, Text),
    field(19, "1.1", "Art. 33(3)(a)", Free, Text),
    field(21, "2.2", "Art. 33(3)(a)", Always, Text),
    field(22, "2.2", "Art. 33(3)(a)", Always, Text),
    field(
        23,
        "2.2",
        "Art. 33(3)(a)",
        Always,
        Choice("data protection officer|legal representative|other representative"),
    ),
    field(24, "2.2", "Art. 33(3)(a)", Asked, Text),
    field(25, "2.2", "Art. 33(3)(a)", Asked, Text),
    field(26, "2.2", "Art. 33(3)(a)", Asked, Text),
    field(29, "2.3.1", "Art. 33(3)(b)", Always, Text),
    field(30, "2.3.1", "Art. 33(3)(b)", Always, Text),
    field(31, "2.3.1", "Art. 33(3)(b)", Always, Text),
    field(
        33,
        "2.3.1",
        "Art. 33(3)(b)",
        Free,
        Choice("data protection officer|who reports|somebody else"),
    ),
    field(34, "2.3.1", "Art. 33(3)(b)", Asked, Text),
    field(35, "2.3.1", "Art. 33(3)(b)", Asked, Text),
    field(36, "2.3.1", "Art. 33(3)(b)", Asked, Text),
    field(38, "2.3.1", "Art. 33(2); Art. 28; Art. 26", Always, Choice("yes|no")),
    field(39, "2.3.1", "Art. 33(2); Art. 28; Art. 26", Always, Text),
    field(40, "2.3.1", "Art. 33(2); Art. 28; Art. 26", Always, Text),
    field(41, "2.3.1", "Art. 33(2); Art. 28; Art. 26", Always, Text),
    field(
        44,
        "3.1",
        "Art. 33(1)",
        Always,
        Choice(
            "at one time|from one time to another|since a time, ongoing|cannot be found out|\
             not known yet",
        ),
    ),
    field(45, "3.1", "Art. 33(1)", Free, Flag),
    field(46, "3.1", "Art. 33(1)", Asked, Time),
    field(47, "3.1", "Art. 33(1)", Asked, Time),
    field(48, "3.1", "Art. 33(1)", Always, Time),
    field(49, "3.1", "Art. 33(1)", Asked, Text),
    field(
        50,
        "3.1",
        "Art. 33(1)",
        Always,
        Choice(
            "by the controller|by a processor|by a data subject|by an outsider|by the press|\
             otherwise",
        ),
    ),
    field(51, "3.1", "Art. 33(1)", Always, Text),
    field(52, "3.1", "Art. 33(1)", Asked, Day),
    field(53, "3.1", "Art. 33(1)", Asked, Text),
    field(
        55,
        "3.2",
        "Art. 4(12); Art. 33(3)(a)",
        Always,
        Choice("confidentiality|integrity|availability"),
    ),
    field(
        56,
        "3.2",
        "Art. 33(3)(a)",
        Asked,
        Choice(
            "disclosed or carried off|probably so, no evidence|not so, on evidence|\
             cannot be assessed|not known yet",
        ),
    ),
    field(
        57,
        "3.2",
        "Art. 33(3)(a)",
        Asked,
        Choice(
            "yes, and the protection holds|protected, but it may be broken|no|cannot be assessed|\
             not known yet",
        ),
    ),
    field(
        58,
        "3.2",
        "Art. 33(3)(a)",
        Asked,
        Choice("no misuse seen|misuse seen, can be mended|misuse seen, cannot be mended"),
    ),
    field(59, "3.2", "Art. 33(3)(a)", Asked, Choice("for a time|for good|not determined")),
    field(
        60,
        "3.2",
        "Art. 33(3)(a)",
        Always,
        Choice(
            "abuse of access by an employee|ransomware|hacking or malware|\
             phishing or social engineering|weakness of software|unauthorised access to systems|\
             exfiltration|mix-up of records|device lost or stolen|data on a discarded device|\
             careless disposal of paper|mail lost, opened or misdelivered|misconfiguration|\
             wrong permissions|paper lost, stolen or left lying|data deleted or destroyed|\
             shown to the wrong person|sent by mistake|open list of recipients|technical failure|\
             data altered|published by mistake|told by word of mouth|not known yet|other",
        ),
    ),
    field(
        61,
        "3.2",
        "Art. 33(3)(a)",
        Always,
        Choice(
            "internal, without intent|internal, with intent|external, without intent|\
             external, with intent|not known yet|unknown",
        ),
    ),
    field(62, "3.2", "Art. 33(3)(a)", Always, Text),
    field(63, "3.2", "Art. 33(3)(a)", Always, Text),
    field(
        65,
        "3.3",
        "Art. 33(3)(a)",
        Always,
        Choice(
            "customers|employees|military or police|minors|patients|students|subscribers|users|\
             people in need of protection|others|not known yet",
        ),
    ),
    field(66, "3.3", "Art. 33(3)(a)", Always, Text),
    field(
        67,
        "3.3",
        "Art. 33(3)(a)",
        Always,
        Choice("exact|approximate|cannot be found out|not known yet"),
    ),
    field(68, "3.3", "Art. 33(3)(a)", Asked, Number),
    field(
        70,
        "3.4",
        "Art. 33(3)(a)",
        Always,
        Choice(
            "basic data|contact details|biometric data|criminal convictions and offences|\
             political opinions|racial or ethnic origin|religious or philosophical beliefs|\
             sex life or orientation|trade union membership|genetic data|health|\
             economic and financial data|health at work|identification numbers|location|\
             official documents|means of payment|profiles|credentials|not known yet|other",
        ),
    ),
    field(71, "3.4", "Art. 33(3)(a)", Always, Text),
    field(
        72,
        "3.4",
        "Art. 33(3)(a)",
        Always,
        Choice("exact|approximate|cannot be found out|not known yet"),
    ),
    field(73, "3.4", "Art. 33(3)(a)", Always, Number),
    field(
        75,
        "3.5",
        "Art. 32; Art. 33(3)",
        Always,
        Choice(
            "pseudonymisation|backups|encryption|policies|training|incident log|levels of access|\
             logical access control|audits|physical access control|up-to-date systems|other",
        ),
    ),
    field(76, "3.5", "Art. 32; Art. 33(3)", Always, Text),
    field(
        79,
        "4.1",
        "Art. 33(3)(c)",
        Asked,
        Choice(
            "disclosed beyond the policy or the law|can be linked with other data|\
             can be used otherwise or unlawfully|other|under assessment",
        ),
    ),
    field(80, "4.1", "Art. 33(3)(c)", Asked, Text),
    field(
        81,
        "4.1",
        "Art. 33(3)(c)",
        Asked,
        Choice(
            "used although no longer valid|altered into valid data and used|other|\
             under assessment",
        ),
    ),
    field(82, "4.1", "Art. 33(3)(c)", Asked, Text),
    field(
        83,
        "4.1",
        "Art. 33(3)(c)",
        Asked,
        Choice("no access to services|disrupted services|other|under assessment"),
    ),
    field(84, "4.1", "Art. 33(3)(c)", Asked, Text),
    field(
        85,
        "4.1",
        "Art. 33(3)(c)",
        Always,
        Choice(
            "loss of control|limitation of rights|discrimination|identity theft|fraud|\
             financial loss|reversal of pseudonymisation|damage to reputation|\
             loss of professional secrecy|disclosure to third parties|\
             economic or social disadvantage|physical or mental harm|damage to property|other|\
             not known yet",
        ),
    ),
    field(86, "4.1", "Art. 33(3)(c)", Asked, Text),
    field(87, "4.1", "Art. 33(3)(c)", Always, Choice("minor|moderate|severe|not known yet")),
    field(
        89,
        "4.2",
        "Art. 33(1); Art. 34(1)",
        Always,
        Choice("high risk|risk, not high|a risk is unlikely"),
    ),
    field(90, "4.2", "Art. 33(1); Art. 34(1)", Always, Text),
    field(92, "4.3", "Art. 33(3)(d)", Always, Text),
    field(
        94,
        "4.4",
        "Art. 33(3)(d)",
        Always,
        Choice(
            "anonymisation|backups|changed processes|encryption|policies|training|erasure|\
             incident log|levels of access|logical access control|audits|physical access control|\
             pseudonymisation|up-to-date systems|other",
        ),
    ),
    field(95, "4.4", "Art. 33(3)(d)", Always, Text),
    field(
        97,
        "4.4",
        "Art. 34(1); Art. 34(2)",
        Always,
        Choice(
            "yes|no, they will be|no, still under investigation|no, a high risk is unlikely|\
             no, an exemption applies",
        ),
    ),
    field(98, "4.4", "Art. 34(1); Art. 34(2)", Asked, Day),
    field(99, "4.4", "Art. 34(1); Art. 34(2)", Asked, Day),
    field(
        100,
        "4.4",
        "Art. 34(3)(a)(b)(c)",
        Asked,
        Choice("protected, unintelligible|mitigated since|disproportionate effort, told in public"),
    ),
    field(101, "4.4", "Art. 34(3)(a)(b)(c)", Asked, Text),
    field(102, "4.4", "Art. 34(1); Art. 34(2)", Asked, Choice("all|not all")),
    field(103, "4.4", "Art. 34(1); Art. 34(2)", Asked, Text),
    field(
        104,
        "4.4",
        "Art. 34(1); Art. 34(2)",
        Asked,
        Choice("each by itself|in public|otherwise"),
    ),
    field(105, "4.4", "Art. 34(1); Art. 34(2)", Free, Text),
    field(106, "4.4", "Art. 34(1); Art. 34(2)", Asked, Text),
    field(109, "6.1", "", Free, Choice("yes|no|unknown")),
    field(110, "6.1", "", Free, Choice("yes|no|unknown")),
    field(111, "6.1", "", Asked, Text),
    field(113, "6.2", "Art. 56", Always, Choice("yes|no|unknown")),
    field(114, "6.2", "Art. 56", Asked, Text),
    field(115, "6.2", "Art. 56", Asked, Text),
    field(116, "6.2", "Art. 56", Asked, Text),
    field(117, "6.2", "Art. 56", Asked, Number),
    field(118, "6.2", "Art. 56", Asked, Choice("see the list")),
    field(120, "6.3", "Art. 3(2)", Always, Choice("yes|no|unknown")),
    field(121, "6.3", "Art. 3(2)", Asked, Text),
    field(122, "6.3", "Art. 3(2)", Asked, Number),
    field(123, "6.3", "Art. 3(2)", Asked, Choice("see the list")),
    field(
        125,
        "6.3",
        "",
        Free,
        Choice(
            "what people were told|risk assessment|research report|ransom note|phishing message|\
             internal procedure|policy of deletion|messages to wrong recipients|\
             message from outside|other",
        ),
    ),
    field(126, "6.3", "", Asked, Text),
];
