//! A story from its beginning to the end of its last game.

use std::collections::{BTreeMap, BTreeSet};

use lottery::state::HouseParams;
use solana_pubkey::Pubkey;

use super::{
    action::{Action, Payment, What},
    cast::{ACTORS, FOUNDER},
    coverage::{Coverage, OK},
    invariants::Watch,
    op::{Start, Story},
    plan::{KEEPERS_LANES, Keeper},
    resolve::resolve,
    rules,
    stage::{Stage, Template},
    state::{Model, Reason, Status},
    why::Why,
};

/// Where and how program and model part.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Index of the op that did it; none in the keeper's hands.
    pub op: Option<usize>,
    pub what: String,
    /// Everything that was done, with its outcome.
    pub trace: Vec<String>,
}

/// A story under way.
struct Run<'a> {
    stage: Stage,
    model: Model,
    watch: Watch,
    coverage: &'a mut Coverage,
    trace: Vec<(Action, String)>,
    /// What was given to an account beside what is owed.
    gifts: BTreeMap<Pubkey, u128>,
}

/// Plays a story and brings it to its end.
pub fn run(template: &Template, story: &Story, coverage: &mut Coverage) -> Result<(), Failure> {
    let stage = Stage {
        svm: template.svm.clone(),
    };
    let model = template.model.clone();
    let mut run = Run {
        watch: Watch::new(&stage, &model),
        stage,
        model,
        coverage,
        trace: Vec::new(),
        gifts: BTreeMap::new(),
    };
    let mut at = None;
    let told = run
        .begin(&story.start)
        .and_then(|()| run.play(story, &mut at))
        .and_then(|()| run.end(&story.start));
    run.coverage.sequences += 1;
    told.map_err(|what| Failure {
        op: at,
        what,
        trace: run
            .trace
            .iter()
            .map(|(action, outcome)| match action {
                Action::Send { who, what } => format!("{who}: {what:?}: {outcome}"),
                passing => format!("{passing:?}"),
            })
            .collect(),
    })
}

