//! The signed-in person.

use spillway_protocol::{
    api::UpdateMe,
    problem::{Code, FieldCode},
};
use worker::Request;

use crate::{
    auth::{Caller, credentials},
    d1::{
        Db,
        people::{self, PersonRow},
    },
    failure::Failure,
    shell::{Cx, Reply, body, reply},
};

/// `GET /api/v1/me`
pub(crate) async fn read(req: Request, cx: &Cx) -> Reply {
    let caller = cx.required_caller(&req)?;
    reply::json(200, &find(&cx.db()?, &caller).await?.me())
}

/// `PATCH /api/v1/me`
pub(crate) async fn update(mut req: Request, cx: &Cx) -> Reply {
    let caller = cx.required_caller(&req)?;
    let asked: UpdateMe = body::json(&mut req).await?;
    let db = cx.db()?;
    if let Some(username) = asked.username {
        credentials::username(&username).map_err(|code: FieldCode| Failure::field("username", code))?;
        people::rename(&db, caller.user_id, &username, cx.now).await?;
    }
    reply::json(200, &find(&db, &caller).await?.me())
}

/// A token can outlive its person, by minutes.
async fn find(db: &Db, caller: &Caller) -> Result<PersonRow, Failure> {
    let gone = || Failure::new(Code::TokenInvalid, "The account of this access token is gone.");
    people::by_id(db, caller.user_id).await?.ok_or_else(gone)
}
