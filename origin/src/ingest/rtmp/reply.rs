//! What the server says, written as chunks.

use bytes::{BufMut, Bytes, BytesMut};
use scuffle_amf0::encoder::Amf0Encoder;
use scuffle_rtmp::{
    chunk::{CHUNK_STREAM_ID_COMMAND, Chunk, writer::ChunkWriter},
    command_messages::{
        CommandResultLevel,
        netconnection::{NetConnectionCommand, NetConnectionCommandConnectResult},
        on_status::{OnStatus, OnStatusCode},
    },
    error::RtmpError,
    messages::MessageType,
    protocol_control_messages::{
        ProtocolControlMessageAcknowledgement, ProtocolControlMessageSetChunkSize,
        ProtocolControlMessageSetPeerBandwidth, ProtocolControlMessageSetPeerBandwidthLimitType,
        ProtocolControlMessageWindowAcknowledgementSize,
    },
    user_control_messages::EventMessageStreamBegin,
};

/// How many bytes go either way between acknowledgements, unless the peer says otherwise.
pub(crate) const WINDOW: u32 = 2_500_000;
const CHUNK_SIZE: u32 = 4_096;

/// Writes replies; what is written waits in it to be taken.
#[derive(Default)]
pub(crate) struct Replies {
    writer: ChunkWriter,
    out: Vec<u8>,
}

impl Replies {
    /// Where bytes may be written that are no chunks (the handshake).
    pub(crate) fn raw(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// What was written since the last time.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// The answer to `connect`.
    pub(crate) fn connected(&mut self, transaction: f64) -> Result<(), RtmpError> {
        ProtocolControlMessageWindowAcknowledgementSize { acknowledgement_window_size: WINDOW }
            .write(&mut self.out, &self.writer)?;
        ProtocolControlMessageSetPeerBandwidth {
            acknowledgement_window_size: WINDOW,
            limit_type: ProtocolControlMessageSetPeerBandwidthLimitType::Dynamic,
        }
        .write(&mut self.out, &self.writer)?;
        ProtocolControlMessageSetChunkSize { chunk_size: CHUNK_SIZE }.write(&mut self.out, &self.writer)?;
        self.writer.set_chunk_size(CHUNK_SIZE as usize);
        let mut payload = BytesMut::new().writer();
        NetConnectionCommand::ConnectResult(NetConnectionCommandConnectResult::default())
            .write(&mut payload, transaction)?;
        self.command(0, payload.into_inner().freeze())
    }

    /// Refuses `connect`.
    pub(crate) fn rejected(&mut self, transaction: f64) -> Result<(), RtmpError> {
        let mut payload = BytesMut::new().writer();
        let mut amf = Amf0Encoder::new(&mut payload);
        let encoded: Result<(), scuffle_amf0::Amf0Error> = (|| {
            amf.encode_string("_error")?;
            amf.encode_number(transaction)?;
            amf.encode_null()?;
            amf.serialize(status("error", "NetConnection.Connect.Rejected", "There is no such application."))
        })();
        encoded.map_err(scuffle_rtmp::command_messages::error::CommandError::from)?;
        self.command(0, payload.into_inner().freeze())
    }

    /// The answer to `createStream`.
    pub(crate) fn created(&mut self, transaction: f64, stream: u32) -> Result<(), RtmpError> {
        let mut payload = BytesMut::new().writer();
        NetConnectionCommand::CreateStreamResult { stream_id: f64::from(stream) }.write(&mut payload, transaction)?;
        self.command(0, payload.into_inner().freeze())
    }

    /// The answer to a command that has nothing to say; as an event by a name of its own, where one is customary.
    pub(crate) fn done(&mut self, transaction: f64, event: Option<&str>) -> Result<(), RtmpError> {
        let mut payload = BytesMut::new().writer();
        let mut amf = Amf0Encoder::new(&mut payload);
        let encoded: Result<(), scuffle_amf0::Amf0Error> = (|| {
            amf.encode_string(event.unwrap_or("_result"))?;
            amf.encode_number(if event.is_some() { 0.0 } else { transaction })?;
            amf.encode_null()?;
            amf.encode_undefined()
        })();
        encoded.map_err(scuffle_rtmp::command_messages::error::CommandError::from)?;
        self.command(0, payload.into_inner().freeze())
    }

    /// `StreamBegin` for a message stream.
    pub(crate) fn begin(&mut self, stream: u32) -> Result<(), RtmpError> {
        Ok(EventMessageStreamBegin { stream_id: stream }.write(&self.writer, &mut self.out)?)
    }

    /// `onStatus`, on the message stream that it is about: `rtmp2sink` waits for it there.
    pub(crate) fn status(&mut self, stream: u32, level: &str, code: &'static str, text: &str) -> Result<(), RtmpError> {
        let mut payload = BytesMut::new().writer();
        status(level, code, text).write(&mut payload, 0.0)?;
        self.command(stream, payload.into_inner().freeze())
    }

    /// How many bytes have come so far, modulo 2³².
    pub(crate) fn acknowledge(&mut self, received: u32) -> Result<(), RtmpError> {
        ProtocolControlMessageAcknowledgement { sequence_number: received }.write(&mut self.out, &self.writer)
    }

    /// The echo of a ping.
    pub(crate) fn pong(&mut self, time: [u8; 4]) -> Result<(), RtmpError> {
        let mut payload = BytesMut::with_capacity(6);
        payload.put_u16(7);
        payload.put_slice(&time);
        let chunk = Chunk::new(2, 0, MessageType::UserControlEvent, 0, payload.freeze());
        Ok(self.writer.write_chunk(&mut self.out, chunk)?)
    }

    fn command(&mut self, stream: u32, payload: Bytes) -> Result<(), RtmpError> {
        let chunk = Chunk::new(CHUNK_STREAM_ID_COMMAND, 0, MessageType::CommandAMF0, stream, payload);
        Ok(self.writer.write_chunk(&mut self.out, chunk)?)
    }
}

fn status<'a>(level: &str, code: &'static str, text: &'a str) -> OnStatus<'a> {
    let level = if level == "error" { CommandResultLevel::Error } else { CommandResultLevel::Status };
    OnStatus { code: OnStatusCode(code), description: Some(text.into()), level, others: None }
}