impl Run<'_> {
    /// A house and a lane.
    fn begin(&mut self, start: &Start) -> Result<(), String> {
        let cast = &self.model.cast;
        let params = HouseParams {
            vrf_queue: cast.queue,
            draw_timeout: u64::from(start.draw_timeout),
            rules: rules::house_rules(start.rules, cast.treasury_wallet),
        };
        for what in [
            What::CreateHouse { id: 0, params },
            What::OpenLane { index: 0 },
        ] {
            self.must(Action::Send { who: FOUNDER, what })?;
        }
        Ok(())
    }

    fn play(&mut self, story: &Story, at: &mut Option<usize>) -> Result<(), String> {
        for (index, op) in story.ops.iter().enumerate() {
            *at = Some(index);
            if let Some(action) = resolve(op, &story.start, &self.model) {
                self.step(&action)?;
            }
        }
        *at = None;
        Ok(())
    }

    /// An action that nothing may refuse.
    fn must(&mut self, action: Action) -> Result<(), String> {
        match self.step(&action)? {
            None => Ok(()),
            Some(why) => Err(format!("I17: refused to the keeper: {why}")),
        }
    }

    /// Does an action in both worlds; returns why both refused it.
    fn step(&mut self, action: &Action) -> Result<Option<Why>, String> {
        self.coverage.steps += 1;
        let mut refusal = None;
        match action {
            Action::Wait { slot, now } => {
                self.model.slot = *slot;
                self.model.now = *now;
                self.stage.set_clock(*slot, *now);
                self.trace.push((action.clone(), String::new()));
            }
            Action::Rent { per_byte } => {
                self.model.ledger.per_byte = *per_byte;
                self.stage.set_rent(*per_byte);
                self.trace.push((action.clone(), String::new()));
            }
            Action::Send { who, what } => refusal = self.send(*who, what)?,
        }
        self.stage.compare(&self.model)?;
        self.watch.check(&self.stage, &self.model)?;
        Ok(refusal)
    }

    fn send(&mut self, who: usize, what: &What) -> Result<Option<Why>, String> {
        let instruction = self.model.build(who, what);
        let payer = self.model.cast.actor(self.model.fee_payer(who, what));
        let expected = self.model.send(who, what);
        let found = self.stage.send(instruction, &payer);
        let outcome = match &expected {
            Ok(_) => OK.to_string(),
            Err(why) => why.to_string(),
        };
        let action = Action::Send {
            who,
            what: what.clone(),
        };
        self.trace.push((action, outcome.clone()));
        self.coverage.note(what.name(), outcome);
        match (&expected, &found) {
            (Ok(codes), Ok(data)) => {
                if let What::Batch { payments, .. } = what {
                    self.compare_codes(payments, codes, data)?;
                }
                self.note_gift(what);
                Ok(None)
            }
            (Err(expected), Err(found)) if expected == found => Ok(Some(expected.clone())),
            (expected, found) => {
                let words = |result: Option<&Why>| match result {
                    None => "done".to_string(),
                    Some(why) => format!("refused: {why}"),
                };
                Err(format!(
                    "{what:?} of {who}: {}; should be {}",
                    words(found.as_ref().err()),
                    words(expected.as_ref().err()),
                ))
            }
        }
    }

    fn compare_codes(
        &mut self,
        payments: &[Payment],
        codes: &[u32],
        data: &[u8],
    ) -> Result<(), String> {
        let told: Vec<u32> = data
            .chunks(4)
            .map(|code| {
                code.iter()
                    .rev()
                    .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
            })
            .collect();
        for (payment, code) in payments.iter().zip(codes) {
            let outcome = match code {
                0 => OK.to_string(),
                code => Why::of_batch(*code).to_string(),
            };
            self.coverage.note_operation(payment.name(), outcome);
        }
        if told == codes {
            return Ok(());
        }
        Err(format!(
            "a batch's results are {told:?}, should be {codes:?}"
        ))
    }

    fn note_gift(&mut self, what: &What) {
        match what {
            What::Donate { to, lamports } => {
                *self.gifts.entry(*to).or_default() += u128::from(*lamports);
            }
            What::DonateTokens { to, amount } => {
                *self.gifts.entry(*to).or_default() += u128::from(*amount);
            }
            _ => {}
        }
    }

    /// The keeper ends every game. Then nothing is left but what the house owns.
    fn end(&mut self, start: &Start) -> Result<(), String> {
        let keeper = Keeper {
            alive: start.alive,
            known: start.known,
            claims: start.keeper_claims,
            entries_first: start.entries_first,
            batches: start.keeper_batches,
            thaws: true,
            who: ACTORS,
            lane: KEEPERS_LANES,
            value: [start.rules; 32],
        };
        let mut steps = 0;
        for game in 0..self.model.games.len() {
            let bound = self.bound(game);
            let mut taken = 0;
            while let Some(action) = keeper.next(&self.model, game) {
                self.must(action)?;
                taken += 1;
                if taken > bound {
                    return Err(format!("I17: game {game} did not end within {bound} steps"));
                }
            }
            steps += taken;
        }
        self.coverage.longest_drain = self.coverage.longest_drain.max(steps);
        self.close_lanes()?;
        self.stage.require_only_houses_and_lanes()?;
        self.require_house_balanced()?;
        self.require_winners()?;
        self.note_ends();
        Ok(())
    }

    /// More steps than any game should take to its end.
    fn bound(&self, game: usize) -> u64 {
        let entries = self.model.entries.iter().filter(|entry| entry.game == game);
        let params = &self.model.games[game].params;
        // Per round and attempt: a wait, a request, a wait, a reveal or abort; and a
        // lane may have to come free before. Then the settlement.
        let rounds = u64::from(params.rounds) * (3 * 6 + 2);
        let payments = u64::from(params.winners) + 3;
        // Each is topped up, thawed, refunded, closed.
        let entries = 4 * entries.count() as u64;
        20 + rounds + payments + entries
    }

    fn close_lanes(&mut self) -> Result<(), String> {
        for lane in 0..self.model.lanes.len() {
            let lane = &self.model.lanes[lane];
            if lane.gone {
                continue;
            }
            let (index, payer) = (lane.index, lane.payer);
            let who = (0..=ACTORS)
                .find(|actor| self.model.cast.actor(*actor) == payer)
                .expect("actors and the sponsor alone open lanes");
            let what = What::CloseLane { index };
            self.must(Action::Send { who, what })?;
        }
        Ok(())
    }

    /// The house has what its treasury accrued and what is in its jackpots; what was
    /// given to their accounts beside that is still there too.
    fn require_house_balanced(&self) -> Result<(), String> {
        let house = &self.model.house;
        let mut holders = vec![(
            self.model.cast.treasury,
            house.treasury.rent,
            house.treasury.accrued,
        )];
        for (key, jackpot) in self.model.cast.jackpots.iter().zip(&house.jackpots) {
            holders.push((*key, jackpot.rent, jackpot.amount));
        }
        for (key, rent, owed) in holders {
            let gift = |key: &Pubkey| self.gifts.get(key).copied().unwrap_or(0);
            let lamports = self.stage.svm.get_balance(&key).unwrap_or(0);
            let lasting = u128::from(rent) + gift(&key);
            let (found, due) = match self.model.cast.vault(&key) {
                None => (u128::from(lamports), lasting + owed),
                Some(vault) => {
                    if u128::from(lamports) != lasting {
                        return Err(format!(
                            "{key} has {lamports} lamports, should have {lasting}"
                        ));
                    }
                    let tokens = u128::from(self.model.ledger.tokens(&vault));
                    (tokens, owed + gift(&vault))
                }
            };
            if found != due {
                return Err(format!("I19: {key} has {found}, should have {due}"));
            }
        }
        Ok(())
    }

    /// I13: each place of a settled game was won by a ticket of its own, which an entry
    /// holds. I14: no crank got less than its bounty.
    fn require_winners(&self) -> Result<(), String> {
        for (index, game) in self.model.games.iter().enumerate() {
            if game.short {
                return Err(format!("I14: the escrow of game {index} ran out"));
            }
            if game.status != Status::Settled {
                continue;
            }
            let places = 0..u32::from(game.params.winners);
            let winners: BTreeSet<_> = places.clone().map(|place| game.winner(place)).collect();
            let found: BTreeSet<_> = winners
                .iter()
                .filter(|ticket| self.model.holder(index, **ticket).is_some())
                .filter_map(|ticket| game.place(*ticket))
                .collect();
            if !places.eq(found) {
                return Err(format!("I13: the winners of game {index} are {winners:?}"));
            }
        }
        Ok(())
    }

    fn note_ends(&mut self) {
        for game in &self.model.games {
            self.coverage.see(match (game.status, game.cancelled) {
                (Status::Settled, _) if game.owed() > 0 => "a game ended in debt",
                (Status::Settled, _) if game.expired > 0 && game.paid_out > 0 => {
                    "game settled, prizes paid and expired"
                }
                (Status::Settled, _) if game.expired > 0 => "game settled, prizes expired",
                (Status::Settled, _) if game.paid_out > 0 => "game settled, prizes paid",
                (Status::Settled, _) => "game settled, without prizes",
                (_, Some(Reason::TooFewTickets)) => "game cancelled: too few tickets",
                (_, Some(Reason::Overdue)) => "game cancelled: overdue",
                (_, Some(Reason::NoOracle)) => "game cancelled: no oracle",
                _ => "a game did not end",
            });
            if game.awards.iter().any(|award| *award > 0) {
                self.coverage.see("jackpot hit");
            }
            if game.tickets == u32::MAX {
                self.coverage.see("game of 4,294,967,295 tickets");
            }
            if game.params.rounds == 8 && game.status == Status::Settled {
                self.coverage.see("game settled after eight rounds");
            }
        }
        for draw in &self.model.draws {
            if draw.games.len() > 1 {
                self.coverage.see("draw of several games");
            }
        }
        self.coverage.see(if self.model.cast.token.is_some() {
            "story of tokens"
        } else {
            "story of SOL"
        });
    }
}
