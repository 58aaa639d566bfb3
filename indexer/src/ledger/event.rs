//! The program's events: instructions of the program to itself.

use anchor_lang::{Discriminator, event::EVENT_IX_TAG_LE, wincode::error::ReadError};
use lottery::events::{self, EVENT_VERSION, Payment};
use solana_pubkey::Pubkey;

use super::{json::Object, wire::read};

/// Why bytes are no event that this build knows.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    #[error("an event of an unknown kind")]
    Kind,
    #[error("{kind}: {source}")]
    Fields {
        kind: &'static str,
        source: ReadError,
    },
    #[error("{kind}: {count} bytes too many")]
    TooLong { kind: &'static str, count: usize },
    #[error("{kind} of version {version}; this build reads version {EVENT_VERSION}")]
    Version { kind: &'static str, version: u8 },
    #[error("a payment of unknown kind {0}")]
    Payment(u8),
}

macro_rules! events {
    ($($kind:ident $name:literal { $($field:ident)* })*) => {
        /// An event.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($kind(events::$kind),)* }

        impl Event {
            pub fn name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name,)* }
            }

            pub(super) fn version(&self) -> u8 {
                match self { $(Self::$kind(event) => event.version,)* }
            }

            /// Adds the fields that are wanted.
            pub(super) fn write(&self, object: &mut Object<'_>, wanted: impl Fn(&str) -> bool) {
                match self {
                    $(Self::$kind(event) => {
                        $(if wanted(stringify!($field)) {
                            object.field(stringify!($field), &event.$field);
                        })*
                    })*
                }
            }

            /// The event and what follows it.
            fn read(data: &[u8]) -> Result<(Self, &[u8]), EventError> {
                $(if let Some(mut rest) = data.strip_prefix(events::$kind::DISCRIMINATOR) {
                    // Fields in the program's order, which a test checks.
                    let fields = |rest: &mut &[u8]| -> Result<events::$kind, ReadError> {
                        Ok(events::$kind { $($field: read(rest)?),* })
                    };
                    let event = fields(&mut rest)
                        .map_err(|source| EventError::Fields { kind: $name, source })?;
                    return Ok((Self::$kind(event), rest));
                })*
                Err(EventError::Kind)
            }
        }
    };
}

events! {
    HouseChanged "house_changed" {
        version house authority pending_authority treasury_wallet vrf_queue mint jackpot_mean bounty
        draw_timeout claim_window prize_bps treasury_bps jackpot_bps reserve_bps flags
    }
    TreasuryWithdrawn "treasury_withdrawn" {
        version house wallet amount accrued total_withdrawn
    }
    JackpotFunded "jackpot_funded" { version house tier from amount pot total_contributions }
    GameCreated "game_created" {
        version house game creator vault id bounty_escrow jackpot_mean bounty claim_window prize_bps
        treasury_bps jackpot_bps reserve_bps
    }
    DrawRequested "draw_requested" {
        version house draw oracle games cranker bounty reveal_bounty
    }
    DrawRevealed "draw_revealed" { version draw value cranker bounty }
    DrawSettled "draw_settled" { version house draw rounds cranker bounty }
    GameSettled "game_settled" {
        version house game prize_pool treasury_share contributions awards award_tickets pots accrued
    }
    DrawAborted "draw_aborted" { version house draw oracle released cranker bounty }
    GameCancelled "game_cancelled" { version house game reason owed cranker bounty }
    PlayersPaid "players_paid" { version game payments paid_out refunded cranker bounty }
    PrizesExpired "prizes_expired" { version house game amount pot cranker bounty }
    GameClosed "game_closed" {
        version house game creator entries_hash tickets entries lamports tokens cranker bounty
    }
}

/// The data of an event, if these are an event's.
pub(super) fn payload(data: &[u8]) -> Option<&[u8]> {
    data.strip_prefix(EVENT_IX_TAG_LE)
}

impl Event {
    /// Reads an event, whole.
    pub(super) fn decode(data: &[u8]) -> Result<Self, EventError> {
        let (event, rest) = Self::read(data)?;
        let kind = event.name();
        if event.version() != EVENT_VERSION {
            return Err(EventError::Version {
                kind,
                version: event.version(),
            });
        }
        if !rest.is_empty() {
            return Err(EventError::TooLong {
                kind,
                count: rest.len(),
            });
        }
        if let Self::PlayersPaid(paid) = &event {
            let unknown = paid.payments.iter().find(|p| p.kind > Payment::RENT);
            if let Some(payment) = unknown {
                return Err(EventError::Payment(payment.kind));
            }
        }
        Ok(event)
    }

