//! Rows as COPY takes them, in its text format ("COPY", "File Formats", in Postgres' manual):
//! the quickest way into a table for rows of which none is there.

use std::fmt::Write as _;

use sqlx::PgConnection;

use super::{
    Column,
    record::{Part, Record, Sink, names},
};

/// How much of what is copied is made ready at once (bytes).
const PIECE: usize = 256 * 1024;

/// Rows, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
    rows: usize,
}

/// Takes the values of a row.
struct Line<'a> {
    text: &'a mut String,
    has_fields: bool,
}

impl Sink for Line<'_> {
    fn field(&mut self, value: &impl Column) {
        if self.has_fields {
            self.text.push('\t');
        }
        self.has_fields = true;
        let start = self.text.len();
        if !value.write(self.text) {
            self.text.truncate(start);
            self.text.push_str("\\N");
            return;
        }
        let written = self.text.get(start..).unwrap_or_default();
        if written.contains(['\\', '\t', '\n', '\r']) {
            let plain = self.text.split_off(start);
            escape(&plain, self.text);
        }
    }
}

/// Adds a text with what COPY would take for its own marks escaped.
fn escape(plain: &str, to: &mut String) {
    for character in plain.chars() {
        match character {
            '\\' => to.push_str("\\\\"),
            '\t' => to.push_str("\\t"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            other => to.push(other),
        }
    }
}

impl Lines {
    pub fn of<'a, R: Record + 'a>(rows: impl IntoIterator<Item = &'a R>) -> Self {
        let mut lines = Self::default();
        for row in rows {
            lines.push(row);
        }
        lines
    }

    fn push(&mut self, row: &impl Record) {
        row.write(&mut Line {
            text: &mut self.text,
            has_fields: false,
        });
        self.text.push('\n');
        self.rows = self.rows.saturating_add(1);
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// The statement that takes rows of this kind into a table.
pub fn copy_sql<R: Record>(table: &str) -> String {
    format!("COPY {table} ({}) FROM STDIN", names::<R>())
}

/// The rows of transactions' parts, ready but for the ids that their transactions get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Without their first column.
    lines: Lines,
    /// How many rows each transaction has.
    counts: Vec<usize>,
}

impl Parts {
    /// The parts of transactions, in their order.
    pub fn of<'a, R: Record + 'a>(transactions: impl Iterator<Item = &'a [R]> + Clone) -> Self {
        Self {
            counts: transactions.clone().map(<[R]>::len).collect(),
            lines: Lines::of(transactions.flatten()),
        }
    }

    /// Adds the rows; the ids are of the transactions they were made of.
    ///
    /// # Errors
    /// The database's; one row that is there, or is refused, refuses all of them.
    pub async fn add<R: Record>(
        &self,
        connection: &mut PgConnection,
        ids: &[i64],
    ) -> Result<u64, sqlx::Error> {
        if self.lines.rows == 0 {
            return Ok(0);
        }
        let mut copy = connection
            .copy_in_raw(&copy_sql::<Part<'_, R>>(R::TABLE))
            .await?;
        for piece in self.with_ids(ids) {
            copy.send(piece.into_bytes()).await?;
        }
        copy.finish().await
    }

    /// The rows with their ids, in pieces: the database takes one in while the next is made.
    fn with_ids(&self, ids: &[i64]) -> impl Iterator<Item = String> {
        // Newlines within values are escaped.
        let mut lines = self.lines.text.split_inclusive('\n');
        let mut transactions = ids.iter().zip(&self.counts);
        std::iter::from_fn(move || {
            let mut piece = String::with_capacity(PIECE.saturating_add(PIECE / 4));
            while piece.len() < PIECE
                && let Some((id, count)) = transactions.next()
            {
                for line in lines.by_ref().take(*count) {
                    // Writing to a String cannot fail.
                    let _ = write!(piece, "{id}\t{line}");
                }
            }
            (!piece.is_empty()).then_some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::record;

    record! {
        pub struct Odd => "odd" {
            name: Option<String>,
            number: i64,
        }
    }

    fn odd(name: Option<&str>, number: i64) -> Odd {
        Odd {
            name: name.map(str::to_owned),
            number,
        }
    }

    #[test]
    fn what_copy_would_take_for_its_marks_is_escaped() {
        let rows = [
            odd(None, 1),
            odd(Some("\\N"), -2),
            odd(Some("a\tb\nc\rd"), 3),
            odd(Some(""), 4),
            odd(Some("\\."), 5),
        ];
        let expected = "\\N\t1\n\\\\N\t-2\na\\tb\\nc\\rd\t3\n\t4\n\\\\.\t5\n";
        assert_eq!(Lines::of(&rows).into_text(), expected);
    }

    #[test]
    fn each_part_begins_with_the_id_of_its_transaction() {
        let transactions = [
            vec![odd(Some("a\nb"), 1), odd(None, 2)],
            vec![],
            vec![odd(Some("c"), 3)],
        ];
        let parts = Parts::of(transactions.iter().map(Vec::as_slice));
        let expected = "7\ta\\nb\t1\n7\t\\N\t2\n9\tc\t3\n";
        assert_eq!(parts.with_ids(&[7, 8, 9]).collect::<String>(), expected);
    }

    #[test]
    fn many_parts_come_in_pieces_of_whole_rows() {
        let long = "a".repeat(PIECE / 3);
        let transactions = [
            vec![],
            vec![odd(Some(&long), 1); 4],
            vec![],
            vec![odd(None, 2)],
        ];
        let parts = Parts::of(transactions.iter().map(Vec::as_slice));
        let pieces: Vec<String> = parts.with_ids(&[5, 6, 7, 8]).collect();
        let rows: Vec<usize> = (pieces.iter()).map(|it| it.lines().count()).collect();
        assert_eq!(rows, [4, 1]);
        assert!(
            pieces[0]
                .lines()
                .all(|line| line == format!("6\t{long}\t1"))
        );
        assert_eq!(pieces[1], "8\t\\N\t2\n");
    }
}
