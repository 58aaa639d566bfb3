//! A house with games, played in memory by the rules of the program: what a
//! snapshot of the chain would hold.

use bytemuck::Zeroable;
use lottery::money::Holder as _;
use lottery::{
    draw::{
        Fate, Rules, fate, first_entries_hash, jackpot_hit, jackpot_ticket, next_entries_hash,
        round_seed,
    },
    events::{DrawRequested, DrawRevealed, DrawSettled, EVENT_VERSION, GameSettled, RoundSettled},
    math::{place_prize, split},
    state::{Draw, Entry, Game, GameStatus, House, Jackpot, LAYOUT_VERSION, Lane, TIERS, Treasury},
};
use lottery_client::{account::Kind, address};
use lottery_indexer::source::{AccountUpdate, END_OF_SLOT};
use solana_pubkey::Pubkey;

/// Lamports that every account holds beyond what it owes.
pub const RENT: u64 = 1_000_000;

/// Lamports of a crank's bounty.
pub const BOUNTY: u64 = 5_000;

/// A key that stands for the number.
pub fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number.max(1); 32])
}

/// An account's bytes.
pub fn bytes<T: Kind>(account: &T) -> Vec<u8> {
    [T::DISCRIMINATOR, bytemuck::bytes_of(account)].concat()
}

/// An account as a source delivers it.
pub fn update<T: Kind>(address: Pubkey, slot: i64, lamports: u64, account: &T) -> AccountUpdate {
    AccountUpdate {
        address,
        slot,
        write_version: END_OF_SLOT,
        lamports,
        owner: lottery::ID,
        data: bytes(account),
    }
}

/// The rules of a game to be played.
#[derive(Clone, Copy)]
pub struct Rule {
    pub rounds: u8,
    pub winners: u8,
    pub keep_bps: u16,
    pub entry_fee: u64,
}

/// A house and everything below it.
#[derive(Clone)]
pub struct World {
    pub house_address: Pubkey,
    pub house: House,
    pub treasury: Treasury,
    pub jackpots: [Jackpot; TIERS],
    pub lane: Lane,
    pub draws: Vec<(Pubkey, Draw)>,
    pub games: Vec<(Pubkey, Game)>,
    pub entries: Vec<(Pubkey, Entry)>,
    /// Games whose accounts are closed; their last contents stay in `games`.
    pub closed: Vec<Pubkey>,
    /// The events of what happened, oldest first, until a test takes them.
    pub told: Vec<Vec<u8>>,
    /// Added to the values that are revealed: another fork, another luck.
    pub luck: u8,
}

impl World {
    pub fn new() -> Self {
        let creator = key(1);
        let house_address = address::house(&creator, 7);
        let mut house = House::zeroed();
        house.authority = creator;
        house.creator = creator;
        house.treasury_wallet = key(2);
        house.vrf_queue = key(3);
        house.jackpot_mean = [1, 50_000, u64::MAX];
        house.bounty = BOUNTY;
        house.draw_timeout = 10_800;
        house.claim_window = 3_600;
        house.prize_bps = 8_000;
        house.treasury_bps = 500;
        house.jackpot_bps = [700, 500, 300];
        house.reserve_bps = [1_000, 2_000, 3_000];
        house.id = 7;
        house.version = LAYOUT_VERSION;
        let mut treasury = Treasury::zeroed();
        treasury.init(house_address, Pubkey::default(), 255, RENT);
        let mut jackpots = [Jackpot::zeroed(); TIERS];
        for (tier, jackpot) in (0..).zip(&mut jackpots) {
            jackpot.init(house_address, Pubkey::default(), 254, RENT);
            jackpot.tier = tier;
        }
        let mut lane = Lane::zeroed();
        lane.house = house_address;
        lane.randomness = key(4);
        lane.payer = creator;
        lane.next_draw = 100;
        lane.version = LAYOUT_VERSION;
        Self {
            house_address,
            house,
            treasury,
            jackpots,
            lane,
            draws: Vec::new(),
            games: Vec::new(),
            entries: Vec::new(),
            closed: Vec::new(),
            told: Vec::new(),
            luck: 0,
        }
    }

    pub fn tell(&mut self, event: &impl anchor_lang::Event) {
        self.told.push(event.data());
    }

    pub fn lane_address(&self) -> Pubkey {
        address::lane(&self.house_address, 0)
    }

