//! The data in D1, a module an aggregate. Statements are constants; what comes from outside is bound, never written into them.

pub(crate) mod idempotency;
pub(crate) mod people;
pub(crate) mod sessions;
pub(crate) mod sources;
pub(crate) mod streams;

use std::time::Duration;

use serde::de::DeserializeOwned;
use spillway_protocol::{ids, time::Timestamp};
use worker::{D1Database, D1PreparedStatement, D1Result, Env, wasm_bindgen::JsValue};

use crate::{
    asking::{self, Twice, within},
    failure::Failure,
};

/// How long D1 may take over one call.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Why D1 did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    /// It did not answer in time; whether it did what it was asked is not known.
    #[error("D1 did not answer within {} s", TIME_LIMIT.as_secs())]
    Timeout,
    /// A row with the same value in these columns (`table.column`) is there already; nothing was changed.
    #[error("already there: {0}")]
    Taken(String),
    /// Anything else.
    #[error("D1: {0}")]
    Failed(String),
}

impl From<worker::Error> for DataError {
    fn from(error: worker::Error) -> Self {
        let text = match &error {
            worker::Error::D1(error) => format!("{error:?}"),
            error => error.to_string(),
        };
        match text.split_once("UNIQUE constraint failed: ") {
            Some((_, rest)) => {
                let columns = rest.split([':', '"', '\n']).next().unwrap_or_default();
                Self::Taken(columns.trim().to_owned())
            }
            None => Self::Failed(text),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Timeout => Self::unavailable(error),
            DataError::Taken(_) | DataError::Failed(_) => Self::internal(error),
        }
    }
}

/// The database.
pub(crate) struct Db(D1Database);

impl Db {
    /// The database of these bindings.
    pub(crate) fn of(env: &Env) -> Result<Self, DataError> {
        Ok(Self(env.d1("DB")?))
    }

    /// A statement with its values.
    fn statement(&self, sql: &'static str, values: &[Value]) -> Result<D1PreparedStatement, DataError> {
        let values: Vec<JsValue> = values.iter().map(|v| v.0.clone()).collect();
        Ok(self.0.prepare(sql).bind(&values)?)
    }

    /// All rows.
    async fn all<T: DeserializeOwned>(&self, sql: &'static str, values: &[Value]) -> Result<Vec<T>, DataError> {
        let statement = self.statement(sql, values)?;
        Ok(told(Twice::Harmless, || statement.all()).await?.results()?)
    }

    /// The first row.
    async fn first<T: DeserializeOwned>(&self, sql: &'static str, values: &[Value]) -> Result<Option<T>, DataError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Changes rows; how many it were. Told twice it must change no more, but it may count none then.
    async fn change(&self, twice: Twice, sql: &'static str, values: &[Value]) -> Result<usize, DataError> {
        let statement = self.statement(sql, values)?;
        changes(&told(twice, || statement.run()).await?)
    }

    /// All of these or none: D1 runs a batch in a transaction, which an error rolls back (but an UPDATE of no row is none).
    async fn batch(&self, twice: Twice, statements: &[D1PreparedStatement]) -> Result<Vec<D1Result>, DataError> {
        told(twice, || self.0.batch(statements.to_vec())).await
    }
}

/// Has D1 do something, within the time limit.
async fn told<T, W: Future<Output = worker::Result<T>>>(twice: Twice, work: impl Fn() -> W) -> Result<T, DataError> {
    let unheard = |error: &DataError| !matches!(error, DataError::Taken(_));
    asking::ask(twice, unheard, async || Ok(within(TIME_LIMIT, work()).await.map_err(|_| DataError::Timeout)??)).await
}

fn changes(result: &D1Result) -> Result<usize, DataError> {
    Ok(result.meta()?.and_then(|meta| meta.changes).unwrap_or(0))
}

/// A value to bind.
struct Value(JsValue);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(JsValue::from_str(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self(JsValue::from_str(text))
    }
}

impl From<i64> for Value {
    /// D1 takes numbers as JavaScript has them; times and money stay well within 2^53.
    #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
    fn from(number: i64) -> Self {
        Self(JsValue::from_f64(number as f64))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self(JsValue::from_f64(f64::from(number)))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self(JsValue::from_f64(f64::from(u8::from(flag))))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        time.millis().into()
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(JsValue::NULL), Into::into)
    }
}

macro_rules! bind_ids {
    ($($id:ty),*) => {
        $(impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self(JsValue::from_str(&id.to_string()))
            }
        })*
    };
}

bind_ids!(ids::UserId, ids::StreamId, ids::SourceId, ids::SessionId);

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::d1::Value::from($value)),*] };
}

use values;
