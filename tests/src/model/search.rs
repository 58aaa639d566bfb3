//! Many stories, on all processors, and the smallest one that fails.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    coverage::Coverage,
    op::{Op, Story, stories},
    run::{Failure, run},
    stage::{Currency, Template},
};

/// A story that parts program and model, made as small as we can.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Number of the sequence it comes from.
    pub index: u64,
    pub story: Story,
    pub failure: Failure,
}

/// What came of a search.
#[derive(Default)]
pub struct Found {
    pub coverage: Coverage,
    pub counterexample: Option<Counterexample>,
}

/// How much to search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    pub sequences: u64,
    pub steps: usize,
    pub seed: u64,
    pub threads: usize,
}

/// Worlds to begin stories in.
#[derive(Default)]
pub struct Templates(HashMap<Currency, Template>);

impl Templates {
    fn of(&mut self, currency: Currency) -> &Template {
        self.0
            .entry(currency)
            .or_insert_with(|| Template::new(currency))
    }

    /// Plays a story.
    pub fn run(&mut self, story: &Story, coverage: &mut Coverage) -> Result<(), Failure> {
        let template = self.of(story.start.currency);
        // A model that panics is a model that is wrong.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(template, story, coverage)
        }))
        .unwrap_or_else(|panic| {
            let what = panic.downcast_ref::<String>().cloned();
            let what = what.or_else(|| panic.downcast_ref::<&str>().map(|what| (*what).into()));
            Err(Failure {
                op: None,
                what: what.unwrap_or_else(|| "a panic".into()),
                trace: Vec::new(),
            })
        })
    }
}

/// The story of this number: the same for the same seed.
pub fn story(seed: u64, index: u64, steps: usize) -> Story {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&index.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    stories(steps)
        .new_tree(&mut runner)
        .expect("nothing is rejected")
        .current()
}

/// Plays stories until one fails or all are told; `done` is told of each.
pub fn search(search: Search, done: impl Fn() + Sync) -> Found {
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..search.threads.max(1) {
            scope.spawn(|| {
                let mut templates = Templates::default();
                let mut coverage = Coverage::default();
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= search.sequences {
                        break;
                    }
                    let story = story(search.seed, index, search.steps);
                    if let Err(failure) = templates.run(&story, &mut coverage) {
                        if !failed.swap(true, Ordering::Relaxed) {
                            let smallest = shrink(&mut templates, index, story, failure);
                            found.lock().unwrap().counterexample = Some(smallest);
                        }
                        break;
                    }
                    done();
                }
                found.lock().unwrap().coverage.merge(coverage);
            });
        }
    });
    found.into_inner().unwrap()
}

/// Leaves out what a failing story does not need, then makes its numbers small.
fn shrink(templates: &mut Templates, index: u64, story: Story, failure: Failure) -> Counterexample {
    let mut best = Counterexample {
        index,
        story,
        failure,
    };
    if let Some(op) = best.failure.op {
        best.story.ops.truncate(op + 1);
    }
    let mut fails = |story: Story, best: &mut Counterexample| {
        let failed = templates.run(&story, &mut Coverage::default()).err();
        failed.is_some_and(|failure| {
            best.story = story;
            best.failure = failure;
            true
        })
    };
    let mut chunk = best.story.ops.len();
    while chunk > 0 {
        let mut at = 0;
        while at < best.story.ops.len() {
            let mut shorter = best.story.clone();
            let end = (at + chunk).min(shorter.ops.len());
            shorter.ops.drain(at..end);
            if !fails(shorter, &mut best) {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    for at in 0..best.story.ops.len() {
        for smaller in smaller(best.story.ops[at]) {
            let mut story = best.story.clone();
            story.ops[at] = smaller;
            fails(story, &mut best);
        }
    }
    best
}

/// An op with one of its numbers smaller.
fn smaller(op: Op) -> Vec<Op> {
    let mut list = Vec::new();
    if op.who > 0 {
        list.push(Op { who: 0, ..op });
    }
    for a in [0, op.a / 2] {
        list.push(Op { a, ..op });
    }
    // 0 would stop the op from picking what fits.
    for b in [1, op.b / 2] {
        list.push(Op { b, ..op });
    }
    for c in [0, 1, op.c / 2] {
        list.push(Op { c, ..op });
    }
    list.retain(|other| *other != op);
    list
}
