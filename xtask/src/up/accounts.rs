//! The people that `up` makes: an admin, and the creator of the demo stream. They stay in the state folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::{Login, Me, Register, Role, Session},
    ids::{StreamId, UserId},
    problem::Code,
};

use super::api::Api;
use crate::run::{Edge, private_file, random_text};

/// Who is known, and what the demo stream was last time.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accounts {
    /// The admin.
    pub(super) admin: Account,
    /// The creator of the demo stream.
    pub(super) demo: Account,
    /// The demo stream, once there was one.
    pub(super) stream_id: Option<StreamId>,
    #[serde(skip)]
    path: PathBuf,
}

/// How someone signs in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// Their address.
    pub(super) email: String,
    /// Their password.
    pub(super) password: String,
}

impl Accounts {
    /// Reads the accounts of a state folder, making them up at first start.
    pub(super) fn of(state: &Path) -> Result<Self> {
        let path = state.join("accounts.json");
        if let Some(known) = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok(Self { path, ..known });
        }
        let accounts = Self { admin: Account::new("admin")?, demo: Account::new("demo")?, stream_id: None, path };
        accounts.save()?;
        Ok(accounts)
    }

    /// Writes them down, for their owner alone.
    pub(super) fn save(&self) -> Result<()> {
        private_file(&self.path, &serde_json::to_string_pretty(self)?)
    }

    /// Sees to it that the admin is there and is one. The first admin cannot be made over the API, so the role is set in
    /// the database: on this machine by us, in production with the same `wrangler d1 execute`.
    pub(super) fn make_admin(&self, api: &Api, edge: &Edge) -> Result<()> {
        let session = self.admin.sign_in(api)?;
        if session.user.role == Role::Admin {
            return Ok(());
        }
        let Me { id, .. } = session.user;
        edge.execute(&promotion(id))
    }
}

/// `UserId` writes itself without quotes or spaces, so it can stand in a statement.
fn promotion(id: UserId) -> String {
    format!("UPDATE people SET role = 'ADMIN' WHERE id = '{id}'")
}

impl Account {
    fn new(name: &str) -> Result<Self> {
        Ok(Self { email: format!("{name}@spillway.example"), password: random_text(12)? })
    }

    /// Signs in, registering first where that has not been done.
    pub(super) fn sign_in(&self, api: &Api) -> Result<Session> {
        let login = Login { email: self.email.clone(), password: self.password.clone() };
        let login = api.post("/api/v1/auth/login", None, &login)?;
        if let Some(session) = login.unless(Code::CredentialsWrong)? {
            return Ok(session);
        }
        let (name, _) = self.email.split_once('@').unwrap_or_default();
        let register =
            Register { username: name.to_owned(), email: self.email.clone(), password: self.password.clone() };
        api.post("/api/v1/auth/register", None, &register)?.good()
    }
}
