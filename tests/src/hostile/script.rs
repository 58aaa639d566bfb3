//! The play: houses, lanes, games and purchases.

use lottery::state::{GameParams, MEGA};
use lottery_client::{
    address,
    instruction::{self as ix, Batch, Purchase},
};
use solana_instruction::Instruction;

use super::stage::{Case, Stage, TICKETS};
use crate::{rules, tokens::Currency};

/// Index of a second lane.
pub const SECOND_LANE: u8 = 1;

/// Sold out; one round; two winners.
pub const MAIN: u64 = 0;
/// Sold out; two rounds.
pub const LONG: u64 = 1;
/// Sells too few tickets.
pub const POOR: u64 = 2;
/// On sale throughout.
pub const OPEN: u64 = 3;

/// Every honest call, in a currency.
pub fn cases(currency: Currency) -> Vec<Case> {
    let mut stage = Stage::new(currency);
    stage.houses_and_lanes();
    stage.sales();
    stage.refunds();
    stage.draws();
    stage.settlements();
    stage.payouts();
    stage.ends();
    stage.cases
}

/// What a game is like.
pub fn game(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = TICKETS;
    params.max_tickets_per_entry = TICKETS;
    params.winners = 2;
    params.place_bps[..2].copy_from_slice(&[6_000, 4_000]);
    match id {
        LONG => {
            params.rounds = 2;
            params.keep_bps[0] = 5_000;
        }
        POOR => params.min_tickets = TICKETS,
        OPEN => params.closes_at = now + 30 * 86_400,
        _ => {}
    }
    params
}

impl Stage {
    fn houses_and_lanes(&mut self) {
        self.record("create_house", "", |s| {
            let params = Self::params(&s.world);
            ix::create_house(s.wallets.authority, 2, params, s.token())
        });
        self.record("update_house", "", |s| {
            let rules = Self::params(&s.world).rules;
            ix::update_house(s.wallets.authority, s.world.house, rules)
        });
        self.record("set_pause", "", |s| {
            ix::set_pause(s.wallets.authority, s.world.house, false, true)
        });
        self.step("propose_authority", "", |s| {
            let successor = s.wallets.successor;
            ix::propose_authority(s.wallets.authority, s.world.house, successor)
        });
        self.record("accept_authority", "", |s| {
            ix::accept_authority(s.wallets.successor, s.world.house)
        });
        self.step("fund_jackpot", "", |s| {
            let funder = s.wallets.players[0];
            ix::fund_jackpot(funder, s.world.house, MEGA, 5_000_000, s.token())
        });
        self.step("open_lane", "", |s| {
            ix::open_lane(
                s.wallets.requester,
                s.world.house,
                s.world.queue,
                SECOND_LANE,
                s.world.slot() - 1,
            )
        });
    }

    fn sales(&mut self) {
        self.step("create_game", "", |s| s.new_game(MAIN));
        for id in [LONG, POOR, OPEN] {
            self.both(|s| s.new_game(id));
        }
        self.step("join", "", |s| {
            ix::join(&s.purchase(MAIN, 0, TICKETS / 2), s.token())
        });
        self.step("player_batch", ", two joins", |s| {
            let mut batch = Batch::new(s.wallets.players[1]);
            for game in [MAIN, LONG] {
                let purchase = s.purchase(game, 1, TICKETS / 2);
                batch.join(&purchase, s.token()).unwrap();
            }
            batch.build(true)
        });
        for (game, player, tickets) in [
            (LONG, 0, TICKETS / 2),
            (POOR, 0, 1),
            (POOR, 1, 1),
            (POOR, 2, 1),
            (OPEN, 0, 1),
            (OPEN, 1, 1),
        ] {
            self.both(|s| ix::join(&s.purchase(game, player, tickets), s.token()));
        }
    }

    fn refunds(&mut self) {
        self.world.pass(3_600);
        self.step("cancel_game", "", |s| {
            ix::cancel_game(s.wallets.cranker, s.game(POOR))
        });
        self.step("refund", "", |s| {
            ix::refund(s.wallets.cranker, s.entry(POOR, 0))
        });
        for (all_or_nothing, variant) in [(true, ", two refunds"), (false, ", two refunds, loose")]
        {
            self.record("player_batch", variant, |s| {
                let mut batch = Batch::new(s.wallets.cranker);
                batch.refund(s.entry(POOR, 1)).unwrap();
                batch.refund(s.entry(POOR, 2)).unwrap();
                batch.build(all_or_nothing)
            });
        }
        self.both(|s| ix::refund(s.wallets.cranker, s.entry(POOR, 1)));
        self.record("player_batch", ", refund and close", |s| {
            let mut batch = Batch::new(s.wallets.cranker);
            batch.refund(s.entry(POOR, 2)).unwrap();
            batch.close_entry(s.entry(POOR, 2)).unwrap();
            batch.build(true)
        });
        self.both(|s| ix::refund(s.wallets.cranker, s.entry(POOR, 2)));
        self.step("close_entry", "", |s| {
            ix::close_entry(s.wallets.cranker, s.entry(POOR, 0))
        });
        self.step("player_batch", ", two closes", |s| {
            let mut batch = Batch::new(s.wallets.cranker);
            batch.close_entry(s.entry(POOR, 1)).unwrap();
            batch.close_entry(s.entry(POOR, 2)).unwrap();
            batch.build(true)
        });
        self.step("close_game", ", all entries closed", |s| s.end(POOR));
    }

    fn new_game(&self, id: u64) -> Instruction {
        let params = game(id, self.world.now());
        ix::create_game(
            self.wallets.authority,
            self.world.house,
            params,
            self.token(),
        )
    }

    pub(super) fn purchase(&self, game: u64, player: usize, tickets: u32) -> Purchase {
        Purchase {
            player: self.wallets.players[player],
            house: self.world.house,
            game: self.game(game),
            tickets,
            nonce: 0,
            max_total: u64::MAX,
        }
    }

    /// Closes a game.
    pub fn end(&self, game: u64) -> Instruction {
        let (cranker, creator) = (self.wallets.cranker, self.wallets.authority);
        ix::close_game(cranker, self.game(game), creator, self.token())
    }

    /// A holder's vault, in a token house.
    pub fn vault(&self, holder: &solana_pubkey::Pubkey) -> solana_pubkey::Pubkey {
        address::vault(holder)
    }
}
