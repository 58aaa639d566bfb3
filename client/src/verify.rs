//! Recomputes a game from chain data: who entered, the random values, the
//! winners, the money. Pure; [`history`](crate::history) collects the data.

mod money;

use lottery::{
    draw::{first_entries_hash, next_entries_hash, round_seed, winning_ticket},
    events::Payment,
    math::{checked_mul, place_prize},
    seeds,
    state::{Entry, Game, GameStatus},
};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

/// A random value as it came on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevealedDraw {
    pub draw: Pubkey,
    pub oracle: Pubkey,
    pub value: [u8; 32],
    /// Slot of the request, which froze the game.
    pub requested_slot: u64,
    /// Transaction that brought the value, signature of the oracle included.
    pub reveal: Signature,
    pub reveal_slot: u64,
}

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The accounts of the game and of all its entries.
    Accounts,
    /// Some were closed, and rebuilt from the game's transactions.
    Ledger {
        transactions: usize,
        /// The game itself was, not its entries only.
        game_closed: bool,
    },
}

/// All that verification looks at.
#[derive(Clone, Debug)]
pub struct Record {
    pub address: Pubkey,
    pub source: Source,
    pub game: Game,
    /// In any order.
    pub entries: Vec<(Pubkey, Entry)>,
    /// Every revealed draw the game was bound to, oldest first.
    pub draws: Vec<RevealedDraw>,
    /// What the program told of payments, of a closed game.
    pub payments: Vec<Payment>,
}

impl Record {
    fn game_is_closed(&self) -> bool {
        matches!(
            self.source,
            Source::Ledger {
                game_closed: true,
                ..
            }
        )
    }
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: String,
    /// Values seen; what differs, when it failed.
    pub detail: String,
    pub passed: bool,
}

/// A place and who won it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// 0 is the first.
    pub place: u32,
    pub ticket: u32,
    pub entry: Pubkey,
    pub player: Pubkey,
    /// Base units.
    pub prize: u64,
    pub paid: bool,
}

/// A jackpot that the game hit and who won it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    pub tier: u8,
    pub ticket: u32,
    pub entry: Pubkey,
    pub player: Pubkey,
    /// Base units.
    pub amount: u64,
    pub paid: bool,
}

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub steps: Vec<Step>,
    pub winners: Vec<Winner>,
    pub awards: Vec<Award>,
}

impl Report {
    /// Whether every step passed.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.passed)
    }

    fn step(&mut self, what: impl Into<String>, passed: bool, detail: impl Into<String>) {
        self.steps.push(Step {
            what: what.into(),
            detail: detail.into(),
            passed,
        });
    }
}

/// Winners and awards of a settled game whose entries are all given; places
/// whose ticket no entry holds are left out.
pub fn winners(game: &Game, entries: &[(Pubkey, Entry)]) -> (Vec<Winner>, Vec<Award>) {
    if !game.is(GameStatus::Settled) {
        return Default::default();
    }
    let holder = |ticket: u32| entries.iter().find(|(_, entry)| entry.holds(ticket));
    let winners = (0..u32::from(game.winners))
        .filter_map(|place| {
            let ticket = winning_ticket(&game.rules(), game.seeds(), place);
            let (address, entry) = holder(ticket)?;
            Some(Winner {
                place,
                ticket,
                entry: *address,
                player: entry.player,
                prize: place_prize(
                    game.prize_pool,
                    &game.place_bps,
                    usize::try_from(place).ok()?,
                ),
                paid: game.places_paid >> place & 1 == 1,
            })
        })
        .collect();
    let awards = (0u8..)
        .zip(game.jackpot_awards)
        .zip(game.jackpot_tickets)
        .filter(|((_, amount), _)| *amount > 0)
        .filter_map(|((tier, amount), ticket)| {
            let (address, entry) = holder(ticket)?;
            Some(Award {
                tier,
                ticket,
                entry: *address,
                player: entry.player,
                amount,
                paid: game.awards_paid >> tier & 1 == 1,
            })
        })
        .collect();
    (winners, awards)
}

