//! How often the calls that guess, flood or cost may be made: by which limiter each is measured, and under which key. The
//! limiters are the platform's (`[[ratelimits]]` in `wrangler.toml`): each counts for itself within a data centre, a minute long.

mod address;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use spillway_protocol::ids::UserId;

pub use address::Address;

use crate::route::Route;

/// What a limiter's minute is: whoever is over it is told to wait for so many seconds.
pub const PERIOD_S: u32 = 60;

/// A call that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Makes an account.
    Register,
    /// Tries a password.
    Login,
    /// Tries a refresh token.
    Refresh,
    /// Reads rights and signs proofs.
    Join,
    /// Speaks to a room over HTTP; the room has a pace of its own besides.
    Chat,
}

impl Action {
    /// The action that a call is, when it is one that is measured.
    pub fn of(route: &Route) -> Option<Self> {
        match route {
            Route::Register => Some(Self::Register),
            Route::Login => Some(Self::Login),
            Route::Refresh => Some(Self::Refresh),
            Route::Join(_) => Some(Self::Join),
            Route::SendChat(_) => Some(Self::Chat),
            _ => None,
        }
    }

    /// A password is hashed, which holds the processor.
    pub fn takes_a_hash(self) -> bool {
        matches!(self, Self::Register | Self::Login)
    }
}

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Everyone at the caller's address.
    Address,
    /// A person, from wherever they call.
    Person(UserId),
    /// Whoever tries to sign in with this e-mail address, from wherever: many callers cannot guess at one password. It bars its
    /// owner too, from signing in anew and for as long as it goes on; whoever is signed in stays so.
    Email(&'a str),
}

/// A limiter, by its binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limiter {
    /// 20 a minute.
    Strict,
    /// 120 a minute.
    Moderate,
    /// 1,200 a minute: many may share an address.
    Loose,
    /// 6,000 a minute, for callers on this machine itself. Cloudflare names every caller's own address, so none in production
    /// is measured by it.
    Local,
}

impl Limiter {
    /// The binding's name in `wrangler.toml`.
    pub fn binding(self) -> &'static str {
        match self {
            Self::Strict => "RATE_STRICT",
            Self::Moderate => "RATE_MODERATE",
            Self::Loose => "RATE_LOOSE",
            Self::Local => "RATE_LOCAL",
        }
    }
}

/// By which limiter a call is measured, and under which key.
pub fn measure(action: Action, subject: Subject<'_>, from: &Address) -> (Limiter, String) {
    let limiter = match (subject, action) {
        (Subject::Email(_), _) if from.is_local() => Limiter::Moderate,
        _ if from.is_local() => Limiter::Local,
        (Subject::Email(_), _) | (Subject::Address, Action::Register) => Limiter::Strict,
        (Subject::Person(_), _) | (Subject::Address, Action::Login) => Limiter::Moderate,
        (Subject::Address, Action::Refresh | Action::Join | Action::Chat) => Limiter::Loose,
    };
    let who = match subject {
        Subject::Address => format!("address:{from}"),
        Subject::Person(id) => format!("person:{id}"),
        // The limiter need not know of whom it is told.
        Subject::Email(email) => format!("email:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(email))),
    };
    (limiter, format!("{action:?}:{who}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::{ids::StreamId, time::Timestamp};

    const ACTIONS: [Action; 5] = [Action::Register, Action::Login, Action::Refresh, Action::Join, Action::Chat];

    fn limiter(action: Action, subject: Subject<'_>, from: &str) -> Limiter {
        measure(action, subject, &Address::read(Some(from))).0
    }

    #[test]
    fn the_calls_that_are_measured_are_these() {
        let stream = StreamId::new(Timestamp::from_millis(1), 1);
        let routes = [Route::Register, Route::Login, Route::Refresh, Route::Join(stream), Route::SendChat(stream)];
        assert_eq!(routes.map(|route| Action::of(&route)), ACTIONS.map(Some));
        for route in [Route::Logout, Route::Me, Route::Stream(stream), Route::ChatHistory(stream), Route::Health] {
            assert_eq!(Action::of(&route), None);
        }
    }

    #[test]
    fn guesses_are_few_and_calls_of_many_at_one_address_are_not() {
        let (far, anna) = ("192.0.2.1", Subject::Person(UserId::new(Timestamp::from_millis(1), 1)));
        assert_eq!(limiter(Action::Register, Subject::Address, far), Limiter::Strict);
        assert_eq!(limiter(Action::Login, Subject::Email("a@b.co"), far), Limiter::Strict);
        assert_eq!(limiter(Action::Login, Subject::Address, far), Limiter::Moderate);
        for action in [Action::Refresh, Action::Join, Action::Chat] {
            assert_eq!(limiter(action, Subject::Address, far), Limiter::Loose);
            assert_eq!(limiter(action, anna, far), Limiter::Moderate);
        }
    }

    #[test]
    fn only_callers_on_this_machine_have_the_local_limits() {
        for action in ACTIONS {
            for near in ["127.0.0.1", "::1"] {
                assert_eq!(limiter(action, Subject::Address, near), Limiter::Local);
                assert_eq!(limiter(action, Subject::Email("a@b.co"), near), Limiter::Moderate);
            }
            for far in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "", "localhost", "127.0.0.1, 192.0.2.1"] {
                assert_ne!(limiter(action, Subject::Address, far), Limiter::Local, "{far}");
            }
        }
    }

    #[test]
    fn each_call_and_each_subject_is_counted_for_itself() {
        let from = Address::read(Some("192.0.2.1"));
        let person = |number| Subject::Person(UserId::new(Timestamp::from_millis(1), number));
        let subjects =
            [Subject::Address, person(1), person(2), Subject::Email("a@example.org"), Subject::Email("b@example.org")];
        let keys = ACTIONS.iter().flat_map(|action| subjects.map(|subject| measure(*action, subject, &from).1));
        let mut keys: Vec<String> = keys.collect();
        assert!(keys.iter().all(|key| !key.contains("example.org")), "no e-mail address stands in a key");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ACTIONS.len() * subjects.len());
    }
}
