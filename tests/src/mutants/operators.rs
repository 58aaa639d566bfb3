//! What is changed.

use std::ops::Range;

use super::{Kind, Mutant, source::Source};

/// All mutants of a file, in its order.
pub fn mutants(source: &Source) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    attributes(source, &mut mutants);
    comparisons(source, &mut mutants);
    operands(source, &mut mutants);
    statements(source, &mut mutants);
    tails(source, &mut mutants);
    mutants.sort_by_key(|mutant| (mutant.range.start, mutant.range.end));
    mutants
}

fn mutant(source: &Source, kind: Kind, range: Range<usize>, after: &str) -> Mutant {
    Mutant {
        kind,
        path: source.path.clone(),
        line: source.line(range.start),
        before: source.text(range.clone()).to_owned(),
        after: after.to_owned(),
        range,
    }
}

/// One demand of an account less.
fn attributes(source: &Source, mutants: &mut Vec<Mutant>) {
    const OPEN: &str = "#[account(";
    for start in source.find(OPEN) {
        let open = start + OPEN.len() - 1;
        let Some(close) = source.group_end(open) else {
            continue;
        };
        let arguments = split(source, open + 1..close - 1);
        for (index, argument) in arguments.iter().enumerate() {
            let code = source.text(argument.clone());
            let kind = match code {
                "mut" => Kind::Mut,
                _ if code.starts_with("constraint(") => Kind::Constraint,
                _ if code.starts_with("address = ") => Kind::Address,
                _ => continue,
            };
            // With the comma behind it, or before it if it is the last; an only argument
            // with the whole attribute.
            let range = match (arguments.get(index + 1), index.checked_sub(1)) {
                (Some(next), _) => argument.start..next.start,
                (None, Some(previous)) => arguments[previous].end..argument.end,
                (None, None) => start..close + 1,
            };
            mutants.push(mutant(source, kind, range, ""));
        }
    }
}

/// The parts of a list, without its commas.
fn split(source: &Source, list: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = list.start;
    while start < list.end {
        let end = source.on(start, |at| source.at(at) == b',');
        let part = source.trim(start..end);
        if !part.is_empty() {
            parts.push(part);
        }
        start = end + 1;
    }
    parts
}

/// Bounds off by one, and equalities turned round. rustfmt puts blanks around
/// operators and none around the brackets of generics.
fn comparisons(source: &Source, mutants: &mut Vec<Mutant>) {
    for (from, to, kind) in [
        ("<", "<=", Kind::Edge),
        ("<=", "<", Kind::Edge),
        (">", ">=", Kind::Edge),
        (">=", ">", Kind::Edge),
        ("==", "!=", Kind::Equality),
        ("!=", "==", Kind::Equality),
    ] {
        for at in source.find(&format!(" {from} ")) {
            let range = at + 1..at + 1 + from.len();
            mutants.push(mutant(source, kind, range, to));
        }
    }
}

/// One side of `&&` or `||` less.
fn operands(source: &Source, mutants: &mut Vec<Mutant>) {
    for operator in [" && ", " || "] {
        for at in source.find(operator) {
            let left = source.back(at, |at| bounds(source, at));
            // The right side of the operator before is gone already.
            let first = left == 0 || !matches!(source.at(left - 1), b'&' | b'|');
            let left = source.trim(skip_words(source, left)..at).start;
            let behind = at + operator.len();
            let right = source.on(behind, |at| bounds(source, at) || source.at(at) == b'{');
            let right = source.trim(behind..right).end;
            if first {
                mutants.push(mutant(source, Kind::Operand, left..behind, ""));
            }
            let start = source.trim(left..at).end;
            mutants.push(mutant(source, Kind::Operand, start..right, ""));
        }
    }
}

/// Whether an operand ends here, beside the ends of its group.
fn bounds(source: &Source, at: usize) -> bool {
    let around = source.code(at.saturating_sub(1)..at + 2);
    match source.at(at) {
        b',' | b';' | b'}' => true,
        b'&' => around == b"&& " || around == b" &&",
        b'|' => around == b"|| " || around == b" ||",
        // Assignment and arrow, not comparison.
        b'=' => around == b" = ",
        b'>' => around == b"=> ",
        _ => false,
    }
}

/// Where the condition begins, behind the words that introduce it.
fn skip_words(source: &Source, start: usize) -> usize {
    let mut start = source.trim(start..source.len()).start;
    for word in ["return ", "if ", "while "] {
        if source
            .code(start..start + word.len())
            .starts_with(word.as_bytes())
        {
            start += word.len();
        }
    }
    start
}

