//! Draws: request, reveal, settlement, abort.

use lottery::{
    LotteryError as E,
    draw::{jackpot_hit, jackpot_ticket, round_seed},
    state,
};
use lottery_client::address;
use randomness_stand_in::StandInError;
use solana_pubkey::Pubkey;

use super::houses::bytes;
use crate::model::{
    action::Answer,
    cast::{LAPSED, NO_ORACLE},
    state::{ATTEMPTS, Draw, Model, Reason, Stage, Status, share},
    why::Why,
};

impl Model {
    pub(super) fn request(
        &mut self,
        key: Pubkey,
        lane_index: u8,
        oracle: usize,
        games: &[usize],
    ) -> Result<(), Why> {
        let lane = self.open_lane_at(lane_index)?;
        let id = self.lanes[lane].next_draw;
        let address = address::draw(&self.lanes[lane].address, id);
        self.ledger.create(key, address, bytes::<state::Draw>())?;
        if self.lanes[lane].waits_for.is_some() {
            return Err(E::LaneBusy.into());
        }
        if oracle == NO_ORACLE {
            return Err(E::OracleAccount.into());
        }
        if oracle == LAPSED {
            return Err(E::OracleNotLive.into());
        }
        let draw = self.draws.len();
        let mut bound = Vec::new();
        let mut first_refusal = None;
        for game in games {
            if bound.contains(game) {
                continue;
            }
            match self.require_drawable(*game, oracle) {
                Ok(()) => bound.push(*game),
                Err(refusal) => {
                    first_refusal.get_or_insert(refusal);
                }
            }
        }
        if bound.is_empty() {
            return Err(first_refusal.unwrap_or_else(|| E::NoGames.into()));
        }
        let mut bounty = 0;
        for index in &bound {
            let game = &mut self.games[*index];
            game.status = Status::Drawing;
            game.draw = Some(draw);
            game.tried.push(oracle);
            let game_address = game.address;
            let request = game.take_bounty();
            let reveal = game.take_bounty();
            self.pay_lamports(game_address, key, request)?;
            self.ledger.move_lamports(game_address, address, reveal)?;
            bounty += reveal;
        }
        let lane_state = &mut self.lanes[lane];
        lane_state.next_draw += 1;
        lane_state.waits_for = Some(draw);
        self.draws.push(Draw {
            address,
            lane,
            id,
            oracle,
            payer: key,
            seed_slot: self.slot - 1,
            timeout_slot: self.slot + self.house.draw_timeout,
            bounty,
            games: bound,
            done: 0,
            stage: Stage::Pending,
            value: [0; 32],
            gone: false,
        });
        Ok(())
    }

    fn require_drawable(&self, game: usize, oracle: usize) -> Result<(), Why> {
        let game = self.alive(game)?;
        match game.status {
            Status::Open if !game.sales_ended(self.now) => return Err(E::GameStillOpen.into()),
            Status::Open if game.tickets < game.params.min_tickets => {
                return Err(E::TooFewTickets.into());
            }
            Status::Open => {}
            Status::Playing if game.rounds_done() => return Err(E::GameNotDrawable.into()),
            Status::Playing if self.now < game.next_round_at => {
                return Err(E::RoundNotDue.into());
            }
            Status::Playing => {}
            _ => return Err(E::GameNotDrawable.into()),
        }
        if game.tried.contains(&oracle) {
            return Err(E::OracleTriedBefore.into());
        }
        Ok(())
    }

    fn standing(&self, draw: usize) -> Result<&Draw, Why> {
        let draw = &self.draws[draw];
        if draw.gone {
            return Err(Why::GONE);
        }
        Ok(draw)
    }

    pub(super) fn reveal(
        &mut self,
        key: Pubkey,
        index: usize,
        oracle: usize,
        answer: Answer,
        value: [u8; 32],
    ) -> Result<(), Why> {
        let lane = self.draws[index].lane;
        self.open_lane_at(self.lanes[lane].index)?;
        let draw = self.standing(index)?;
        if oracle != draw.oracle {
            return Err(E::ForeignOracle.into());
        }
        match draw.stage {
            Stage::Aborted => return Err(E::DrawAborted.into()),
            Stage::Revealed => return Err(E::DrawRevealed.into()),
            Stage::Pending => {}
        }
        if answer != Answer::Right {
            return Err(StandInError::SignatureMismatch.into());
        }
        // Not in the slot of the request.
        if self.slot <= draw.seed_slot + 1 {
            return Err(E::RevealNotFresh.into());
        }
        self.lanes[lane].waits_for = None;
        let draw = &mut self.draws[index];
        draw.stage = Stage::Revealed;
        draw.value = value;
        let bounty = std::mem::take(&mut draw.bounty);
        let from = draw.address;
        self.pay_lamports(from, key, bounty)
    }

    pub(super) fn settle(&mut self, key: Pubkey, index: usize, games: &[usize]) -> Result<(), Why> {
        if self.standing(index)?.stage != Stage::Revealed {
            return Err(E::DrawNotRevealed.into());
        }
        let mut settled = false;
        let mut first_refusal = None;
        for game in games {
            if let Err(refusal) = self.require_next(index, *game) {
                first_refusal.get_or_insert(refusal);
                continue;
            }
            self.settle_round(index, *game)?;
            self.reward(*game, key)?;
            settled = true;
        }
        if !settled {
            return Err(first_refusal.unwrap_or_else(|| E::NoGames.into()));
        }
        self.end_draw(index);
        Ok(())
    }

