//! Normal forms by table, and the laws: applied twice it changes nothing, spellings of one thing meet, no text at all panics.

use proptest::prelude::*;

use super::*;

fn normal_in(region: &str, namespace: &str, value: &str) -> Normal {
    Normaliser::new(PhoneRegion::parse(region).unwrap()).read(&Identifier::new(namespace, value))
}

fn value(namespace: &str, value: &str) -> String {
    normal_in("", namespace, value).identifier.value
}

#[test]
fn texts_are_trimmed_composed_and_visible() {
    assert_eq!(value("user_id", " \u{feff}Jose\u{301}\u{200b}\u{3000}"), "Jos\u{e9}");
    assert_eq!(value("user_id", "u\u{200d}-\u{2060}1"), "u-1");
    assert_eq!(value("user_id", "ＡＢ"), "ＡＢ", "full width stays where nothing says that it means the same");
    assert_eq!(normal_in("", " User_ID\u{200b}", "x").identifier.namespace, "user_id");
}

#[test]
fn what_has_a_form_of_its_own_is_never_plain_at_sight() {
    assert!(is_plain("user_id", "u-1") && is_plain("wechat_unionid", "oA_7"));
    for (namespace, value) in [("email", "a@b.eu"), ("loyalty_card", "4711"), ("User_id", "u"), ("user_id", " u")] {
        assert!(!is_plain(namespace, value), "{namespace}:{value}");
    }
}

#[test]
fn addresses() {
    for sent in
        ["Ann@Shop.eu", " mailto:ann@shop.eu", "MAILTO:ANN@SHOP.EU", "ａｎｎ＠ｓｈｏｐ．ｅｕ", "ann@shop.eu\u{200b}"]
    {
        assert_eq!(value("email", sent), "ann@shop.eu", "{sent}");
    }
    assert_eq!(
        value("email", "A.nn+Sale@Shop.eu"),
        "a.nn+sale@shop.eu",
        "dots and what is behind + are the provider's"
    );
}

#[test]
fn numbers_with_a_country_code_need_no_region() {
    for sent in [
        "+43 664 123 45 67",
        "0043-664-1234567",
        "tel:+43-664-123-4567",
        "+43 (0)664/1234567",
        "＋４３６６４１２３４５６７",
    ] {
        let normal = normal_in("", "phone", sent);
        assert_eq!((normal.identifier.value.as_str(), normal.unreadable), ("+436641234567", None), "{sent}");
    }
}

#[test]
fn national_numbers_are_read_in_their_region() {
    for (region, sent, expected) in [
        ("AT", "0664 / 123 45 67", "+436641234567"),
        ("at", "+436641234567", "+436641234567"),
        ("CN", "138 0013 8000", "+8613800138000"),
        ("CN", "１３８００１３８０００", "+8613800138000"),
        ("US", "(415) 555-0132", "+14155550132"),
        ("US", "011 43 664 1234567", "+436641234567"),
        ("US", "0043 664 1234567", "+436641234567"),
        ("AU", "0011 65 6123 4567", "+6561234567"),
        ("IT", "06 698 12345", "+390669812345"),
        ("", "0664 / 123 45 67", "06641234567"),
    ] {
        let normal = normal_in(region, "phone", sent);
        assert_eq!((normal.identifier.value.as_str(), normal.unreadable), (expected, None), "{region} {sent}");
    }
}

#[test]
fn what_cannot_be_a_number_keeps_its_text() {
    for (region, sent) in
        [("", "ask Ann"), ("AT", "call +43 664"), ("", "+43"), ("", "+999 123 456 789"), ("US", "555-0132"), ("AT", "")]
    {
        let normal = normal_in(region, "phone", &format!(" {sent} "));
        assert_eq!(normal.identifier.value, sent);
        assert!(normal.unreadable.is_some(), "{region} {sent}");
    }
    assert_eq!(value("phone", "+43 1 234 ext. 5"), "+43 1 234 ext. 5", "an extension is another person's phone");
}

#[test]
fn card_numbers_lose_the_gaps_between_groups() {
    for (sent, expected) in [
        ("2620 0012 3456 7", "2620001234567"),
        ("2620-0012-34567", "2620001234567"),
        ("２６２０ ００１２", "26200012"),
        ("12-3456", "12-3456"),
        ("-12345678", "-12345678"),
        ("A-1234-5678", "A-1234-5678"),
        ("1234.5678", "1234.5678"),
    ] {
        assert_eq!(value("loyalty_card", sent), expected, "{sent}");
        assert_eq!(value("member_id", "2620-0012"), "2620-0012");
    }
}

