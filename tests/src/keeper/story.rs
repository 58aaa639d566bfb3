//! A world in the making: its houses, its people, and chance.

use lottery::{
    math::bps_of,
    state::{GameParams, HouseParams, HouseRules},
};
use lottery_client::{
    address,
    instruction::{self as ix, Token},
};
use lottery_keeper::plan::Settings;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{coverage::Coverage, scene::Scene};
use crate::world::World;

/// The most that a game takes (base units): as much as hits every jackpot of a house
/// whose means are low.
const MOST: u64 = 40_000_000;

/// Chance, the same for the same seed and number.
pub struct Chance(ChaCha8Rng);

impl Chance {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&number.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Below the bound, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound as u64).unwrap()
    }

    /// One in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// A house.
pub struct House {
    pub address: Pubkey,
    pub authority: Keypair,
    pub token: Option<Token>,
}

impl House {
    /// What holds its money, beside its games.
    pub fn holders(&self) -> Vec<Pubkey> {
        let jackpots = (0..3).map(|tier| address::jackpot(&self.address, tier));
        jackpots.chain([address::treasury(&self.address)]).collect()
    }
}

/// What an oracle is like at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mood {
    /// Answers the keeper.
    pub answers: bool,
    /// Shows itself on chain.
    pub beats: bool,
    /// For how long it is attested (seconds).
    pub attested_for: i64,
}

/// A story under way.
pub struct Story {
    pub world: World,
    pub chance: Chance,
    pub tokens: Vec<Token>,
    pub players: Vec<Keypair>,
    pub cranker: Keypair,
    pub houses: Vec<House>,
    pub moods: Vec<Mood>,
    /// Wallets that had nothing when the present plan was begun.
    pub broke: Vec<Pubkey>,
    /// Games that were created, with their houses' positions.
    pub games: Vec<(usize, Pubkey)>,
    pub settings: Settings,
    /// Whether the keeper creates missing token accounts.
    pub creates_accounts: bool,
    pub coverage: Coverage,
    /// What happened, for people.
    pub trace: Vec<String>,
}

impl Story {
    /// The beginning of the story of this number.
    pub fn new(scene: &Scene, seed: u64, number: u64) -> Self {
        let mut chance = Chance::new(seed, number);
        let mut settings = Settings {
            lanes: chance.of(&[1, 1, 2, 3, 0]),
            close_after: std::time::Duration::from_secs(chance.of(&[0, 600, 100_000])),
            push_claims: !chance.one_in(8),
            ..Settings::default()
        };
        if chance.one_in(3) {
            settings.capacity.request = 1 + chance.below(3);
            settings.capacity.release = 1 + chance.below(3);
            settings.capacity.settlement = 1 + chance.below(3);
            settings.capacity.token_settlement = 1 + chance.below(3);
            settings.capacity.reveal = chance.below(3);
            let most = settings.capacity.token_reveal;
            settings.capacity.token_reveal = chance.below(3).min(most);
        }
        let mut story = Self {
            world: scene.world(),
            tokens: scene.tokens.clone(),
            players: scene.players.iter().map(Keypair::insecure_clone).collect(),
            cranker: scene.cranker.insecure_clone(),
            houses: Vec::new(),
            moods: Vec::new(),
            broke: Vec::new(),
            games: Vec::new(),
            settings,
            creates_accounts: !chance.one_in(6),
            coverage: Coverage::default(),
            trace: Vec::new(),
            chance,
        };
        let good = story.chance.below(4);
        for oracle in 0..story.world.oracles.len() {
            let answers = oracle < good || story.chance.one_in(3);
            story.moods.push(Mood {
                answers,
                beats: true,
                attested_for: 700,
            });
        }
        if story.chance.one_in(2) {
            story.limit_silence();
        }
        story.tell_oracles();
        for creator in &scene.creators {
            if story.houses.is_empty() || story.chance.one_in(2) {
                story.found_house(creator);
            }
        }
        story
    }

