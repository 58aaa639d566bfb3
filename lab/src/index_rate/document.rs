//! `docs/analytics.md`, from a filled database: its tables as they are, and the questions
//! with the plans they got and the time they took.

use std::fmt::Write as _;

use anyhow::Result;
use lottery_indexer::analytics::QUESTIONS;
use sqlx::{PgConnection, Row as _, postgres::PgConnectOptions};

use super::{
    plans,
    report::{Asked, Filling, Report},
};

/// Columns that name a row of another table. (There are no foreign keys: accounts come in
/// any order.)
const LINKS: [(&str, &str); 6] = [
    ("house", "houses"),
    ("game", "games"),
    ("draw", "draws"),
    ("entry", "entries"),
    ("lane", "lanes"),
    ("transaction_id", "transactions"),
];

/// A column: its table, name, type, and whether it is of the key.
type Column = (String, String, String, bool);

/// The document.
pub async fn write(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    report: &Report,
    machine: &str,
) -> Result<String> {
    let mut text = String::from(INTRODUCTION);
    text.push_str(&diagram(&columns(connection).await?));
    text.push_str("\n## Indexes\n\nWhat the API, the deriver and the repairs read was watched; the questions are below. Keys that nobody\nreads keep rows apart.\n\n| index | on | read by |\n|---|---|---|\n");
    let mut uses = plans::of_questions(connection).await?;
    uses.extend(plans::of_service(options).await?);
    for (name, on) in indexes(connection).await? {
        let users = uses.iter().filter(|(_, used)| used.contains(&name));
        let users: Vec<&str> = users.map(|(user, _)| user.as_str()).collect();
        writeln!(text, "| `{name}` | {on} | {} |", users.join(", "))?;
    }
    write!(
        text,
        "\n## How it was filled\n\nBy the indexer's own decoders and writer, on {machine}, beside the same rows by COPY alone in turns\n\
         (into tables with the same columns, checks and indexes).\n\n```text\n{}```\n",
        Filling(report)
    )?;
    let scale = report.scale;
    write!(
        text,
        "\n## Questions\n\nAsked of {} entries, {} games and {} rows of events that `index-rate` made up, on\n{machine}. Times are \
         milliseconds until all rows were there, of 200 different games, players or houses; *scan* is the same \
         without indexes.\n\n| question | p50 | p95 | scan p50 |\n|---|---|---|---|\n",
        scale.entries, scale.games, scale.events
    )?;
    for (question, asked) in QUESTIONS.iter().zip(&report.questions) {
        let Asked {
            p50, p95, scan_p50, ..
        } = asked;
        writeln!(
            text,
            "| {} | {p50:.2} | {p95:.2} | {scan_p50:.1} |",
            question.asked()
        )?;
    }
    for question in QUESTIONS {
        writeln!(
            text,
            "\n### {}\n\n```sql\n{};\n```\n",
            question.asked(),
            question.sql()
        )?;
        text.push_str("```text\n");
        let plan = plans::explain(connection, question, "ANALYZE, BUFFERS OFF").await?;
        let plan: Vec<String> = plan
            .iter()
            .map(|line| line.try_get(0))
            .collect::<Result<_, _>>()?;
        for line in shorten(&plan) {
            writeln!(text, "{line}")?;
        }
        text.push_str("```\n");
    }
    Ok(text)
}

const INTRODUCTION: &str = "\
# The database, and what to ask it

Drawn from a database that `lottery-indexer migrate` made and `index-rate` filled, by
`index-rate --document docs/analytics.md`; do not edit.

Amounts are `u64` (NUMERIC) in base units: lamports, or the smallest units of the house's
token (`houses.mint`). Times come twice: as the chain's unix seconds (`…_at`, BIGINT), and as
`timestamptz` (`…_time`). Rows of accounts that were closed stay, with `closed_at_slot`. How sure
it is that a row stays is `finality(slot)`: processed, confirmed or finalized. Analysts connect
with a user that is granted `lottery_reader`. The comments in `migrations/` say what each column is.

## Tables

";