    /// An open game; its index.
    pub fn open(&mut self, rule: Rule) -> usize {
        let mut game = Game::zeroed();
        game.house = self.house_address;
        game.creator = self.house.creator;
        game.id = self.treasury.games_created;
        self.treasury.games_created += 1;
        game.entry_fee = rule.entry_fee;
        game.rent_reserve = RENT;
        game.bounty = self.house.bounty;
        game.bounty_escrow = BOUNTY * Game::bounties(rule.rounds, rule.winners);
        game.claim_window = self.house.claim_window;
        game.jackpot_mean = self.house.jackpot_mean;
        game.prize_bps = self.house.prize_bps;
        game.treasury_bps = self.house.treasury_bps;
        game.jackpot_bps = self.house.jackpot_bps;
        game.reserve_bps = self.house.reserve_bps;
        game.opens_at = 1_700_000_000 + i64::try_from(game.id).unwrap();
        game.closes_at = 1_700_003_600;
        game.min_tickets = u32::from(rule.winners);
        game.max_tickets = 1_000_000;
        game.max_tickets_per_entry = 1_000;
        game.rounds = rule.rounds;
        game.winners = rule.winners;
        for keep in game.keep_bps.iter_mut().take(usize::from(rule.rounds) - 1) {
            *keep = rule.keep_bps;
        }
        for bps in game.place_bps.iter_mut().take(usize::from(rule.winners)) {
            *bps = 10_000 / u16::from(rule.winners);
        }
        game.place_bps[0] += 10_000 % u16::from(rule.winners);
        game.version = LAYOUT_VERSION;
        let address = address::game(&self.house_address, game.id);
        game.entries_hash = first_entries_hash(&address);
        self.games.push((address, game));
        self.games.len() - 1
    }

    pub fn join(&mut self, index: usize, player: u8, nonce: u16, tickets: u32) {
        let (address, game) = &mut self.games[index];
        let player = key(player);
        let mut entry = Entry::zeroed();
        entry.game = *address;
        entry.player = player;
        entry.paid = game.entry_fee * u64::from(tickets);
        entry.joined_at = game.opens_at + 1;
        entry.first_ticket = game.tickets;
        entry.tickets = tickets;
        entry.bounty = u32::try_from(game.bounty).unwrap();
        entry.nonce = nonce;
        entry.version = LAYOUT_VERSION;
        game.entries_hash =
            next_entries_hash(&game.entries_hash, &player, nonce, game.tickets, tickets);
        game.tickets += tickets;
        game.entries += 1;
        self.entries
            .push((address::entry(address, &player, nonce), entry));
    }

    /// Binds games to a new draw; its address.
    pub fn request(&mut self, games: &[usize]) -> Pubkey {
        let lane = self.lane_address();
        let id = self.lane.next_draw;
        let address = address::draw(&lane, id);
        let mut draw = Draw::zeroed();
        draw.house = self.house_address;
        draw.lane = lane;
        draw.oracle = key(5);
        draw.payer = self.house.creator;
        draw.id = id;
        draw.seed_slot = 1_000 + id;
        draw.requested_at = 1_700_004_000;
        draw.timeout_slot = draw.seed_slot + 1 + self.house.draw_timeout;
        draw.games = u16::try_from(games.len()).unwrap();
        draw.version = LAYOUT_VERSION;
        self.lane.next_draw += 1;
        self.lane.state = Lane::COMMITTED;
        for (position, index) in (0..).zip(games) {
            let game = &mut self.games[*index].1;
            game.set_status(GameStatus::Drawing);
            game.draw = address;
            game.draw_index = position;
            game.tried_oracles[usize::from(game.draw_attempts)] = draw.oracle;
            game.draw_attempts += 1;
            game.take_bounty();
            draw.bounty += game.take_bounty();
        }
        self.draws.push((address, draw));
        let games = games.iter().map(|index| self.games[*index].0).collect();
        self.tell(&DrawRequested {
            version: EVENT_VERSION,
            house: self.house_address,
            draw: address,
            oracle: draw.oracle,
            games,
            cranker: draw.payer,
            bounty: draw.bounty,
            reveal_bounty: draw.bounty,
        });
        address
    }

    /// Reveals the last draw.
    pub fn reveal(&mut self, value: [u8; 32]) {
        let (address, draw) = self.draws.last_mut().unwrap();
        let told = DrawRevealed {
            version: EVENT_VERSION,
            draw: *address,
            value,
            cranker: draw.payer,
            bounty: draw.bounty,
        };
        draw.value = value;
        draw.reveal_slot = draw.seed_slot + 2;
        draw.state = Draw::REVEALED;
        draw.bounty = 0;
        self.lane.state = Lane::IDLE;
        self.lane.draws_revealed += 1;
        self.tell(&told);
    }

