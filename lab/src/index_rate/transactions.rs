//! The transactions of made-up games, with real instructions and the events that the
//! program would have left.

mod bulk;

pub use bulk::Sold;

use anchor_lang::event::EVENT_IX_TAG_LE;
use lottery::{
    draw::winning_ticket,
    events::{
        AUTHORITY, DrawRequested, DrawRevealed, DrawSettled, EVENT_VERSION, GameCancelled,
        GameCreated, GameSettled, Payment, PlayersPaid, RoundSettled,
    },
    math::place_prize,
};
use lottery_client::{
    address,
    instruction::{self as ix, DrawKeys, EntryKeys, LaneKeys, Revelation},
};
use lottery_indexer::source::{Call, TransactionUpdate};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use super::game::{BOUNTY, End, Played, ROUNDS, WINNERS, end, key, slot_at, value};

/// An instruction with the events that it left.
type Told = (Instruction, Vec<Vec<u8>>);

/// Makes transactions with signatures of their own.
pub struct Scribe {
    next: u64,
    cranker: Pubkey,
    house: Pubkey,
}

impl Scribe {
    /// Of a house, with signatures from a number on.
    pub fn new(house: Pubkey, first: u64) -> Self {
        Self {
            next: first,
            cranker: key("cranker", 0, 0),
            house,
        }
    }

    /// A transaction of the cranker's that was executed at a time (unix seconds).
    fn transaction(&mut self, time: i64, told: Vec<Told>) -> TransactionUpdate {
        self.signed(self.cranker, time, told)
    }

    /// A transaction that somebody signed.
    fn signed(&mut self, signer: Pubkey, time: i64, told: Vec<Told>) -> TransactionUpdate {
        let mut keys = vec![signer, AUTHORITY];
        let mut position = |account: &Pubkey| {
            let at = keys.iter().position(|known| known == account);
            let at = at.unwrap_or_else(|| {
                keys.push(*account);
                keys.len() - 1
            });
            u8::try_from(at).unwrap_or(u8::MAX)
        };
        let (mut instructions, mut inner) = (Vec::new(), Vec::new());
        for (index, (instruction, events)) in told.into_iter().enumerate() {
            let accounts = instruction.accounts.iter();
            instructions.push(Call {
                program: position(&instruction.program_id),
                accounts: accounts.map(|meta| position(&meta.pubkey)).collect(),
                data: instruction.data,
            });
            for event in events {
                let call = Call {
                    program: position(&lottery::ID),
                    accounts: vec![position(&AUTHORITY)],
                    data: [EVENT_IX_TAG_LE, &event[..]].concat(),
                };
                inner.push((u8::try_from(index).unwrap_or(u8::MAX), call));
            }
        }
        let number = self.next;
        self.next += 1;
        let half = super::game::hash("signature", number, 0);
        let mut signature = [0; 64];
        for (to, from) in signature.iter_mut().zip(half.iter().chain(&half)) {
            *to = *from;
        }
        TransactionUpdate {
            signature: Signature::from(signature),
            slot: slot_at(time),
            index: Some(0),
            block_time: Some(time),
            error: None,
            fee: 5_000,
            compute_units: Some(50_000),
            keys,
            instructions,
            inner: Some(inner),
            returned: None,
        }
    }

    /// What happened to games that shared their draws, oldest first.
    pub fn history(&mut self, batch: u64, games: &[Played], total: u64) -> Vec<TransactionUpdate> {
        let mut transactions = Vec::new();
        for played in games {
            let create = ix::cancel_game(self.cranker, played.address);
            let created = self.created(played);
            transactions.push(self.transaction(played.opened_at, vec![(create, vec![created])]));
        }
        let ends: Vec<(&Played, End)> = games
            .iter()
            .map(|played| (played, end(played.game.id, total)))
            .collect();
        let settled: Vec<&Played> = ends
            .iter()
            .filter(|(_, end)| *end == End::Settled)
            .map(|(played, _)| *played)
            .collect();
        if let Some(last) = settled.last() {
            let time = last.game.closes_at;
            for round in 0..ROUNDS {
                transactions.extend(self.draw(batch, round, &settled, time + i64::from(round)));
            }
            for played in &settled {
                transactions.push(self.claims(played));
            }
        }
        for (played, _) in ends.iter().filter(|(_, end)| *end == End::Cancelled) {
            transactions.extend(self.refunds(played));
        }
        transactions
    }

    fn created(&self, played: &Played) -> Vec<u8> {
        let game = &played.game;
        event(&GameCreated {
            version: EVENT_VERSION,
            house: game.house,
            game: played.address,
            creator: game.creator,
            vault: game.vault,
            id: game.id,
            bounty_escrow: 1_000_000,
            jackpot_mean: game.jackpot_mean,
            bounty: game.bounty,
            claim_window: game.claim_window,
            prize_bps: game.prize_bps,
            treasury_bps: game.treasury_bps,
            jackpot_bps: game.jackpot_bps,
            reserve_bps: game.reserve_bps,
        })
    }

    /// The keys of a draw, which nobody else has.
    fn keys(&self, draw: u64) -> (LaneKeys, DrawKeys) {
        let lane = LaneKeys {
            house: self.house,
            queue: key("queue", 0, 0),
            index: 0,
        };
        let lane_address = address::lane(&self.house, 0);
        let keys = DrawKeys {
            house: self.house,
            lane: lane_address,
            draw: address::draw(&lane_address, draw),
            payer: self.cranker,
        };
        (lane, keys)
    }

