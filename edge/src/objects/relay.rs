//! The Relay's shell.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use js_sys::{Function, Reflect};
use spillway_protocol::{
    problem::Problem,
    room::{BATCH_SUBPROTOCOL, CloseCode},
    time::Timestamp,
};
use spillway_room::{
    Failed,
    call::relay::{Down, Gate, Playlist, VISITOR_HEADER, Visitor},
    relay::{self, OpenRefused, Output, Socket, SocketId},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    WebSocketRequestResponsePair, console_error, durable_object,
};

use super::{
    alarm::Alarm,
    held::Held,
    name,
    reception::{Asked, answer, finish},
    storage::Storage,
    stream_of,
    waiting::Waiting,
};
use crate::{
    call::{self, Call},
    failure::Failure,
    shell::clock,
};

/// A Relay of a stream.
#[durable_object]
pub struct Relay {
    shell: Rc<Shell>,
}

struct Shell {
    state: State,
    env: Env,
    machine: Held<relay::Relay<Storage>>,
    sockets: RefCell<HashMap<SocketId, WebSocket>>,
    alarm: Alarm,
    /// Requests that wait until the Room has answered, and what it refused with.
    attaching: Waiting<Option<Problem>>,
}

impl DurableObject for Relay {
    fn new(state: State, env: Env) -> Self {
        if let Ok(pair) = WebSocketRequestResponsePair::new("ping", "pong") {
            state.set_websocket_auto_response(&pair);
        }
        Self {
            shell: Rc::new(Shell {
                state,
                env,
                machine: Held::empty(),
                sockets: RefCell::default(),
                alarm: Alarm::default(),
                attaching: Waiting::nobody(),
            }),
        }
    }

    async fn fetch(&self, req: Request) -> worker::Result<Response> {
        let answered = self.shell.answer(req).await;
        self.shell.pump();
        finish(answered)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.shell.alarm.rings();
        self.shell.restore()?;
        let pings = self.shell.pings();
        self.shell.machine.with(|relay| {
            relay.wake(pings, clock());
            Ok::<_, Failed>(())
        })?;
        self.shell.pump();
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        self.shell.restore()?;
        let Some(id) = self.shell.id(&socket) else { return Ok(()) };
        let done = self.shell.machine.with(|relay| match &message {
            WebSocketIncomingMessage::String(text) => relay.frame(id, text, clock()),
            WebSocketIncomingMessage::Binary(_) => {
                relay.binary(id);
                Ok(())
            }
        });
        // The socket's fate is in storage's hands now: it comes again.
        if done.is_err() {
            close(&socket, CloseCode::TryAgain);
        }
        self.shell.pump();
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _code: usize, _why: String, _clean: bool) -> worker::Result<()> {
        // Without an answer to its close, the other side would wait for the connection to end.
        let _ = socket.close(None, None::<&str>);
        self.shell.gone(&socket)
    }

    async fn websocket_error(&self, socket: WebSocket, _error: worker::Error) -> worker::Result<()> {
        self.shell.gone(&socket)
    }
}

impl Shell {
    async fn answer(self: &Rc<Self>, req: Request) -> Result<Response, Failure> {
        self.restore()?;
        if req.path() == "/socket" {
            return self.open(&req).await;
        }
        let asked = Asked::read(req).await?;
        match asked.name.as_str() {
            Down::NAME => {
                let call: Down = asked.words()?;
                answer(&self.machine.with(|relay| relay.down(call, clock()))?)
            }
            Playlist::NAME => {
                let call: Playlist = asked.words()?;
                self.ready().await?;
                answer(&self.machine.with(|relay| relay.playlist(&call, clock()))?)
            }
            Gate::NAME => {
                self.ready().await?;
                answer(&self.machine.with(|relay| relay.gate(clock()))?)
            }
            _ => Err(asked.unknown()),
        }
    }

    /// Restores the machine, with the sockets that have outlived it.
    fn restore(&self) -> Result<(), Failure> {
        if !self.machine.is_empty() {
            return Ok(());
        }
        let name = name(&self.state)?;
        let (mut sockets, mut kept) = (HashMap::new(), Vec::new());
        for socket in self.state.get_websockets() {
            let text = socket.deserialize_attachment::<String>().ok().flatten();
            match text.and_then(|text| serde_json::from_str::<Socket>(&text).ok()) {
                Some(attachment) => {
                    sockets.insert(attachment.id, socket);
                    kept.push(attachment);
                }
                None => close(&socket, CloseCode::TryAgain),
            }
        }
        *self.sockets.borrow_mut() = sockets;
        let relay = relay::Relay::restore(Storage::of(&self.state), stream_of(&name)?, name, kept);
        self.machine.put(relay.map_err(Failure::internal)?);
        Ok(())
    }

    /// Waits until the Room has answered, unless it has.
    async fn ready(self: &Rc<Self>) -> Result<(), Failure> {
        while !self.machine.with(|relay| Ok::<_, Failed>(relay.is_ready()))? {
            self.pump();
            if let Some(problem) = self.attaching.wait().await? {
                return Err(problem.into());
            }
        }
        Ok(())
    }

