//! The whole life of games, to the unit and the lamport, with the same numbers in
//! native SOL, SPL Token and Token-2022.

use lottery::state::{Game, Jackpot, Treasury};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    payouts::Sold,
    rules::{self, FEE},
    tokens::{Currency, PLAYER_TOKENS},
    world::{SOL, World},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// What a signature costs.
const SIGNATURE: u64 = 5_000;
/// What the mega jackpot is given.
const GIFT: u64 = 50_000_000;
const PRIZES: [u64; 3] = [45_000_000, 27_000_000, 18_000_000];
const AWARDS: [u64; 3] = [1_000_000, 1_920_000, 3_000_000];

/// What an account of the program is alike in, whatever the currency.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    settled: Game,
    cancelled: Game,
    expired: Game,
    treasury: Treasury,
    jackpots: [Jackpot; 3],
    /// What every player ended with, beside what they had.
    players: Vec<i64>,
}

/// Whole lives of three games: one won and paid, one cancelled and refunded, one
/// whose prizes nobody claims.
struct Lives {
    world: World,
    native: bool,
}

#[test]
fn every_currency_gives_the_same_numbers() {
    let [native, spl_token, token_2022] = Currency::ALL.map(live);
    assert_eq!(native, spl_token);
    assert_eq!(native, token_2022);

    // Computed by hand. Two tickets that nobody claims, 20,000,000 in all:
    assert_eq!(native.expired.expired, 18_000_000);
    assert_eq!(native.cancelled.refunded, 30_000_000);
    // Ten tickets, 100,000,000 in all.
    let settled = &native.settled;
    assert_eq!(settled.prize_pool, 90_000_000);
    assert_eq!(settled.treasury_share, 4_000_000);
    let contributions = [1_000_000, 2_000_000, 3_000_000];
    assert_eq!(settled.jackpot_contributions, contributions);
    // Pots of 1,200,000, 2,400,000 and 50,000,000 + 18,600,000 + 3,000,000, of which ten,
    // twenty and fifty per cent stay, and what is more than the mean: 1,000,000, 2,000,000
    // and 3,000,000.
    assert_eq!(settled.jackpot_awards, AWARDS);
    assert_eq!(settled.paid_out, 90_000_000 + 5_920_000);
    let pots = native.jackpots.map(|jackpot| jackpot.amount);
    assert_eq!(pots, [200_000, 480_000, 68_600_000]);
    assert_eq!(native.treasury.accrued, 800_000);
    assert_eq!(native.treasury.total_withdrawn, 4_000_000);
}

/// Plays all three games and returns the books; balances are checked on the way.
fn live(currency: Currency) -> Books {
    let mut lives = Lives {
        world: World::in_currency(currency, |_| ()),
        native: currency == Currency::Native,
    };
    let (cancelled, refunded) = lives.cancelled_and_refunded();
    let (expired, lost) = lives.expired();
    let (settled, won) = lives.won_and_paid();
    lives.check_holders();
    let world = &lives.world;
    Books {
        settled,
        cancelled,
        expired,
        treasury: Treasury {
            vault: Pubkey::default(),
            ..world.treasury()
        },
        jackpots: [0, 1, 2].map(|tier| Jackpot {
            vault: Pubkey::default(),
            ..world.jackpot(tier)
        }),
        players: [won, refunded, lost].concat(),
    }
}

fn index(sold: &Sold, entry: &Pubkey) -> usize {
    let mut entries = sold.entries.iter();
    entries.position(|other| other == entry).unwrap()
}

impl Lives {
    /// Five rounds, three places, three jackpots; all closed in the end.
    fn won_and_paid(&mut self) -> (Game, Vec<i64>) {
        let world = &mut self.world;
        let authority = world.authority.pubkey();
        let (house, token) = (world.house, world.token);
        let mut params = rules::house(world.treasury_wallet.pubkey(), world.queue);
        rules::certain_hits(&mut params, 10);
        let update = ix::update_house(authority, house, params.rules);
        world.crank(update).unwrap();

        let (lamports, money) = (world.lamports(&authority), world.money_of(&authority));
        let fund = ix::fund_jackpot(authority, house, 2, GIFT, token);
        world.crank(fund).unwrap();
        let sold = world.sell(
            |id, now| {
                let mut params = rules::five_rounds(id, now);
                params.max_tickets = 10;
                params.max_tickets_per_entry = 5;
                params
            },
            &[5, 3, 1, 1],
        );
        assert_eq!(self.owned(&sold.game), 10 * FEE);
        let world = &mut self.world;
        world.play(&sold.game, 1).unwrap();
        assert_eq!(world.treasury().accrued, 4_800_000);
        self.check_holders();
        let world = &mut self.world;
        let mut prizes = vec![0; 4];
        for (place, prize) in (0..3).zip(PRIZES) {
            let (entry, _) = world.winner(&sold.game, place);
            prizes[index(&sold, &entry)] += prize;
            world.claim_place(&sold.game, place).unwrap();
        }
        for (tier, award) in (0..3).zip(AWARDS) {
            let ticket = world.game(&sold.game).jackpot_tickets[usize::from(tier)];
            let entry = world.holder(&sold.game, ticket);
            prizes[index(&sold, &entry)] += award;
            world.claim_award(&sold.game, tier).unwrap();
        }
        let game = self.paid(&sold);
        let world = &mut self.world;
        let wallet = world.treasury_wallet.pubkey();
        let withdraw = ix::withdraw_treasury(authority, house, wallet, 4_000_000, token);
        world.crank(withdraw).unwrap();
        assert_eq!(world.money_of(&wallet), 4_000_000);

        // All bounties and all rent came back, and four bounties for closing entries;
        // create, fund, five rounds of three, six claims, five closes, one withdrawal.
        let given = if self.native { GIFT } else { 0 };
        let world = &self.world;
        assert_eq!(
            world.lamports(&authority),
            lamports - 29 * SIGNATURE + 4 * 10_000 - given - self.opened(4)
        );
        if !self.native {
            assert_eq!(world.money_of(&authority), money - GIFT);
        }
        (game, self.check_players(&sold, &[5, 3, 1, 1], &prizes))
    }

