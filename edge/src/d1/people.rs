//! People: the only table with names and e-mail addresses.

use serde::Deserialize;
use spillway_protocol::{
    api::{Me, Role},
    ids::UserId,
    time::Timestamp,
};

use super::{DataError, Db, values};
use crate::{
    asking::Twice,
    auth::{Caller, credentials::NewPerson},
};

/// A person as stored.
#[derive(Deserialize)]
pub(crate) struct PersonRow {
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) role: Role,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl PersonRow {
    /// As they see themselves.
    pub(crate) fn me(&self) -> Me {
        Me {
            id: self.id,
            username: self.username.clone(),
            email: self.email.clone(),
            role: self.role,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
        }
    }

    /// As the one who makes requests.
    pub(crate) fn caller(&self) -> Caller {
        Caller { user_id: self.id, username: self.username.clone(), role: self.role }
    }
}

/// Why a person was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStored {
    /// Someone else has the name.
    #[error("the username is taken")]
    UsernameTaken,
    /// The address is registered.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// D1 did not do it.
    #[error(transparent)]
    Data(DataError),
}

impl From<DataError> for NotStored {
    fn from(error: DataError) -> Self {
        match &error {
            DataError::Taken(columns) if columns == "people.username_key" => Self::UsernameTaken,
            DataError::Taken(columns) if columns == "people.email" => Self::EmailTaken,
            _ => Self::Data(error),
        }
    }
}

/// Stores a new person.
pub(crate) async fn insert(
    db: &Db,
    person: &NewPerson,
    hash: &str,
    id: UserId,
    at: Timestamp,
) -> Result<(), NotStored> {
    let sql = "INSERT INTO people (id, username, username_key, email, password_hash, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    let username_key = person.username.to_ascii_lowercase();
    // Told twice it would find the name taken, by this very person.
    db.change(Twice::Harmful, sql, values![id, &person.username, &username_key, &person.email, hash, at]).await?;
    Ok(())
}

/// Whether someone has a name.
pub(crate) async fn is_named(db: &Db, username: &str) -> Result<bool, DataError> {
    #[derive(Deserialize)]
    struct IdRow {}
    let sql = "SELECT id FROM people WHERE username_key = ?1";
    let found: Option<IdRow> = db.first(sql, values![&username.to_ascii_lowercase()]).await?;
    Ok(found.is_some())
}

/// The person with an address (in lower case).
pub(crate) async fn by_email(db: &Db, email: &str) -> Result<Option<PersonRow>, DataError> {
    db.first("SELECT * FROM people WHERE email = ?1", values![email]).await
}

/// The person with an id.
pub(crate) async fn by_id(db: &Db, id: UserId) -> Result<Option<PersonRow>, DataError> {
    db.first("SELECT * FROM people WHERE id = ?1", values![id]).await
}

/// Gives a person another name.
pub(crate) async fn rename(db: &Db, id: UserId, username: &str, at: Timestamp) -> Result<(), NotStored> {
    let sql = "UPDATE people SET username = ?2, username_key = ?3, updated_at = ?4 WHERE id = ?1";
    db.change(Twice::Harmless, sql, values![id, username, &username.to_ascii_lowercase(), at]).await?;
    Ok(())
}
