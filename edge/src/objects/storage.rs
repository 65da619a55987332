//! The object's own SQLite.

use spillway_room::sql::{Row, Sql, SqlError, Value};
use worker::{SqlStorage, SqlStorageValue};

/// Storage of an object.
pub(super) struct Storage(SqlStorage);

impl Storage {
    pub(super) fn of(state: &worker::State) -> Self {
        Self(state.storage().sql())
    }
}

impl Sql for Storage {
    fn exec(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, SqlError> {
        let params: Vec<_> = params.iter().map(bind).collect();
        let cursor = self.0.exec(statement, params).map_err(SqlError::new)?;
        cursor
            .raw()
            .map(|row| row.map_err(SqlError::new)?.into_iter().map(read).collect::<Result<_, _>>().map(Row))
            .collect()
    }
}

fn bind(value: &Value) -> SqlStorageValue {
    match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::Integer(*number),
        Value::Text(text) => SqlStorageValue::String(text.clone()),
    }
}

fn read(value: SqlStorageValue) -> Result<Value, SqlError> {
    match value {
        SqlStorageValue::Null => Ok(Value::Null),
        SqlStorageValue::Integer(number) => Ok(Value::Integer(number)),
        SqlStorageValue::String(text) => Ok(Value::Text(text)),
        SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_) | SqlStorageValue::Blob(_) => {
            Err(SqlError::new("a column of a type that is not used here"))
        }
    }
}
