//! Joining a stream: who may watch, and by which URLs.

use spillway_protocol::ids::StreamId;
use spillway_room::call::{channel::StandingOf, room::Stats};
use worker::Request;

use crate::{
    auth::Caller,
    call, d1,
    failure::Failure,
    rates::{Action, Subject},
    rooms::{self, Member},
    shell::{Cx, Reply, measured, reply},
    streams::StreamRow,
};

/// `POST /api/v1/streams/{id}/join`
pub(crate) async fn join(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.caller(&req)?;
    if let Some(caller) = &caller {
        measured(cx, &req, Action::Join, Subject::Person(caller.user_id)).await?;
    }
    let row = find(cx, stream).await?;
    let member = match caller {
        Some(caller) => Some(member(cx, &row, caller).await?),
        None => None,
    };
    // Nobody has a seat in a stream that is over.
    let viewers = match row.max_viewers.filter(|_| !row.is_over()) {
        Some(_) => Some(call::room(&cx.env, stream, &Stats {}).await?.viewer_count),
        None => None,
    };
    if let Some(reason) = rooms::refusal(&row, member.as_ref(), viewers) {
        return reply::json(200, &rooms::refused(&row, reason));
    }
    let (base, secret) = (cx.public_url(&req)?, cx.secret("PROOF_SECRET")?);
    reply::json(200, &rooms::admission(&row, member.as_ref(), &base, &secret, cx.now))
}

/// The stream, or a 404.
pub(super) async fn find(cx: &Cx, stream: StreamId) -> Result<StreamRow, Failure> {
    d1::streams::find(&cx.db()?, stream).await?.ok_or_else(Failure::not_found)
}

/// What someone is in a stream's room.
pub(super) async fn member(cx: &Cx, row: &StreamRow, caller: Caller) -> Result<Member, Failure> {
    let standing = match Member::standing(&caller, row) {
        Some(standing) => standing,
        None => call::channel(&cx.env, row.creator_id, &StandingOf { user: caller.user_id }).await?,
    };
    Ok(Member { caller, standing })
}
