//! What players have and what they can still claim: no call may lower the sum of both
//! for a player who did not sign it.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
};

use litesvm::LiteSVM;
use lottery::{
    draw::winning_ticket,
    math::place_prize,
    money::is_native,
    state::{Entry, Game, GameStatus},
};
use lottery_client::account::{Kind, decode};
use solana_account::{AccountSharedData, ReadableAccount as _};
use solana_clock::Clock;
use solana_pubkey::Pubkey;

use super::{
    kinds::held,
    outcome::{View, Wealth, wealth},
};

/// A game and the seeds of its rounds.
type Drawn = (Pubkey, Vec<[u8; 32]>);

/// The players of a world and what is theirs.
pub struct Claims {
    entries: Vec<(Pubkey, Entry)>,
    /// Token accounts and their owners.
    tokens: Vec<(Pubkey, Pubkey)>,
    /// Unix seconds.
    now: i64,
    /// Winning tickets by place, of a game with these seeds; they take long to compute.
    winners: RefCell<HashMap<Drawn, Vec<u32>>>,
}

impl Claims {
    pub fn new(svm: &LiteSVM) -> Self {
        let all = &svm.accounts_db().inner;
        Self {
            entries: all
                .iter()
                .filter_map(|(address, account)| Some((*address, state(Some(account))?)))
                .collect(),
            tokens: all
                .iter()
                .filter_map(|(address, account)| Some((*address, held(account)?.owner)))
                .collect(),
            now: svm.get_sysvar::<Clock>().unix_timestamp,
            winners: RefCell::default(),
        }
    }

    /// Nobody who did not sign has less, in all, than before and than after the honest
    /// call.
    pub fn check(
        &self,
        attacked: &View,
        honest: &View,
        written: &HashSet<Pubkey>,
        signers: &HashSet<Pubkey>,
    ) -> Result<(), String> {
        let touched: Vec<_> = self
            .entries
            .iter()
            .filter(|(address, entry)| written.contains(address) || written.contains(&entry.game))
            .collect();
        let players: BTreeSet<_> = touched.iter().map(|(_, entry)| entry.player).collect();
        for player in players.iter().filter(|player| !signers.contains(*player)) {
            let sum = |get: &dyn Fn(&Pubkey) -> Option<AccountSharedData>| {
                let theirs = touched.iter().filter(|(_, entry)| entry.player == *player);
                let tokens = self.tokens.iter().filter(|(_, owner)| owner == player);
                let has = tokens.map(|(address, _)| wealth(get(address).as_ref())[1]);
                theirs.fold(
                    [wealth(get(player).as_ref())[0], has.sum()],
                    |[lamports, tokens], (address, _)| {
                        let claim = self.claim(address, get);
                        [lamports + claim[0], tokens + claim[1]]
                    },
                )
            };
            let after = sum(&|address| attacked.after(address));
            let before = sum(&|address| attacked.before(address));
            let honest = sum(&|address| honest.after(address));
            for index in 0..2 {
                if after[index] < before[index].min(honest[index]) {
                    return Err(format!(
                        "{player} lost a claim: {before:?} to {after:?}, not {honest:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// What an entry's player can get for it: prizes, awards, the price, the rent.
    fn claim(
        &self,
        address: &Pubkey,
        get: &dyn Fn(&Pubkey) -> Option<AccountSharedData>,
    ) -> Wealth {
        let account = get(address);
        let Some(entry) = state::<Entry>(account.as_ref()) else {
            return [0, 0];
        };
        let game = state::<Game>(get(&entry.game).as_ref());
        let is = |status| game.is_some_and(|game| game.is(status));
        let refundable = entry.refunded == 0 && is(GameStatus::Cancelled);
        // One is for closing it, one for a refund, which may come yet.
        let may_refund = entry.refunded == 0 && game.is_some() && !is(GameStatus::Settled);
        let bounties = 1 + i128::from(may_refund);
        let rent = wealth(account.as_ref())[0] - bounties * i128::from(entry.bounty);
        let Some(game) = game else { return [rent, 0] };
        let money = if refundable {
            i128::from(entry.paid)
        } else {
            self.won(&entry, &game)
        };
        if is_native(&game.vault) {
            [rent + money, 0]
        } else {
            [rent, money]
        }
    }

    /// Unpaid prizes and awards of an entry.
    fn won(&self, entry: &Entry, game: &Game) -> i128 {
        if !game.is(GameStatus::Settled) || self.now >= game.claims_end() {
            return 0;
        }
        let mut winners = self.winners.borrow_mut();
        let winners = winners
            .entry((entry.game, game.seeds().to_vec()))
            .or_insert_with(|| {
                let places = 0..u32::from(game.winners);
                places
                    .map(|place| winning_ticket(&game.rules(), game.seeds(), place))
                    .collect()
            });
        let prizes = winners.iter().enumerate().map(|(place, ticket)| {
            let due = game.places_paid & (1 << place) == 0 && entry.holds(*ticket);
            i128::from(due) * i128::from(place_prize(game.prize_pool, &game.place_bps, place))
        });
        let awards = game.jackpot_awards.iter().enumerate().map(|(tier, award)| {
            let due =
                game.awards_paid & (1 << tier) == 0 && entry.holds(game.jackpot_tickets[tier]);
            i128::from(due) * i128::from(*award)
        });
        prizes.chain(awards).sum()
    }
}

fn state<T: Kind>(account: Option<&AccountSharedData>) -> Option<T> {
    let account = account?;
    decode(account.owner(), account.data()).ok()
}
