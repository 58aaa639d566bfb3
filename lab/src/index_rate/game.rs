//! Games that were played by the rules of the program, made up from numbers: the same
//! number makes the same game in every run.

use lottery::{
    draw::{first_entries_hash, next_entries_hash, round_seed},
    math::{place_prize, split},
    state::{Entry, Game, GameStatus, LAYOUT_VERSION, TIERS},
};
use lottery_client::account::Kind;
use lottery_indexer::source::{AccountUpdate, END_OF_SLOT};
use sha2::{Digest as _, Sha256};
use solana_pubkey::Pubkey;

/// Rounds and winners of every game.
pub const ROUNDS: u8 = 5;
pub const WINNERS: u8 = 5;

/// Lamports that every account holds beyond what it owes.
pub const RENT: u64 = 1_000_000;

/// Price of a ticket (lamports).
const FEE: u64 = 10_000_000;

/// Lamports that a jackpot pays.
const AWARD: u64 = 5_000_000_000;

/// Lamports of a crank.
pub const BOUNTY: u32 = 5_000;

/// The first game opens then (2024-01-01, unix seconds) …
pub const EPOCH: i64 = 1_704_067_200;

/// … and the last one that much later: two years.
pub const SPAN: i64 = 730 * 86_400;

/// A key that stands for numbers.
pub fn key(kind: &str, number: u64, part: u64) -> Pubkey {
    Pubkey::new_from_array(hash(kind, number, part))
}

/// A hash that stands for numbers.
pub fn hash(kind: &str, number: u64, part: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(kind.as_bytes());
    hasher.update(number.to_le_bytes());
    hasher.update(part.to_le_bytes());
    hasher.finalize().into()
}

/// A number below `below` that stands for numbers.
pub fn below(kind: &str, number: u64, part: u64, below: u64) -> u64 {
    let bytes = hash(kind, number, part);
    let (head, _) = bytes.as_chunks::<8>();
    let value = head.first().copied().map_or(0, u64::from_le_bytes);
    value.checked_rem(below).unwrap_or_default()
}

/// An account as a snapshot of a slot has it.
pub fn update<T: Kind>(address: Pubkey, slot: i64, lamports: u64, account: &T) -> AccountUpdate {
    AccountUpdate {
        address,
        slot,
        write_version: END_OF_SLOT,
        lamports,
        owner: lottery::ID,
        data: [T::DISCRIMINATOR, bytemuck::bytes_of(account)].concat(),
    }
}

/// A game with its entries, and the draws that settled its rounds.
pub struct Played {
    pub address: Pubkey,
    pub game: Game,
    pub entries: Vec<(Pubkey, Entry)>,
    /// When it was opened (unix seconds).
    pub opened_at: i64,
}

/// What happens to a game in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    Cancelled,
    Settled,
}

/// How the game of that number ends: most are settled.
pub fn end(number: u64, games: u64) -> End {
    // The youngest are still open.
    if number.saturating_mul(100) >= games.saturating_mul(98) {
        End::Open
    } else if number % 33 == 7 {
        End::Cancelled
    } else {
        End::Settled
    }
}

/// The value of the draw of a round, which a batch of games shares.
pub fn value(batch: u64, round: u8) -> [u8; 32] {
    hash("value", batch, round.into())
}

/// The player of an entry: a few play much, most little.
fn player(number: u64, entry: u64, players: u64) -> Pubkey {
    let first = below("player", number, entry, 1_000);
    let share = first * first / 1_000;
    let at = players.saturating_mul(share) / 1_000 + below("who", number, entry, players / 500 + 1);
    key("wallet", at, 0)
}

/// Plays a game of `entries` entries, of a house, by players of which there are so many.
pub fn play(
    (number, games): (u64, u64),
    house: Pubkey,
    entries: u64,
    players: u64,
    batch: u64,
) -> Played {
    let address = key("game", number, 0);
    let mut game = Game::zeroed_for(house, number, games);
    game.entries_hash = first_entries_hash(&address);
    let opened_at = game.opens_at;
    let mut bought = Vec::with_capacity(usize::try_from(entries).unwrap_or_default());
    for nonce in 0..entries {
        let tickets = u32::try_from(below("tickets", number, nonce, 5)).unwrap_or_default() + 1;
        bought.push(join(&mut game, address, number, nonce, tickets, players));
    }
    match end(number, games) {
        End::Open => {}
        End::Cancelled => {
            game.set_status(GameStatus::Cancelled);
            game.settled_at = game.closes_at;
            for (_, entry) in &mut bought {
                entry.refunded = 1;
            }
            game.refunded = game.entry_fee * u64::from(game.tickets);
            game.set_flag(Game::FLAG_PAID);
        }
        End::Settled => settle(&mut game, &address, batch),
    }
    Played {
        address,
        game,
        entries: bought,
        opened_at,
    }
}

