//! Several accounts at once from somewhere else where everything fits together: the
//! other house, another game, another player, lane or tier. All of a small set's
//! subsets; of a large one the pairs, and all but one or two.

use std::collections::HashMap;

use lottery_client::address;
use solana_pubkey::Pubkey;

use super::{
    attack::Attack,
    script::{LONG, MAIN, OPEN, POOR, SECOND_LANE},
    stage::{Case, Family, Stage},
};
use crate::world::LANE;

/// Positions of which all subsets are tried.
const FEW: usize = 7;

/// All mixes of a call.
pub fn mixes(case: &Case, attacks: &mut Vec<Attack>) {
    for family in &case.families {
        let places: Vec<_> = case
            .call
            .accounts
            .iter()
            .enumerate()
            .filter_map(|(at, meta)| Some((at, *family.counterparts.get(&meta.pubkey)?)))
            .collect();
        // One alone is an ordinary substitution; all are the honest call over there.
        for size in 2..places.len() {
            let rare = places.len() > FEW && size > 2 && size < places.len() - 2;
            if rare {
                continue;
            }
            for chosen in subsets(&places, size) {
                let mut call = case.call.clone();
                let mut swapped = Vec::new();
                for (at, counterpart) in chosen {
                    let meta = &mut call.accounts[at];
                    swapped.push((meta.pubkey, counterpart));
                    meta.pubkey = counterpart;
                }
                let mut attack = Attack::new("several", format!("of {}", family.name), call);
                attack.swapped = swapped;
                attacks.push(attack);
            }
        }
    }
}

fn subsets<T: Copy>(all: &[T], size: usize) -> Vec<Vec<T>> {
    match all {
        _ if size == 0 => vec![Vec::new()],
        [] => Vec::new(),
        [first, rest @ ..] => {
            let mut found = subsets(rest, size);
            found.extend(subsets(rest, size - 1).into_iter().map(|mut subset| {
                subset.insert(0, *first);
                subset
            }));
            found
        }
    }
}

/// Pairs of accounts that play the same part.
#[derive(Default)]
struct Pairs(HashMap<Pubkey, Pubkey>);

impl Pairs {
    fn pair(&mut self, here: Pubkey, there: Pubkey) {
        self.0.insert(here, there);
    }

    /// Of holders and of their vaults.
    fn holder(&mut self, here: Pubkey, there: Pubkey) {
        self.pair(here, there);
        self.pair(address::vault(&here), address::vault(&there));
    }

    fn lane(&mut self, here: Pubkey, there: Pubkey) {
        self.pair(here, there);
        let randomness = [address::randomness(&here), address::randomness(&there)];
        self.pair(randomness[0], randomness[1]);
        let [a, b] = randomness.map(|randomness| address::reward_escrow(&randomness));
        self.pair(a, b);
        let [a, b] = randomness.map(|randomness| address::lut_signer(&randomness));
        self.pair(a, b);
    }

    fn game(&mut self, stage: &Stage, here: Pubkey, there: Pubkey) {
        self.holder(here, there);
        for player in stage.wallets.players {
            let entry = |game| address::entry(game, &player, 0);
            self.pair(entry(&here), entry(&there));
        }
    }
}

impl Stage {
    /// Whose accounts a call can be mixed with at this moment.
    pub fn families(&self) -> Vec<Family> {
        let house = self.world.house;
        let other = self.houses[1];
        let mut families = vec![
            ("another house", self.of_house(house, other)),
            ("another lane", {
                let mut pairs = Pairs::default();
                let lane = |index| address::lane(&house, index);
                pairs.lane(lane(LANE), lane(SECOND_LANE));
                pairs.lane(lane(SECOND_LANE), lane(LANE));
                pairs
            }),
            ("another tier", {
                let mut pairs = Pairs::default();
                for tier in 0..3 {
                    let tiers = [tier, (tier + 1) % 3];
                    let [here, there] = tiers.map(|tier| address::jackpot(&house, tier));
                    pairs.holder(here, there);
                }
                pairs
            }),
        ];
        for (from, to) in [(0, 1), (1, 0), (2, 0)] {
            families.push(("another player", self.of_player(from, to)));
        }
        let games = [MAIN, LONG, POOR, OPEN];
        for shift in 1..games.len() {
            let mut pairs = Pairs::default();
            for (index, id) in games.iter().enumerate() {
                let there = games[(index + shift) % games.len()];
                pairs.game(self, self.game(*id), self.game(there));
            }
            families.push(("another game", pairs));
        }
        families
            .into_iter()
            .map(|(name, pairs)| Family {
                name,
                counterparts: pairs.0,
            })
            .collect()
    }

    fn of_house(&self, here: Pubkey, there: Pubkey) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.pair(here, there);
        pairs.holder(address::treasury(&here), address::treasury(&there));
        for tier in 0..3 {
            pairs.holder(
                address::jackpot(&here, tier),
                address::jackpot(&there, tier),
            );
        }
        for index in [LANE, SECOND_LANE] {
            let lane = |house| address::lane(house, index);
            pairs.lane(lane(&here), lane(&there));
            let draws = [lane(&here), lane(&there)].map(|lane| self.draw_addresses(&lane));
            for (here, there) in draws[0].iter().zip(&draws[1]) {
                pairs.pair(*here, *there);
            }
        }
        for id in [MAIN, LONG, POOR, OPEN] {
            let game = |house| address::game(house, id);
            pairs.game(self, game(&here), game(&there));
        }
        pairs
    }

    /// The lane's last draw and its next.
    fn draw_addresses(&self, lane: &Pubkey) -> Vec<Pubkey> {
        let Some(account) = self.world.svm.get_account(lane) else {
            return Vec::new();
        };
        let state: Result<lottery::state::Lane, _> =
            lottery_client::account::decode(&account.owner, &account.data);
        state.map_or(Vec::new(), |state| {
            let ids = [state.next_draw - 1, state.next_draw];
            ids.map(|id| address::draw(lane, id)).to_vec()
        })
    }

    fn of_player(&self, from: usize, to: usize) -> Pairs {
        let mut pairs = Pairs::default();
        let [here, there] = [from, to].map(|index| self.wallets.players[index]);
        pairs.pair(here, there);
        if let Some(token) = self.token() {
            pairs.pair(token.associated(&here), token.associated(&there));
        }
        for id in [MAIN, LONG, POOR, OPEN] {
            let entry = |player| address::entry(&self.game(id), player, 0);
            pairs.pair(entry(&here), entry(&there));
        }
        pairs
    }
}