    fn cancelled_and_refunded(&mut self) -> (Game, Vec<i64>) {
        let tickets = [2, 1];
        let sold = self.world.cancelled(&tickets);
        let world = &mut self.world;
        let mut returned = Vec::new();
        for (entry, tickets) in sold.entries.iter().zip(tickets) {
            world.refund(entry).unwrap();
            returned.push(FEE * u64::from(tickets));
        }
        let game = self.paid(&sold);
        // The entry paid for the refund too.
        let players = self.check_players_after(&sold, &tickets, &returned, 2);
        (game, players)
    }

    fn expired(&mut self) -> (Game, Vec<i64>) {
        let sold = self.world.settled(rules::game, &[1, 1]);
        let world = &mut self.world;
        world.pass_until(world.game(&sold.game).claims_end());
        assert_eq!(world.jackpot(2).amount, 600_000);
        world.expire(&sold.game).unwrap();
        assert_eq!(world.jackpot(2).amount, 18_600_000);
        let game = self.paid(&sold);
        (game, self.check_players(&sold, &[1, 1], &[0, 0]))
    }

    /// Closes entries and game; nothing of them is left. Returns how the game ended.
    fn paid(&mut self, sold: &Sold) -> Game {
        let world = &mut self.world;
        assert!(world.game(&sold.game).has(Game::FLAG_PAID));
        for entry in &sold.entries {
            world.close_entry(entry).unwrap();
            assert!(world.is_gone(entry));
        }
        assert_eq!(self.owned(&sold.game), 0);
        let world = &mut self.world;
        let game = world.game(&sold.game);
        assert_eq!(game.vault == Pubkey::default(), self.native);
        world.close_game(&sold.game).unwrap();
        assert!(world.is_gone(&sold.game));
        assert!(world.is_gone(&address::vault(&sold.game)));
        Game {
            vault: Pubkey::default(),
            ..game
        }
    }

    fn check_players(&self, sold: &Sold, tickets: &[u32], won: &[u64]) -> Vec<i64> {
        self.check_players_after(sold, tickets, won, 1)
    }

    /// Every player has what they had, less the price, the fee of their signature and
    /// the bounties of their entry's cranks, and what they were paid.
    fn check_players_after(
        &self,
        sold: &Sold,
        tickets: &[u32],
        won: &[u64],
        cranks: u64,
    ) -> Vec<i64> {
        let world = &self.world;
        let mut gains = Vec::new();
        for ((player, tickets), won) in sold.players.iter().zip(tickets).zip(won) {
            let player = player.pubkey();
            let price = FEE * u64::from(*tickets);
            let spent = SIGNATURE + cranks * 10_000;
            if self.native {
                assert_eq!(world.lamports(&player), 100 * SOL - spent - price + won);
            } else {
                assert_eq!(world.lamports(&player), 100 * SOL - spent);
                assert_eq!(world.money_of(&player), PLAYER_TOKENS - price + won);
            }
            gains.push(won.cast_signed() - price.cast_signed());
        }
        gains
    }

    /// Jackpots and treasury have exactly what they owe.
    fn check_holders(&self) {
        let world = &self.world;
        let house = world.house;
        for tier in 0..3 {
            let jackpot = address::jackpot(&house, tier);
            assert_eq!(self.owned(&jackpot), world.jackpot(tier).amount);
        }
        let treasury = address::treasury(&house);
        assert_eq!(self.owned(&treasury), world.treasury().accrued);
    }

    /// What a holder has beside its rent and its bounties.
    fn owned(&self, holder: &Pubkey) -> u64 {
        let held = self.world.held_by(holder);
        if !self.native {
            return held;
        }
        let account = self.world.account(holder);
        let reserved = self
            .world
            .svm
            .minimum_balance_for_rent_exemption(account.data.len());
        let bounties = lottery_client::account::decode::<Game>(&account.owner, &account.data)
            .map_or(0, |game| game.bounty_escrow);
        held - reserved - bounties
    }

    /// What opening token accounts for so many players cost the authority.
    fn opened(&self, players: u64) -> u64 {
        if self.native {
            return 0;
        }
        let account = self.world.tokens_of(&self.world.treasury_wallet.pubkey());
        // One transaction opens, another mints; the minter signs too.
        players * (self.world.lamports(&account) + 3 * SIGNATURE)
    }
}
