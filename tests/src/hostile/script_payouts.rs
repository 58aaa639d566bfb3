//! The end of the play: prizes and awards, what nobody claimed, what is given back.

use lottery_client::{
    address,
    instruction::{self as ix, Batch, EntryKeys},
};
use solana_signer::Signer as _;

use super::{
    script::{LONG, MAIN, OPEN},
    stage::Stage,
};

impl Stage {
    pub(super) fn payouts(&mut self) {
        self.record("claim", ", two rounds", |s| {
            let (keys, ticket) = s.winner(LONG, 0);
            ix::claim(s.wallets.cranker, keys, ticket)
        });
        self.step("claim", "", |s| {
            let (keys, ticket) = s.winner(MAIN, 0);
            ix::claim(s.wallets.cranker, keys, ticket)
        });
        self.step("claim_jackpot", "", |s| {
            ix::claim_jackpot(s.wallets.cranker, s.awarded(MAIN, 0), 0)
        });
        self.record("player_batch", ", three claims", |s| {
            let mut batch = Batch::new(s.wallets.cranker);
            let (keys, ticket) = s.winner(MAIN, 1);
            batch.claim(keys, ticket).unwrap();
            let (keys, ticket) = s.winner(LONG, 0);
            batch.claim(keys, ticket).unwrap();
            batch.claim_jackpot(s.awarded(LONG, 1), 1).unwrap();
            batch.build(true)
        });
        self.record("player_batch", ", claims of two games, loose", |s| {
            let mut batch = Batch::new(s.wallets.cranker);
            for (game, place) in [(MAIN, 1), (LONG, 0)] {
                let (keys, ticket) = s.winner(game, place);
                batch.claim(keys, ticket).unwrap();
            }
            batch.build(false)
        });
        self.record("player_batch", ", two claims and a join", |s| {
            let mut batch = Batch::new(s.wallets.players[2]);
            let (keys, ticket) = s.winner(LONG, 1);
            batch.claim(keys, ticket).unwrap();
            batch.join(&s.purchase(OPEN, 2, 3), s.token()).unwrap();
            batch.claim_jackpot(s.awarded(MAIN, 2), 2).unwrap();
            batch.build(true)
        });
        self.step("withdraw_treasury", "", |s| {
            let wallet = s.world.treasury_wallet.pubkey();
            ix::withdraw_treasury(
                s.wallets.authority,
                s.world.house,
                wallet,
                1_000_000,
                s.token(),
            )
        });
    }

    pub(super) fn ends(&mut self) {
        self.world.pass(86_400);
        self.step("expire_prizes", "", |s| {
            let (cranker, house) = (s.wallets.cranker, s.world.house);
            ix::expire_prizes(cranker, house, s.game(MAIN), s.token())
        });
        self.record("close_game", ", claims over", |s| s.end(MAIN));
        if self.token().is_some() {
            for house in self.houses {
                let vault = self.vault(&address::game(&house, MAIN));
                self.world.mint_to(&vault, 1_000);
            }
            self.record("close_game", ", tokens donated", |s| s.end(MAIN));
        }
        self.both(|s| s.end(MAIN));
        self.record("close_entry", ", game closed", |s| {
            ix::close_entry(s.wallets.cranker, s.entry(MAIN, 0))
        });
        self.record("player_batch", ", two closes, game closed", |s| {
            let mut batch = Batch::new(s.wallets.cranker);
            batch.close_entry(s.entry(MAIN, 0)).unwrap();
            batch.close_entry(s.entry(MAIN, 1)).unwrap();
            batch.build(true)
        });
    }

    /// The entry and the ticket that won a place.
    fn winner(&self, game: u64, place: u32) -> (EntryKeys, u32) {
        let (entry, ticket) = self.world.winner(&self.game(game), place);
        (self.world.entry_keys(&entry), ticket)
    }

    /// The entry that won a tier.
    fn awarded(&self, game: u64, tier: usize) -> EntryKeys {
        let game = self.game(game);
        let ticket = self.world.game(&game).jackpot_tickets[tier];
        self.world.entry_keys(&self.world.holder(&game, ticket))
    }
}
