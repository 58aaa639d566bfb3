//! Builds mutants and tries them: the tests of one run while the next is built.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Instant,
};

use super::{
    Mutant, MutantError, about,
    report::{Tried, Verdict},
    trial::Trial,
    workshop::{Built, Workshop},
};

/// Before which tests, how many builds at a time, and until when.
pub struct Setting {
    /// Test targets, in the order they run.
    pub tests: Vec<String>,
    pub jobs: usize,
    /// No mutant is begun afterwards.
    pub end: Option<Instant>,
}

/// Tries the mutants in their order; `progress` hears of each. Those for which there
/// was no time are not in the result.
///
/// # Errors
/// If the unchanged program does not build or does not pass, or a file cannot be
/// written.
pub fn run(
    root: &Path,
    mutants: Vec<Mutant>,
    setting: &Setting,
    progress: &dyn Fn(&Tried),
) -> Result<Vec<Tried>, MutantError> {
    let folder = root.join("target/mutants");
    let trial = Trial::prepare(root, &folder.join("tests"), &setting.tests)?;
    let workshops = (0..setting.jobs)
        .map(|job| Workshop::open(root, &folder.join(job.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let candidate = folder.join("lottery.so");
    let judge = |program: &[u8]| {
        fs::write(&candidate, program).map_err(about(candidate.display()))?;
        trial.first_failure(&candidate)
    };

    let mut unchanged = Vec::new();
    for workshop in &workshops {
        unchanged = workshop.build()?;
    }
    if let Some(failure) = judge(&unchanged)? {
        return Err(MutantError::Unsound(failure));
    }

    let next = Mutex::new(mutants.into_iter());
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || take().filter(|_| setting.end.is_none_or(|end| Instant::now() < end));
    thread::scope(|scope| {
        // Without room: nobody builds far ahead of the tests.
        let (sender, built) = mpsc::sync_channel(0);
        for workshop in workshops {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(mutant) = take() {
                    let program = workshop.build_mutant(&mutant);
                    if sender.send((mutant, program)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut tried = Vec::new();
        for (mutant, program) in built {
            let verdict = match program? {
                Built::Refused(error) => Verdict::NotViable(error),
                Built::Program(program) if program == unchanged => {
                    Verdict::NotViable("the same program".to_owned())
                }
                Built::Program(program) => match judge(&program)? {
                    Some(test) => Verdict::Caught(test),
                    None => Verdict::Survived,
                },
            };
            let one = Tried { mutant, verdict };
            progress(&one);
            tried.push(one);
        }
        Ok(tried)
    })
}
