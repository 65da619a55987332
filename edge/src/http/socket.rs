//! The room's socket: who opens it, and to which Relay it goes.

use spillway_protocol::{
    ids::StreamId,
    problem::Code,
    room::{CloseCode, You},
};
use spillway_room::call::relay::{VISITOR_HEADER, Visitor};
use worker::{Request, Response, WebSocketPair};

use super::join::{find, member};
use crate::{
    auth::Caller,
    call::{self, RelayName, ToRelay},
    d1,
    failure::Failure,
    rooms,
    shell::{Cx, Reply},
};

/// Relays near one place that are tried before a viewer is sent away.
const RELAYS: u32 = 64;

/// `GET /room/{id}`
pub(crate) async fn connect(req: Request, cx: &Cx, stream: StreamId) -> Reply {
    let upgrade = req.headers().get("upgrade")?.unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(Failure::new(Code::Malformed, "This is a WebSocket: ask for an upgrade."));
    }
    let caller = match caller(&req, cx, stream).await {
        Ok(caller) => caller,
        // A browser learns nothing of a refused upgrade, but it is told a close code.
        Err(failure) if failure.problem.status == 401 => return closed(CloseCode::Unauthorized),
        Err(failure) => return Err(failure),
    };
    let fingerprint = fingerprint(&req, stream)?;
    let mut visitor = Visitor { you: None, is_subscriber: false, entitled: false, fingerprint };
    if let Some(caller) = caller {
        let row = find(cx, stream).await?;
        let member = member(cx, &row, caller).await?;
        if member.standing.banned {
            return closed(CloseCode::Removed);
        }
        visitor.entitled = member.is_entitled();
        let (user_id, username, role) = (member.caller.user_id, member.caller.username, member.standing.role);
        visitor.you = Some(You { user_id, username, role });
    }
    let mut relay = RelayName::near_request(stream, &req);
    while relay.index < RELAYS {
        let head = Some((VISITOR_HEADER, &visitor));
        let response = call::upgrade::<ToRelay, _>(&cx.env, &relay, &req, "socket", head).await?;
        match response.status_code() {
            call::FULL => relay = relay.next(),
            call::NOT_ENTITLED => return closed(CloseCode::Removed),
            _ => return Ok(response),
        }
    }
    closed(CloseCode::TryAgain)
}

/// Who opens the socket: by the proof that `join` put into the URL, or by an access token; `None` for an anonymous reader.
async fn caller(req: &Request, cx: &Cx, stream: StreamId) -> Result<Option<Caller>, Failure> {
    let url = req.url()?;
    let Some((_, proof)) = url.query_pairs().find(|(name, _)| name == "proof") else { return cx.caller(req) };
    let bad = || Failure::new(Code::TokenInvalid, "The proof in the URL is not good; join again.");
    let proof = rooms::chat_proof(&cx.secret("PROOF_SECRET")?, stream, &proof, cx.now).map_err(|_| bad())?;
    let person = d1::people::by_id(&cx.db()?, proof.subject).await?.ok_or_else(bad)?;
    Ok(Some(person.caller()))
}

/// Whose player and whose socket are the same viewer's.
fn fingerprint(req: &Request, stream: StreamId) -> Result<String, Failure> {
    let headers = req.headers();
    let address = headers.get("cf-connecting-ip")?.unwrap_or_default();
    let user_agent = headers.get("user-agent")?.unwrap_or_default();
    Ok(call::fingerprint(stream, &address, &user_agent))
}

/// Opens a socket only to say why it is closed.
fn closed(code: CloseCode) -> Reply {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.close(Some(code.code()), None::<&str>)?;
    Ok(Response::from_websocket(client)?)
}
