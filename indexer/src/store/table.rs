//! A table that mirrors one kind of account: what its columns are, and the
//! statements that all such tables share.

use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgArguments, postgres::PgRow};

use super::{Column, U64};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnDef {
    pub name: &'static str,
    /// SQL type of the parameter's elements.
    pub parameter: &'static str,
    pub write_cast: &'static str,
    pub read_cast: &'static str,
}

impl ColumnDef {
    /// The column `name` of type `T`.
    pub const fn of<T: Column>(name: &'static str) -> Self {
        Self {
            name,
            parameter: T::PARAMETER,
            write_cast: T::WRITE_CAST,
            read_cast: T::READ_CAST,
        }
    }
}

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
    const COLUMNS: [ColumnDef; 4] = [
        ColumnDef::of::<Pubkey>("address"),
        ColumnDef::of::<i64>("slot"),
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

/// The columns of one kind of account, beyond the head.
pub trait Body: Sized + Send + Sync + Copy {
    const TABLE: &'static str;
    const COLUMNS: &'static [ColumnDef];

    /// Adds one array per column.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    fn bind(rows: &[Row<Self>], arguments: &mut PgArguments) -> Result<(), sqlx::Error>;

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
            const COLUMNS: &'static [$crate::store::table::ColumnDef] = &[
                $($crate::store::table::ColumnDef::of::<$type>(stringify!($column)),)*
            ];

            fn bind(
                rows: &[$crate::store::table::Row<Self>],
                arguments: &mut sqlx::postgres::PgArguments,
            ) -> Result<(), sqlx::Error> {
                $($crate::store::table::bind_column(
                    rows.iter().map(|row| &row.body.$column),
                    arguments,
                )?;)*
                Ok(())
            }

            fn read(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    $($column: <$type as $crate::store::Column>::read(row, stringify!($column))?,)*
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

/// Adds one column's values as an array.
pub(crate) fn bind_column<'a, T: Column + 'a>(
    values: impl Iterator<Item = &'a T>,
    arguments: &mut PgArguments,
) -> Result<(), sqlx::Error> {
    let wire: Vec<T::Wire> = values.map(T::to_wire).collect();
    sqlx::Arguments::add(arguments, wire).map_err(sqlx::Error::Encode)
}

fn all_columns<B: Body>() -> impl Iterator<Item = &'static ColumnDef> {
    const { &Head::COLUMNS }.iter().chain(B::COLUMNS)
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The statement that writes a batch: new rows are added; a known one changes
/// unless what is there is newer, and is left alone where nothing differs, so
/// that the regular snapshots cost reads only. A closed account that is seen
/// again is open again.
pub fn upsert_sql<B: Body>() -> String {
    let table = B::TABLE;
    let names = join(all_columns::<B>().map(|c| c.name.to_owned()));
    let values = join(all_columns::<B>().map(|c| format!("r.{}{}", c.name, c.write_cast)));
    let parameters = join(
        all_columns::<B>()
            .zip(1..)
            .map(|(c, n)| format!("${n}::{}[]", c.parameter)),
    );
    let set = join(
        all_columns::<B>()
            .skip(1)
            .map(|c| format!("{0} = excluded.{0}", c.name)),
    );
    // The balance and the account's own fields: what makes it another row.
    let contents = |side: &str| {
        join(
            std::iter::once(format!("{side}.lamports"))
                .chain(B::COLUMNS.iter().map(|c| format!("{side}.{}", c.name))),
        )
    };
    format!(
        "INSERT INTO {table} AS t ({names})
         SELECT {values} FROM UNNEST({parameters}) AS r({names})
         ON CONFLICT (address) DO UPDATE SET {set}, closed_at_slot = NULL
         WHERE (excluded.slot, excluded.write_version) >= (t.slot, t.write_version)
           AND (t.closed_at_slot IS NOT NULL
                OR ({}) IS DISTINCT FROM ({}))",
        contents("t"),
        contents("excluded"),
    )
}

/// Writes rows; they must be sorted by address (one lock order for all writers)
/// and no address may come twice. Returns how many rows changed.
///
/// # Errors
/// The database's.
pub async fn upsert<B: Body>(
    connection: &mut PgConnection,
    rows: &[Row<B>],
) -> Result<u64, sqlx::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let mut arguments = PgArguments::default();
    bind_column(rows.iter().map(|r| &r.head.address), &mut arguments)?;
    bind_column(rows.iter().map(|r| &r.head.slot), &mut arguments)?;
    bind_column(rows.iter().map(|r| &r.head.write_version), &mut arguments)?;
    bind_column(rows.iter().map(|r| &r.head.lamports), &mut arguments)?;
    B::bind(rows, &mut arguments)?;
    let done = sqlx::query_with(AssertSqlSafe(upsert_sql::<B>()), arguments)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

fn select_sql<B: Body>(condition: &str) -> String {
    let columns = join(all_columns::<B>().map(|c| {
        if c.read_cast.is_empty() {
            c.name.to_owned()
        } else {
            format!("{0}{1} AS {0}", c.name, c.read_cast)
        }
    }));
    format!("SELECT {columns} FROM {} WHERE {condition}", B::TABLE)
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
    find_by(connection, "address = $1", address).await
}

async fn find_by<B: Body>(
    connection: &mut PgConnection,
    condition: &'static str,
    address: &Pubkey,
) -> Result<Option<Row<B>>, sqlx::Error> {
    sqlx::query(AssertSqlSafe(select_sql::<B>(condition)))
        .bind(address.to_string())
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(read_row)
        .transpose()
}

/// The row of an account, open or closed, which nobody else changes until the
/// transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock<B: Body>(
    connection: &mut PgConnection,
    address: &Pubkey,
) -> Result<Option<Row<B>>, sqlx::Error> {
    find_by(connection, "address = $1 FOR UPDATE", address).await
}

/// Marks rows closed whose account is not among `present`, which is everything
/// there was at `slot`. Rows observed later are left alone.
///
/// # Errors
/// The database's.
pub async fn close_absent(
    connection: &mut PgConnection,
    table: &'static str,
    slot: i64,
    present: &[String],
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "UPDATE {table} SET closed_at_slot = $1, slot = $1
         WHERE closed_at_slot IS NULL AND slot <= $1
           AND NOT EXISTS (SELECT FROM UNNEST($2::text[]) AS p(address)
                           WHERE p.address = {table}.address)"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(slot)
        .bind(present)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Marks the accounts given as closed, each at its slot, unless they were seen later.
///
/// # Errors
/// The database's.
pub async fn close(
    connection: &mut PgConnection,
    table: &'static str,
    addresses: &[String],
    slots: &[i64],
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "UPDATE {table} AS t SET closed_at_slot = c.slot, slot = c.slot
         FROM UNNEST($1::text[], $2::int8[]) AS c(address, slot)
         WHERE t.address = c.address AND t.closed_at_slot IS NULL AND t.slot <= c.slot"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(addresses)
        .bind(slots)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