/// One statement less: one that checks or changes something.
fn statements(source: &Source, mutants: &mut Vec<Mutant>) {
    for end in source.find(";") {
        let start = statement_start(source, end);
        // Not the end of a statement but within the brackets of an array or a type.
        let bracketed = start > 0 && matches!(source.at(start - 1), b'(' | b'[');
        let range = source.trim(start..end);
        if bracketed || range.is_empty() || is_declaration(source.text(range.clone())) {
            continue;
        }
        let kind = kind_of(source.text(range.clone()));
        mutants.push(mutant(source, kind, range.start..end + 1, ""));
    }
}

/// Where the statement begins that ends at `end`.
fn statement_start(source: &Source, end: usize) -> usize {
    let stops = |at: usize| matches!(source.at(at), b';' | b'}' | b'{');
    let start = source.back(end, stops);
    let goes_on = source.at(source.trim(start..end).start) == b'.';
    if goes_on && start > 0 && source.at(start - 1) == b'}' {
        // A call on what is written with braces, such as a struct.
        return source.back(end, |at| at != start - 1 && stops(at));
    }
    start
}

/// Whether a statement declares something or leaves; without it nothing compiles.
fn is_declaration(text: &str) -> bool {
    const WORDS: [&str; 15] = [
        "let",
        "return",
        "use",
        "pub",
        "mod",
        "const",
        "static",
        "type",
        "fn",
        "unsafe",
        "extern",
        "break",
        "continue",
        "declare_id!",
        "security_txt!",
    ];
    let word = text.split([' ', '(', '{', ':']).next().unwrap_or_default();
    text.starts_with('#') || WORDS.contains(&word)
}

/// Functions whose last expression only checks or changes something, without it.
fn tails(source: &Source, mutants: &mut Vec<Mutant>) {
    const RETURNS: &str = "-> Result<()> {";
    for at in source.find(RETURNS) {
        let open = at + RETURNS.len() - 1;
        let Some(close) = source.group_end(open) else {
            continue;
        };
        let end = close - 1;
        let start = source.back(end, |at| matches!(source.at(at), b';' | b'}'));
        let range = source.trim(start..end);
        let text = source.text(range.clone());
        if !text.contains('(') || text == "Ok(())" || text.starts_with("Err") {
            continue;
        }
        let kind = kind_of(text);
        mutants.push(mutant(source, kind, range, "Ok(())"));
    }
}

fn kind_of(statement: &str) -> Kind {
    const CHECKS: [&str; 4] = ["check(", "covered_by_lamports(", "require", "validate"];
    if statement.starts_with("require!(") {
        Kind::Require
    } else if CHECKS.iter().any(|check| statement.contains(check)) {
        Kind::Check
    } else {
        Kind::Change
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Kind and changed text of each mutant, blanks collapsed.
    fn found(text: &str) -> Vec<String> {
        let source = Source::new(Path::new("a.rs"), text.to_owned());
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        mutants(&source)
            .iter()
            .map(|m| format!("{}: {} -> {}", m.kind.name(), line(&m.before), m.after))
            .collect()
    }

    #[test]
    fn an_account_loses_one_demand_at_a_time() {
        let account = "struct A {
            #[account(mut, unsafe(dup), constraint(eq(a.b(), &c) @ Error::C))]
            pub a: B,
            #[account(address = X)]
            pub b: B,
        }";
        assert_eq!(
            found(account),
            [
                "mut: mut, -> ",
                "constraint: , constraint(eq(a.b(), &c) @ Error::C) -> ",
                "address: #[account(address = X)] -> ",
            ]
        );
    }

    #[test]
    fn statements_go_and_declarations_stay() {
        let function = r#"fn a(&mut self) -> Result<()> {
            // self.x = 1;
            let b = [0u8; 4];
            let d = "self.y = 2; ' && ";
            self.x = b.len();
            A { b }
                .c()?;
            for c in d {
                require!(c.is(b'"'), Error::A);
            }
            self.game.covered_by_lamports(1)?;
            purse.check(&A { a: 1 })
        }"#;
        assert_eq!(
            found(function),
            [
                "change: self.x = b.len(); -> ",
                "change: A { b } .c()?; -> ",
                "require: require!(c.is(b'\"'), Error::A); -> ",
                "check: self.game.covered_by_lamports(1)?; -> ",
                "check: purse.check(&A { a: 1 }) -> Ok(())",
            ]
        );
    }

    #[test]
    fn conditions_lose_a_side_and_bounds_move() {
        let condition = "fn a() -> bool {
            let c: Vec<u8> = if a < b && is(c, d)
                && e
            { f } else { g };
            h != i
        }";
        assert_eq!(
            found(condition),
            [
                "operand: a < b && -> ",
                "edge: < -> <=",
                "operand: && is(c, d) -> ",
                "operand: && e -> ",
                "equality: != -> ==",
            ]
        );
    }
}
