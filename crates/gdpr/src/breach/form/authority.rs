//! The supervisory authorities of the European Economic Area, and which of them is told.
//!
//! Names are those that the European Data Protection Board lists for its members and that its
//! template offers; countries are ISO 3166-1. The list is data: a country that reorganises its
//! authorities is a line here.

use std::collections::BTreeSet;

use tacenda_core::Result;
use tacenda_core::pii::Country;
use tacenda_core::policy::Policy;

use super::super::codes::{AUTHORITY_UNCLEAR, UNKNOWN_AUTHORITY};
use super::Language;

/// A supervisory authority (Art. 51 GDPR).
#[derive(Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its name in a policy: the country, and a short name.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it is for everybody, or for some controllers only (the federal one of Germany, the
    /// one for the press in Lithuania).
    pub general: bool,
}

/// Which authorities are told of a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Competent {
    /// The authority of the main establishment. Where people in several countries are affected, it
    /// leads (Art. 55, 56 GDPR).
    Establishment(&'static Authority),
    /// There is no establishment in the Union: every authority where affected people live. That the
    /// controller has a representative changes nothing (EDPB Guidelines 9/2022, paragraph 73).
    Each(Vec<&'static Authority>),
}

impl Authority {
    /// Its country.
    #[must_use]
    pub fn country(&self) -> &'static str {
        let (code, _) = self.id.split_once('-').unwrap_or((self.id, ""));
        Country::parse(code).map_or("", Country::as_str)
    }

    /// The language of a letter to it, among those there are; English to all others.
    #[must_use]
    pub fn language(&self) -> Language {
        match self.country() {
            "PL" => Language::Polish,
            "FR" | "LU" => Language::French,
            "DE" | "AT" | "LI" => Language::German,
            _ => Language::English,
        }
    }
}

/// The authority of that name.
///
/// # Errors
/// [`UNKNOWN_AUTHORITY`].
pub fn find(id: &str) -> Result<&'static Authority> {
    AUTHORITIES.iter().find(|one| one.id == id).ok_or_else(|| UNKNOWN_AUTHORITY.error())
}

/// Who is told, by the controller of a policy, of a breach of people in these countries.
///
/// # Errors
/// [`AUTHORITY_UNCLEAR`] if the controller's country has several and the policy names none;
/// [`UNKNOWN_AUTHORITY`] if it names one that there is not.
///
/// # Properties
/// Without an establishment, in a country with an authority for each of its parts (Germany) all of
/// them are named, because where in it people live is not known here. Countries outside the Area
/// count for nothing.
pub fn competent(policy: &Policy, affected: &BTreeSet<Country>) -> Result<Competent> {
    let country = policy.controller.country.as_str();
    if !Country::parse(country).is_ok_and(Country::is_eea) {
        let live = |one: &&Authority| affected.iter().any(|c| c.as_str() == one.country());
        let each = AUTHORITIES.iter().filter(|one| one.general).filter(live);
        return Ok(Competent::Each(each.collect()));
    }
    if let Some(named) = policy.breach.as_ref().and_then(|breach| breach.authority.as_ref()) {
        return find(named.as_str()).map(Competent::Establishment);
    }
    let mut all = AUTHORITIES.iter().filter(|one| one.general && one.country() == country);
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(Competent::Establishment(only)),
        _ => AUTHORITY_UNCLEAR.err(),
    }
}

const fn general(id: &'static str, name: &'static str) -> Authority {
    Authority { id, name, general: true }
}

const fn special(id: &'static str, name: &'static str) -> Authority {
    Authority { id, name, general: false }
}

