//! What may be a username, an e-mail address and a password.

use spillway_protocol::{
    api::Register,
    limits,
    problem::{FieldCode, FieldError, Problem},
};

/// A person who may be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// Their name.
    pub username: String,
    /// Their address, in lower case.
    pub email: String,
}

impl NewPerson {
    /// Checks what was asked for; a problem names every field that was refused.
    pub fn read(asked: &Register) -> Result<Self, Problem> {
        let checks = [
            ("username", username(&asked.username).err()),
            ("email", email(&asked.email).err()),
            ("password", password(&asked.password).err()),
        ];
        let refused =
            |(field, code): (&str, Option<FieldCode>)| code.map(|code| FieldError { field: field.to_owned(), code });
        let errors: Vec<FieldError> = checks.into_iter().filter_map(refused).collect();
        if errors.is_empty() {
            Ok(Self { username: asked.username.clone(), email: normalized(&asked.email) })
        } else {
            Err(Problem::validation(errors))
        }
    }
}

/// An address as it is stored and looked up: most mail servers take no notice of case, and nobody remembers theirs.
pub fn normalized(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks a username.
pub fn username(name: &str) -> Result<(), FieldCode> {
    length(name, &limits::USERNAME)?;
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err(FieldCode::Invalid) }
}

/// What someone signs in with, when anyone could have it: what no account has is neither looked up nor hashed.
pub fn may_be_someone_s(email: &str, password: &str) -> bool {
    email.len() <= limits::EMAIL && self::password(password) != Err(FieldCode::TooLong)
}

fn password(password: &str) -> Result<(), FieldCode> {
    length(password, &limits::PASSWORD)
}

fn length(text: &str, bounds: &std::ops::RangeInclusive<usize>) -> Result<(), FieldCode> {
    let length = text.chars().count();
    if length == 0 {
        Err(FieldCode::Required)
    } else if length < *bounds.start() {
        Err(FieldCode::TooShort)
    } else if length > *bounds.end() {
        Err(FieldCode::TooLong)
    } else {
        Ok(())
    }
}

/// Checks that mail could be sent there: what a mailbox really takes, only a mail to it can tell.
fn email(email: &str) -> Result<(), FieldCode> {
    let email = normalized(email);
    if email.is_empty() {
        return Err(FieldCode::Required);
    }
    if email.len() > limits::EMAIL {
        return Err(FieldCode::TooLong);
    }
    let fits = email.rsplit_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    if fits { Ok(()) } else { Err(FieldCode::Invalid) }
}

/// RFC 5321, section 4.1.2, without quoting; letters of any script (RFC 6531).
fn is_local_part(local: &str) -> bool {
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    local.len() <= 64 && local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let fits = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        fits && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(username: &str, email: &str, password: &str) -> Result<NewPerson, Vec<(String, FieldCode)>> {
        let asked = Register { username: username.into(), email: email.into(), password: password.into() };
        NewPerson::read(&asked).map_err(|p| p.errors.into_iter().map(|e| (e.field, e.code)).collect())
    }

    #[test]
    fn addresses_are_kept_in_lower_case_and_names_as_written() {
        let person = read("Anna-B_1", " Anna.B+live@Example.ORG ", "12345678").unwrap();
        assert_eq!((person.username.as_str(), person.email.as_str()), ("Anna-B_1", "anna.b+live@example.org"));
    }

    #[test]
    fn every_refused_field_is_named_at_once() {
        let expected = [
            ("username".to_owned(), FieldCode::TooShort),
            ("email".to_owned(), FieldCode::Invalid),
            ("password".to_owned(), FieldCode::TooShort),
        ];
        assert_eq!(read("ab", "nowhere", "1234567"), Err(expected.to_vec()));
        let all = ["username", "email", "password"].map(|field| (field.to_owned(), FieldCode::Required));
        assert_eq!(read("", " ", ""), Err(all.to_vec()));
    }

    #[test]
    fn names_have_few_characters() {
        for (name, code) in [
            ("abc", None),
            ("a".repeat(30).as_str(), None),
            ("a".repeat(31).as_str(), Some(FieldCode::TooLong)),
            ("an na", Some(FieldCode::Invalid)),
            ("änna", Some(FieldCode::Invalid)),
            ("anna\n", Some(FieldCode::Invalid)),
            ("<b>anna", Some(FieldCode::Invalid)),
        ] {
            assert_eq!(username(name).err(), code, "{name}");
        }
    }

    #[test]
    fn addresses_are_such_that_mail_could_be_sent_there() {
        for good in ["a@b.co", "o'neil@example.com", "jürgen@bücher.example", "x@a.b.c.d"] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b..co",
            ".a@b.co",
            "a b@c.de",
            "a@b@c.de",
            "a@-b.co",
            "a@[1.2.3.4]",
            "a\r\n@b.co",
            &long,
        ] {
            assert_eq!(email(bad), Err(FieldCode::Invalid), "{bad}");
        }
        assert_eq!(email(&format!("a@{}.com", "b.".repeat(130))), Err(FieldCode::TooLong));
    }

    #[test]
    fn what_is_too_long_for_anyone_is_nobody_s() {
        assert!(may_be_someone_s("a@b.co", &"ü".repeat(128)));
        assert!(may_be_someone_s("a@b.co", "short"));
        assert!(!may_be_someone_s("a@b.co", &"a".repeat(129)));
        assert!(!may_be_someone_s(&"a".repeat(255), "12345678"));
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert_eq!(password(&"ü".repeat(128)), Ok(()));
        assert_eq!(password(&"a".repeat(129)), Err(FieldCode::TooLong));
        assert_eq!(password("pässwör"), Err(FieldCode::TooShort));
    }
}
