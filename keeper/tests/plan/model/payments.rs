//! Payments, and what comes after them.

use lottery_client::{
    account::Account,
    lottery::{
        draw::{Fate, Rules, fate},
        state::{Entry, Game, GameStatus},
    },
};
use lottery_keeper::actions::{Claim, ClaimJackpot, CloseEntry, CloseGame, ExpirePrizes, Refund};
use solana_pubkey::Pubkey;

use super::{Model, Refusal, require};

impl Model<'_> {
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<(), Refusal> {
        let mut game = self.game(&claim.game)?;
        let entry = self.entry(&claim.game.address, &claim.entry)?;
        require(game.house == claim.house, "ForeignHouse")?;
        self.require_token(&game, claim.token)?;
        self.require_claimable(&game, &entry, claim.player, claim.ticket)?;
        let rules = Rules {
            tickets: game.tickets,
            rounds: game.rounds,
            winners: game.winners,
            keep_bps: &game.keep_bps,
        };
        let seeds = &game.round_seeds[..usize::from(game.rounds)];
        let Fate::Alive(place) = fate(&rules, seeds, claim.ticket) else {
            return Err("TicketLost");
        };
        require(place == u32::from(claim.place), "another place")?;
        require(game.places_paid & (1 << place) == 0, "AlreadyPaid")?;
        game.places_paid |= 1 << place;
        // The model pays the whole pool with the last place.
        if game.places_paid.count_ones() == u32::from(game.winners) {
            game.paid_out += game.prize_pool;
        }
        game.note_if_paid().map_err(|_| "Overflow")?;
        self.store(&claim.game, game);
        Ok(())
    }

    pub(super) fn claim_jackpot(&mut self, claim: &ClaimJackpot) -> Result<(), Refusal> {
        let mut game = self.game(&claim.game)?;
        let entry = self.entry(&claim.game.address, &claim.entry)?;
        let tier = usize::from(claim.tier);
        require(game.house == claim.house, "ForeignHouse")?;
        self.require_token(&game, claim.token)?;
        require(game.jackpot_awards[tier] > 0, "NoAward")?;
        self.require_claimable(&game, &entry, claim.player, game.jackpot_tickets[tier])?;
        require(game.awards_paid & (1 << tier) == 0, "AlreadyPaid")?;
        game.awards_paid |= 1 << tier;
        game.paid_out += game.jackpot_awards[tier];
        game.note_if_paid().map_err(|_| "Overflow")?;
        self.store(&claim.game, game);
        Ok(())
    }

    fn require_claimable(
        &self,
        game: &Game,
        entry: &Entry,
        player: Pubkey,
        ticket: u32,
    ) -> Result<(), Refusal> {
        require(game.is(GameStatus::Settled), "GameNotSettled")?;
        let ends = game.settled_at + i64::from(game.claim_window);
        require(self.state.now < ends, "ClaimsEnded")?;
        require(entry.player == player, "ForeignPlayer")?;
        require(entry.holds(ticket), "TicketNotInEntry")
    }

    pub(super) fn refund(&mut self, refund: &Refund) -> Result<(), Refusal> {
        let mut game = self.game(&refund.game)?;
        let mut entry = self.entry(&refund.game.address, &refund.entry)?;
        require(game.house == refund.house, "ForeignHouse")?;
        self.require_token(&game, refund.token)?;
        require(game.is(GameStatus::Cancelled), "GameNotCancelled")?;
        require(entry.player == refund.player, "ForeignPlayer")?;
        require(entry.refunded == 0, "AlreadyPaid")?;
        entry.refunded = 1;
        game.refunded += entry.paid;
        game.note_if_paid().map_err(|_| "Overflow")?;
        self.state.put(refund.entry, Account::Entry(entry));
        self.store(&refund.game, game);
        Ok(())
    }

    pub(super) fn expire(&mut self, expire: &ExpirePrizes) -> Result<(), Refusal> {
        let mut game = self.game(&expire.game)?;
        require(game.house == expire.house, "ForeignHouse")?;
        self.require_token(&game, expire.token)?;
        require(game.is(GameStatus::Settled), "GameNotSettled")?;
        let ends = game.settled_at + i64::from(game.claim_window);
        require(self.state.now >= ends, "ClaimsOpen")?;
        let awards: u64 = game.jackpot_awards.iter().sum();
        let owed = game.prize_pool + awards - game.paid_out - game.expired;
        require(owed > 0, "NothingToExpire")?;
        game.expired += owed;
        game.set_flag(Game::FLAG_PAID);
        self.store(&expire.game, game);
        Ok(())
    }

    pub(super) fn close_entry(&mut self, close: &CloseEntry) -> Result<(), Refusal> {
        let Some(mut game) = self.state.games.get(&close.game).copied() else {
            let orphan = self.state.orphans.get(&close.entry).ok_or("no entry")?;
            require(orphan.player == close.player, "ForeignPlayer")?;
            require(orphan.game == close.game, "ForeignGame")?;
            self.state.remove(&close.entry);
            return Ok(());
        };
        let entry = self.entry(&close.game, &close.entry)?;
        require(entry.player == close.player, "ForeignPlayer")?;
        require(
            entry.refunded == 1 || game.has(Game::FLAG_PAID),
            "GameStillOwes",
        )?;
        game.entries_closed += 1;
        self.state.remove(&close.entry);
        self.state.put(close.game, Account::Game(game));
        Ok(())
    }

    pub(super) fn close_game(&mut self, close: &CloseGame) -> Result<(), Refusal> {
        let game = self.game(&close.game)?;
        require(game.creator == close.creator, "ForeignCreator")?;
        self.require_token(&game, close.token)?;
        require(game.has(Game::FLAG_PAID), "GameStillOwes")?;
        let ends = game.settled_at + i64::from(game.claim_window);
        require(
            game.entries_closed == game.entries || self.state.now >= ends,
            "EntriesOpen",
        )?;
        self.state.remove(&close.game.address);
        Ok(())
    }
}
