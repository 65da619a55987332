//! A Relay's open sockets: what the runtime knows of each, and what is sent on it.

use std::{cell::RefCell, collections::HashMap};

use js_sys::{Date, Function, Reflect};
use spillway_protocol::{room::CloseCode, time::Timestamp};
use spillway_room::relay::{Socket, SocketId};
use wasm_bindgen::{JsCast, JsValue};
use worker::{State, WebSocket};

use crate::failure::Failure;

/// The sockets by their ids.
#[derive(Default)]
pub(super) struct Sockets(RefCell<HashMap<SocketId, WebSocket>>);

impl Sockets {
    /// Takes up the sockets that have outlived the object's memory; what was kept with each. One without is closed.
    pub(super) fn restore(&self, state: &State) -> Vec<Socket> {
        let (mut sockets, mut kept) = (HashMap::new(), Vec::new());
        for socket in state.get_websockets() {
            let text = socket.deserialize_attachment::<String>().ok().flatten();
            match text.and_then(|text| serde_json::from_str::<Socket>(&text).ok()) {
                Some(attachment) => {
                    sockets.insert(attachment.id, socket);
                    kept.push(attachment);
                }
                None => close(&socket, CloseCode::TryAgain),
            }
        }
        *self.0.borrow_mut() = sockets;
        kept
    }

    /// Accepts a socket, which may sleep.
    pub(super) fn accept(&self, state: &State, socket: WebSocket, attachment: &Socket) -> Result<(), Failure> {
        state.accept_websocket_with_tags(&socket, &[&attachment.id.0.to_string()]);
        keep(&socket, attachment)?;
        self.0.borrow_mut().insert(attachment.id, socket);
        Ok(())
    }

    /// Which one it is.
    pub(super) fn id(state: &State, socket: &WebSocket) -> Option<SocketId> {
        state.get_tags(socket).first()?.parse().ok().map(SocketId)
    }

    /// Keeps this with the socket, if it is still there.
    pub(super) fn keep(&self, attachment: &Socket) -> Result<(), Failure> {
        self.0.borrow().get(&attachment.id).map_or(Ok(()), |socket| keep(socket, attachment))
    }

    /// It is gone.
    pub(super) fn forget(&self, id: SocketId) {
        self.0.borrow_mut().remove(&id);
    }

    /// Closes a socket.
    pub(super) fn close(&self, id: SocketId, code: CloseCode) {
        if let Some(socket) = self.0.borrow_mut().remove(&id) {
            close(&socket, code);
        }
    }

    /// Sends one text to many: it becomes a JavaScript string once.
    pub(super) fn send(&self, to: &[SocketId], text: &str) {
        let (text, sockets) = (JsValue::from_str(text), self.0.borrow());
        let mut send: Option<Function> = None;
        for socket in to.iter().filter_map(|id| sockets.get(id)) {
            let socket: &JsValue = socket.as_ref();
            if send.is_none() {
                send = Reflect::get(socket, &"send".into()).ok().and_then(|send| send.dyn_into().ok());
            }
            // One that is closing is told nothing more; its end is on the way.
            let _ = send.as_ref().map(|send| send.call1(socket, &text));
        }
    }

    /// When each socket last sent a ping.
    pub(super) fn pings(&self, state: &State) -> Vec<(SocketId, Timestamp)> {
        let state: &JsValue = state.as_raw();
        let Ok(asks) = Reflect::get(state, &"getWebSocketAutoResponseTimestamp".into()) else { return Vec::new() };
        let Ok(asks) = asks.dyn_into::<Function>() else { return Vec::new() };
        let ping = |socket: &WebSocket| {
            let date: Date = asks.call1(state, socket.as_ref()).ok()?.dyn_into().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
            let at = Timestamp::from_millis(date.get_time() as i64);
            Some(at)
        };
        self.0.borrow().iter().filter_map(|(id, socket)| Some((*id, ping(socket)?))).collect()
    }
}

fn keep(socket: &WebSocket, attachment: &Socket) -> Result<(), Failure> {
    let text = serde_json::to_string(attachment).map_err(Failure::internal)?;
    Ok(socket.serialize_attachment(text)?)
}

/// Closes a socket, saying why.
pub(super) fn close(socket: &WebSocket, code: CloseCode) {
    let reason = match code {
        CloseCode::Malformed => "not a frame of this protocol",
        CloseCode::Unauthorized => "bad or expired token",
        CloseCode::Removed => "not let in",
        CloseCode::Idle => "silent for too long",
        CloseCode::TooLarge => "frame too large",
        CloseCode::TooFast => "too fast",
        CloseCode::TryAgain => "try again",
    };
    // One that is closed already stays so.
    let _ = socket.close(Some(code.code()), Some(reason));
}