/// All of them, by their ids.
pub static AUTHORITIES: &[Authority] = &[
    general("at-dsb", "Österreichische Datenschutzbehörde"),
    general("be-apd", "Autorité de protection des données / Gegevensbeschermingsautoriteit"),
    general("bg-cpdp", "Комисия за защита на личните данни"),
    general("cy-dpc", "Επίτροπος Προστασίας Δεδομένων Προσωπικού Χαρακτήρα"),
    general("cz-uoou", "Úřad pro ochranu osobních údajů"),
    general(
        "de-bb",
        "Die Landesbeauftragte für den Datenschutz und für das Recht auf Akteneinsicht Brandenburg",
    ),
    general("de-be", "Berliner Beauftragte für Datenschutz und Informationsfreiheit"),
    special("de-bfdi", "Die Bundesbeauftragte für den Datenschutz und die Informationsfreiheit"),
    general(
        "de-bw",
        "Der Landesbeauftragte für den Datenschutz und die Informationsfreiheit Baden-Württemberg",
    ),
    general("de-by", "Bayerisches Landesamt für Datenschutzaufsicht"),
    general(
        "de-hb",
        "Die Landesbeauftragte für Datenschutz und Informationsfreiheit der Freien Hansestadt Bremen",
    ),
    general("de-he", "Der Hessische Beauftragte für Datenschutz und Informationsfreiheit"),
    general("de-hh", "Der Hamburgische Beauftragte für Datenschutz und Informationsfreiheit"),
    general(
        "de-mv",
        "Der Landesbeauftragte für Datenschutz und Informationsfreiheit Mecklenburg-Vorpommern",
    ),
    general("de-ni", "Der Landesbeauftragte für den Datenschutz Niedersachsen"),
    general(
        "de-nw",
        "Landesbeauftragte für Datenschutz und Informationsfreiheit Nordrhein-Westfalen",
    ),
    general(
        "de-rp",
        "Der Landesbeauftragte für den Datenschutz und die Informationsfreiheit Rheinland-Pfalz",
    ),
    general("de-sh", "Unabhängiges Landeszentrum für Datenschutz Schleswig-Holstein"),
    general("de-sl", "Unabhängiges Datenschutzzentrum Saarland"),
    general("de-sn", "Sächsische Datenschutz- und Transparenzbeauftragte"),
    general("de-st", "Landesbeauftragte für den Datenschutz Sachsen-Anhalt"),
    general(
        "de-th",
        "Thüringer Landesbeauftragter für den Datenschutz und die Informationsfreiheit",
    ),
    general("dk-datatilsynet", "Datatilsynet"),
    general("ee-aki", "Andmekaitse Inspektsioon"),
    general("es-aepd", "Agencia Española de Protección de Datos"),
    general("fi-tsv", "Tietosuojavaltuutetun toimisto"),
    general("fr-cnil", "Commission Nationale de l'Informatique et des Libertés"),
    general("gr-dpa", "Αρχή Προστασίας Δεδομένων Προσωπικού Χαρακτήρα"),
    general("hr-azop", "Agencija za zaštitu osobnih podataka"),
    general("hu-naih", "Nemzeti Adatvédelmi és Információszabadság Hatóság"),
    general("ie-dpc", "Data Protection Commission"),
    general("is-personuvernd", "Persónuvernd"),
    general("it-garante", "Garante per la protezione dei dati personali"),
    general("li-dss", "Datenschutzstelle"),
    special("lt-press", "Žurnalistų etikos inspektoriaus tarnyba"),
    general("lt-vdai", "Valstybinė duomenų apsaugos inspekcija"),
    general("lu-cnpd", "Commission Nationale pour la Protection des Données"),
    general("lv-dvi", "Datu valsts inspekcija"),
    general("mt-idpc", "Office of the Information and Data Protection Commissioner"),
    general("nl-ap", "Autoriteit Persoonsgegevens"),
    general("no-datatilsynet", "Datatilsynet"),
    general("pl-uodo", "Urząd Ochrony Danych Osobowych"),
    general("pt-cnpd", "Comissão Nacional de Proteção de Dados"),
    general(
        "ro-anspdcp",
        "Autoritatea Națională de Supraveghere a Prelucrării Datelor cu Caracter Personal",
    ),
    general("se-imy", "Integritetsskyddsmyndigheten"),
    general("si-ip", "Informacijski pooblaščenec"),
    general("sk-uoou", "Úrad na ochranu osobných údajov Slovenskej republiky"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../examples/glpi-network-cloud/privacy.toml");

    fn countries(codes: &[&str]) -> BTreeSet<Country> {
        codes.iter().map(|code| Country::parse(code).unwrap()).collect()
    }

    fn policy(edit: impl FnOnce(String) -> String) -> Policy {
        Policy::parse(&edit(EXAMPLE.to_owned())).unwrap()
    }

    #[test]
    fn every_country_of_the_area_has_one_and_ids_are_sorted() {
        assert!(AUTHORITIES.is_sorted_by_key(|one| one.id));
        for country in Country::all() {
            let general =
                AUTHORITIES.iter().filter(|o| o.general && o.country() == country.as_str()).count();
            let expected = match (country.as_str(), country.is_eea()) {
                ("DE", _) => 16,
                (_, eea) => usize::from(eea),
            };
            assert_eq!(general, expected, "{country}");
        }
    }

    #[test]
    fn the_main_establishment_leads_and_without_one_each_is_told() {
        let example = policy(|text| text);
        let cnil = find("fr-cnil").unwrap();
        let everywhere = countries(&["PL", "FR", "US"]);
        assert_eq!(competent(&example, &everywhere).unwrap(), Competent::Establishment(cnil));
        let line = "country = \"FR\"\nemail";
        let without = |text: String, country: &str| {
            let text = text.replace("authority = \"fr-cnil\"\n", "");
            text.replacen(line, &format!("country = \"{country}\"\nemail"), 1)
        };
        let swiss = policy(|text| without(text, "CH"));
        let Competent::Each(each) = competent(&swiss, &everywhere).unwrap() else { panic!() };
        assert_eq!(each.iter().map(|one| one.id).collect::<Vec<_>>(), ["fr-cnil", "pl-uodo"]);
        let polish = policy(|text| without(text, "PL"));
        let Competent::Establishment(lead) = competent(&polish, &everywhere).unwrap() else {
            panic!()
        };
        assert_eq!((lead.id, lead.language()), ("pl-uodo", Language::Polish));
        let german = policy(|text| without(text, "DE"));
        assert!(competent(&german, &everywhere).unwrap_err().is(&AUTHORITY_UNCLEAR));
        let mistyped = policy(|text| text.replace("fr-cnil", "fr-cnli"));
        assert!(competent(&mistyped, &everywhere).unwrap_err().is(&UNKNOWN_AUTHORITY));
    }
}
