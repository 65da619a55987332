//! Chat over HTTP.

use spillway_protocol::{
    api::{Page, SendChat, SendChatReply},
    ids::StreamId,
    problem::Code,
};
use spillway_room::call::room::{Author, Chat};
use worker::Request;

use super::join::{find, member};
use crate::{
    call,
    failure::Failure,
    idempotency::Key,
    rates::{Action, Subject},
    rooms::{self, Member},
    shell::{Cx, Reply, body, measured, reply},
    streams::StreamRow,
};

/// `POST /api/v1/streams/{id}/chat`
pub(crate) async fn send(mut req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    measured(cx, &req, Action::Chat, Subject::Person(caller.user_id)).await?;
    let key = Key::read(req.headers().get("idempotency-key")?)?;
    let SendChat { message, kind, client_id } = body::json(&mut req).await?;
    let client_id = client_id.or_else(|| key.as_ref().map(Key::client_id));
    let row = find(cx, stream).await?;
    let member = member(cx, &row, caller).await?;
    if member.standing.banned {
        return Err(Failure::new(Code::Banned, "You are banned from this room."));
    }
    let_in(&row, Some(&member))?;
    let Member { caller, standing } = member;
    let author =
        Author { user_id: caller.user_id, username: caller.username, role: standing.role, is_subscriber: false };
    let said = call::room(&cx.env, stream, &Chat { author, kind, message, client_id }).await?;
    reply::json(201, &SendChatReply { message_id: said.message_id })
}

/// `GET /api/v1/streams/{id}/chat`
pub(crate) async fn history(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let asked = rooms::history(req.url()?.query().unwrap_or_default())?;
    let caller = cx.caller(&req)?;
    let row = find(cx, stream).await?;
    if row.is_gated() {
        let member = match caller {
            Some(caller) => Some(member(cx, &row, caller).await?),
            None => None,
        };
        let_in(&row, member.as_ref())?;
    }
    let page = call::room(&cx.env, stream, &asked).await?;
    reply::json(200, &Page { items: page.items, next_cursor: page.before.map(|seq| seq.to_string()) })
}

/// The room of a gated stream is for those who may watch.
fn let_in(row: &StreamRow, member: Option<&Member>) -> Result<(), Failure> {
    if !row.is_gated() || member.is_some_and(Member::is_entitled) {
        Ok(())
    } else {
        Err(Failure::new(Code::Forbidden, "This stream's room is not for everyone."))
    }
}
