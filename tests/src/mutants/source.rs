//! What of a source file is code. No parser: rustfmt's layout is regular enough for
//! what is looked for here, and a change that is none does not compile.

use std::{ops::Range, path::Path};

/// A source file.
pub struct Source {
    /// In the repository.
    pub path: String,
    pub text: String,
    /// The text with comments and literals blanked, at the same offsets.
    code: Vec<u8>,
}

impl Source {
    pub fn new(path: &Path, text: String) -> Self {
        Self {
            path: path.display().to_string(),
            code: blank(text.as_bytes()),
            text,
        }
    }

    pub fn len(&self) -> usize {
        self.code.len()
    }

    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// The code's byte; a blank beyond its end.
    pub fn at(&self, offset: usize) -> u8 {
        self.code.get(offset).copied().unwrap_or(b' ')
    }

    /// A piece of the code, in which comments and literals are blank.
    pub fn code(&self, range: Range<usize>) -> &[u8] {
        self.code.get(range).unwrap_or_default()
    }

    /// A piece of the text.
    pub fn text(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Line of an offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        let before = self.code(0..offset);
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Where something stands in the code.
    pub fn find(&self, what: &str) -> Vec<usize> {
        let what = what.as_bytes();
        (0..self.code.len())
            .filter(|at| self.code(*at..at + what.len()) == what)
            .collect()
    }

    /// The range without the blanks at its ends; comments are blanks.
    pub fn trim(&self, range: Range<usize>) -> Range<usize> {
        let code = self.code(range.clone());
        let blank = |byte: &&u8| byte.is_ascii_whitespace();
        let front = code.iter().take_while(blank).count();
        if front == code.len() {
            return range.start..range.start;
        }
        let back = code.iter().rev().take_while(blank).count();
        range.start + front..range.end - back
    }

    /// The end of the group that opens at `open`: behind its closing bracket.
    pub fn group_end(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in open..self.len() {
            match self.at(at) {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Goes back from `end` over whole groups, up to behind the first byte outside
    /// them that `stops`, or that opens the group which `end` is in.
    pub fn back(&self, end: usize, stops: impl Fn(usize) -> bool) -> usize {
        let mut depth = 0usize;
        for at in (0..end).rev() {
            match self.at(at) {
                _ if depth == 0 && stops(at) => return at + 1,
                b')' | b']' | b'}' => depth += 1,
                b'(' | b'[' | b'{' => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return at + 1,
                },
                _ => {}
            }
        }
        0
    }

    /// Goes on from `start` over whole groups, up to the first byte outside them that
    /// `stops`, or that closes the group which `start` is in.
    pub fn on(&self, start: usize, stops: impl Fn(usize) -> bool) -> usize {
        let mut depth = 0usize;
        for at in start..self.len() {
            match self.at(at) {
                _ if depth == 0 && stops(at) => return at,
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return at,
                },
                _ => {}
            }
        }
        self.len()
    }
}

/// Replaces comments, strings and characters by blanks; lines stay.
fn blank(text: &[u8]) -> Vec<u8> {
    let mut code = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = literal_end(text, at);
        if end == at {
            at += 1;
            continue;
        }
        for byte in code.iter_mut().take(end).skip(at) {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    code
}

/// The end of the comment or literal that begins here; `at` if none does.
fn literal_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let until = |mark: &[u8], from: usize| {
        let found = (from..rest.len()).find(|at| rest[*at..].starts_with(mark));
        at + found.map_or(rest.len(), |found| found + mark.len())
    };
    match rest {
        [b'/', b'/', ..] => until(b"\n", 2) - 1,
        [b'/', b'*', ..] => until(b"*/", 2),
        [b'r', b'"', ..] => until(b"\"", 2),
        [b'r', b'#', b'"', ..] => until(b"\"#", 3),
        [b'"', ..] => {
            let mut escaped = false;
            let end = rest.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            at + end.map_or(rest.len(), |end| end + 2)
        }
        // A character, not a lifetime.
        [b'\'', b'\\', ..] => until(b"'", 3),
        [b'\'', _, b'\'', ..] => at + 3,
        _ => at,
    }
}
