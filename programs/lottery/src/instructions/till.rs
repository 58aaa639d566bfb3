use anchor_lang::{address_eq, prelude::*};

use crate::{
    error::LotteryError,
    events::{EventAccounts, Payment, PlayersPaid, EVENT_VERSION},
    money::{add, require_payable, Currency, Moves, Payout, Purse, TokenAccounts},
    state::{Entry, Game, Jackpot},
};

/// Pays players and keeps the books of it: the payments for the event, the lamports
/// still to move, the bounties. One instruction uses one till for all its payments.
pub(super) struct Till {
    pub cranker: AccountView,
    pub rent: Rent,
    pub moves: Moves,
    payments: Vec<Payment>,
    bounty: u64,
}

impl Till {
    /// For one payment.
    pub fn new(cranker: &AccountView) -> Result<Self> {
        Self::of(1, cranker)
    }

    /// For about so many payments; nothing here is given back, so growing would cost.
    pub fn of(payments: usize, cranker: &AccountView) -> Result<Self> {
        Ok(Self {
            rent: Rent::get()?,
            cranker: *cranker,
            // To the player, and the bounty.
            moves: Moves::with_capacity(payments.wrapping_mul(2)),
            payments: Vec::with_capacity(payments),
            bounty: 0,
        })
    }

    /// Pays the prize of a winning ticket.
    pub fn prize(
        &mut self,
        game: &mut Account<Game>,
        entry: &Account<Entry>,
        payout: &Payout,
        ticket: u32,
        clock: &Clock,
    ) -> Result<()> {
        let (place, prize) = game.prize_due(entry, ticket, clock.unix_timestamp)?;
        payout.check(prize, &self.rent)?;
        self.require_bounty_payable(game.bounty)?;
        game.note_prize(place, prize)?;
        payout.pay(prize, &mut self.moves)?;
        self.take_bounty(game)?;
        self.note(entry, Payment::PRIZE, prize, (place, ticket));
        Ok(())
    }

    /// Pays a jackpot's award.
    pub fn award(
        &mut self,
        game: &mut Account<Game>,
        entry: &Account<Entry>,
        payout: &Payout,
        jackpot: &mut Account<Jackpot>,
        clock: &Clock,
    ) -> Result<()> {
        require!(
            address_eq(&jackpot.house, &game.house),
            LotteryError::ForeignHouse
        );
        let tier = jackpot.tier;
        let award = game.award_due(entry, tier, clock.unix_timestamp)?;
        payout.check(award, &self.rent)?;
        self.require_bounty_payable(game.bounty)?;
        game.note_award(tier, award)?;
        // A later hit by another game has its own winner to wait for.
        if address_eq(&jackpot.last_game, game.address()) {
            jackpot.last_winner = entry.player;
            jackpot.touch(clock.slot);
        }
        payout.pay(award, &mut self.moves)?;
        self.take_bounty(game)?;
        let ticket = game
            .jackpot_tickets
            .get(usize::from(tier))
            .copied()
            .unwrap_or_default();
        self.note(entry, Payment::AWARD, award, (tier, ticket));
        Ok(())
    }

    /// Returns a cancelled game's fee. The entry itself holds the bounty.
    pub fn refund(
        &mut self,
        game: &mut Account<Game>,
        entry: &mut Account<Entry>,
        payout: &Payout,
    ) -> Result<()> {
        let due = game.refund_due(entry)?;
        payout.check(due, &self.rent)?;
        let bounty = u64::from(entry.bounty);
        self.require_bounty_payable(bounty)?;
        game.note_refund(entry)?;
        payout.pay(due, &mut self.moves)?;
        self.moves.push(entry.account(), &self.cranker, bounty);
        self.bounty = add(self.bounty, bounty)?;
        self.note(entry, Payment::REFUND, due, (0, 0));
        Ok(())
    }

    /// Notes that an entry's rent and what is left of its bounties return to its player,
    /// less the bounty for doing so. The caller closes the account, which moves them.
    pub fn rent(&mut self, entry: &Account<Entry>, player: &AccountView) -> Result<()> {
        let bounty = u64::from(entry.bounty);
        // Its refund, perhaps of the same batch, is what else takes from an entry. A purchase
        // of the same batch does too, but its game is open, so the entry is not closed here.
        let pending = if entry.refunded == 0 {
            0
        } else {
            self.moves.pending(entry.account())
        };
        let rest = entry
            .get_lamports()
            .checked_sub(pending)
            .and_then(|left| left.checked_sub(bounty))
            .ok_or(LotteryError::Insolvent)?;
        require_payable(player, rest, &self.rent)?;
        self.require_bounty_payable(bounty)?;
        self.moves.push(entry.account(), &self.cranker, bounty);
        self.bounty = add(self.bounty, bounty)?;
        self.note(entry, Payment::RENT, rest, (0, 0));
        Ok(())
    }

    fn take_bounty(&mut self, game: &mut Account<Game>) -> Result<()> {
        let bounty = game.take_bounty();
        self.moves.push(game.account(), &self.cranker, bounty);
        self.bounty = add(self.bounty, bounty)?;
        Ok(())
    }

    fn require_bounty_payable(&self, bounty: u64) -> Result<()> {
        if bounty == 0 {
            return Ok(());
        }
        require_payable(&self.cranker, bounty, &self.rent)
    }

    fn note(&mut self, entry: &Account<Entry>, kind: u8, amount: u64, (index, ticket): (u8, u32)) {
        self.payments.push(Payment {
            kind,
            index,
            ticket,
            entry: *entry.address(),
            player: entry.player,
            amount,
        });
    }

    /// Whether there is something to tell.
    pub fn has_payments(&self) -> bool {
        !self.payments.is_empty()
    }

    /// Tells of the payments of a game made since the last time.
    pub fn tell(
        &mut self,
        events: &EventAccounts,
        address: &Address,
        game: Option<&Game>,
    ) -> Result<()> {
        if self.payments.is_empty() {
            return Ok(());
        }
        let room = self.payments.len().wrapping_mul(80);
        events.emit_with(
            &PlayersPaid {
                version: EVENT_VERSION,
                game: *address,
                payments: core::mem::take(&mut self.payments),
                paid_out: game.map_or(0, |game| game.paid_out),
                refunded: game.map_or(0, |game| game.refunded),
                cranker: *self.cranker.address(),
                bounty: core::mem::take(&mut self.bounty),
            },
            room,
        )
    }
}

/// The payment of a game to a player. Token accounts: the game's vault; the player's
/// token account, the associated one, or any if the player signs.
pub(super) fn payout(
    game: &Account<Game>,
    player: &AccountView,
    tokens: TokenAccounts,
) -> Result<Payout> {
    Ok(Payout {
        currency: Currency::of(&game.vault, tokens)?,
        purse: Purse::of(game, tokens.get(0))?,
        wallet: *player,
        tokens: tokens.get(1).copied(),
    })
}