    /// Whom it is about and what it moved.
    pub(super) fn about(&self) -> About {
        let mut about = About::default();
        match self {
            Self::HouseChanged(e) => about.house = Some(e.house),
            Self::TreasuryWithdrawn(e) => {
                about.house = Some(e.house);
                about.amount = Some(e.amount);
            }
            Self::JackpotFunded(e) => {
                about.house = Some(e.house);
                about.players = vec![e.from];
                about.amount = Some(e.amount);
            }
            Self::GameCreated(e) => {
                about.house = Some(e.house);
                about.games = vec![e.game];
            }
            Self::DrawRequested(e) => {
                (about.house, about.draw) = (Some(e.house), Some(e.draw));
                about.games.clone_from(&e.games);
                about.paid(e.cranker, e.bounty);
            }
            Self::DrawRevealed(e) => {
                about.draw = Some(e.draw);
                about.paid(e.cranker, e.bounty);
            }
            Self::DrawSettled(e) => {
                (about.house, about.draw) = (Some(e.house), Some(e.draw));
                about.games = e.rounds.iter().map(|round| round.game).collect();
                about.paid(e.cranker, e.bounty);
            }
            Self::GameSettled(e) => {
                about.house = Some(e.house);
                about.games = vec![e.game];
                about.amount = Some(takings(e));
            }
            Self::DrawAborted(e) => {
                (about.house, about.draw) = (Some(e.house), Some(e.draw));
                about.games.clone_from(&e.released);
                about.paid(e.cranker, e.bounty);
            }
            Self::GameCancelled(e) => {
                about.house = Some(e.house);
                about.games = vec![e.game];
                about.paid(e.cranker, e.bounty);
            }
            Self::PlayersPaid(e) => {
                about.games = vec![e.game];
                about.players = e.payments.iter().map(|payment| payment.player).collect();
                about.players.sort();
                about.players.dedup();
                let money = e.payments.iter().filter(|p| p.kind != Payment::RENT);
                about.amount = Some(money.fold(0, |sum: u64, p| sum.saturating_add(p.amount)));
                about.paid(e.cranker, e.bounty);
            }
            Self::PrizesExpired(e) => {
                about.house = Some(e.house);
                about.games = vec![e.game];
                about.amount = Some(e.amount);
                about.paid(e.cranker, e.bounty);
            }
            Self::GameClosed(e) => {
                about.house = Some(e.house);
                about.games = vec![e.game];
                about.paid(e.cranker, e.bounty);
            }
        }
        about
    }
}

/// All that a settled game took (base units); it fits, by the rules of its creation.
pub(super) fn takings(settled: &events::GameSettled) -> u64 {
    let shares = settled
        .contributions
        .iter()
        .chain([&settled.treasury_share]);
    shares.fold(settled.prize_pool, |sum, share| sum.saturating_add(*share))
}

/// Whom an event is about, and what it moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    pub house: Option<Pubkey>,
    pub draw: Option<Pubkey>,
    pub games: Vec<Pubkey>,
    pub players: Vec<Pubkey>,
    pub cranker: Option<Pubkey>,
    /// Base units.
    pub amount: Option<u64>,
    /// Lamports.
    pub bounty: Option<u64>,
}

