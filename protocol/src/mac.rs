//! HMAC-SHA-256 (RFC 2104) over a label and fields; the label keeps one purpose's codes from passing as another's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The code over `label` and `fields`, each prefixed by its length so that no two field lists collide; base64url, 43 characters.
pub(crate) fn sign(secret: &[u8], label: &str, fields: &[&str]) -> String {
    // An HMAC key may have any length (RFC 2104, section 3), so the error cannot occur; an empty code verifies nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    for field in std::iter::once(&label).chain(fields) {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Whether `code` is the code over these fields; takes the same time whatever the difference.
pub(crate) fn verify(secret: &[u8], label: &str, fields: &[&str], code: &str) -> bool {
    let right = sign(secret, label, fields);
    !right.is_empty() && bool::from(right.as_bytes().ct_eq(code.as_bytes()))
}
