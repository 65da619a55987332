//! The Room's shell.

use std::rc::Rc;

use spillway_protocol::{link::LinkDown, media::Epoch, time::Timestamp};
use spillway_room::{
    call::room::{Attach, Cancel, Chat, Claim, End, Figures, History, Reload, Replay, Revoke, Stats, Up},
    room::{self, Facts, LinkRefused, Mirror, Output},
};
use wasm_bindgen_futures::spawn_local;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair, console_error,
    durable_object,
};

use super::{
    alarm::Alarm,
    held::Held,
    moment, name,
    reception::{Asked, answer, finish},
    storage::Storage,
    stream_of,
    waiting::Waiting,
};
use crate::{
    call::{self, Call, RelayName},
    d1::{self, Db},
    failure::Failure,
    shell::clock,
    streams::StreamRow,
};

/// The Room of a stream.
#[durable_object]
pub struct Room {
    shell: Rc<Shell>,
}

struct Shell {
    state: State,
    env: Env,
    machine: Held<room::Room<Storage>>,
    alarm: Alarm,
    /// Requests that wait until D1 and the Channel know of a change.
    settling: Waiting<()>,
}

impl DurableObject for Room {
    fn new(state: State, env: Env) -> Self {
        let (machine, settling) = (Held::empty(), Waiting::nobody());
        Self { shell: Rc::new(Shell { state, env, machine, alarm: Alarm::default(), settling }) }
    }

    async fn fetch(&self, req: Request) -> worker::Result<Response> {
        let answered = self.shell.answer(req).await;
        self.shell.pump();
        finish(answered)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.shell.alarm.rings();
        self.shell.restore().await?;
        self.shell.pump();
        Response::empty()
    }

    async fn websocket_message(&self, link: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        self.shell.link_frame(&link, message).await;
        self.shell.pump();
        Ok(())
    }

    async fn websocket_close(&self, link: WebSocket, _code: usize, _why: String, _clean: bool) -> worker::Result<()> {
        // A publisher that is not heard any more is given up in its time.
        let _ = link.close(None, None::<&str>);
        Ok(())
    }

    async fn websocket_error(&self, _link: WebSocket, _error: worker::Error) -> worker::Result<()> {
        Ok(())
    }
}

impl Shell {
    async fn answer(self: &Rc<Self>, req: Request) -> Result<Response, Failure> {
        self.restore().await?;
        if let Some(epoch) = req.path().strip_prefix("/link/") {
            return self.open_link(Epoch(epoch.parse().map_err(Failure::internal)?));
        }
        let asked = Asked::read(req).await?;
        let now = clock();
        match asked.name.as_str() {
            Claim::NAME => {
                let call: Claim = asked.words()?;
                answer(&self.machine.with(|room| room.claim(&call, now))?)
            }
            Revoke::NAME => {
                let call: Revoke = asked.words()?;
                answer(&self.machine.with(|room| room.revoke(&call, now))?)
            }
            End::NAME => {
                let figures = self.machine.with(|room| room.end(now))?;
                self.settled(figures).await
            }
            Cancel::NAME => {
                let figures = self.machine.with(|room| room.cancel(now))?;
                self.settled(figures).await
            }
            Stats::NAME => answer(&self.machine.with(|room| Ok::<_, spillway_room::Failed>(room.stats(now)))?),
            Chat::NAME => {
                let (call, at): (Chat, _) = (asked.words()?, moment()?);
                answer(&self.machine.with(|room| room.chat(call, at))?)
            }
            History::NAME => {
                let call: History = asked.words()?;
                answer(&self.machine.with(|room| room.history(&call))?)
            }
            Attach::NAME => {
                let call: Attach = asked.words()?;
                answer(&self.machine.with(|room| room.attach(&call, now))?)
            }
            Replay::NAME => {
                let call: Replay = asked.words()?;
                answer(&self.machine.with(|room| room.replay(&call))?)
            }
            Up::NAME => {
                let (call, at): (Up, _) = (asked.words()?, moment()?);
                answer(&self.machine.with(|room| room.up(call, at))?)
            }
            Reload::NAME => {
                let facts = self.facts().await?;
                answer(&self.machine.with(|room| room.reload(facts, clock()))?)
            }
            _ => Err(asked.unknown()),
        }
    }

    /// Restores the machine, or makes it of what D1 knows.
    async fn restore(&self) -> Result<(), Failure> {
        if !self.machine.is_empty() {
            return Ok(());
        }
        if let Some(room) = room::Room::restore(Storage::of(&self.state)).map_err(Failure::internal)? {
            self.machine.put(room);
            return Ok(());
        }
        let (stream, facts) = (stream_of(&name(&self.state)?)?, self.facts().await?);
        // Someone else may have made it meanwhile.
        if self.machine.is_empty() {
            let room = room::Room::create(Storage::of(&self.state), stream, facts, moment()?);
            self.machine.put(room.map_err(Failure::internal)?);
        }
        Ok(())
    }