    fn found_house(&mut self, authority: &Keypair) {
        let token = match self.chance.below(4) {
            0 | 1 => None,
            token => Some(self.tokens[token - 2]),
        };
        let params = self.house_params();
        let key = authority.pubkey();
        let create = ix::create_house(key, 0, params, token);
        self.send(create, authority).unwrap();
        let address = address::house(&key, 0);
        self.note(format!(
            "house {address}: bounty {}, timeout {}, {token:?}",
            params.rules.bounty, params.draw_timeout
        ));
        self.coverage.note(match token {
            None => "house of SOL",
            Some(token) if token.program == self.tokens[0].program => "house of SPL tokens",
            Some(_) => "house of Token-2022 tokens",
        });
        self.houses.push(House {
            address,
            authority: authority.insecure_clone(),
            token,
        });
    }

    fn house_params(&mut self) -> HouseParams {
        let (prize_bps, jackpot_bps, treasury_bps) = self.chance.of(&[
            (9_000, [100, 200, 300], 400),
            (9_000, [100, 200, 300], 400),
            (10_000, [0; 3], 0),
            (0, [3_333; 3], 1),
        ]);
        let low = self.chance.one_in(2);
        HouseParams {
            vrf_queue: self.world.queue,
            draw_timeout: self.chance.of(&[100, 200, 10_800]),
            rules: HouseRules {
                treasury_wallet: self.world.treasury_wallet.pubkey(),
                jackpot_mean: jackpot_bps.map(|bps| match low {
                    true => bps_of(MOST, bps).max(1),
                    false => u64::MAX,
                }),
                bounty: self.chance.of(&[10_000, 10_000, 0, 1_000_000]),
                claim_window: self.chance.of(&[3_600, 86_400]),
                prize_bps,
                jackpot_bps,
                treasury_bps,
                reserve_bps: [0, 1_000, 9_999],
                open_creation: false,
            },
        }
    }

    /// Rules of the house's next game.
    pub fn game_params(&mut self, id: u64) -> GameParams {
        let now = self.world.now();
        let rounds: u8 = self.chance.of(&[1, 1, 1, 2, 3, 5, 8]);
        let winners: u8 = self.chance.of(&[1, 1, 2, 3, 4, 32]);
        let mut keep_bps = [0; 8];
        for keep in keep_bps.iter_mut().take(usize::from(rounds) - 1) {
            *keep = self.chance.of(&[5_000, 10_000, 1, 3_333]);
        }
        let mut place_bps = [0; 32];
        for place in place_bps.iter_mut().take(usize::from(winners)) {
            *place = 10_000 / u16::from(winners);
        }
        place_bps[0] += 10_000 % u16::from(winners);
        let entry_fee = self.chance.of(&[1, 100_000, 1_000_000, 1_000_000]);
        let max_tickets = u32::try_from(MOST / entry_fee).unwrap();
        let min_tickets = u32::from(winners).max(self.chance.of(&[1, 2, 5, 20]));
        GameParams {
            id,
            entry_fee,
            opens_at: now,
            closes_at: now + self.chance.of(&[60, 600, 3_600, 90_000]),
            min_tickets,
            max_tickets,
            max_tickets_per_entry: max_tickets,
            round_interval: self.chance.of(&[0, 60, 3_600]),
            rounds,
            winners,
            keep_bps,
            place_bps,
        }
    }

    /// Sends what somebody signs and pays for who is not the keeper.
    pub fn send(
        &mut self,
        instruction: Instruction,
        payer: &Keypair,
    ) -> Result<(), crate::refusal::Refusal> {
        self.world.send(&[instruction], payer, &[]).map(drop)
    }

    pub fn note(&mut self, line: impl Into<String>) {
        let at = format!("{} {}: ", self.world.slot(), self.world.now());
        self.trace.push(at + &line.into());
    }

    pub fn note_broke(&mut self) {
        let people = self.players.iter().map(Keypair::pubkey);
        self.broke = people
            .filter(|wallet| self.world.lamports(wallet) == 0)
            .collect();
    }

    /// A wallet that is a program by now is paid nothing any more.
    pub fn is_program(&self, wallet: &Pubkey) -> bool {
        let account = self.world.svm.get_account(wallet);
        account.is_some_and(|account| account.executable)
    }
}
