//! What a statement is called that nobody has given a name: what it does, and to which
//! table.

/// What a name begins with, by the words that stand before the table.
const VERBS: [&[&str]; 9] = [
    &["INSERT", "INTO"],
    &["DELETE", "FROM"],
    &["REFRESH", "MATERIALIZED", "VIEW", "CONCURRENTLY"],
    &["REFRESH", "MATERIALIZED", "VIEW"],
    &["CREATE", "TEMPORARY", "TABLE"],
    &["TRUNCATE"],
    &["COPY"],
    &["ANALYZE"],
    &["UPDATE"],
];

/// What begins a statement in which they mean something else.
const OTHERS: [&str; 4] = ["SELECT", "GRANT", "REVOKE", "DO"];

/// Most words of a statement that is none of these.
const WORDS: usize = 3;

/// `INSERT INTO games`, `SELECT FROM watermark`, `COMMIT`.
pub fn name(query: &[u8]) -> String {
    let query = String::from_utf8_lossy(query);
    let lines = query.lines().filter_map(|line| line.split("--").next());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let first = words.first().copied().unwrap_or_default();
    let mut places = 0..words.len();
    let writes = match OTHERS.contains(&first) {
        true => None,
        false => places.find_map(|at| VERBS.iter().find_map(|verb| named(&words, at, verb))),
    };
    writes.unwrap_or_else(|| match words.iter().position(|word| *word == "FROM") {
        Some(from) if first == "SELECT" => {
            let tables = words.get(from + 1..).unwrap_or_default();
            format!("SELECT FROM {}", identifier(tables.first().unwrap_or(&"")))
        }
        _ => {
            let first = words.iter().take(WORDS).map(|word| identifier(word));
            first.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        }
    })
}

fn named(words: &[&str], at: usize, verb: &[&str]) -> Option<String> {
    let rest = words.get(at..)?.strip_prefix(verb)?;
    Some(format!("{} {}", verb.join(" "), identifier(rest.first()?)))
}

/// Up to the first character that no name has.
fn identifier(word: &str) -> &str {
    let word = word.trim_start_matches('(');
    let end = word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    word.get(..end.unwrap_or(word.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn statements_are_called_by_what_they_do_to_which_table() {
        for (query, expected) in [
            ("BEGIN", "BEGIN"),
            ("SAVEPOINT _sqlx_savepoint_1", "SAVEPOINT _sqlx_savepoint_1"),
            (
                "SELECT pg_try_advisory_lock($1)",
                "SELECT pg_try_advisory_lock",
            ),
            ("-- Why.\nCREATE TABLE games (\n", "CREATE TABLE games"),
            (
                "SELECT a FROM ledger_cursor FOR UPDATE",
                "SELECT FROM ledger_cursor",
            ),
            (
                "INSERT INTO watermark (a) VALUES ($1) ON CONFLICT (b) DO UPDATE SET a = 1",
                "INSERT INTO watermark",
            ),
            (
                "WITH given AS (SELECT 1) UPDATE games g SET a = 1",
                "UPDATE games",
            ),
            ("COPY present (address) FROM STDIN", "COPY present"),
        ] {
            assert_eq!(name(query.as_bytes()), expected);
        }
    }
}