impl About {
    fn paid(&mut self, cranker: Pubkey, bounty: u64) {
        (self.cranker, self.bounty) = (Some(cranker), Some(bounty));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use anchor_lang::Event as _;
    use lottery::events::RoundSettled;

    use super::*;

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    /// All its fields.
    fn json(event: &Event) -> serde_json::Value {
        let text = Object::alone(|object| event.write(object, |_| true));
        serde_json::from_str(&text.0).unwrap()
    }

    /// Every event with values that tell its fields apart.
    fn all() -> Vec<(Vec<u8>, Event)> {
        macro_rules! all {
            ($($kind:ident { $($field:ident: $value:expr),* $(,)? })*) => {
                vec![$({
                    let event = events::$kind { version: EVENT_VERSION, $($field: $value),* };
                    (event.data(), Event::$kind(event))
                }),*]
            };
        }
        let (h, g, d, c) = (key(1), key(2), key(3), key(4));
        let max = u64::MAX;
        all! {
            HouseChanged {
                house: h, authority: key(5), pending_authority: key(6), treasury_wallet: key(7),
                vrf_queue: key(8), mint: key(9), jackpot_mean: [1, 2, max], bounty: 4,
                draw_timeout: 15, claim_window: 5, prize_bps: 6, treasury_bps: 7,
                jackpot_bps: [8, 9, 10], reserve_bps: [11, 12, 13], flags: 14,
            }
            TreasuryWithdrawn { house: h, wallet: key(8), amount: 1, accrued: 2, total_withdrawn: max }
            JackpotFunded { house: h, tier: 2, from: key(9), amount: 1, pot: 2, total_contributions: max }
            GameCreated {
                house: h, game: g, creator: c, vault: key(14), id: max, bounty_escrow: 2,
                jackpot_mean: [3, 4, max], bounty: 5, claim_window: 6, prize_bps: 7,
                treasury_bps: 8, jackpot_bps: [9, 10, 11], reserve_bps: [12, 13, 14],
            }
            DrawRequested {
                house: h, draw: d, oracle: key(9), games: vec![g, key(10)], cranker: c, bounty: 1,
                reveal_bounty: 2,
            }
            DrawRevealed { draw: d, value: [7; 32], cranker: c, bounty: 3 }
            DrawSettled {
                house: h, draw: d, cranker: c, bounty: 4,
                rounds: vec![RoundSettled { game: g, round: 1, survivors: 2, seed: [8; 32] }],
            }
            GameSettled {
                house: h, game: g, prize_pool: 1, treasury_share: 2, contributions: [3, 4, 5],
                awards: [6, 7, 8], award_tickets: [9, 10, 11], pots: [12, 13, max], accrued: 15,
            }
            DrawAborted {
                house: h, draw: d, oracle: key(9), released: vec![g], cranker: c, bounty: 5,
            }
            GameCancelled { house: h, game: g, reason: 1, owed: 2, cranker: c, bounty: 3 }
            PlayersPaid {
                game: g, paid_out: 1, refunded: 2, cranker: c, bounty: 3,
                payments: vec![Payment {
                    kind: Payment::PRIZE, index: 1, ticket: 2, entry: key(11), player: key(12),
                    amount: max,
                }],
            }
            PrizesExpired { house: h, game: g, amount: 1, pot: 2, cranker: c, bounty: 3 }
            GameClosed {
                house: h, game: g, creator: key(13), entries_hash: [9; 32], tickets: 4, entries: 5,
                lamports: 1, tokens: 2, cranker: c, bounty: 3,
            }
        }
    }

    #[test]
    fn every_event_comes_back_as_the_program_wrote_it() {
        for (data, event) in all() {
            assert_eq!(Event::decode(&data).unwrap(), event);
            assert!(json(&event).as_object().unwrap().len() > 4);
        }
    }

    #[test]
    fn what_is_not_wholly_an_event_is_refused() {
        for (data, _) in all() {
            for length in 0..data.len() {
                assert!(Event::decode(&data[..length]).is_err());
            }
            let long = [&data[..], &[0]].concat();
            assert!(matches!(
                Event::decode(&long),
                Err(EventError::TooLong { count: 1, .. })
            ));
            let mut other = data.clone();
            other[8] = EVENT_VERSION + 1;
            assert!(matches!(
                Event::decode(&other),
                Err(EventError::Version { version: 2, .. })
            ));
        }
        assert!(matches!(Event::decode(&[9; 50]), Err(EventError::Kind)));
    }

    #[test]
    fn amounts_are_strings_in_json_and_nothing_is_lost() {
        let (_, funded) = &all()[2];
        let body = json(funded);
        assert_eq!(body["total_contributions"], "18446744073709551615");
        assert_eq!(
            (&body["tier"], &body["from"]),
            (&2.into(), &key(9).to_string().into())
        );
        let (_, paid) = &all()[10];
        assert_eq!(json(paid)["payments"][0]["amount"], "18446744073709551615");
        assert_eq!(paid.about().amount, Some(u64::MAX));
    }
}
