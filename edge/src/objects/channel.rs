//! The Channel's shell.

use std::rc::Rc;

use spillway_protocol::ids::UserId;
use spillway_room::{
    call::channel::{Arm, Authorise, KeyVersion, RotateKey, StandingOf, StreamOver},
    channel::{self, Admitted, Output},
};
use wasm_bindgen_futures::spawn_local;
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::{
    alarm::Alarm,
    held::Held,
    moment, name,
    reception::{Asked, answer, finish},
    storage::Storage,
    waiting::Waiting,
};
use crate::{
    call::{self, Call},
    d1::{self, Db},
    failure::Failure,
    shell::{clock, secret},
};

/// The Channel of a creator.
#[durable_object(alarm)]
pub struct Channel {
    shell: Rc<Shell>,
}

struct Shell {
    state: State,
    env: Env,
    machine: Held<channel::Channel<Storage>>,
    alarm: Alarm,
    /// Requests that wait until a Room knows of a rotation.
    revoking: Waiting<()>,
}

impl DurableObject for Channel {
    fn new(state: State, env: Env) -> Self {
        let (machine, revoking) = (Held::empty(), Waiting::nobody());
        Self { shell: Rc::new(Shell { state, env, machine, alarm: Alarm::default(), revoking }) }
    }

    async fn fetch(&self, req: Request) -> worker::Result<Response> {
        let answered = self.shell.answer(req).await;
        self.shell.pump();
        finish(answered)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.shell.alarm.rings();
        self.shell.restore()?;
        self.shell.pump();
        Response::empty()
    }
}

impl Shell {
    async fn answer(self: &Rc<Self>, req: Request) -> Result<Response, Failure> {
        self.restore()?;
        let asked = Asked::read(req).await?;
        match asked.name.as_str() {
            KeyVersion::NAME => {
                let KeyVersion { source } = asked.words()?;
                answer(&self.machine.with(|channel| channel.key_version(source))?)
            }
            RotateKey::NAME => {
                let RotateKey { source } = asked.words()?;
                let version = self.machine.with(|channel| channel.rotate_key(source))?;
                self.pump();
                while self.machine.with(|channel| channel.is_revoking(source))? {
                    // Later is late, not lost: the alarm goes on trying.
                    if self.revoking.wait().await.is_err() {
                        break;
                    }
                }
                answer(&version)
            }
            Arm::NAME => {
                let call: Arm = asked.words()?;
                answer(&self.machine.with(|channel| channel.arm(&call))?)
            }
            Authorise::NAME => {
                let (call, at): (Authorise, _) = (asked.words()?, moment()?);
                let secret = secret(&self.env, "STREAM_KEY_SECRET")?;
                let Admitted { authorised, to_make } =
                    self.machine.with(|channel| channel.authorise(&call, &secret, at))?;
                if let Some(new) = to_make {
                    d1::streams::open(&Db::of(&self.env)?, &new, clock()).await?;
                    self.machine.with(|channel| channel.made(new.id))?;
                }
                answer(&authorised)
            }
            StreamOver::NAME => {
                let call: StreamOver = asked.words()?;
                answer(&self.machine.with(|channel| channel.stream_over(&call, clock()))?)
            }
            StandingOf::NAME => {
                let StandingOf { user } = asked.words()?;
                answer(&self.machine.with(|channel| channel.standing_of(user, clock()))?)
            }
            _ => Err(asked.unknown()),
        }
    }

    fn restore(&self) -> Result<(), Failure> {
        if self.machine.is_empty() {
            let name = name(&self.state)?;
            let creator = UserId::parse(&name).ok_or_else(|| Failure::internal(format!("not a creator: {name}")))?;
            let channel = channel::Channel::open(Storage::of(&self.state), creator).map_err(Failure::internal)?;
            self.machine.put(channel);
        }
        Ok(())
    }

    /// Does what the machine says is to be done.
    fn pump(self: &Rc<Self>) {
        let Ok(outputs) = self.machine.with(|channel| channel.poll(clock())) else { return };
        for output in outputs {
            match output {
                Output::Revoke(stream, revoke) => {
                    let shell = self.clone();
                    spawn_local(async move {
                        let heard = call::room(&shell.env, stream, &revoke).await.is_ok();
                        let _ = shell.machine.with(|channel| channel.revoked(&revoke, heard, clock()));
                        shell.revoking.tell(&());
                        shell.pump();
                    });
                }
                Output::WakeAt(at) => self.alarm.by(at, &self.state),
            }
        }
    }
}
