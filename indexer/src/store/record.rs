//! Rows on their way into a table: what columns they have, and how each becomes text.

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

/// Names of the columns, separated by commas.
pub fn names<R: Record>() -> String {
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
