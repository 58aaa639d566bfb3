//! A table that mirrors one kind of account: what its columns are, and the
//! statements that all such tables share.

use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};

use super::{
    ReadColumn, U64,
    arrays::Columns,
    record::{ColumnDef, Record, Sink, list, unnested},
};
use crate::source::END_OF_TOLD;

/// What every account's row begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub address: Pubkey,
    /// Slot the contents were observed at.
    pub slot: i64,
    /// Order within the slot; 0 where the source knows none.
    pub write_version: i64,
    /// Balance, rent included (lamports).
    pub lamports: U64,
}

impl Head {
    const COLUMNS: [ColumnDef; 5] = [
        ColumnDef::of::<Pubkey>("address"),
        ColumnDef::of::<i64>("slot"),
        ColumnDef::of::<i64>("first_slot"),
        ColumnDef::of::<i64>("write_version"),
        ColumnDef::of::<U64>("lamports"),
    ];
}

/// A field in which chain and table differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    pub field: &'static str,
    pub chain: String,
    pub table: String,
}

/// A column as it is read back.
#[derive(Clone, Copy, Debug)]
pub struct ReadDef {
    pub name: &'static str,
    pub cast: &'static str,
}

impl ReadDef {
    /// The column `name` of type `T`.
    pub const fn of<T: ReadColumn>(name: &'static str) -> Self {
        Self {
            name,
            cast: T::READ_CAST,
        }
    }
}

/// The columns of one kind of account, beyond the head.
pub trait Body: Sized + Send + Sync + Copy {
    const TABLE: &'static str;
    const COLUMNS: &'static [ColumnDef];
    const READ: &'static [ReadDef];

    /// Hands over a value for each column.
    fn write(&self, sink: &mut impl Sink);

    /// # Errors
    /// When a column holds what its type cannot.
    fn read(row: &PgRow) -> Result<Self, sqlx::Error>;

    /// The fields in which `table` differs from `self`, which is the chain's.
    fn differences(&self, table: &Self) -> Vec<FieldDifference>;
}

/// A row of an account's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<B> {
    pub head: Head,
    pub body: B,
}

/// Declares a [`Body`]: its table, and for each column its name, its type and
/// where in the account it comes from.
macro_rules! body {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $account:ty => $table:literal {
            $($column:ident: $type:ty = |$a:ident| $value:expr,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $(pub $column: $type,)* }

        impl From<&$account> for $name {
            fn from(account: &$account) -> Self {
                Self { $($column: { let $a = account; $value },)* }
            }
        }

        impl $crate::store::table::Body for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [$crate::store::record::ColumnDef] = &[
                $($crate::store::record::ColumnDef::of::<$type>(stringify!($column)),)*
            ];

            const READ: &'static [$crate::store::table::ReadDef] = &[
                $($crate::store::table::ReadDef::of::<$type>(stringify!($column)),)*
            ];

            fn write(&self, sink: &mut impl $crate::store::record::Sink) {
                $(sink.field(&self.$column);)*
            }

            fn read(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    $($column: <$type as $crate::store::ReadColumn>::read(row, stringify!($column))?,)*
                })
            }

            fn differences(&self, table: &Self) -> Vec<$crate::store::table::FieldDifference> {
                let mut found = Vec::new();
                $(if self.$column != table.$column {
                    found.push($crate::store::table::FieldDifference {
                        field: stringify!($column),
                        chain: format!("{:?}", self.$column),
                        table: format!("{:?}", table.$column),
                    });
                })*
                found
            }
        }
    };
}
pub(crate) use body;

impl<B: Body> Record for Row<B> {
    const TABLE: &'static str = B::TABLE;

    fn columns() -> impl Iterator<Item = &'static ColumnDef> {
        const { &Head::COLUMNS }.iter().chain(B::COLUMNS)
    }

    fn write(&self, sink: &mut impl Sink) {
        let head = &self.head;
        sink.field(&head.address);
        sink.field(&head.slot);
        // For accounts that are new; others keep theirs.
        sink.field(&head.slot);
        sink.field(&head.write_version);
        sink.field(&head.lamports);
        self.body.write(sink);
    }
}

/// The balance and the account's own fields: what makes it another row.
pub(super) fn contents<B: Body>(side: &str) -> String {
    let own = B::COLUMNS.iter().map(|c| format!("{side}.{}", c.name));
    list(std::iter::once(format!("{side}.lamports")).chain(own))
}