/// The slot of a time: one every 400 ms since the first game.
pub fn slot_at(time: i64) -> i64 {
    200_000_000 + (time - EPOCH) * 5 / 2
}

fn join(
    game: &mut Game,
    address: Pubkey,
    number: u64,
    nonce: u64,
    tickets: u32,
    players: u64,
) -> (Pubkey, Entry) {
    let mut entry: Entry = bytemuck::Zeroable::zeroed();
    entry.game = address;
    entry.player = player(number, nonce, players);
    entry.paid = game.entry_fee * u64::from(tickets);
    entry.joined_at = game.opens_at + i64::try_from(nonce).unwrap_or_default() % 3_600;
    entry.first_ticket = game.tickets;
    entry.tickets = tickets;
    entry.bounty = BOUNTY;
    entry.nonce = u16::try_from(nonce % 65_536).unwrap_or_default();
    entry.version = LAYOUT_VERSION;
    game.entries_hash = next_entries_hash(
        &game.entries_hash,
        &entry.player,
        entry.nonce,
        entry.first_ticket,
        tickets,
    );
    game.tickets += tickets;
    game.entries += 1;
    (key("entry", number, nonce), entry)
}

/// All rounds drawn, the money divided and the prizes paid.
fn settle(game: &mut Game, address: &Pubkey, batch: u64) {
    for round in 0..ROUNDS {
        let seed = round_seed(&value(batch, round), address, round);
        if let Some(slot) = game.round_seeds.get_mut(usize::from(round)) {
            *slot = seed;
        }
    }
    game.rounds_settled = ROUNDS;
    game.set_status(GameStatus::Settled);
    game.settled_at = game.closes_at + 60;
    let shares = split(game.gross(), &game.jackpot_bps, game.treasury_bps);
    game.prize_pool = shares.prize_pool;
    game.treasury_share = shares.treasury;
    game.jackpot_contributions = shares.jackpots;
    for place in 0..usize::from(WINNERS) {
        game.places_paid |= 1 << place;
        game.paid_out += place_prize(game.prize_pool, &game.place_bps, place);
    }
    // One game in three hits a jackpot.
    if game.id.is_multiple_of(3) {
        let tier = usize::try_from(game.id / 3).unwrap_or_default() % TIERS;
        let ticket = below("hit", game.id, 0, u64::from(game.tickets));
        if let Some(award) = game.jackpot_awards.get_mut(tier) {
            *award = AWARD;
        }
        if let Some(won) = game.jackpot_tickets.get_mut(tier) {
            *won = u32::try_from(ticket).unwrap_or_default();
        }
    }
    game.set_flag(Game::FLAG_PAID);
}

/// A game before anybody joined.
trait Fresh {
    fn zeroed_for(house: Pubkey, number: u64, games: u64) -> Self;
}

impl Fresh for Game {
    fn zeroed_for(house: Pubkey, number: u64, games: u64) -> Self {
        let mut game: Self = bytemuck::Zeroable::zeroed();
        let share = i128::from(SPAN) * i128::from(number) / i128::from(games.max(1));
        game.house = house;
        game.creator = key("creator", number % 100, 0);
        game.id = number;
        game.entry_fee = FEE;
        game.rent_reserve = RENT;
        game.bounty = u64::from(BOUNTY);
        game.claim_window = 604_800;
        game.jackpot_mean = [u64::MAX; TIERS];
        (game.prize_bps, game.treasury_bps) = (8_000, 500);
        game.jackpot_bps = [700, 500, 300];
        game.reserve_bps = [1_000, 2_000, 3_000];
        game.opens_at = EPOCH + i64::try_from(share).unwrap_or_default();
        game.closes_at = game.opens_at + 3_600;
        game.min_tickets = 1;
        game.max_tickets = u32::MAX;
        game.max_tickets_per_entry = 10;
        game.rounds = ROUNDS;
        game.winners = WINNERS;
        for keep in game.keep_bps.iter_mut().take(usize::from(ROUNDS) - 1) {
            *keep = 5_000;
        }
        for share in game.place_bps.iter_mut().take(usize::from(WINNERS)) {
            *share = 10_000 / u16::from(WINNERS);
        }
        game.version = LAYOUT_VERSION;
        game
    }
}
