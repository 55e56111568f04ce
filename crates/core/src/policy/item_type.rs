//! The types that a data item can have.

super::words::words! {
    /// The type of a data item. There is none that can hold a card number or a verification code.
    ItemType {
        /// One e-mail address.
        Email = "email",
        /// A password; kept only as a verifier.
        Password = "password",
        /// The name of a person, or a part of one.
        PersonName = "name",
        /// The name of a company.
        Company = "company",
        /// A postal address without postal code, city and country.
        Address = "address",
        /// A postal code.
        PostalCode = "postal code",
        /// A city.
        City = "city",
        /// A country, ISO 3166-1 alpha-2.
        Country = "country",
        /// A VAT number of a member state, Northern Ireland or the one-stop shop.
        VatNumber = "VAT number",
        /// The payment provider's token for a card.
        CardToken = "card token",
        /// The last four digits of a card number.
        LastFour = "last four",
        /// Country and last four characters of an IBAN.
        IbanTail = "IBAN tail",
        /// A whole IBAN; only where the policy says `iban = "sealed"`.
        Iban = "IBAN",
        /// The reference of a SEPA mandate.
        MandateReference = "mandate reference",
        /// A calendar date.
        Date = "date",
        /// Text.
        Text = "plain text",
    }
}
