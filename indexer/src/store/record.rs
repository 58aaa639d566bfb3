//! Rows on their way into a table: in bulk by COPY, or as arrays of columns where a
//! statement has to look at what is there already.

use sqlx::{AssertSqlSafe, PgConnection};

use super::Column;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnDef {
    pub name: &'static str,
    /// What its text is cast to.
    pub sql: &'static str,
}

impl ColumnDef {
    /// The column `name` of type `T`.
    pub const fn of<T: Column>(name: &'static str) -> Self {
        Self { name, sql: T::SQL }
    }
}

/// A row of a table.
pub trait Record {
    const TABLE: &'static str;

    /// The columns that are written, in order.
    fn columns() -> impl Iterator<Item = &'static ColumnDef>;

    /// Hands over a value for each of them.
    fn write(&self, sink: &mut impl Sink);
}

/// A part of a transaction, with the id that its transaction has in the table.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a, R> {
    pub transaction_id: i64,
    pub row: &'a R,
}

impl<R: Record> Record for Part<'_, R> {
    const TABLE: &'static str = R::TABLE;

    fn columns() -> impl Iterator<Item = &'static ColumnDef> {
        const ID: [ColumnDef; 1] = [ColumnDef::of::<i64>("transaction_id")];
        const { &ID }.iter().chain(R::columns())
    }

    fn write(&self, sink: &mut impl Sink) {
        sink.field(&self.transaction_id);
        self.row.write(sink);
    }
}

impl<R: Record> Record for &R {
    const TABLE: &'static str = R::TABLE;

    fn columns() -> impl Iterator<Item = &'static ColumnDef> {
        R::columns()
    }

    fn write(&self, sink: &mut impl Sink) {
        R::write(self, sink);
    }
}

/// What takes a row's values, column by column.
pub trait Sink {
    fn field(&mut self, value: &impl Column);
}

/// Declares a [`Record`]: its table, and its columns with their types.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident => $table:literal {
            $($(#[$about:meta])* $column:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$about])* pub $column: $type,)* }

        impl $crate::store::record::Record for $name {
            const TABLE: &'static str = $table;

            fn columns() -> impl Iterator<Item = &'static $crate::store::record::ColumnDef> {
                const COLUMNS: &[$crate::store::record::ColumnDef] = &[
                    $($crate::store::record::ColumnDef::of::<$type>(stringify!($column)),)*
                ];
                COLUMNS.iter()
            }

            fn write(&self, sink: &mut impl $crate::store::record::Sink) {
                $(sink.field(&self.$column);)*
            }
        }
    };
}
pub(crate) use record;

/// Rows in COPY's text format.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    field: String,
    started: bool,
}

impl Lines {
    fn row(&mut self, record: &impl Record) {
        self.started = false;
        record.write(self);
        self.bytes.push(b'\n');
    }
}

impl Sink for Lines {
    fn field(&mut self, value: &impl Column) {
        if self.started {
            self.bytes.push(b'\t');
        }
        self.started = true;
        self.field.clear();
        if !value.write(&mut self.field) {
            self.bytes.extend_from_slice(b"\\N");
            return;
        }
        for byte in self.field.bytes() {
            match byte {
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                b'\t' => self.bytes.extend_from_slice(b"\\t"),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                b'\r' => self.bytes.extend_from_slice(b"\\r"),
                other => self.bytes.push(other),
            }
        }
    }
}

/// Rows as arrays, one a column.
struct Arrays {
    columns: Vec<Vec<Option<String>>>,
    next: usize,
}

impl Sink for Arrays {
    fn field(&mut self, value: &impl Column) {
        let mut text = String::new();
        let text = value.write(&mut text).then_some(text);
        if let Some(column) = self.columns.get_mut(self.next) {
            column.push(text);
        }
        self.next = self.next.saturating_add(1);
    }
}

/// The values of rows, an array a column.
pub(super) fn arrays<R: Record>(rows: &[R]) -> Vec<Vec<Option<String>>> {
    let columns = R::columns().map(|_| Vec::with_capacity(rows.len()));
    let mut arrays = Arrays {
        columns: columns.collect(),
        next: 0,
    };
    for row in rows {
        arrays.next = 0;
        row.write(&mut arrays);
    }
    arrays.columns
}

/// Names of the columns, separated by commas.
pub(super) fn names<R: Record>() -> String {
    list(R::columns().map(|column| column.name.to_owned()))
}

/// `a, b, c`.
pub(super) fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A relation `r` of rows given as parameters, its columns named and typed.
pub(super) fn unnested<R: Record>() -> String {
    let values = list(R::columns().map(|c| format!("u.{0}::{1} AS {0}", c.name, c.sql)));
    let parameters = list((1..=R::columns().count()).map(|n| format!("${n}::text[]")));
    let names = names::<R>();
    format!("(SELECT {values} FROM UNNEST({parameters}) AS u({names})) AS r")
}

/// The statement that takes rows of this kind in bulk.
pub fn copy_sql<R: Record>() -> String {
    format!("COPY {} ({}) FROM STDIN", R::TABLE, names::<R>())
}

/// Rows as COPY takes them.
pub fn copy_text<R: Record>(rows: &[R]) -> Vec<u8> {
    let mut lines = Lines::default();
    for row in rows {
        lines.row(row);
    }
    lines.bytes
}

/// From so many rows on COPY is the fastest way in. Below, arrays of columns are as fast for
/// the server, and take one answer: a COPY takes some 40 ms where Postgres is reached over
/// TCP, however small it is, as its end goes out in a packet of its own, which waits until
/// the one before was acknowledged.
const WORTH_COPYING: usize = 16_000;

/// Adds rows that are not there yet, the fastest way.
///
/// # Errors
/// The database's; one row that is there, or is refused, refuses all of them.
pub async fn add<R: Record>(connection: &mut PgConnection, rows: &[R]) -> Result<u64, sqlx::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    if rows.len() >= WORTH_COPYING {
        return copy(connection, rows).await;
    }
    let (names, given) = (names::<R>(), unnested::<R>());
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM {given}",
        R::TABLE
    );
    execute(connection, sql, rows).await
}

async fn copy<R: Record>(connection: &mut PgConnection, rows: &[R]) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(&copy_sql::<R>()).await?;
    match copy.send(copy_text(rows)).await {
        Ok(_) => copy.finish().await,
        Err(error) => {
            // The connection is of no use until the copy has ended.
            copy.abort("the rows could not be sent").await?;
            Err(error)
        }
    }
}

/// Runs a statement over rows given by [`unnested`].
///
/// # Errors
/// The database's.
pub(super) async fn execute<R: Record>(
    connection: &mut PgConnection,
    sql: String,
    rows: &[R],
) -> Result<u64, sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for column in arrays(rows) {
        query = query.bind(column);
    }
    Ok(query.execute(connection).await?.rows_affected())
}
