//! A person: which identifiers they have, and the values of these, all derived from seed and number. Nothing is remembered.
//!
//! Phone numbers and mail domains are ones that nobody has.

use types::{Micros, record::Identifier};

/// How long a browser keeps its anonymous id, in microseconds: 18 days.
const COOKIE_MICROS: i64 = 18 * 86_400 * 1_000_000;

const FIRST_NAMES: [&str; 16] = [
    "anna", "lukas", "marie", "paul", "sophie", "felix", "lena", "jakob", "emma", "david", "laura", "simon", "nina",
    "jonas", "clara", "tobias",
];
const LAST_NAMES: [&str; 16] = [
    "gruber", "huber", "bauer", "wagner", "pichler", "steiner", "moser", "mayer", "hofer", "leitner", "berger",
    "fuchs", "eder", "fischer", "schmid", "winkler",
];
const MAIL_DOMAINS: [&str; 4] = ["post.example", "mail.example", "inbox.example", "briefe.example"];
const CITIES: [&str; 8] = ["Wien", "Graz", "Linz", "Salzburg", "Innsbruck", "Villach", "Wels", "Bregenz"];

/// One customer of the chain.
pub(crate) struct Person {
    number: u64,
    /// Where everything about them comes from.
    dice: [u8; 32],
}

impl Person {
    /// The person of that number, from 0.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("patron generator person v1");
        hasher.update(&seed.to_le_bytes()).update(&number.to_le_bytes());
        Self { number, dice: *hasher.finalize().as_bytes() }
    }

    /// `user_id`, if they have an account.
    pub(crate) fn user_id(&self) -> Option<Identifier> {
        self.has(0, 66).then(|| self.number_as_user_id())
    }

    /// `user_id` that they have or would have.
    pub(crate) fn number_as_user_id(&self) -> Identifier {
        identifier("user_id", format!("u{:07}", self.number + 1))
    }

    /// `loyalty_card`, if they have a card.
    pub(crate) fn card(&self) -> Option<Identifier> {
        self.has(1, 70).then(|| identifier("loyalty_card", format!("25{:09}{:02}", self.number + 1, self.die(6) % 100)))
    }

    /// `email`, if the chain knows it.
    pub(crate) fn email(&self) -> Option<Identifier> {
        let (first, last) = (self.pick(10, &FIRST_NAMES), self.pick(11, &LAST_NAMES));
        let domain = self.pick(12, &MAIL_DOMAINS);
        self.has(2, 60).then(|| identifier("email", format!("{first}.{last}{}@{domain}", self.number + 1)))
    }

    /// `phone`, if the chain knows it.
    pub(crate) fn phone(&self) -> Option<Identifier> {
        self.has(3, 45).then(|| identifier("phone", format!("+431555{:07}", self.number + 1)))
    }

    /// `wechat_unionid`, if they follow the chain there.
    pub(crate) fn wechat(&self) -> Option<Identifier> {
        self.has(4, 8).then(|| identifier("wechat_unionid", format!("o{}", self.hex(24, 8))))
    }

    /// `device_id` of their phone, or now and then of their second device.
    pub(crate) fn device(&self, second: bool) -> Identifier {
        let offset = if second && self.has(5, 30) { 21 } else { 13 };
        identifier("device_id", self.hex(offset, 8))
    }

    /// `anonymous_id` of their browser at a time; it changes every 18 days.
    pub(crate) fn browser(&self, at: Micros) -> Identifier {
        let age = self.number.cast_signed().wrapping_mul(3_600_000_000).rem_euclid(COOKIE_MICROS);
        let period = (at.0 + age).div_euclid(COOKIE_MICROS);
        let hash = blake3::keyed_hash(&self.dice, &period.to_le_bytes());
        identifier("anonymous_id", hex(hash.as_bytes().iter().take(9)))
    }

    /// All identifiers that a member's record carries, strongest first.
    pub(crate) fn record(&self) -> Vec<Identifier> {
        [self.user_id(), self.card(), self.wechat(), self.email(), self.phone()].into_iter().flatten().collect()
    }

    /// Where they live.
    pub(crate) fn city(&self) -> &'static str {
        self.pick(7, &CITIES)
    }

    /// The year they were born in.
    pub(crate) fn birth_year(&self) -> i64 {
        1946 + i64::from(self.die(8)) % 62
    }

    /// Index of the store nearest to them.
    pub(crate) fn home_store(&self) -> usize {
        usize::from(self.die(9))
    }

    fn die(&self, place: usize) -> u8 {
        self.dice.get(place).copied().unwrap_or_default()
    }

    fn has(&self, place: usize, percent: u32) -> bool {
        u32::from(self.die(place)) * 100 < percent * 256
    }

    fn pick(&self, place: usize, list: &[&'static str]) -> &'static str {
        list.get(usize::from(self.die(place)) % list.len()).copied().unwrap_or_default()
    }

    fn hex(&self, offset: usize, bytes: usize) -> String {
        hex(self.dice.iter().skip(offset).take(bytes)) + &format!("{:x}", self.number)
    }
}

fn identifier(namespace: &str, value: String) -> Identifier {
    Identifier { namespace: namespace.to_owned(), value }
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