    async fn open(self: &Rc<Self>, req: &Request) -> Result<Response, Failure> {
        let headers = req.headers();
        let visitor = headers.get(VISITOR_HEADER)?.unwrap_or_default();
        let visitor: Visitor = serde_json::from_str(&visitor).map_err(Failure::internal)?;
        let offered = headers.get("sec-websocket-protocol")?.unwrap_or_default();
        let batch = offered.split(',').any(|name| name.trim() == BATCH_SUBPROTOCOL);
        self.ready().await?;
        let opened = self.machine.with(|relay| Ok::<_, Failed>(relay.open(visitor, batch, clock())))?;
        let socket = match opened {
            Ok(socket) => socket,
            Err(OpenRefused::Full) => return Ok(Response::empty()?.with_status(call::FULL)),
            Err(OpenRefused::NotEntitled) => return Ok(Response::empty()?.with_status(call::NOT_ENTITLED)),
            Err(OpenRefused::NotReady) => return Err(Failure::unavailable("the relay is not ready")),
        };
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_websocket_with_tags(&server, &[&socket.id.0.to_string()]);
        keep(&server, &socket)?;
        self.sockets.borrow_mut().insert(socket.id, server);
        let mut response = Response::from_websocket(client)?;
        if batch {
            response.headers_mut().set("sec-websocket-protocol", BATCH_SUBPROTOCOL)?;
        }
        Ok(response)
    }

    fn id(&self, socket: &WebSocket) -> Option<SocketId> {
        self.state.get_tags(socket).first()?.parse().ok().map(SocketId)
    }

    fn gone(self: &Rc<Self>, socket: &WebSocket) -> worker::Result<()> {
        self.restore()?;
        if let Some(id) = self.id(socket) {
            self.sockets.borrow_mut().remove(&id);
            let _ = self.machine.with(|relay| {
                relay.closed(id, clock());
                Ok::<_, Failed>(())
            });
        }
        self.pump();
        Ok(())
    }

    /// When each socket last sent a ping.
    fn pings(&self) -> Vec<(SocketId, Timestamp)> {
        let state: &JsValue = self.state.as_raw();
        let Ok(asks) = Reflect::get(state, &"getWebSocketAutoResponseTimestamp".into()) else { return Vec::new() };
        let Ok(asks) = asks.dyn_into::<Function>() else { return Vec::new() };
        let ping = |socket: &WebSocket| {
            let date: js_sys::Date = asks.call1(state, socket.as_ref()).ok()?.dyn_into().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
            let at = Timestamp::from_millis(date.get_time() as i64);
            Some(at)
        };
        self.sockets.borrow().iter().filter_map(|(id, socket)| Some((*id, ping(socket)?))).collect()
    }

    /// Does what the machine says is to be done.
    fn pump(self: &Rc<Self>) {
        let Ok(outputs) = self.machine.with(|relay| relay.poll(clock())) else { return };
        for output in outputs {
            match output {
                Output::Keep(socket) => {
                    if let Some(kept) = self.sockets.borrow().get(&socket.id)
                        && let Err(error) = keep(kept, &socket)
                    {
                        console_error!("an attachment was not kept: {:?}", error.cause);
                    }
                }
                Output::Send(to, text) => self.send(&to, &text),
                Output::Close(id, code) => {
                    if let Some(socket) = self.sockets.borrow_mut().remove(&id) {
                        close(&socket, code);
                    }
                }
                Output::Attach(call) => {
                    let shell = self.clone();
                    spawn_local(async move { shell.attach(&call).await });
                }
                Output::Replay(id, call) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let reply = shell.ask(&call).await.ok();
                        let _ = shell.machine.with(|relay| relay.replayed(id, reply, clock()));
                        shell.pump();
                    });
                }
                Output::Up(call) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let reply = shell.ask(&call).await;
                        if let Err(failure) = &reply {
                            console_error!("the Room did not hear: {:?}", failure.cause);
                        }
                        let _ = shell.machine.with(|relay| relay.heard(reply.ok(), clock()));
                        shell.pump();
                    });
                }
                Output::WakeAt(at) => self.alarm.by(at, &self.state),
            }
        }
    }

    async fn attach(self: &Rc<Self>, call: &spillway_room::call::room::Attach) {
        let refused = match self.ask(call).await {
            Ok(reply) => {
                let _ = self.machine.with(|relay| relay.attached(reply, clock()));
                None
            }
            Err(failure) => {
                // A Room that is not to be reached may be in a moment; one that is not there never will.
                let refused = failure.problem.status < 500;
                let _ = self.machine.with(|relay| {
                    relay.not_attached(refused, clock());
                    Ok::<_, Failed>(())
                });
                Some(*failure.problem)
            }
        };
        self.attaching.tell(&refused);
        self.pump();
    }

    async fn ask<C: Call<To = call::ToRoom>>(&self, call: &C) -> Result<C::Reply, Failure> {
        call::room(&self.env, stream_of(&name(&self.state)?)?, call).await
    }

    /// Sends one text to many: it becomes a JavaScript string once.
    fn send(&self, to: &[SocketId], text: &str) {
        let (text, sockets) = (JsValue::from_str(text), self.sockets.borrow());
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
}

fn keep(socket: &WebSocket, attachment: &Socket) -> Result<(), Failure> {
    let text = serde_json::to_string(attachment).map_err(Failure::internal)?;
    Ok(socket.serialize_attachment(text)?)
}

fn close(socket: &WebSocket, code: CloseCode) {
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
