//! Storage: an object's own SQLite. The same statements run on `rusqlite` in tests.

use serde::{Serialize, de::DeserializeOwned};

/// Runs statements on one database that nobody else writes to.
pub trait Sql {
    /// Runs one statement with its `?` parameters; the rows that it gives.
    fn exec(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, SqlError>;
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number that a double can hold.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row that a statement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The number in a column.
    pub fn integer(&self, column: usize) -> Result<i64, SqlError> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => Err(SqlError::new(format!("column {column} is not a number"))),
        }
    }

    /// The number in a column, when it is not negative.
    pub fn unsigned(&self, column: usize) -> Result<u64, SqlError> {
        u64::try_from(self.integer(column)?).map_err(SqlError::new)
    }

    /// The text in a column.
    pub fn text(&self, column: usize) -> Result<&str, SqlError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(SqlError::new(format!("column {column} is not text"))),
        }
    }

    /// The JSON in a column.
    pub fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, SqlError> {
        serde_json::from_str(self.text(column)?).map_err(SqlError::new)
    }
}

/// Storage failed, or holds what this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("storage: {0}")]
pub struct SqlError(String);

impl SqlError {
    /// From what the database said.
    pub fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// What an object keeps besides its tables: a JSON document a name.
pub(crate) trait Docs: Sql {
    /// Whether anything was ever stored here.
    fn is_set_up(&self) -> Result<bool, SqlError> {
        let found = self.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'docs'", &[])?;
        Ok(!found.is_empty())
    }

    /// Makes the tables, `docs` last: with it, all are there.
    fn set_up(&self, tables: &[&str]) -> Result<(), SqlError> {
        for table in tables {
            self.exec(table, &[])?;
        }
        self.exec("CREATE TABLE IF NOT EXISTS docs (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT", &[])?;
        Ok(())
    }

    /// The document of a name.
    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SqlError> {
        let rows = self.exec("SELECT doc FROM docs WHERE name = ?", &[name.into()])?;
        rows.first().map(|row| row.json(0)).transpose()
    }

    /// Keeps a document in place of an older one.
    fn store<T: Serialize>(&self, name: &str, doc: &T) -> Result<(), SqlError> {
        let statement =
            "INSERT INTO docs (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc";
        self.exec(statement, &[name.into(), to_json(doc)?.into()])?;
        Ok(())
    }
}

impl<S: Sql + ?Sized> Docs for S {}

pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(SqlError::new)
}
