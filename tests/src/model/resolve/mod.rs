//! From a step of a random story to an action in the state it meets.
//!
//! Most of the time a step picks something that can be done; sometimes anything at
//! all, right or wrong.

mod draws;
mod payments;
mod world;

use lottery::state::HouseParams;
use solana_pubkey::Pubkey;

use super::{
    action::{Action, What},
    cast::ACTORS,
    op::{Kind, Op, Start},
    plan::Keeper,
    rules,
    state::{Game, Model, Stage, Status},
};

/// Every tenth or so of the picks takes anything.
fn picky(op: &Op) -> bool {
    !op.b.is_multiple_of(11)
}

impl Op {
    /// The games a step may pick from: those that fit, or all.
    fn pick(&self, model: &Model, fits: impl Fn(&Game) -> bool) -> Option<usize> {
        let games = 0..model.games.len();
        let fitting: Vec<_> = games
            .clone()
            .filter(|game| fits(&model.games[*game]))
            .collect();
        if picky(self) {
            return nth(&fitting, self.a);
        }
        nth(&games.collect::<Vec<_>>(), self.a)
    }

    fn pick_draw(&self, model: &Model, stage: Stage) -> Option<usize> {
        let draws = 0..model.draws.len();
        let fitting: Vec<_> = draws
            .clone()
            .filter(|draw| !model.draws[*draw].gone && model.draws[*draw].stage == stage)
            .collect();
        if picky(self) {
            return nth(&fitting, self.a);
        }
        nth(&draws.collect::<Vec<_>>(), self.a)
    }

    /// The keeper that an `Advance` acts as.
    fn keeper(&self, model: &Model) -> Keeper {
        Keeper {
            alive: u8::MAX,
            known: 4,
            claims: !self.b.is_multiple_of(3),
            entries_first: !self.b.is_multiple_of(5),
            batches: self.b.is_multiple_of(4),
            thaws: false,
            who: usize::from(self.who),
            lane: model.lanes.len() as u8,
            value: [self.b; 32],
        }
    }
}

fn nth<T: Copy>(list: &[T], number: impl Into<usize>) -> Option<T> {
    let index = number.into().checked_rem(list.len())?;
    list.get(index).copied()
}

/// What a step does here. Where there is nothing it could be about, it brings a game
/// further, sells tickets, or makes a game to sell them of.
pub fn resolve(op: &Op, start: &Start, model: &Model) -> Option<Action> {
    let instead = if op.c.is_multiple_of(2) {
        Kind::Advance
    } else {
        Kind::Join
    };
    [op.kind, instead, Kind::CreateGame]
        .into_iter()
        .find_map(|kind| act(&Op { kind, ..*op }, start, model))
}

fn act(op: &Op, start: &Start, model: &Model) -> Option<Action> {
    match op.kind {
        Kind::Advance => {
            let game = op.pick(model, |game| !game.gone)?;
            let sells = |game: &Game| {
                game.status == Status::Open && !game.gone && !game.sales_ended(model.now)
            };
            // The keeper would wait for the close.
            if sells(&model.games[game]) && !op.c.is_multiple_of(4) {
                return act(
                    &Op {
                        kind: Kind::Join,
                        ..*op
                    },
                    start,
                    model,
                );
            }
            let next = op.keeper(model).next(model, game);
            // Rather with every other game that is due.
            if let Some(Action::Send {
                what: What::Request { .. },
                ..
            }) = next
                && op.c.is_multiple_of(3)
            {
                let kind = Kind::Request;
                return act(&Op { kind, ..*op }, start, model);
            }
            return next;
        }
        Kind::Jump => return Some(world::jump(op, model)),
        Kind::Slots => {
            let slots = [1, 2, 99, 100, 101, 200, 201, 10_801][usize::from(op.a % 8)];
            return Some(Action::Wait {
                slot: model.slot + slots,
                now: model.now,
            });
        }
        Kind::Rent => {
            let per_byte = [6_960, 3_480, 13_920, 696, 6_960, 7_656][usize::from(op.a % 6)];
            return Some(Action::Rent { per_byte });
        }
        _ => {}
    }
    let what = what(op, start, model)?;
    let rightful = rightful(&what, model).filter(|_| picky(op));
    Some(Action::Send {
        who: rightful.unwrap_or(usize::from(op.who)),
        what,
    })
}