    /// Settles a round of a game by the last draw; the draw goes with its last game.
    pub fn settle(&mut self, index: usize) {
        let (draw_address, draw) = self.draws.last_mut().unwrap();
        let draw_address = *draw_address;
        let (address, game) = &mut self.games[index];
        draw.settled += 1;
        let round = game.rounds_settled;
        let seed = round_seed(&draw.value, address, round);
        game.round_seeds[usize::from(round)] = seed;
        game.rounds_settled += 1;
        game.draw = Pubkey::default();
        game.draw_attempts = 0;
        game.tried_oracles = Default::default();
        if game.rounds_settled < game.rounds {
            game.set_status(GameStatus::Playing);
        } else {
            game.set_status(GameStatus::Settled);
            game.settled_at = 1_700_005_000;
            let shares = split(game.gross(), &game.jackpot_bps, game.treasury_bps);
            game.prize_pool = shares.prize_pool;
            game.treasury_share = shares.treasury;
            game.jackpot_contributions = shares.jackpots;
            self.treasury.accrue(shares.treasury).unwrap();
            for (tier, jackpot) in (0..).zip(&mut self.jackpots) {
                let at = usize::from(tier);
                jackpot.contribute(shares.jackpots[at], 2_000).unwrap();
                if jackpot_hit(&seed, tier, game.jackpot_mean[at], shares.jackpots[at]) {
                    let award = jackpot.award(game.jackpot_mean[at], game.reserve_bps[at]);
                    let ticket = jackpot_ticket(&seed, tier, game.tickets);
                    let clock = anchor_lang::prelude::Clock {
                        slot: 2_000,
                        unix_timestamp: game.settled_at,
                        epoch_start_timestamp: 0,
                        epoch: 0,
                        leader_schedule_epoch: 0,
                    };
                    jackpot.hit(address, ticket, award, &clock).unwrap();
                    game.jackpot_awards[at] = award;
                    game.jackpot_tickets[at] = ticket;
                    game.set_flag(Game::FLAG_JACKPOT_HIT);
                }
            }
        }
        let done = draw.settled == draw.games;
        let (address, game) = (*address, *game);
        if game.is(GameStatus::Settled) {
            self.tell(&GameSettled {
                version: EVENT_VERSION,
                house: game.house,
                game: address,
                prize_pool: game.prize_pool,
                treasury_share: game.treasury_share,
                contributions: game.jackpot_contributions,
                awards: game.jackpot_awards,
                award_tickets: game.jackpot_tickets,
                pots: self.jackpots.map(|jackpot| jackpot.amount),
                accrued: self.treasury.accrued,
            });
        }
        self.tell(&DrawSettled {
            version: EVENT_VERSION,
            house: game.house,
            draw: draw_address,
            rounds: vec![RoundSettled {
                game: address,
                round,
                survivors: game.survivors(game.rounds_settled),
                seed,
            }],
            cranker: key(6),
            bounty: BOUNTY,
        });
        if done {
            self.draws.pop();
        }
    }

    /// Pays the first prize.
    pub fn claim_first_prize(&mut self, index: usize) {
        let game = &mut self.games[index].1;
        game.places_paid |= 1;
        game.paid_out += place_prize(game.prize_pool, &game.place_bps, 0);
    }

    /// What became of a ticket, by the chain's own function.
    pub fn fate(&self, index: usize, ticket: u32) -> Fate {
        let game = &self.games[index].1;
        let rules = Rules {
            tickets: game.tickets,
            rounds: game.rounds,
            winners: game.winners,
            keep_bps: &game.keep_bps,
        };
        let seeds = &game.round_seeds[..usize::from(game.rounds_settled)];
        fate(&rules, seeds, ticket)
    }

    /// Every account there is.
    pub fn accounts(&self, slot: i64) -> Vec<AccountUpdate> {
        let house = &self.house_address;
        let mut all = vec![
            update(*house, slot, RENT, &self.house),
            update(
                address::treasury(house),
                slot,
                RENT + self.treasury.accrued,
                &self.treasury,
            ),
            update(self.lane_address(), slot, RENT, &self.lane),
        ];
        for (tier, jackpot) in (0..).zip(&self.jackpots) {
            let lamports = RENT + jackpot.amount;
            all.push(update(
                address::jackpot(house, tier),
                slot,
                lamports,
                jackpot,
            ));
        }
        for (address, draw) in &self.draws {
            all.push(update(*address, slot, RENT, draw));
        }
        let open = self.games.iter().filter(|(a, _)| !self.closed.contains(a));
        for (address, game) in open {
            let lamports = RENT + game.bounty_escrow + game.owed().unwrap();
            all.push(update(*address, slot, lamports, game));
        }
        for (address, entry) in &self.entries {
            let bounties = Entry::BOUNTIES * u64::from(entry.bounty);
            all.push(update(*address, slot, RENT + bounties, entry));
        }
        all
    }
}

/// A value that nobody chose.
pub fn value(number: u8) -> [u8; 32] {
    let mut value = [number; 32];
    value[31] = 1;
    value
}
