//! Lanes and draws: opening, revealing, settling, giving up.

use std::collections::BTreeMap;

use lottery_client::lottery::state::{Draw, House, Lane};
use solana_pubkey::Pubkey;

use super::{Planner, Reason};
use crate::{
    actions::{AbortDraw, Action, GameRef, Key, OpenLane, RevealDraw, SettleDraw},
    state::Currency,
};

impl<'a> Planner<'a> {
    /// Draws that have their value settle their games in the order they were
    /// bound; the others wait for the value.
    pub(super) fn settle_draws(&mut self) {
        for (address, games) in std::mem::take(&mut self.bound) {
            match self.state.draws.get(&address) {
                None => self.wait_all(games.into_values(), Reason::NotInSync),
                Some(draw) if draw.state == Draw::ABORTED || self.has_timed_out(draw) => {
                    self.abort_draw(address, draw, games);
                }
                Some(draw) if draw.state != Draw::REVEALED => {
                    drop(self.pending.insert(address, games))
                }
                Some(_) if self.is_in_hand(&Key::Draw(address)) => {
                    self.wait_all(games.into_values(), Reason::InHand);
                }
                Some(draw) => {
                    if let Some(settle) = self.settlement(address, draw, games) {
                        let games: Vec<GameRef> = settle.games().copied().collect();
                        self.add_for(games, Action::SettleDraw(settle));
                    }
                }
            }
        }
    }

    /// Settles those games of a draw whose turn it is. Of a draw that has no value yet,
    /// the first chunk is what settles beside it; it may be empty.
    fn settlement(
        &mut self,
        address: Pubkey,
        draw: &Draw,
        games: BTreeMap<u16, GameRef>,
    ) -> Option<SettleDraw> {
        let mut next = draw.settled;
        let mut turn = Vec::new();
        for (index, game) in games {
            if index == next {
                turn.push(game);
                next = next.saturating_add(1);
            } else {
                self.wait(game, Reason::EarlierGameUnknown);
            }
        }
        if turn.is_empty() {
            return None;
        }
        let capacity = self.settings.capacity;
        let (token, size, first) = match self.state.currency(&draw.house) {
            Currency::Native => (None, capacity.settlement, capacity.reveal),
            Currency::Token(token) => (
                Some(token),
                capacity.token_settlement,
                capacity.token_reveal,
            ),
            Currency::Unknown => {
                self.wait_all(turn, Reason::TokenUnknown);
                return None;
            }
        };
        let size = size.max(1);
        let mut chunks = Vec::new();
        if draw.state == Draw::PENDING {
            // Only where that saves a transaction: games that settle apart are due apart,
            // and drawn apart, from then on.
            let left = turn.len().saturating_sub(first);
            let saves = left.div_ceil(size) < turn.len().div_ceil(size);
            let rest = turn.split_off(if saves { turn.len() - left } else { 0 });
            chunks.push(std::mem::replace(&mut turn, rest));
        }
        chunks.extend(turn.chunks(size).map(<[GameRef]>::to_vec));
        Some(SettleDraw {
            house: draw.house,
            lane: draw.lane,
            draw: address,
            draw_id: draw.id,
            draw_payer: draw.payer,
            chunks,
            token,
        })
    }

    fn has_timed_out(&self, draw: &Draw) -> bool {
        draw.state == Draw::PENDING && self.state.slot > draw.timeout_slot
    }

    /// Releases the games of a draw whose oracle's time is over.
    fn abort_draw(&mut self, address: Pubkey, draw: &Draw, games: BTreeMap<u16, GameRef>) {
        if self.is_in_hand(&Key::Release(address)) {
            return self.wait_all(games.into_values(), Reason::InHand);
        }
        let games: Vec<GameRef> = games.into_values().collect();
        let size = self.settings.capacity.release.max(1);
        let action = AbortDraw {
            house: draw.house,
            lane: draw.lane,
            draw: address,
            draw_id: draw.id,
            draw_payer: draw.payer,
            oracle: draw.oracle,
            chunks: games.chunks(size).map(<[GameRef]>::to_vec).collect(),
            last_chance: self.reveal(address, draw),
        };
        self.add_for(games, Action::AbortDraw(action));
    }

    /// How a pending draw gets its value.
    fn reveal(&self, address: Pubkey, draw: &Draw) -> Option<RevealDraw> {
        let lane = self.state.lanes.get(&draw.lane)?;
        let house = self.served_house(&lane.house)?;
        let waits = draw.state == Draw::PENDING && lane.current_draw() == Some(draw.id);
        waits.then_some(RevealDraw {
            house: lane.house,
            queue: house.vrf_queue,
            lane_index: lane.index,
            draw: address,
            draw_id: draw.id,
            oracle: draw.oracle,
            seed_slot: draw.seed_slot,
            settlement: None,
        })
    }

    /// What games wait for whose value is not brought yet.
    fn wait_for_value(&mut self, draw: &Draw, games: BTreeMap<u16, GameRef>) {
        let lane = self.state.lanes.get(&draw.lane);
        let reason = if lane.and_then(Lane::current_draw) != Some(draw.id) {
            Reason::NotInSync
        } else if !is_revealable(draw, self.state.slot) {
            Reason::SeedSlotNotOver
        } else {
            Reason::DrawPending
        };
        self.wait_all(games.into_values(), reason);
    }

    /// Every lane with a commitment gets its value, whoever requested it; what games it
    /// has settle with it.
    pub(super) fn reveal_draws(&mut self) {
        let state = self.state;
        for (address, draw) in &state.draws {
            let games = self.pending.remove(address).unwrap_or_default();
            let in_hand =
                self.is_in_hand(&Key::Lane(draw.lane)) || self.is_in_hand(&Key::Draw(*address));
            let waits = in_hand || self.has_timed_out(draw) || !is_revealable(draw, state.slot);
            let Some(mut reveal) = self.reveal(*address, draw).filter(|_| !waits) else {
                self.wait_for_value(draw, games);
                continue;
            };
            reveal.settlement = self.settlement(*address, draw, games);
            let games: Vec<GameRef> = reveal.games().copied().collect();
            self.add_for(games, Action::RevealDraw(reveal));
        }
    }

    /// Opens the first missing lanes of each house, one at a time.
    pub(super) fn open_lanes(&mut self) {
        let state = self.state;
        for (address, house) in &state.houses {
            if !self.serves(address) {
                continue;
            }
            let open: Vec<u8> = state
                .lanes
                .values()
                .filter(|lane| lane.house == *address)
                .map(|lane| lane.index)
                .collect();
            let missing = (0..self.settings.lanes).find(|index| !open.contains(index));
            let Some(index) = missing.filter(|_| open.len() < usize::from(self.settings.lanes))
            else {
                continue;
            };
            let action = OpenLane {
                house: *address,
                queue: house.vrf_queue,
                index,
            };
            if !self.is_in_hand(&Key::Lane(action.lane())) {
                self.add(Action::OpenLane(action));
            }
        }
    }

    fn served_house(&self, house: &Pubkey) -> Option<&'a House> {
        self.state.houses.get(house).filter(|_| self.serves(house))
    }
}

/// Whether the program takes the value at this slot: the request was made in the
/// slot after the seed's, and the reveal must come later.
fn is_revealable(draw: &Draw, slot: u64) -> bool {
    slot > draw.seed_slot.saturating_add(1)
}