    fn requested(&self, draw: u64, games: &[Pubkey]) -> (Instruction, Vec<Vec<u8>>) {
        let (lane, keys) = self.keys(draw);
        let oracle = key("oracle", draw % 8, 0);
        let request = ix::request_draw(self.cranker, lane, draw, oracle, games);
        let told = event(&DrawRequested {
            version: EVENT_VERSION,
            house: self.house,
            draw: keys.draw,
            oracle,
            games: games.to_vec(),
            cranker: self.cranker,
            bounty: 10_000,
            reveal_bounty: 10_000,
        });
        (request, vec![told])
    }

    /// A round of several games: requested, revealed and settled.
    fn draw(
        &mut self,
        batch: u64,
        round: u8,
        games: &[&Played],
        time: i64,
    ) -> Vec<TransactionUpdate> {
        let number = batch * u64::from(ROUNDS) + u64::from(round);
        let (_, keys) = self.keys(number);
        let addresses: Vec<Pubkey> = games.iter().map(|played| played.address).collect();
        let request = self.requested(number, &addresses);
        let revelation = Revelation {
            signature: [7; 64],
            recovery_id: 0,
            value: value(batch, round),
        };
        let lane = self.keys(number).0;
        let oracle = key("oracle", number % 8, 0);
        let reveal = ix::reveal_draw(self.cranker, lane, number, oracle, &revelation);
        let revealed = event(&DrawRevealed {
            version: EVENT_VERSION,
            draw: keys.draw,
            value: revelation.value,
            cranker: self.cranker,
            bounty: 10_000,
        });
        let settle = ix::settle_draw(self.cranker, keys, &addresses, None);
        let mut told = Vec::new();
        if round + 1 == ROUNDS {
            told.extend(games.iter().map(|played| settled(played)));
        }
        told.push(event(&DrawSettled {
            version: EVENT_VERSION,
            house: self.house,
            draw: keys.draw,
            rounds: games
                .iter()
                .map(|played| RoundSettled {
                    game: played.address,
                    round,
                    survivors: played.game.survivors(round + 1),
                    seed: played
                        .game
                        .round_seeds
                        .get(usize::from(round))
                        .copied()
                        .unwrap_or_default(),
                })
                .collect(),
            cranker: self.cranker,
            bounty: 10_000,
        }));
        vec![
            self.transaction(time, vec![request]),
            self.transaction(time, vec![(reveal, vec![revealed]), (settle, told)]),
        ]
    }

    /// All prizes of a game, paid by one transaction.
    fn claims(&mut self, played: &Played) -> TransactionUpdate {
        let game = &played.game;
        let mut told = Vec::new();
        for place in 0..WINNERS {
            let ticket = winning_ticket(&game.rules(), game.seeds(), u32::from(place));
            let holder = played.entries.iter().find(|(_, entry)| entry.holds(ticket));
            let Some((address, entry)) = holder else {
                continue;
            };
            let keys = self.entry_keys(played, *address, entry.player);
            let payment = Payment {
                kind: Payment::PRIZE,
                index: place,
                ticket,
                entry: *address,
                player: entry.player,
                amount: place_prize(game.prize_pool, &game.place_bps, usize::from(place)),
            };
            let paid = self.paid(played, vec![payment], game.paid_out);
            told.push((ix::claim(self.cranker, keys, ticket), vec![paid]));
        }
        self.transaction(game.settled_at + 30, told)
    }

    fn entry_keys(&self, played: &Played, entry: Pubkey, player: Pubkey) -> EntryKeys {
        EntryKeys {
            house: self.house,
            game: played.address,
            entry,
            player,
            token: None,
        }
    }

    fn paid(&self, played: &Played, payments: Vec<Payment>, paid_out: u64) -> Vec<u8> {
        event(&PlayersPaid {
            version: EVENT_VERSION,
            game: played.address,
            payments,
            paid_out,
            refunded: played.game.refunded,
            cranker: self.cranker,
            bounty: BOUNTY.into(),
        })
    }

    /// The cancellation of a game, and every refund.
    fn refunds(&mut self, played: &Played) -> Vec<TransactionUpdate> {
        let game = &played.game;
        let time = game.settled_at;
        let cancel = ix::cancel_game(self.cranker, played.address);
        let cancelled = event(&GameCancelled {
            version: EVENT_VERSION,
            house: game.house,
            game: played.address,
            reason: GameCancelled::TOO_FEW_TICKETS,
            owed: game.refunded,
            cranker: self.cranker,
            bounty: BOUNTY.into(),
        });
        let mut transactions = vec![self.transaction(time, vec![(cancel, vec![cancelled])])];
        for entries in played.entries.chunks(8) {
            let told = entries
                .iter()
                .map(|(address, entry)| {
                    let keys = self.entry_keys(played, *address, entry.player);
                    let payment = Payment {
                        kind: Payment::REFUND,
                        index: 0,
                        ticket: 0,
                        entry: *address,
                        player: entry.player,
                        amount: entry.paid,
                    };
                    let paid = self.paid(played, vec![payment], 0);
                    (ix::refund(self.cranker, keys), vec![paid])
                })
                .collect();
            transactions.push(self.transaction(time + 10, told));
        }
        transactions
    }
}

fn event(event: &impl anchor_lang::Event) -> Vec<u8> {
    event.data()
}

fn settled(played: &Played) -> Vec<u8> {
    let game = &played.game;
    event(&GameSettled {
        version: EVENT_VERSION,
        house: game.house,
        game: played.address,
        prize_pool: game.prize_pool,
        treasury_share: game.treasury_share,
        contributions: game.jackpot_contributions,
        awards: game.jackpot_awards,
        award_tickets: game.jackpot_tickets,
        pots: game.jackpot_contributions,
        accrued: game.treasury_share,
    })
}