/// `column = source.column` for all but the key and what is written once.
pub(super) fn assignments<B: Body>(source: &str) -> String {
    list(
        Row::<B>::columns()
            .filter(|c| !["address", "first_slot"].contains(&c.name))
            .map(|c| format!("{0} = {source}.{0}", c.name)),
    )
}

/// Writes the contents of rows that the caller has read in its turn, as of their heads; whether
/// they are closed stays.
///
/// # Errors
/// The database's.
pub async fn rewrite<B: Body>(
    connection: &mut PgConnection,
    rows: &[Row<B>],
) -> Result<u64, sqlx::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE {} AS t SET {} FROM {} WHERE t.address = r.address",
        B::TABLE,
        assignments::<B>("r"),
        unnested::<Row<B>>(),
    );
    Columns::of(rows).execute(connection, sql).await
}

fn select_sql<B: Body>(condition: &str) -> String {
    let head = Head::COLUMNS.iter().map(|c| c.name.to_owned());
    let own = B::READ.iter().map(|c| match c.cast {
        "" => c.name.to_owned(),
        cast => format!("{0}{cast} AS {0}", c.name),
    });
    format!(
        "SELECT {} FROM {} WHERE {condition}",
        list(head.chain(own)),
        B::TABLE
    )
}

fn read_row<B: Body>(row: &PgRow) -> Result<Row<B>, sqlx::Error> {
    Ok(Row {
        head: Head {
            address: Pubkey::read(row, "address")?,
            slot: row.try_get("slot")?,
            write_version: row.try_get("write_version")?,
            lamports: row.try_get("lamports")?,
        },
        body: B::read(row)?,
    })
}

/// All rows of accounts that are open.
///
/// # Errors
/// The database's.
pub async fn open_rows<B: Body>(connection: &mut PgConnection) -> Result<Vec<Row<B>>, sqlx::Error> {
    rows_where(connection, "closed_at_slot IS NULL").await
}

/// All rows, those of closed accounts included.
///
/// # Errors
/// The database's.
pub async fn all_rows<B: Body>(connection: &mut PgConnection) -> Result<Vec<Row<B>>, sqlx::Error> {
    rows_where(connection, "TRUE").await
}

async fn rows_where<B: Body>(
    connection: &mut PgConnection,
    condition: &'static str,
) -> Result<Vec<Row<B>>, sqlx::Error> {
    sqlx::query(AssertSqlSafe(select_sql::<B>(condition)))
        .fetch_all(connection)
        .await?
        .iter()
        .map(read_row)
        .collect()
}

/// The row of an account, open or closed.
///
/// # Errors
/// The database's.
pub async fn find<B: Body>(
    connection: &mut PgConnection,
    address: &Pubkey,
) -> Result<Option<Row<B>>, sqlx::Error> {
    sqlx::query(AssertSqlSafe(select_sql::<B>("address = $1")))
        .bind(address.to_string())
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(read_row)
        .transpose()
}

/// The rows of accounts, open or closed. Who has its [turn](super::begin) finds them so until
/// it ends.
///
/// # Errors
/// The database's.
pub async fn rows<B: Body>(
    connection: &mut PgConnection,
    addresses: &[String],
) -> Result<Vec<Row<B>>, sqlx::Error> {
    let sql = select_sql::<B>("address = ANY($1)");
    sqlx::query(AssertSqlSafe(sql))
        .bind(addresses)
        .fetch_all(connection)
        .await?
        .iter()
        .map(read_row)
        .collect()
}

/// Marks the accounts given as closed, each at its slot, unless they were seen later. What
/// else is told of that slot was before.
///
/// # Errors
/// The database's.
pub async fn close(
    connection: &mut PgConnection,
    table: &'static str,
    addresses: &[String],
    slots: &[i64],
) -> Result<u64, sqlx::Error> {
    if addresses.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE {table} AS t SET closed_at_slot = c.slot, slot = c.slot, write_version = $3
         FROM UNNEST($1::text[], $2::int8[]) AS c(address, slot)
         WHERE t.address = c.address AND t.closed_at_slot IS NULL AND t.slot <= c.slot"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(addresses)
        .bind(slots)
        .bind(END_OF_TOLD)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
