//! What became of the mutants.

use std::fmt;

use super::{Kind, Mutant};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// By this test, the first to fail.
    Caught(String),
    Survived,
    /// It does not compile, or to the very same program.
    NotViable(String),
}

/// A mutant that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    pub mutant: Mutant,
    pub verdict: Verdict,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mutant, verdict } = self;
        match verdict {
            Verdict::Caught(test) => write!(f, "{mutant}: caught by {test}"),
            Verdict::Survived => write!(f, "{mutant}: SURVIVED  {}", change(mutant)),
            Verdict::NotViable(why) => write!(f, "{mutant}: not viable ({why})"),
        }
    }
}

/// What is different, on one line.
pub fn change(mutant: &Mutant) -> String {
    let line = |text: &str| {
        let code = text.lines().filter(|line| !line.trim().starts_with("//"));
        let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
        words.join(" ")
    };
    let before = line(&mutant.before);
    match line(&mutant.after) {
        after if after.is_empty() => format!("- {before}"),
        after => format!("- {before} + {after}"),
    }
}

/// What became of all of them.
pub struct Report {
    pub tried: Vec<Tried>,
    /// Of all that were chosen; for the others there was no time.
    pub chosen: usize,
}

impl Report {
    pub fn survivors(&self) -> impl Iterator<Item = &Tried> {
        self.tried
            .iter()
            .filter(|tried| tried.verdict == Verdict::Survived)
    }

    fn count(&self, kind: Option<Kind>) -> [usize; 4] {
        let mut counts = [0; 4];
        let of_kind = |tried: &&Tried| kind.is_none_or(|kind| tried.mutant.kind == kind);
        for tried in self.tried.iter().filter(of_kind) {
            counts[0] += 1;
            counts[match tried.verdict {
                Verdict::NotViable(_) => 1,
                Verdict::Caught(_) => 2,
                Verdict::Survived => 3,
            }] += 1;
        }
        counts
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, counts: [String; 4]| {
            let [tried, not_viable, caught, survived] = counts;
            writeln!(
                f,
                "{name:<12}{tried:>8}{not_viable:>12}{caught:>8}{survived:>10}"
            )
        };
        let head = ["tried", "not viable", "caught", "survived"];
        row("kind", head.map(str::to_owned))?;
        let kinds = Kind::ALL.map(|kind| (kind.name(), self.count(Some(kind))));
        for (name, counts) in kinds.into_iter().chain([("all", self.count(None))]) {
            if counts[0] > 0 {
                row(name, counts.map(|count| count.to_string()))?;
            }
        }
        for survivor in self.survivors() {
            writeln!(f, "{survivor}")?;
        }
        let left = self.chosen - self.tried.len();
        if left > 0 {
            writeln!(f, "no time for {left} more")?;
        }
        Ok(())
    }
}
