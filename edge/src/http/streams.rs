//! Streams: made, found, read, changed. [`control`] starts and ends them.

pub(crate) mod control;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use spillway_protocol::{
    api::{CreateStream, Page, StreamStatus, UpdateStream},
    ids::{SourceId, StreamId},
    problem::Code,
    time::Timestamp,
};
use spillway_room::call::room::{Reload, Stats};
use worker::{Request, console_error};

use crate::{
    auth::Caller,
    call,
    d1::{self, DataError, Db, idempotency::Claim},
    failure::Failure,
    idempotency::Key,
    json,
    shell::{Cx, Reply, body, clock, entropy, reply},
    streams::{self, Listing, NewStream, StreamRow},
};

const CREATE: &str = "POST /api/v1/streams";

/// `GET /api/v1/streams`
pub(crate) async fn list(req: Request, cx: &Cx) -> Reply {
    // Everyone may ask; who says who they are must say so rightly.
    cx.caller(&req)?;
    let asked = Listing::read(req.url()?.query().unwrap_or_default())?;
    let (rows, next_cursor) = asked.page(d1::streams::list(&cx.db()?, &asked).await?);
    reply::json(200, &Page { items: rows.iter().map(|row| row.view(cx.now)).collect(), next_cursor })
}

/// `POST /api/v1/streams`
pub(crate) async fn create(mut req: Request, cx: &Cx) -> Reply {
    let caller = cx.required_caller(&req)?;
    let key = Key::read(req.headers().get("idempotency-key")?)?;
    let bytes = body::json_bytes(&mut req).await?;
    let new = NewStream::read(json::parse::<CreateStream>(&bytes)?)?;
    let db = cx.db()?;
    let source = default_source(cx, &db, &caller).await?;
    let id = StreamId::new(cx.now, entropy()?);
    let row = new.clone().into_row(id, caller.user_id, &caller.username, source, cx.now);
    let Some(key) = key else {
        d1::streams::insert(&db, &row).await?;
        return created(&row, cx);
    };
    let body_hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes));
    let claim = Claim { user: caller.user_id, key: key.as_str(), route: CREATE, body_hash: &body_hash };
    match d1::streams::insert_once(&db, &row, &claim).await {
        Ok(()) => created(&row, cx),
        Err(DataError::Taken(_)) => {
            let (id, at) = made_before(&db, &claim).await?;
            created(&new.into_row(id, caller.user_id, &caller.username, source, at), cx)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the same key and the same body made.
async fn made_before(db: &Db, claim: &Claim<'_>) -> Result<(StreamId, Timestamp), Failure> {
    let made = d1::idempotency::find(db, claim.user, claim.key).await?;
    let made = made.ok_or_else(|| Failure::unavailable("an idempotency key came and went"))?;
    if made.route != claim.route || made.body_hash != claim.body_hash {
        return Err(Failure::new(Code::IdempotencyMismatch, "This Idempotency-Key came with another request before."));
    }
    let id = StreamId::parse(&made.made_id).ok_or_else(|| Failure::internal("an idempotency key made no stream"))?;
    Ok((id, Timestamp::from_millis(made.created_at)))
}

fn created(row: &StreamRow, cx: &Cx) -> Reply {
    let mut response = reply::json(201, &row.view(cx.now))?;
    response.headers_mut().set("location", &format!("/api/v1/streams/{}", row.id))?;
    Ok(response)
}

/// The source that a person publishes from; made with their first stream.
async fn default_source(cx: &Cx, db: &Db, caller: &Caller) -> Result<SourceId, Failure> {
    let fresh = SourceId::new(cx.now, entropy()?);
    Ok(d1::sources::default_of(db, caller.user_id, fresh, cx.now).await?)
}

/// `GET /api/v1/streams/{id}`
pub(crate) async fn read(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    cx.caller(&req)?;
    let row = find(&cx.db()?, stream).await?;
    reply::json(200, &with_live_figures(cx, row).await.view(clock()))
}

/// D1 has a live stream's figures as of the Room's last report; the Room has them as of now.
async fn with_live_figures(cx: &Cx, row: StreamRow) -> StreamRow {
    if row.status != StreamStatus::Live {
        return row;
    }
    match call::room(&cx.env, row.id, &Stats {}).await {
        Ok(figures) => row.with_figures(&figures),
        Err(failure) => {
            console_error!("{}: no figures: {:?}", row.id, failure.cause);
            row
        }
    }
}

/// `PATCH /api/v1/streams/{id}`
pub(crate) async fn update(mut req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let caller = cx.required_caller(&req)?;
    let db = cx.db()?;
    let mut row = managed(&db, &caller, stream).await?;
    let asked: UpdateStream = body::json(&mut req).await?;
    // Once more when someone else has changed it in between; their change and this one both hold then.
    for _ in 0..3 {
        let changed = streams::change(&row, asked.clone(), cx.now)?;
        if d1::streams::update(&db, &changed, row.updated_at).await? {
            call::room(&cx.env, stream, &Reload {}).await?;
            return reply::json(200, &with_live_figures(cx, changed).await.view(clock()));
        }
        row = find(&db, stream).await?;
    }
    Err(Failure::new(Code::Conflict, "The stream is being changed by others; try again."))
}

async fn find(db: &Db, stream: StreamId) -> Result<StreamRow, Failure> {
    d1::streams::find(db, stream).await?.ok_or_else(Failure::not_found)
}

/// A stream that the caller may change.
async fn managed(db: &Db, caller: &Caller, stream: StreamId) -> Result<StreamRow, Failure> {
    let row = find(db, stream).await?;
    if streams::may_manage(caller, &row) {
        Ok(row)
    } else {
        Err(Failure::new(Code::Forbidden, "The stream is someone else's."))
    }
}