/// The same plan with what it does to the partitions of a table only shown for those that
/// had rows, three at most.
fn shorten(plan: &[String]) -> Vec<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let is_partition = |line: &str| line.contains("Scan") && line.contains(" on game_events_");
    let (mut shown, mut kept, mut left) = (Vec::new(), 0, 0);
    let mut lines = plan.iter().peekable();
    while let Some(line) = lines.next() {
        if !is_partition(line) {
            shown.push(line.clone());
            continue;
        }
        let mut group = vec![line.clone()];
        while let Some(detail) = lines.next_if(|next| depth(next) > depth(line)) {
            group.push(detail.clone());
        }
        if kept < 3 && !line.contains(" rows=0 loops=") {
            kept += 1;
            shown.extend(group);
        } else {
            left += 1;
        }
        let is_last = lines.peek().is_none_or(|next| !is_partition(next));
        if is_last && left > 0 {
            let indent = " ".repeat(depth(line));
            shown.push(format!(
                "{indent}->  … and of {left} more partitions, likewise"
            ));
            (kept, left) = (0, 0);
        }
    }
    shown
}

async fn columns(connection: &mut PgConnection) -> Result<Vec<Column>> {
    Ok(sqlx::query_as(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
                COALESCE(a.attnum = ANY(k.indkey), FALSE)
         FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm')
           AND NOT c.relispartition AND c.relname <> '_sqlx_migrations'
         ORDER BY c.relname, a.attnum",
    )
    .fetch_all(connection)
    .await?)
}

fn diagram(columns: &[Column]) -> String {
    let mut text = String::from("```mermaid\nerDiagram\n");
    let mut links = String::new();
    for of_table in columns.chunk_by(|a, b| a.0 == b.0) {
        let Some((table, ..)) = of_table.first() else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {table} {{");
        for (_, name, kind, is_key) in of_table {
            let kind = kind.replace(' ', "_").replace("[]", "_array");
            let key = if *is_key { " PK" } else { "" };
            let _ = writeln!(text, "        {kind} {name}{key}");
            let link = LINKS
                .iter()
                .find(|(column, to)| column == name && to != table);
            if let Some((column, to)) = link {
                let _ = writeln!(links, "    {to} ||--o{{ {table} : {column}");
            }
        }
        text.push_str("    }\n");
    }
    text + &links + "```\n"
}

async fn indexes(connection: &mut PgConnection) -> Result<Vec<(String, String)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT i.relname::text, pg_get_indexdef(i.oid)
         FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
           AND t.relname <> '_sqlx_migrations'
         ORDER BY t.relname, i.relname",
    )
    .fetch_all(connection)
    .await?;
    let on = |definition: String| {
        let at = definition.find(" ON ").map_or(0, |at| at + 4);
        let on = definition.get(at..).unwrap_or_default();
        on.trim_start_matches("ONLY ")
            .replace("public.", "")
            .replace(" USING btree", "")
    };
    Ok(rows
        .into_iter()
        .map(|(name, definition)| (name, on(definition)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_partitions_those_with_rows_are_shown() {
        let partition = |month: u8, rows: u8| {
            [
                format!(
                    "        ->  Index Scan using i on game_events_2026_{month:02} (actual time=0.1..0.2 rows={rows} loops=1)"
                ),
                format!("              Index Cond: (month = {month})"),
            ]
        };
        let plan: Vec<String> = ["Limit".to_owned(), "  ->  Append".to_owned()]
            .into_iter()
            .chain((1..=8).flat_map(|month| partition(month, month % 2)))
            .chain(["Planning Time: 1 ms".to_owned()])
            .collect();
        let shown = shorten(&plan);
        let kept: Vec<&String> = shown.iter().filter(|line| line.contains("Cond")).collect();
        assert_eq!(kept, [&plan[3], &plan[7], &plan[11]]);
        assert_eq!(shown[8], "        ->  … and of 5 more partitions, likewise");
        assert_eq!(shown[9], "Planning Time: 1 ms");
        let small = plan[..6].to_vec();
        assert_eq!(shorten(&small).len(), 5);
    }
}