    async fn facts(&self) -> Result<Facts, Failure> {
        let stream = stream_of(&name(&self.state)?)?;
        let row = d1::streams::find(&Db::of(&self.env)?, stream).await?;
        row.as_ref().map(StreamRow::facts).ok_or_else(Failure::not_found)
    }

    /// Answers once D1 shows the change and the Channel has heard of it, so that what follows finds them so.
    async fn settled(self: &Rc<Self>, figures: Figures) -> Result<Response, Failure> {
        self.pump();
        while !self.machine.with(|room| Ok::<_, spillway_room::Failed>(room.is_settled(clock())))? {
            // Later is late, not lost: the alarm goes on trying.
            if self.settling.wait().await.is_err() {
                break;
            }
        }
        answer(&figures)
    }

    fn open_link(&self, epoch: Epoch) -> Result<Response, Failure> {
        let opened = self.link(|room, now| room.link_opened(epoch, now)).map_err(|refused| match refused {
            Some(LinkRefused::NoSuchEpoch) => Failure::not_found(),
            refused => Failure::internal(format!("a link was refused: {refused:?}")),
        })?;
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_websocket_with_tags(&server, &[&epoch.0.to_string()]);
        for frame in opened {
            server.send(&frame)?;
        }
        Ok(Response::from_websocket(client)?)
    }

    async fn link_frame(&self, link: &WebSocket, message: WebSocketIncomingMessage) {
        let epoch = self.state.get_tags(link).first().and_then(|tag| tag.parse().ok()).map(Epoch);
        let restored = self.restore().await.is_ok();
        let answered = match (message, epoch) {
            (WebSocketIncomingMessage::String(text), Some(epoch)) if restored => {
                self.link(|room, now| room.link_frame(epoch, &text, now))
            }
            _ => Err(None),
        };
        let done = match answered {
            Ok(frames) => frames.iter().try_for_each(|frame| link.send(frame)),
            // The origin comes again, and goes on at what is stored.
            Err(refused) => {
                console_error!("origin link: {refused:?}");
                link.close(Some(1011), Some("open another link"))
            }
        };
        if let Err(error) = done {
            console_error!("origin link: {error}");
        }
    }

    /// Hands something of a link to the machine. `None` is a failure that is not the link's.
    fn link<T>(
        &self,
        act: impl FnOnce(&mut room::Room<Storage>, Timestamp) -> Result<T, LinkRefused>,
    ) -> Result<T, Option<LinkRefused>> {
        let done = self.machine.with(|room| match act(room, clock()) {
            Err(LinkRefused::Storage(error)) => Err(error),
            done => Ok(done),
        });
        done.map_err(|_| None)?.map_err(Some)
    }

    /// Does what the machine says is to be done.
    fn pump(self: &Rc<Self>) {
        let Ok(outputs) = self.machine.with(|room| room.poll(clock())) else { return };
        for output in outputs {
            match output {
                Output::Stop(epoch, reason) => {
                    for link in self.state.get_websockets_with_tag(&epoch.0.to_string()) {
                        // One that is closed already needs no stop.
                        let _ = link.send(&LinkDown::Stop { reason });
                    }
                }
                Output::Down(relay, down) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let reply = match RelayName::parse(&relay) {
                            Some(name) => call::relay(&shell.env, &name, &*down).await.ok(),
                            None => None,
                        };
                        let _ =
                            shell.machine.with(|room| room.relay_answered(&relay, down.token, reply.as_ref(), clock()));
                        shell.pump();
                    });
                }
                Output::Mirror(mirror) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let done = shell.write(&mirror).await;
                        if let Err(failure) = &done {
                            console_error!("D1 was not told: {:?}", failure.cause);
                        }
                        let _ = shell.machine.with(|room| room.mirrored(mirror, done.is_ok(), clock()));
                        shell.settling.tell(&());
                        shell.pump();
                    });
                }
                Output::TellChannel(over) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let creator = shell.machine.with(|room| Ok::<_, spillway_room::Failed>(room.creator()));
                        let Ok(creator) = creator else { return };
                        let heard = call::channel(&shell.env, creator, &over).await.is_ok();
                        let _ = shell.machine.with(|room| room.channel_told(heard, clock()));
                        shell.settling.tell(&());
                        shell.pump();
                    });
                }
                Output::WakeAt(at) => self.alarm.by(at, &self.state),
            }
        }
    }

    async fn write(&self, mirror: &Mirror) -> Result<(), Failure> {
        let stream = stream_of(&name(&self.state)?)?;
        Ok(d1::streams::record(&Db::of(&self.env)?, stream, mirror, clock()).await?)
    }
}