/// Recomputes everything about a game.
pub fn verify(record: &Record) -> Report {
    let mut report = Report::default();
    let mut entries = record.entries.clone();
    entries.sort_by_key(|(_, entry)| entry.first_ticket);
    tell_source(record.source, &mut report);
    verify_entries(record, &entries, &mut report);
    verify_rounds(record, &mut report);
    if record.game_is_closed() {
        money::verify_end(&record.game, &mut report);
    }
    if record.game.is(GameStatus::Settled) {
        report.step(
            "all rounds were settled",
            record.game.rounds >= 1 && record.game.rounds_settled == record.game.rounds,
            format!("{} of {}", record.game.rounds_settled, record.game.rounds),
        );
        money::verify_shares(&record.game, &mut report);
        money::verify_paid(&record.game, &mut report);
        money::verify_jackpots(&record.game, &mut report);
        let (winners, awards) = winners(&record.game, &entries);
        let places = usize::from(record.game.winners);
        report.step(
            "every place has one winning ticket, held by one entry",
            winners.len() == places,
            format!("{} of {places} places", winners.len()),
        );
        if record.game_is_closed() {
            money::verify_payments(&record.payments, &winners, &awards, &mut report);
        }
        report.winners = winners;
        report.awards = awards;
    }
    report
}

/// What a closed account told by itself, its transactions have to.
fn tell_source(source: Source, report: &mut Report) {
    let Source::Ledger {
        transactions,
        game_closed,
    } = source
    else {
        return;
    };
    let (what, detail) = if game_closed {
        (
            "the game is closed; it is rebuilt from its transactions",
            "the event of its close has its hash over the entries",
        )
    } else {
        (
            "entries are closed; they are rebuilt from the game's transactions",
            "the game's own hash proves them",
        )
    };
    let detail = format!("{transactions} transactions; {detail}");
    report.step(what, true, detail);
}

fn verify_entries(record: &Record, entries: &[(Pubkey, Entry)], report: &mut Report) {
    let game = &record.game;
    let mut hash = first_entries_hash(&record.address);
    let mut next = 0u32;
    let mut contiguous = true;
    let mut paid_right = true;
    let mut own = true;
    let mut at_home = true;
    let mut refunded = 0u64;
    for (address, entry) in entries {
        own &= entry.game == record.address;
        at_home &= *address == home(entry);
        contiguous &= entry.first_ticket == next;
        next = next.saturating_add(entry.tickets);
        let price = checked_mul(game.entry_fee, u64::from(entry.tickets));
        paid_right &= price == Some(entry.paid);
        if entry.refunded != 0 {
            refunded = refunded.saturating_add(entry.paid);
        }
        hash = next_entries_hash(
            &hash,
            &entry.player,
            entry.nonce,
            entry.first_ticket,
            entry.tickets,
        );
    }
    let count = entries.len();
    report.step(
        "entries are complete: their tickets are 0 to the number sold, without gap or overlap",
        own && contiguous && next == game.tickets && u32::try_from(count) == Ok(game.entries),
        format!(
            "{count} entries, {next} tickets; the game says {} and {}",
            game.entries, game.tickets
        ),
    );
    report.step(
        "each entry is at the address of its game, player, nonce and bump",
        at_home,
        format!("{count} addresses"),
    );
    report.step(
        "each entry paid fee times tickets",
        paid_right,
        format!("fee {}", game.entry_fee),
    );
    report.step(
        "the running hash over the entries is the game's",
        hash == game.entries_hash,
        format!("{} / {}", hex::encode(hash), hex::encode(game.entries_hash)),
    );
    if game.is(GameStatus::Cancelled) {
        report.step(
            "refunds of the entries sum to what the game returned",
            refunded == game.refunded,
            format!("{refunded} of {}", game.gross()),
        );
    }
}

/// The address that the entry's fields derive.
fn home(entry: &Entry) -> Pubkey {
    Pubkey::create_program_address(
        &[
            seeds::ENTRY,
            entry.game.as_ref(),
            entry.player.as_ref(),
            &entry.nonce.to_le_bytes(),
            &[entry.bump],
        ],
        &lottery::ID,
    )
    .unwrap_or_default()
}

fn verify_rounds(record: &Record, report: &mut Report) {
    let game = &record.game;
    for (round, seed) in (0u8..).zip(game.seeds()) {
        let draw = record
            .draws
            .iter()
            .find(|draw| round_seed(&draw.value, &record.address, round) == *seed);
        let survivors = format!(
            "{} tickets to {}",
            game.survivors(round),
            game.survivors(round.saturating_add(1))
        );
        let (passed, detail) = match draw {
            Some(draw) => (
                draw.requested_slot < draw.reveal_slot,
                format!(
                    "{survivors}; frozen in slot {}, value {} by oracle {} in slot {} ({})",
                    draw.requested_slot,
                    hex::encode(draw.value),
                    draw.oracle,
                    draw.reveal_slot,
                    draw.reveal
                ),
            ),
            None => (
                false,
                format!(
                    "{survivors}; no revealed value gives seed {}",
                    hex::encode(seed)
                ),
            ),
        };
        report.step(
            format!(
                "round {}: the seed follows from a value revealed after the freeze",
                round.saturating_add(1)
            ),
            passed,
            detail,
        );
    }
}
