//! Signing in and out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use spillway_protocol::{
    api::{Login, Refresh, Register, Role, Session},
    ids::{SessionId, UserId},
    limits::ACCESS_TOKEN_MS,
    problem::Code,
    time::Timestamp,
};
use worker::{Request, console_error};

use crate::{
    auth::{
        credentials::{self, NewPerson},
        password,
        refresh::{self, RefreshToken, Step},
        token,
    },
    d1::{
        Db,
        people::{self, NotStored, PersonRow},
        sessions,
    },
    failure::Failure,
    rates::{Action, Subject},
    shell::{Cx, Reply, body, clock, entropy, hashing, measured, random, reply},
};

/// `POST /api/v1/auth/register`. That an address is taken is told only to who could have had the name: whoever asks after addresses
/// leaves an account for each that is free.
pub(crate) async fn register(mut req: Request, cx: &Cx) -> Reply {
    let asked: Register = body::json(&mut req).await?;
    let new = NewPerson::read(&asked)?;
    let (db, salt) = (cx.db()?, random()?);
    if people::is_named(&db, &new.username).await? {
        return Err(NotStored::UsernameTaken.into());
    }
    let password_hash = hashing::in_turn(|| password::hash(&asked.password, salt)).await?.map_err(Failure::internal)?;
    let now = clock();
    let id = UserId::new(now, entropy()?);
    people::insert(&db, &new, &password_hash, id, now).await?;
    let person = PersonRow {
        id,
        username: new.username,
        email: new.email,
        password_hash,
        role: Role::Viewer,
        created_at: now.millis(),
        updated_at: now.millis(),
    };
    reply::json(201, &begin(cx, &db, &person, now).await?)
}

/// `POST /api/v1/auth/login`
pub(crate) async fn login(mut req: Request, cx: &Cx) -> Reply {
    let Login { email, password } = body::json(&mut req).await?;
    let email = credentials::normalized(&email);
    if !credentials::may_be_someone_s(&email, &password) {
        return Err(wrong());
    }
    measured(cx, &req, Action::Login, Subject::Email(&email)).await?;
    let db = cx.db()?;
    let person = people::by_email(&db, &email).await?;
    let stored = person.as_ref().map(|person| person.password_hash.as_str());
    let is_right = hashing::in_turn(|| password::verify(&password, stored)).await?.unwrap_or_else(|error| {
        console_error!("{:?} has no readable password: {error}", person.as_ref().map(|person| person.id));
        false
    });
    match person.filter(|_| is_right) {
        Some(person) => reply::json(200, &begin(cx, &db, &person, clock()).await?),
        None => Err(wrong()),
    }
}

/// The same for everyone who does not get in.
fn wrong() -> Failure {
    Failure::new(Code::CredentialsWrong, "No account has this e-mail address and password.")
}

/// `POST /api/v1/auth/refresh`
pub(crate) async fn refresh(mut req: Request, cx: &Cx) -> Reply {
    let asked: Refresh = body::json(&mut req).await?;
    let invalid = || Failure::new(Code::RefreshInvalid, "The refresh token is not good any more; sign in again.");
    let token = RefreshToken::parse(&asked.refresh_token).ok_or_else(invalid)?;
    let (db, secret) = (cx.db()?, cx.secret("TOKEN_SECRET")?);
    // A second round when another request has spent the token in between: what it got is repeated here.
    for round in 0..2 {
        let row = sessions::find(&db, &token).await?.ok_or_else(invalid)?;
        if round == 0 {
            measured(cx, &req, Action::Refresh, Subject::Person(row.user_id)).await?;
        }
        let next = token.next(&secret, &row.nonce);
        let next = next.ok_or_else(|| Failure::internal("no refresh token could be derived"))?;
        let issued_at = match refresh::step(&row.stored(), cx.now) {
            Step::Rotate if sessions::rotate(&db, &row, &token, &next, &nonce()?, cx.now).await? => cx.now,
            Step::Rotate => continue,
            Step::Repeat(at) => at,
            Step::EndFamily => {
                sessions::end(&db, row.session_id, cx.now).await?;
                return Err(invalid());
            }
            Step::Refuse => return Err(invalid()),
        };
        let person = people::by_id(&db, row.user_id).await?.ok_or_else(invalid)?;
        return reply::json(200, &signed_in(cx, &person, next, issued_at)?);
    }
    Err(Failure::unavailable("a refresh token was neither spent nor unspent"))
}

/// `POST /api/v1/auth/logout`
pub(crate) async fn logout(mut req: Request, cx: &Cx) -> Reply {
    let asked: Refresh = body::json(&mut req).await?;
    if let Some(token) = RefreshToken::parse(&asked.refresh_token) {
        let db = cx.db()?;
        if let Some(row) = sessions::find(&db, &token).await? {
            sessions::end(&db, row.session_id, cx.now).await?;
        }
    }
    Ok(reply::no_content())
}

/// A new log-in.
async fn begin(cx: &Cx, db: &Db, person: &PersonRow, now: Timestamp) -> Result<Session, Failure> {
    let token = RefreshToken::first(random()?);
    let session = SessionId::new(now, entropy()?);
    sessions::begin(db, session, person.id, &token, &nonce()?, now).await?;
    signed_in(cx, person, token, now)
}

fn nonce() -> Result<String, Failure> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>()?))
}

fn signed_in(cx: &Cx, person: &PersonRow, refresh: RefreshToken, at: Timestamp) -> Result<Session, Failure> {
    let secret = cx.secret("TOKEN_SECRET")?;
    Ok(Session {
        user: person.me(),
        access_token: token::issue(&secret, &person.caller(), at).map_err(Failure::internal)?,
        refresh_token: refresh.reveal(),
        expires_in: u32::try_from(ACCESS_TOKEN_MS / 1_000).unwrap_or_default(),
    })
}

impl From<NotStored> for Failure {
    fn from(error: NotStored) -> Self {
        match error {
            NotStored::UsernameTaken => Self::new(Code::UsernameTaken, "Someone else has this username."),
            NotStored::EmailTaken => Self::new(Code::EmailTaken, "This e-mail address is registered; sign in."),
            NotStored::Data(error) => error.into(),
        }
    }
}
