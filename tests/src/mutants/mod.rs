//! Mutation testing of the lottery program: each mutant is the program with one change
//! that some test ought to notice.
//!
//! [`source`] knows what of a file is code, [`operators`] find what to change in it,
//! [`choice`] puts the mutants in order; [`workshop`] builds them in a copy of the
//! repository, [`trial`] runs the tests on what was built, [`report`] counts.

pub mod choice;
pub mod operators;
pub mod report;
pub mod run;
pub mod source;
pub mod trial;
pub mod workshop;

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use source::Source;

/// Sources of the program, in the repository.
pub const SOURCES: &str = "programs/lottery/src";

/// Why the mutants could not be made or tried.
#[derive(Debug, thiserror::Error)]
pub enum MutantError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{command} fails:\n{output}")]
    Command { command: String, output: String },
    #[error("the tests fail without a mutant too: {0}")]
    Unsound(String),
    #[error("there is no such mutant")]
    NoMutants,
    #[error("cargo names no executable of the tests {0}")]
    NoTests(String),
}

/// Says what an I/O error was about.
pub(crate) fn about<E>(what: impl ToString) -> impl FnOnce(E) -> MutantError
where
    io::Error: From<E>,
{
    move |error| MutantError::Io {
        what: what.to_string(),
        source: error.into(),
    }
}

/// What kind of change a mutant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A `require!` is gone.
    Require,
    /// A constraint of an account is gone.
    Constraint,
    /// The address of an account is not asked for.
    Address,
    /// A call that checks is gone.
    Check,
    /// One side of `&&` or `||` is gone.
    Operand,
    /// A bound is off by one: `<` for `<=`.
    Edge,
    /// `==` for `!=`, or the other way round.
    Equality,
    /// A statement that changes something is gone.
    Change,
    /// An account need not be writable.
    Mut,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Require,
        Self::Constraint,
        Self::Address,
        Self::Check,
        Self::Operand,
        Self::Edge,
        Self::Equality,
        Self::Change,
        Self::Mut,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::Constraint => "constraint",
            Self::Address => "address",
            Self::Check => "check",
            Self::Operand => "operand",
            Self::Edge => "edge",
            Self::Equality => "equality",
            Self::Change => "change",
            Self::Mut => "mut",
        }
    }
}

/// The program with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    pub kind: Kind,
    /// Of the changed file, in the repository.
    pub path: String,
    /// First line of the change, from 1.
    pub line: usize,
    /// What is replaced, in bytes of the file.
    pub range: Range<usize>,
    pub before: String,
    pub after: String,
}

impl Mutant {
    /// The file with the change.
    pub fn apply(&self, text: &str) -> String {
        let start = text.get(..self.range.start).unwrap_or(text);
        let end = text.get(self.range.end..).unwrap_or_default();
        [start, &self.after, end].concat()
    }
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} {}", self.path, self.line, self.kind.name())
    }
}

/// All mutants of the program, in the order of the files.
///
/// # Errors
/// If a source cannot be read.
pub fn mutants(root: &Path) -> Result<Vec<Mutant>, MutantError> {
    let mut files = Vec::new();
    find_sources(&root.join(SOURCES), &mut files)?;
    files.sort();
    let mut mutants = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(about(file.display()))?;
        let path = file.strip_prefix(root).unwrap_or(&file);
        mutants.extend(operators::mutants(&Source::new(path, text)));
    }
    Ok(mutants)
}

fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), MutantError> {
    let entries = fs::read_dir(folder).map_err(about(folder.display()))?;
    for entry in entries {
        let path = entry.map_err(about(folder.display()))?.path();
        if path.is_dir() {
            find_sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}
