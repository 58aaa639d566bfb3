//! The end: rent and unspent bounties return to players and creators.

use lottery_client::lottery::state::Game;

use super::{Planner, Reason};
use crate::{
    actions::{Action, CloseEntry, CloseGame, GameRef, Key},
    state::Entries,
};

impl Planner<'_> {
    /// Plans the closing of paid games; returns the entries to be closed, with the game
    /// that waits for it where that is still there.
    pub(super) fn close_games(&mut self) -> Vec<(Option<GameRef>, Vec<CloseEntry>)> {
        let games = std::mem::take(&mut self.closable);
        if !self.settings.close {
            let games = games.into_iter().map(|(game, _)| game);
            self.wait_all(games, Reason::NotClosed);
            return Vec::new();
        }
        let mut entries = vec![(None, self.orphans())];
        for (reference, game) in games {
            if !self.closes_by_now(game) {
                self.wait_until(reference, Reason::KeptForNow, self.closes_from(game));
            } else if self.is_in_hand(&Key::Game(reference.address)) {
                self.wait(reference, Reason::InHand);
            } else if game.entries_closed >= game.entries {
                self.close_game(reference, game);
            } else {
                let of_game = self.close_entries(reference, game);
                entries.push((Some(reference), of_game));
            }
        }
        entries
    }

    /// From when what is over of a game is closed (unix seconds).
    pub(super) fn closes_from(&self, game: &Game) -> i64 {
        let after = i64::try_from(self.settings.close_after.as_secs()).unwrap_or(i64::MAX);
        game.settled_at.saturating_add(after)
    }

    /// Whether what is over of a game is closed, and now.
    pub(super) fn closes_by_now(&self, game: &Game) -> bool {
        self.settings.close && self.state.now >= self.closes_from(game)
    }

    /// Entries whose games are gone.
    fn orphans(&self) -> Vec<CloseEntry> {
        let orphans = self.state.orphans.iter();
        orphans
            .filter(|(entry, _)| !self.is_in_hand(&Key::Entry(**entry)))
            .map(|(entry, orphan)| CloseEntry {
                game: orphan.game,
                entry: *entry,
                player: orphan.player,
            })
            .collect()
    }

    fn close_game(&mut self, reference: GameRef, game: &Game) {
        let action = self.currency(game).map(|token| {
            Action::CloseGame(CloseGame {
                game: reference,
                creator: game.creator,
                token,
            })
        });
        self.act_on(reference, action);
    }

    /// Plans the closing of entries that are to be closed. They may be of another game too,
    /// in a view of the chain that is out of step: then this one waits.
    pub(super) fn close_planned(&mut self, game: Option<GameRef>, entries: Vec<CloseEntry>) {
        let wanted = !entries.is_empty();
        let mut planned = false;
        for entry in entries {
            planned |= self.add(Action::CloseEntry(entry));
        }
        if let Some(game) = game.filter(|_| wanted && !planned) {
            self.wait(game, Reason::NotInSync);
        }
    }

    fn close_entries(&mut self, reference: GameRef, game: &Game) -> Vec<CloseEntry> {
        let none = Entries::default();
        let state = self.state;
        let entries = state.entries(&reference.address).unwrap_or(&none);
        let free = entries
            .iter()
            .filter(|(entry, _)| !self.is_in_hand(&Key::Entry(*entry)));
        let to_close: Vec<CloseEntry> = free
            .map(|(address, entry)| CloseEntry {
                game: reference.address,
                entry: *address,
                player: entry.player,
            })
            .collect();
        if !to_close.is_empty() {
            return to_close;
        }
        if !state.has_all_entries(&reference.address, game) {
            self.wait(reference, Reason::EntriesUnknown);
        } else if state.now < game.claims_end() {
            self.wait_until(reference, Reason::InHand, game.claims_end());
        } else {
            // Entries that cannot be closed hold their game up no longer.
            self.close_game(reference, game);
        }
        Vec::new()
    }
}
