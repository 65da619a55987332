//! The Relay's shell.

mod sockets;

use std::{rc::Rc, time::Duration};

use serde::Serialize;
use spillway_protocol::{
    problem::Problem,
    room::{BATCH_SUBPROTOCOL, CloseCode},
    time::Timestamp,
};
use spillway_room::{
    Failed,
    call::relay::{Await, Down, Gate, Playlist, VISITOR_HEADER, Visitor},
    relay::{self, Answer, OpenRefused, Output},
};
use wasm_bindgen_futures::spawn_local;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    WebSocketRequestResponsePair, console_error, durable_object,
};

use self::sockets::Sockets;
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
    sockets: Sockets,
    alarm: Alarm,
    /// Requests that wait until the Room has answered, and what it refused with.
    attaching: Waiting<Option<Problem>>,
    /// Requests that wait for what is not listed yet.
    news: Waiting<()>,
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
                sockets: Sockets::default(),
                alarm: Alarm::default(),
                attaching: Waiting::nobody(),
                news: Waiting::nobody(),
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
        let pings = self.shell.sockets.pings(&self.shell.state);
        self.shell.machine.with(|relay| {
            relay.wake(pings, clock());
            Ok::<_, Failed>(())
        })?;
        self.shell.pump();
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        self.shell.restore()?;
        let Some(id) = Sockets::id(&self.shell.state, &socket) else { return Ok(()) };
        let done = self.shell.machine.with(|relay| match &message {
            WebSocketIncomingMessage::String(text) => relay.frame(id, text, clock()),
            WebSocketIncomingMessage::Binary(_) => {
                relay.binary(id);
                Ok(())
            }
        });
        // The socket's fate is in storage's hands now: it comes again.
        if done.is_err() {
            sockets::close(&socket, CloseCode::TryAgain);
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
                let news = call.timeline.is_some() || call.view.is_some();
                let reply = self.machine.with(|relay| relay.down(call, clock()))?;
                if news {
                    self.news.tell(&());
                }
                answer(&reply)
            }
            Playlist::NAME => {
                let call: Playlist = asked.words()?;
                self.held(|relay, since, now| relay.playlist(&call, since, now)).await
            }
            Await::NAME => {
                let call: Await = asked.words()?;
                self.held(|relay, since, now| relay.part(&call, since, now)).await
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
        let kept = self.sockets.restore(&self.state);
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

    /// Asks the machine until it has an answer: at once, and whenever there is news.
    async fn held<T: Serialize>(
        self: &Rc<Self>,
        ask: impl Fn(&mut relay::Relay<Storage>, Timestamp, Timestamp) -> Result<Answer<T>, Failed>,
    ) -> Result<Response, Failure> {
        self.ready().await?;
        let since = clock();
        loop {
            // It may have been thrown away meanwhile.
            self.restore()?;
            let until = match self.machine.with(|relay| ask(relay, since, clock()))? {
                Answer::Now(reply) => return answer(&reply),
                Answer::Later(until) => until,
            };
            // Who asks is counted.
            self.pump();
            let wait = Duration::from_millis(until.since(clock()).unsigned_abs());
            self.news.wait_for(wait.max(Duration::from_millis(1))).await?;
        }
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
        self.sockets.accept(&self.state, server, &socket)?;
        let mut response = Response::from_websocket(client)?;
        if batch {
            response.headers_mut().set("sec-websocket-protocol", BATCH_SUBPROTOCOL)?;
        }
        Ok(response)
    }

    fn gone(self: &Rc<Self>, socket: &WebSocket) -> worker::Result<()> {
        self.restore()?;
        if let Some(id) = Sockets::id(&self.state, socket) {
            self.sockets.forget(id);
            let _ = self.machine.with(|relay| {
                relay.closed(id, clock());
                Ok::<_, Failed>(())
            });
        }
        self.pump();
        Ok(())
    }

    /// Does what the machine says is to be done.
    fn pump(self: &Rc<Self>) {
        let Ok(outputs) = self.machine.with(|relay| relay.poll(clock())) else { return };
        for output in outputs {
            match output {
                Output::Keep(socket) => {
                    if let Err(error) = self.sockets.keep(&socket) {
                        console_error!("an attachment was not kept: {:?}", error.cause);
                    }
                }
                Output::Send(to, text) => self.sockets.send(&to, &text),
                Output::Close(id, code) => self.sockets.close(id, code),
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
}
