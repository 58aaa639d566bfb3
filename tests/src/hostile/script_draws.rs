//! The play goes on: draws, one given up, and settlements.

use lottery::switchboard::lut_slot;
use lottery_client::{
    address,
    instruction::{self as ix, DrawKeys},
};
use solana_instruction::Instruction;
use solana_signer::Signer as _;

use super::{
    script::{LONG, MAIN, SECOND_LANE},
    stage::Stage,
};
use crate::world::LANE;

/// What the oracle answers.
const VALUE: [u8; 32] = [5; 32];

impl Stage {
    /// Two games are drawn in vain, then with another oracle's help.
    pub(super) fn draws(&mut self) {
        self.record("request_draw", ", one game", |s| s.request(0, &[MAIN]));
        self.step("request_draw", ", two games", |s| {
            s.request(0, &[MAIN, LONG])
        });
        let timeout = self.world.draw(self.last_draw()).timeout_slot;
        let now = self.world.now();
        self.world.set_clock(timeout + 1, now);
        self.record("abort_draw", ", two games", |s| s.abort(&[MAIN, LONG]));
        self.step("abort_draw", ", first call", |s| s.abort(&[MAIN]));
        self.step("abort_draw", ", last call", |s| s.abort(&[LONG]));
        self.record("close_lane", "", |s| {
            let lane = address::lane(&s.world.house, SECOND_LANE);
            let randomness = s.world.account(&address::randomness(&lane)).data;
            let slot = lut_slot(&randomness).unwrap();
            ix::close_lane(s.wallets.requester, s.world.house, SECOND_LANE, slot)
        });
        self.both(|s| s.request(1, &[MAIN, LONG]));
        self.world.pass(0);
        self.step("reveal_draw", "", |s| s.answer(1));
    }

    pub(super) fn settlements(&mut self) {
        self.record("settle_draw", ", one of two games", |s| s.settle(&[MAIN]));
        self.step("settle_draw", ", two games", |s| s.settle(&[MAIN, LONG]));
        self.world.pass(60);
        self.both(|s| s.request(0, &[LONG]));
        self.world.pass(0);
        self.both(|s| s.answer(0));
        self.record("settle_draw", ", last round", |s| s.settle(&[LONG]));
        if self.token().is_none() {
            return self.both(|s| s.settle(&[LONG]));
        }
        // Frozen vaults make the games wait for their settlement.
        for house in self.houses {
            let vault = self.vault(&address::treasury(&house));
            self.world.freeze(&vault);
        }
        self.both(|s| s.settle(&[LONG]));
        for house in self.houses {
            let vault = self.vault(&address::treasury(&house));
            self.world.thaw(&vault);
        }
        self.step("settle_game", "", |s| {
            ix::settle_game(s.world.house, s.game(LONG), s.token())
        });
    }

    /// Id of the lane's last draw.
    fn last_draw(&self) -> u64 {
        self.world.lane().next_draw - 1
    }

    fn draw_keys(&self) -> DrawKeys {
        let lane = address::lane(&self.world.house, LANE);
        DrawKeys {
            house: self.world.house,
            lane,
            draw: address::draw(&lane, self.last_draw()),
            payer: self.wallets.requester,
        }
    }

    fn games(&self, games: &[u64]) -> Vec<solana_pubkey::Pubkey> {
        games.iter().map(|id| self.game(*id)).collect()
    }

    fn request(&self, oracle: usize, games: &[u64]) -> Instruction {
        ix::request_draw(
            self.wallets.requester,
            self.world.lane_keys(),
            self.world.lane().next_draw,
            self.world.oracles[oracle].account.pubkey(),
            &self.games(games),
        )
    }

    fn answer(&self, oracle: usize) -> Instruction {
        ix::reveal_draw(
            self.wallets.cranker,
            self.world.lane_keys(),
            self.last_draw(),
            self.world.oracles[oracle].account.pubkey(),
            &self.world.answer(oracle, VALUE),
        )
    }

    fn abort(&self, games: &[u64]) -> Instruction {
        ix::abort_draw(self.wallets.cranker, self.draw_keys(), &self.games(games))
    }

    fn settle(&self, games: &[u64]) -> Instruction {
        let (keys, games) = (self.draw_keys(), self.games(games));
        ix::settle_draw(self.wallets.cranker, keys, &games, self.token())
    }
}