/// Who may do it, if not everybody.
fn rightful(what: &What, model: &Model) -> Option<usize> {
    let key = match what {
        What::UpdateHouse { .. }
        | What::SetPause { .. }
        | What::Propose { .. }
        | What::Withdraw { .. } => model.house.authority,
        What::CreateGame { .. } if !model.rules().open_creation => model.house.authority,
        What::Accept => model.house.pending?,
        What::CloseLane { index } => model.lanes[model.lane(*index)?].payer,
        _ => return None,
    };
    (0..ACTORS).find(|actor| model.cast.actor(*actor) == key)
}

fn what(op: &Op, start: &Start, model: &Model) -> Option<What> {
    Some(match op.kind {
        Kind::CreateGame => {
            let mut params = rules::game(model, op.a, op.c);
            if !picky(op) {
                rules::spoil_game(&mut params, op.a, model.now);
            }
            What::CreateGame { params }
        }
        Kind::Request | Kind::Reveal | Kind::Settle | Kind::Abort => draws::what(op, model)?,
        Kind::SettleGame => What::SettleGame {
            game: op.pick(model, Game::awaits_settlement)?,
        },
        Kind::Cancel => {
            let now = model.now;
            let fits = |game: &Game| {
                let few = game.tickets < game.params.min_tickets;
                !game.gone
                    && game.status == Status::Open
                    && (few && game.sales_ended(now) || now >= game.overdue_at())
            };
            What::Cancel {
                game: op.pick(model, fits)?,
            }
        }
        Kind::Expire => What::Expire {
            game: op.pick(model, |game| {
                game.status == Status::Settled && !game.paid && model.now >= game.claims_end()
            })?,
        },
        Kind::CloseGame => {
            let game = op.pick(model, |game| game.paid && !game.gone)?;
            let creator = if picky(op) {
                model.games[game].creator
            } else {
                model.cast.actor(usize::from(op.a) % ACTORS)
            };
            What::CloseGame { game, creator }
        }
        Kind::Join
        | Kind::Claim
        | Kind::ClaimJackpot
        | Kind::Refund
        | Kind::CloseEntry
        | Kind::Batch => payments::what(op, model)?,
        Kind::DonateTokens | Kind::Freeze | Kind::Thaw | Kind::CreateAssociated => {
            world::token_step(op, model)?
        }
        Kind::Donate => What::Donate {
            to: world::donee(op, model),
            lamports: world::gift(op, model),
        },
        _ => house_step(op, start, model)?,
    })
}

fn house_step(op: &Op, start: &Start, model: &Model) -> Option<What> {
    let cast = &model.cast;
    let someone = cast.actor(usize::from(op.a) % ACTORS);
    Some(match op.kind {
        Kind::CreateHouse => What::CreateHouse {
            id: op.c % 3,
            params: {
                let mut params = HouseParams {
                    vrf_queue: cast.queue,
                    draw_timeout: u64::from(start.draw_timeout),
                    rules: rules::house_rules(op.a, cast.treasury_wallet),
                };
                if op.b.is_multiple_of(2) {
                    rules::spoil_house(&mut params, op.a);
                }
                params
            },
        },
        Kind::UpdateHouse => {
            let wallet = if op.c.is_multiple_of(2) {
                cast.treasury_wallet
            } else {
                someone
            };
            let mut params = HouseParams {
                vrf_queue: cast.queue,
                draw_timeout: 100,
                rules: rules::house_rules(op.a, wallet),
            };
            if !picky(op) {
                rules::spoil_house(&mut params, op.a % 7);
            }
            What::UpdateHouse {
                rules: params.rules,
            }
        }
        Kind::SetPause => What::SetPause {
            games: op.a.is_multiple_of(4),
            joins: op.b.is_multiple_of(4),
        },
        Kind::Propose => What::Propose {
            successor: if picky(op) {
                someone
            } else {
                Pubkey::default()
            },
        },
        Kind::Accept => What::Accept,
        Kind::Withdraw => {
            let accrued = model.house.treasury.accrued as u64;
            let amounts = [accrued, accrued / 2, 1, accrued + 1, 0];
            if accrued == 0 && picky(op) {
                return None;
            }
            What::Withdraw {
                wallet: if picky(op) {
                    model.rules().treasury_wallet
                } else {
                    someone
                },
                amount: amounts[usize::from(op.a % 5)],
            }
        }
        Kind::Fund => What::Fund {
            tier: op.a % 3,
            amount: u64::from(op.c) * u64::from(op.b),
        },
        Kind::OpenLane => What::OpenLane { index: op.a % 4 },
        _ => What::CloseLane { index: op.a % 4 },
    })
}