    fn require_next(&self, draw: usize, game: usize) -> Result<(), Why> {
        if self.alive(game)?.draw != Some(draw) {
            return Err(E::ForeignDraw.into());
        }
        let draw = &self.draws[draw];
        if draw.games[draw.done] != game {
            return Err(E::SettleOrder.into());
        }
        Ok(())
    }

    /// A draw whose last game is settled or released returns its rent.
    fn end_draw(&mut self, index: usize) {
        let draw = &mut self.draws[index];
        if draw.done == draw.games.len() {
            draw.gone = true;
            let (from, to) = (draw.address, draw.payer);
            self.ledger.close(from, to);
        }
    }

    fn settle_round(&mut self, draw: usize, index: usize) -> Result<(), Why> {
        self.draws[draw].done += 1;
        let value = self.draws[draw].value;
        let now = self.now;
        let game = &mut self.games[index];
        let round = game.seeds.len() as u8;
        game.seeds.push(round_seed(&value, &game.address, round));
        game.draw = None;
        game.tried.clear();
        game.status = Status::Playing;
        game.next_round_at = now + i64::from(game.params.round_interval);
        if game.rounds_done() && !self.settlement_is_frozen(index) {
            self.divide(index)?;
        }
        Ok(())
    }

    fn settlement_is_frozen(&self, game: usize) -> bool {
        let [minor, major, mega] = self.cast.jackpots;
        let game = self.games[game].address;
        self.any_frozen(&[game, self.cast.treasury, minor, major, mega])
    }

    pub(super) fn settle_game(&mut self, index: usize) -> Result<(), Why> {
        if !self.alive(index)?.awaits_settlement() {
            return Err(E::NotAwaitingSettlement.into());
        }
        if self.settlement_is_frozen(index) {
            return Err(E::VaultFrozen.into());
        }
        self.divide(index)
    }

    /// Divides a game's takings, and rolls the jackpots with the seed of its last round.
    fn divide(&mut self, index: usize) -> Result<(), Why> {
        let now = self.now;
        let game = &mut self.games[index];
        let (address, gross) = (game.address, game.gross());
        game.treasury_share = share(gross, game.terms.treasury_bps);
        for tier in 0..3 {
            game.contributions[tier] = share(gross, game.terms.jackpot_bps[tier]);
        }
        game.prize_pool = gross - game.treasury_share - game.contributions.iter().sum::<u128>();
        game.status = Status::Settled;
        game.settled_at = now;
        let (treasury_share, contributions) = (game.treasury_share, game.contributions);
        let (terms, tickets) = (game.terms, game.tickets);
        let seed = *game.seeds.last().ok_or(E::RoundCount)?;

        let treasury = &mut self.house.treasury;
        treasury.accrued += treasury_share;
        treasury.total_accrued += treasury_share;
        treasury.games_settled += 1;
        self.transfer(address, self.cast.treasury, treasury_share)?;
        for tier in 0..3u8 {
            let at = usize::from(tier);
            let pot = self.cast.jackpots[at];
            self.contribute(at, contributions[at]);
            self.transfer(address, pot, contributions[at])?;
            let contribution = contributions[at] as u64;
            if !jackpot_hit(&seed, tier, terms.jackpot_mean[at], contribution) {
                continue;
            }
            let ticket = jackpot_ticket(&seed, tier, tickets);
            let jackpot = &mut self.house.jackpots[at];
            let reserve = share(jackpot.amount, terms.reserve_bps[at]);
            let award = (jackpot.amount - reserve).min(terms.jackpot_mean[at].into());
            jackpot.amount -= award;
            jackpot.won += award;
            jackpot.hits += 1;
            jackpot.last_game = address;
            jackpot.last_winner = Pubkey::default();
            jackpot.last_award = award;
            jackpot.last_ticket = ticket;
            self.games[index].awards[at] = award;
            self.games[index].award_tickets[at] = ticket;
            self.transfer(pot, address, award)?;
        }
        self.games[index].note_if_paid();
        Ok(())
    }

    pub(super) fn abort(&mut self, key: Pubkey, index: usize, games: &[usize]) -> Result<(), Why> {
        let draw = self.standing(index)?;
        match draw.stage {
            Stage::Revealed => return Err(E::DrawRevealed.into()),
            Stage::Pending if self.slot <= draw.timeout_slot => {
                return Err(E::DrawNotTimedOut.into());
            }
            Stage::Pending => {
                let lane = draw.lane;
                self.lanes[lane].waits_for = None;
                self.draws[index].stage = Stage::Aborted;
            }
            Stage::Aborted => {}
        }
        let mut released = false;
        for game in games {
            if self.games[*game].draw == Some(index) {
                self.release(key, index, *game)?;
                released = true;
            }
        }
        if !released {
            return Err(E::NoGames.into());
        }
        self.end_draw(index);
        Ok(())
    }

    fn release(&mut self, key: Pubkey, index: usize, game: usize) -> Result<(), Why> {
        let now = self.now;
        let draw = &mut self.draws[index];
        draw.done += 1;
        let from = draw.address;
        let released = &mut self.games[game];
        let bounty = released.terms.bounty.min(draw.bounty);
        draw.bounty -= bounty;
        released.draw = None;
        released.next_round_at = now;
        released.status = if released.seeds.is_empty() {
            Status::Open
        } else {
            Status::Playing
        };
        let attempts = released.tried.len();
        self.pay_lamports(from, key, bounty)?;
        if attempts == ATTEMPTS {
            self.end(game, Reason::NoOracle);
        }
        Ok(())
    }
}
