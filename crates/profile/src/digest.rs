//! A multiset hash: the digest of a set of records, whatever the order in which they are added.
//!
//! Each record's BLAKE3 hash is read as a 256-bit number and added modulo 2^256 (AdHash; Bellare and Micciancio 1997). Adding,
//! never XOR: a record twice is not a record never.

/// Digest of a multiset of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    sum: [u64; 4],
    count: u64,
}

impl Digest {
    /// Adds a record, given as parts; each part is preceded by its length.
    pub fn add(&mut self, parts: &[&[u8]]) {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        self.add_number(limbs(hasher.finalize().as_bytes()));
        self.count += 1;
    }

    /// Adds all records of another digest.
    pub fn merge(&mut self, other: &Self) {
        self.add_number(other.sum);
        self.count += other.count;
    }

    /// How many records were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The digest in hexadecimal, most significant digit first.
    pub fn to_hex(&self) -> String {
        let [a, b, c, d] = self.sum;
        format!("{d:016x}{c:016x}{b:016x}{a:016x}")
    }

    fn add_number(&mut self, number: [u64; 4]) {
        let mut carry = false;
        for (limb, more) in self.sum.iter_mut().zip(number) {
            (*limb, carry) = limb.carrying_add(more, carry);
        }
    }
}

/// The digest of several named parts, in the order of their names: a hash over names, counts and digests.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = (&'a str, &'a Digest)>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, digest) in parts {
        hasher.update(format!("{name} {} {}\n", digest.count(), digest.to_hex()).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Four limbs of 64 bits, least significant first.
fn limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(records: &[&str]) -> Digest {
        let mut digest = Digest::default();
        records.iter().for_each(|record| digest.add(&[record.as_bytes()]));
        digest
    }

    #[test]
    fn order_does_not_matter_but_number_does() {
        assert_eq!(of(&["a", "b", "c"]), of(&["c", "a", "b"]));
        assert_ne!(of(&["a", "a"]).to_hex(), of(&[]).to_hex());
        let mut halves = of(&["a"]);
        halves.merge(&of(&["b"]));
        assert_eq!(halves, of(&["a", "b"]));
    }

    #[test]
    fn parts_do_not_run_together() {
        let (mut left, mut right) = (Digest::default(), Digest::default());
        left.add(&[b"ab", b"c"]);
        right.add(&[b"a", b"bc"]);
        assert_ne!(left, right);
    }

    #[test]
    fn carries_across_limbs() {
        let mut digest = Digest { sum: [u64::MAX, u64::MAX, 0, 0], count: 1 };
        digest.add_number([1, 0, 0, 0]);
        assert_eq!(digest.sum, [0, 0, 1, 0]);
    }
}
