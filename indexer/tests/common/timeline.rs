//! A game from its creation to its end, step by step: what changed, and the transaction
//! that did it.

use lottery_indexer::{
    ledger::encoded,
    source::{AccountUpdate, Snapshot, TransactionUpdate},
};

use super::{Numbers, chain::value, ledger::Chain};

/// Transactions and the accounts as they left them.
pub struct Step {
    pub slot: i64,
    /// Those that changed, and those that were closed.
    pub accounts: Vec<AccountUpdate>,
    pub transactions: Vec<TransactionUpdate>,
}

/// A block that nobody votes for in the end.
pub struct Fork {
    /// The slot that it builds on, and the next one that the chain has.
    pub between: (i64, i64),
    pub step: Step,
}

/// What happened to a game; some of it, where it is not over.
pub struct Timeline {
    pub chain: Chain,
    pub steps: Vec<Step>,
    /// Of every slot's end.
    pub snapshots: Vec<Snapshot>,
    pub fork: Option<Fork>,
    slot: i64,
    /// Transactions that are in a step already.
    told: usize,
    /// Accounts as the last step left them.
    before: Vec<AccountUpdate>,
    writes: i64,
}

/// How a game goes.
#[derive(Clone, Copy, Debug)]
pub enum Plot {
    Settled,
    Expired,
    /// After so many rounds.
    Cancelled(u8),
}

impl Plot {
    pub const ALL: [Self; 4] = [
        Self::Settled,
        Self::Expired,
        Self::Cancelled(0),
        Self::Cancelled(1),
    ];
}

impl Timeline {
    /// Plays a game, up to `last` steps; several may share a slot. Some of them happen on a
    /// fork as well, with other luck, where there is to be one.
    pub fn play(plot: Plot, last: usize, is_forked: bool, numbers: &mut Numbers) -> Self {
        let mut timeline = Self {
            chain: Chain::told(),
            steps: Vec::new(),
            snapshots: Vec::new(),
            fork: None,
            slot: 10,
            told: 0,
            before: Vec::new(),
            writes: 0,
        };
        timeline.note();
        let acts = steps(plot, numbers);
        let last = last.min(acts.len());
        let chosen = usize::try_from(numbers.next()).unwrap() % last.max(1);
        for (at, step) in acts.iter().take(last).enumerate() {
            let is_chosen = is_forked && at == chosen;
            timeline.pass(match is_chosen {
                true => 1,
                false => numbers.next() % 3,
            });
            if is_chosen {
                let count = usize::try_from(numbers.next() % 4).unwrap() + 1;
                timeline.go_astray(&acts[at..last.min(at + count)]);
            }
            step(&mut timeline.chain, u64::try_from(timeline.slot).unwrap());
            timeline.note();
        }
        timeline.pass(1);
        timeline
    }

    /// Does all of these in a block of its own, between the last slot and this one.
    fn go_astray(&mut self, acts: &[Act]) {
        let parent = self.snapshots.last().unwrap().slot;
        let (slot, astray) = (parent + 5, self.chain.fork());
        let chain = std::mem::replace(&mut self.chain, astray);
        self.chain.world.luck = 100;
        let (next, before, told) = (self.slot, self.before.clone(), self.told);
        self.slot = slot;
        for act in acts {
            act(&mut self.chain, u64::try_from(slot).unwrap());
        }
        self.note();
        self.fork = self.steps.pop().map(|step| Fork {
            between: (parent, next),
            step,
        });
        self.chain = chain;
        (self.slot, self.before, self.told) = (next, before, told);
    }

    /// Lets slots pass, and remembers the last one's end.
    fn pass(&mut self, slots: u64) {
        if slots > 0 {
            self.snapshots.push(self.chain.snapshot(self.slot));
            self.slot += 10 * i64::try_from(slots).unwrap();
        }
    }

    /// Takes note of what changed.
    fn note(&mut self) {
        let now = self.chain.world.accounts(self.slot);
        let is_new = |account: &&AccountUpdate| {
            !self.before.iter().any(|then| {
                (then.address, then.lamports, &then.data)
                    == (account.address, account.lamports, &account.data)
            })
        };
        let mut accounts: Vec<AccountUpdate> = now.iter().filter(is_new).cloned().collect();
        let gone = self.before.iter().filter(|then| {
            let mut now = now.iter();
            !now.any(|account| account.address == then.address)
        });
        accounts.extend(gone.map(|then| AccountUpdate::closed(then.address, self.slot)));
        for account in &mut accounts {
            self.writes += 1;
            account.write_version = self.writes;
        }
        self.before = now;
        let told = self.chain.transactions();
        self.steps.push(Step {
            slot: self.slot,
            accounts,
            transactions: told[self.told..].to_vec(),
        });
        self.told = told.len();
    }
}

type Act = Box<dyn Fn(&mut Chain, u64)>;

/// Does something to the world, in a transaction of its own.
fn act(change: impl Fn(&mut super::chain::World) + 'static) -> Act {
    Box::new(move |chain, slot| {
        change(&mut chain.world);
        chain.land(slot);
    })
}

fn steps(plot: Plot, numbers: &mut Numbers) -> Vec<Act> {
    let mut steps: Vec<Act> = Vec::new();
    if numbers.next().is_multiple_of(2) {
        steps.push(Box::new(|chain, slot| {
            let tickets = 2 + u32::from(chain.world.luck / 50);
            chain.join_at(slot, 15, 0, tickets);
        }));
    }
    let rounds = match plot {
        Plot::Settled | Plot::Expired => 2,
        Plot::Cancelled(rounds) => rounds,
    };
    for round in 0..rounds {
        if numbers.next().is_multiple_of(3) {
            steps.push(Box::new(|chain, slot| chain.request(slot)));
            steps.push(act(|world| world.abort()));
        }
        steps.push(Box::new(|chain, slot| chain.request(slot)));
        steps.push(act(move |world| {
            world.reveal(value(round + 1 + world.luck))
        }));
        steps.push(act(|world| world.settle(0)));
    }
    match plot {
        Plot::Settled => {
            if numbers.next().is_multiple_of(2) {
                steps.push(act(|world| world.pay_winners(0, 2)));
                steps.push(act(|world| world.pay_rest(0)));
            } else {
                steps.push(act(|world| world.pay_winners(0, 3)));
            }
        }
        Plot::Expired => {
            if numbers.next().is_multiple_of(2) {
                steps.push(act(|world| world.pay_winners(0, 1)));
            }
            steps.push(act(|world| world.expire(0)));
        }
        Plot::Cancelled(_) => {
            steps.push(act(|world| world.cancel(0)));
            steps.push(act(|world| world.refund_all(0)));
        }
    }
    let (entries, game) = (
        act(|world| world.close_entries(0)),
        act(|world| world.close_game(0)),
    );
    if numbers.next().is_multiple_of(2) {
        steps.extend([entries, game]);
    } else {
        steps.extend([game, entries]);
    }
    steps
}

impl Chain {
    /// What was executed so far, oldest first.
    pub fn transactions(&self) -> Vec<TransactionUpdate> {
        let script = self.node.0.lock().unwrap();
        let all = (0..).zip(&script.transactions);
        all.map(|(index, (signature, _, answer))| {
            let answer = serde_json::from_value(answer.clone()).unwrap();
            let told = encoded::read(signature.parse().unwrap(), &answer).unwrap();
            // In blocks they are in this order, too.
            TransactionUpdate {
                index: Some(index),
                ..told
            }
        })
        .collect()
    }
}
