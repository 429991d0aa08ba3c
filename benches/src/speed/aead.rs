//! Opening sealed personal fields: 200 bytes under an identifier's own key, with the ciphers of the RustCrypto project.

use std::{hint::black_box, path::Path};

use aes_gcm::Aes256Gcm;
use anyhow::Result;
use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{AeadInOut, Key, KeyInit, Nonce},
};
use rand::Rng;

use super::codec::over;
use crate::{measure::Figure, plan::Plan, sample, table::Section};

const PLAIN_BYTES: usize = 200;

/// All figures of this group.
///
/// # Errors
/// None; the signature is that of all groups.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let mut figures = of::<ChaCha20Poly1305>(plan, "ChaCha20-Poly1305").to_vec();
    figures.extend(of::<Aes256Gcm>(plan, "AES-256-GCM"));
    let note = "RustCrypto's chacha20poly1305 and aes-gcm, portable build, instructions found at run time. 200 B of plain text.";
    Ok(Section { title: "AEAD open", note: note.into(), figures })
}

fn of<C: AeadInOut + KeyInit>(plan: &Plan, name: &str) -> [Figure; 2] {
    let sealed: Vec<Sealed<C>> = (0..256).map(seal).collect();
    let ciphers: Vec<(C, &Sealed<C>)> = sealed.iter().map(|sealed| (C::new(&sealed.key), sealed)).collect();
    let mut buffer = Vec::with_capacity(2 * PLAIN_BYTES);
    let ready =
        over(plan, &format!("{name}, cipher ready"), &ciphers, |(cipher, sealed)| open(cipher, sealed, &mut buffer));
    let fresh = over(plan, &format!("{name}, key set up each time"), &sealed, |sealed| {
        open(&C::new(&sealed.key), sealed, &mut buffer);
    });
    [ready, fresh]
}

struct Sealed<C: AeadInOut + KeyInit> {
    key: Key<C>,
    nonce: Nonce<C>,
    bytes: Vec<u8>,
}

fn seal<C: AeadInOut + KeyInit>(stream: u64) -> Sealed<C> {
    let mut random = sample::random(stream);
    let (mut key, mut nonce, mut bytes) = (Key::<C>::default(), Nonce::<C>::default(), vec![7; PLAIN_BYTES]);
    random.fill_bytes(&mut key);
    random.fill_bytes(&mut nonce);
    C::new(&key).encrypt_in_place(&nonce, b"identifier", &mut bytes).expect("200 bytes are within every limit");
    Sealed { key, nonce, bytes }
}

fn open<C: AeadInOut + KeyInit>(cipher: &C, sealed: &Sealed<C>, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(&sealed.bytes);
    cipher.decrypt_in_place(&sealed.nonce, b"identifier", buffer).expect("sealed under this key");
    black_box(buffer);
}
