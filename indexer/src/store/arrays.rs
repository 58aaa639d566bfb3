//! Rows as arrays of columns, in the wire's own form: a statement takes any number of them
//! with one parameter a column, and what is ready is sent without another look.

use sqlx::{
    AssertSqlSafe, Encode, PgConnection, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo},
    query::Query,
};

use super::{
    Column,
    record::{Record, Sink, names, unnested},
};

/// Object id of `text`, which the wire's arrays name.
const TEXT: i32 = 25;

/// The wire's mark of an element that is NULL.
const NULL: i32 = -1;

/// The values of a column: an array of texts, each as Postgres reads its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Each with its length before it.
    bytes: Vec<u8>,
    count: i32,
}

impl Texts {
    /// Adds a value; `text` is scratch space.
    fn push(&mut self, value: &impl Column, text: &mut String) {
        text.clear();
        // No value is longer than the wire can tell: the database would refuse it.
        let length = match value.write(text) {
            true => i32::try_from(text.len()).unwrap_or(i32::MAX),
            false => NULL,
        };
        self.bytes.extend(length.to_be_bytes());
        if length != NULL {
            self.bytes.extend_from_slice(text.as_bytes());
        }
        self.count = self.count.saturating_add(1);
    }
}

impl Type<Postgres> for Texts {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Texts {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // One dimension, which may hold NULLs, from 1 on (`array_recv` in `arrayfuncs.c`).
        for word in [1, 1, TEXT, self.count, 1] {
            buf.extend(word.to_be_bytes());
        }
        buf.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }
}

/// Rows, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    columns: Vec<Texts>,
    rows: usize,
}

/// Takes the values of a row.
struct Row<'a> {
    columns: &'a mut Vec<Texts>,
    next: usize,
    text: String,
}

impl Sink for Row<'_> {
    fn field(&mut self, value: &impl Column) {
        if self.columns.len() <= self.next {
            self.columns.push(Texts::default());
        }
        if let Some(column) = self.columns.get_mut(self.next) {
            column.push(value, &mut self.text);
        }
        self.next = self.next.saturating_add(1);
    }
}

impl Columns {
    /// The columns of these rows.
    pub fn of<'a, R: Record + 'a>(rows: impl IntoIterator<Item = &'a R>) -> Self {
        let mut all = Self::default();
        let mut row = Row {
            columns: &mut all.columns,
            next: 0,
            text: String::new(),
        };
        for record in rows {
            row.next = 0;
            record.write(&mut row);
            all.rows = all.rows.saturating_add(1);
        }
        all
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The first column; none of rows that are none.
    pub(super) fn first(&self) -> Texts {
        self.columns.first().cloned().unwrap_or_default()
    }

    /// A statement with a parameter for each column.
    pub(super) fn query(&self, sql: String) -> Query<'_, Postgres, sqlx::postgres::PgArguments> {
        self.columns
            .iter()
            .fold(sqlx::query(AssertSqlSafe(sql)), Query::bind)
    }

    /// Runs a statement over the rows, which are given by [`unnested`].
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn execute(
        &self,
        connection: &mut PgConnection,
        sql: String,
    ) -> Result<u64, sqlx::Error> {
        if self.rows == 0 {
            return Ok(0);
        }
        Ok(self.query(sql).execute(connection).await?.rows_affected())
    }
}

/// The statement that adds rows of this kind.
pub(super) fn insert_sql<R: Record>() -> String {
    let (names, given) = (names::<R>(), unnested::<R>());
    format!(
        "INSERT INTO {} AS t ({names}) SELECT {names} FROM {given}",
        R::TABLE
    )
}
/// Rows of which one statement is made, where there may be millions of them.
pub const ROWS: usize = 10_000;

/// A value of each row, to be bound as an array.
pub fn column<'a, T, C>(rows: &'a [T], get: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(get).collect()
}
