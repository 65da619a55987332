//! Starting, ending and calling off streams, and their keys. The Room and the Channel decide; D1 says whose stream it is.

use spillway_protocol::{
    api::{KeyReply, StartReply, StreamStatus},
    ids::{SourceId, StreamId},
    keys::StreamKey,
    problem::Code,
};
use spillway_room::call::{
    channel::{Arm, RotateKey},
    room::{Cancel, End, Revoke},
};
use worker::Request;

use super::{find, managed};
use crate::{
    auth::Caller,
    call,
    d1::{self, Db},
    failure::Failure,
    shell::{Cx, Reply, reply},
    streams::StreamRow,
};

/// `DELETE /api/v1/streams/{id}`
pub(crate) async fn cancel(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    let row = managed(&cx.db()?, &caller, stream).await?;
    if row.status == StreamStatus::Live {
        return Err(Failure::new(Code::Conflict, "The stream is live; end it instead."));
    }
    // The Room knows whether it has ended meanwhile, and refuses then.
    call::room(&cx.env, stream, &Cancel {}).await?;
    Ok(reply::no_content())
}

/// `POST /api/v1/streams/{id}/start`
pub(crate) async fn start(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    let row = own(&cx.db()?, &caller, stream).await?;
    if row.is_over() {
        return Err(Failure::new(Code::StreamOver, "The stream is over; make another one."));
    }
    let version = call::channel(&cx.env, row.creator_id, &Arm { source: row.source_id, stream }).await?;
    let stream_url = cx.var("RTMP_URL").ok_or_else(|| Failure::internal("RTMP_URL is not set"))?;
    let stream_key = key(cx, row.source_id, version)?;
    reply::json(200, &StartReply { stream_id: stream, stream_url, stream_key, whip_url: None })
}

/// `POST /api/v1/streams/{id}/key`
pub(crate) async fn rotate_key(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    let db = cx.db()?;
    let row = own(&db, &caller, stream).await?;
    let version = call::channel(&cx.env, row.creator_id, &RotateKey { source: row.source_id }).await?;
    // The Channel tells the stream that the source leads into now; someone may publish into an earlier one as well.
    let mut rooms = d1::streams::live_of(&db, row.source_id).await?;
    rooms.extend((!row.is_over() && !rooms.contains(&stream)).then_some(stream));
    for room in rooms {
        call::room(&cx.env, room, &Revoke { source: row.source_id, key_version: version }).await?;
    }
    reply::json(200, &KeyReply { stream_key: key(cx, row.source_id, version)? })
}

/// `POST /api/v1/streams/{id}/end`
pub(crate) async fn end(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    let row = managed(&cx.db()?, &caller, stream).await?;
    let figures = call::room(&cx.env, stream, &End {}).await?;
    reply::json(200, &row.end_reply(&figures))
}

fn key(cx: &Cx, source: SourceId, version: u32) -> Result<String, Failure> {
    Ok(StreamKey::derive(&cx.secret("STREAM_KEY_SECRET")?, source, version).reveal())
}

/// A stream of the caller's own: nobody else, not even an admin, is shown a key.
async fn own(db: &Db, caller: &Caller, stream: StreamId) -> Result<StreamRow, Failure> {
    let row = find(db, stream).await?;
    if row.creator_id == caller.user_id {
        Ok(row)
    } else {
        Err(Failure::new(Code::Forbidden, "The stream is someone else's."))
    }
}