#[test]
fn uuids_are_lower_case_other_ids_of_devices_stay() {
    let idfa = "EA7583CD-A667-48BC-B806-42ECB2B48606";
    for namespace in ["device_id", "anonymous_id", "cookie"] {
        assert_eq!(value(namespace, idfa), idfa.to_lowercase());
        assert_eq!(value(namespace, "GA1.2.AbC"), "GA1.2.AbC");
    }
    assert_eq!(value("user_id", idfa), idfa);
    assert_eq!(value("device_id", "EA7583CDA66748BCB80642ECB2B48606"), "EA7583CDA66748BCB80642ECB2B48606");
}

#[test]
fn regions_are_codes_of_iso_3166() {
    assert_eq!(PhoneRegion::parse("de").unwrap().code(), "DE");
    assert_eq!(PhoneRegion::parse("").unwrap(), PhoneRegion::default());
    for code in ["XX", "Austria", "001", "A", "ÄÖ"] {
        assert!(PhoneRegion::parse(code).unwrap_err().contains(code));
    }
}

/// Texts near to numbers, addresses and cards, and any at all.
fn texts() -> impl Strategy<Value = String> {
    let near = "[ ]?(mailto:|tel:|\\+|00|011|＋)?[0-9０-９ ()/.\\-\u{200b}\u{2011}]{0,24}";
    prop_oneof![near, ".{0,40}", "[ A-Za-z@.+:\u{130}\u{3a3}\u{212a}\u{ff21}\u{301}\u{200d}]{0,20}", any::<String>()]
}

fn namespaces() -> impl Strategy<Value = String> {
    let known =
        ["phone", "email", "loyalty_card", "device_id", "cookie", "user_id", " Email\u{200b}"].map(str::to_owned);
    prop_oneof![9 => proptest::sample::select(known.to_vec()), 1 => any::<String>()]
}

fn normalisers() -> impl Strategy<Value = Normaliser> {
    let regions = ["", "AT", "CN", "US", "IT", "RU", "BY", "MX", "AR", "BR", "GB", "SM", "AU"];
    proptest::sample::select(regions.to_vec()).prop_map(|code| Normaliser::new(PhoneRegion::parse(code).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn applied_again_it_changes_nothing(normaliser in normalisers(), namespace in namespaces(), value in texts()) {
        let sent = Identifier::new(namespace, value);
        let once = normaliser.read(&sent);
        prop_assert_eq!(normaliser.read(&once.identifier), once.clone());
        let tidied = normaliser.tidied(&sent);
        prop_assert_eq!(normaliser.tidied(&tidied), tidied.clone());
        prop_assert_eq!(normaliser.read(&tidied), once, "tidying first changes nothing");
    }

    #[test]
    fn what_is_plain_at_sight_is_normal(normaliser in normalisers(), namespace in "[a-z_0-9]{0,12}|[ -~]{0,8}", value in "[ -~]{1,20}|\\PC{1,8}") {
        let sent = Identifier::new(namespace, value);
        if is_plain(&sent.namespace, &sent.value) {
            prop_assert_eq!(&normaliser.read(&sent).identifier, &sent);
            prop_assert_eq!(&sent.normalised_in_version_1(), &sent);
        }
    }

    #[test]
    fn the_second_half_adds_a_plus_and_country_code_at_most(normaliser in normalisers(), namespace in namespaces(), value in texts()) {
        let tidied = normaliser.tidied(&Identifier::new(namespace, value));
        let normal = normaliser.read(&tidied).identifier;
        prop_assert!(normal.value.len() <= tidied.value.len().max(20));
    }

    #[test]
    fn spellings_of_a_number_meet(
        normaliser in normalisers(),
        number in "\\+43664[1-9][0-9]{6}",
        gaps in proptest::collection::vec("[ ./()\u{a0}\u{2011}-]{0,2}", 13),
    ) {
        let spelt: String = number.chars().zip(&gaps).flat_map(|(digit, gap)| [digit.to_string(), gap.clone()]).collect();
        let full_width: String = number.chars().map(|letter| char::from_u32(letter as u32 + 0xfee0).unwrap()).collect();
        // In Brazil the digits behind 00 choose a carrier, so a number written so is read as it is dialled there.
        let dialled = if normaliser.phone_region.code() == "BR" { number.clone() } else { number.replacen('+', "00", 1) };
        for sent in [spelt, full_width, dialled, format!(" tel:{number}\u{200b}")] {
            let normal = normaliser.read(&Identifier::new("phone", sent.clone()));
            prop_assert_eq!(&normal.identifier.value, &number, "{}", sent);
        }
    }

    #[test]
    fn spellings_of_a_card_meet(number in "[0-9]{8,19}", gaps in proptest::collection::vec("[ \u{a0}\u{3000}-]?", 18)) {
        let (first, rest) = number.split_at(1);
        let spelt: String = rest.chars().zip(&gaps).map(|(digit, gap)| format!("{gap}{digit}")).collect();
        prop_assert_eq!(value("loyalty_card", &format!(" {first}{spelt}")), number);
    }
}
