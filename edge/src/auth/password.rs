//! Passwords as Argon2id hashes (RFC 9106) in PHC strings.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// OWASP's second choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;

/// The hash of a password that nobody has, made like all others.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn argon2() -> Result<Argon2<'static>, password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| password_hash::Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password's hash, for a salt of 16 random bytes.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, password_hash::Error> {
    let hash: PasswordHash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

/// Whether the stored hash is this password's. Without one, or with one that cannot be read, nobody's hash is checked instead:
/// the time taken does not tell who is registered.
pub fn verify(password: &str, stored: Option<&str>) -> Result<bool, password_hash::Error> {
    let checked = check(password, stored.unwrap_or(NOBODY));
    if checked.is_err() {
        // What it comes to is known; that it takes its time is what counts.
        let _ = check(password, NOBODY);
    }
    checked
}

fn check(password: &str, hash: &str) -> Result<bool, password_hash::Error> {
    let hash = PasswordHash::new(hash).map_err(|_| password_hash::Error::EncodingInvalid)?;
    match argon2()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_one_password_and_one_salt() {
        let hash = super::hash("correct horse", [7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verify("correct horse", Some(&hash)), Ok(true));
        assert_eq!(verify("correct horsf", Some(&hash)), Ok(false));
        assert_ne!(hash, super::hash("correct horse", [8; 16]).unwrap());
    }

    #[test]
    fn nobody_s_hash_costs_as_much_and_opens_to_no_one() {
        let real = super::hash("x", [1; 16]).unwrap();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!((cost(NOBODY), NOBODY.len()), (cost(&real), real.len()));
        assert_eq!(verify("", None), Ok(false));
        assert_eq!(verify("", Some(NOBODY)), Ok(false));
    }

    #[test]
    fn what_is_no_hash_is_an_error_and_costs_as_much() {
        let time = |stored| {
            let began = std::time::Instant::now();
            let checked = verify("x", stored);
            (checked, began.elapsed())
        };
        let (_, real) = time(None);
        for stored in ["", "plain", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=1,t=0,p=0$AAAA$AAAA"] {
            let (checked, taken) = time(Some(stored));
            assert!(checked.is_err(), "{stored}");
            assert!(taken > real / 4, "{stored}: {taken:?}, not {real:?}");
        }
    }
}
