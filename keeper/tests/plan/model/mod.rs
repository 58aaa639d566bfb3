//! The program's visible rules, written down a second time: what it would say
//! to an action in a given state, and what the state would be afterwards.

mod payments;

use std::collections::BTreeSet;

use bytemuck::Zeroable as _;
use lottery_client::{
    account::Account,
    instruction::Token,
    lottery::{
        draw::round_seed,
        state::{Draw, Entry, Game, GameStatus, House, LAYOUT_VERSION, Lane},
        switchboard::ATTESTATION_MARGIN,
    },
};
use lottery_keeper::{
    actions::{AbortDraw, Action, GameRef, RequestDraw, RevealDraw, SettleDraw},
    state::ChainState,
};
use solana_pubkey::Pubkey;

/// Why the program would refuse.
pub type Refusal = &'static str;

fn require(condition: bool, refusal: Refusal) -> Result<(), Refusal> {
    condition.then_some(()).ok_or(refusal)
}

/// Slots that a draw waits for its oracle.
const DRAW_TIMEOUT: u64 = 10;

/// Seconds without a draw after which a game may be cancelled.
const GRACE: i64 = 3 * 24 * 3_600;

/// The program, and the oracles, as far as the keeper deals with them.
pub struct Model<'a> {
    pub state: &'a mut ChainState,
    /// Oracles that never answer.
    pub mute: &'a BTreeSet<Pubkey>,
    /// Games whose vault is frozen when they are settled.
    pub frozen: &'a BTreeSet<Pubkey>,
}

impl Model<'_> {
    /// Does what the program would do, or refuses as it would.
    pub fn act(&mut self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::OpenLane(open) => {
                require(
                    self.state.houses[&open.house].vrf_queue == open.queue,
                    "queue",
                )?;
                require(!self.state.lanes.contains_key(&open.lane()), "lane exists")?;
                let mut lane = Lane::zeroed();
                lane.version = LAYOUT_VERSION;
                lane.house = open.house;
                lane.index = open.index;
                lane.next_draw = self.state.slot;
                self.state.put(open.lane(), Account::Lane(lane));
                Ok(())
            }
            Action::RequestDraw(request) => self.request(request),
            Action::RevealDraw(reveal) => self.reveal(reveal),
            Action::SettleDraw(settle) => self.settle(settle),
            Action::AbortDraw(abort) => self.abort(abort),
            Action::CancelGame(cancel) => {
                let now = self.state.now;
                let mut game = self.game(&cancel.game)?;
                let open = game.is(GameStatus::Open);
                let waits =
                    open || game.is(GameStatus::Playing) && game.rounds_settled < game.rounds;
                let too_few = open
                    && (now >= game.closes_at || game.tickets >= game.max_tickets)
                    && game.tickets < game.min_tickets;
                let overdue = waits && now >= game.draw_due_at() + GRACE;
                require(too_few || overdue, "NotCancellable")?;
                game.cancel(now).map_err(|_| "Overflow")?;
                self.store(&cancel.game, game);
                Ok(())
            }
            Action::SettleGame(settle) => {
                let mut game = self.game(&settle.game)?;
                require(game.house == settle.house, "ForeignHouse")?;
                self.require_token(&game, settle.token)?;
                require(game.awaits_settlement(), "NotAwaitingSettlement")?;
                self.divide(&mut game);
                self.store(&settle.game, game);
                Ok(())
            }
            Action::ExpirePrizes(expire) => self.expire(expire),
            Action::CloseGame(close) => self.close_game(close),
            Action::Claim(claim) => self.claim(claim),
            Action::ClaimJackpot(claim) => self.claim_jackpot(claim),
            Action::Refund(refund) => self.refund(refund),
            Action::CloseEntry(close) => self.close_entry(close),
        }
    }

    fn request(&mut self, request: &RequestDraw) -> Result<(), Refusal> {
        let house: House = self.state.houses[&request.house];
        let mut lane = *self.state.lanes.get(&request.lane()).ok_or("no lane")?;
        require(lane.house == request.house, "ForeignHouse")?;
        require(lane.state == Lane::IDLE, "LaneBusy")?;
        require(lane.next_draw == request.draw_id, "draw id")?;
        require(house.vrf_queue == request.queue, "RandomnessQueue")?;
        require(!request.games.is_empty(), "NoGames")?;
        let oracle = self.state.oracles[&house.vrf_queue]
            .iter()
            .find(|oracle| oracle.address == request.oracle)
            .ok_or("OracleAccount")?;
        let (data, now) = (&oracle.data, self.state.now);
        let silent_for = now - data.last_heartbeat;
        require(
            data.enclave.verification_status == 4
                && data.is_on_queue == 1
                && data.enclave.valid_until > now + ATTESTATION_MARGIN
                && (oracle.node_timeout <= 0 || silent_for <= oracle.node_timeout),
            "OracleNotLive",
        )?;
        let distinct: BTreeSet<Pubkey> = request.games.iter().map(|game| game.address).collect();
        require(distinct.len() == request.games.len(), "passed twice")?;
        for (index, reference) in request.games.iter().enumerate() {
            let mut game = self.game(reference)?;
            require(game.house == request.house, "ForeignHouse")?;
            match game.status() {
                Some(GameStatus::Open) => {
                    require(game.sales_ended(self.state.now), "GameStillOpen")?;
                    require(game.tickets >= game.min_tickets, "TooFewTickets")?;
                }
                Some(GameStatus::Playing) => {
                    require(self.state.now >= game.next_round_at, "RoundNotDue")?;
                    require(game.rounds_settled < game.rounds, "GameNotDrawable")?;
                }
                _ => return Err("GameNotDrawable"),
            }
            require(
                !game.tried_oracles.contains(&request.oracle),
                "OracleTriedBefore",
            )?;
            require(game.draw_attempts < 3, "GameNotDrawable")?;
            game.tried_oracles[usize::from(game.draw_attempts)] = request.oracle;
            game.draw_attempts += 1;
            game.set_status(GameStatus::Drawing);
            game.draw = request.draw();
            game.draw_index = u16::try_from(index).unwrap();
            self.store(reference, game);
        }
        lane.state = Lane::COMMITTED;
        lane.next_draw += 1;
        self.state.put(request.lane(), Account::Lane(lane));
        let mut draw = Draw::zeroed();
        draw.version = LAYOUT_VERSION;
        draw.house = request.house;
        draw.lane = request.lane();
        draw.oracle = request.oracle;
        draw.id = request.draw_id;
        draw.seed_slot = self.state.slot - 1;
        draw.timeout_slot = self.state.slot + DRAW_TIMEOUT;
        draw.games = u16::try_from(request.games.len()).unwrap();
        self.state.put(request.draw(), Account::Draw(draw));
        Ok(())
    }

    fn reveal(&mut self, reveal: &RevealDraw) -> Result<(), Refusal> {
        let mut lane = *self.state.lanes.get(&reveal.lane()).ok_or("no lane")?;
        let mut draw = *self.state.draws.get(&reveal.draw).ok_or("no draw")?;
        require(draw.state == Draw::PENDING, "DrawRevealed")?;
        require(draw.lane == reveal.lane(), "ForeignLane")?;
        require(lane.current_draw() == Some(draw.id), "ForeignLane")?;
        require(draw.id == reveal.draw_id, "draw id")?;
        require(draw.oracle == reveal.oracle, "ForeignOracle")?;
        require(self.state.slot > draw.seed_slot + 1, "RevealNotFresh")?;
        if self.mute.contains(&draw.oracle) {
            // Asked in vain; the program has not heard of it.
            return Ok(());
        }
        draw.state = Draw::REVEALED;
        draw.reveal_slot = self.state.slot;
        draw.value = [u8::try_from(draw.id % 251).unwrap(); 32];
        lane.state = Lane::IDLE;
        self.state.put(reveal.draw, Account::Draw(draw));
        self.state.put(reveal.lane(), Account::Lane(lane));
        reveal.settlement.as_ref().map_or(Ok(()), |settle| {
            let mut settle = settle.clone();
            settle.chunks.retain(|games| !games.is_empty());
            self.settle(&settle)
        })
    }

    fn abort(&mut self, abort: &AbortDraw) -> Result<(), Refusal> {
        for games in &abort.chunks {
            let mut draw = *self.state.draws.get(&abort.draw).ok_or("draw is closed")?;
            require(draw.payer == abort.draw_payer, "ForeignPayer")?;
            require(draw.lane == abort.lane, "ForeignLane")?;
            if draw.state != Draw::ABORTED {
                require(draw.state == Draw::PENDING, "DrawRevealed")?;
                require(self.state.slot > draw.timeout_slot, "DrawNotTimedOut")?;
                let mut lane = *self.state.lanes.get(&draw.lane).ok_or("no lane")?;
                lane.state = Lane::IDLE;
                self.state.put(draw.lane, Account::Lane(lane));
                draw.state = Draw::ABORTED;
            }
            require(!games.is_empty(), "NoGames")?;
            for reference in games {
                let mut game = self.game(reference)?;
                require(
                    game.is(GameStatus::Drawing) && game.draw == abort.draw,
                    "ForeignDraw",
                )?;
                draw.settled += 1;
                game.draw = Pubkey::default();
                game.next_round_at = self.state.now;
                if game.draw_attempts == 3 {
                    game.cancel(self.state.now).map_err(|_| "Overflow")?;
                } else if game.rounds_settled == 0 {
                    game.set_status(GameStatus::Open);
                } else {
                    game.set_status(GameStatus::Playing);
                }
                self.store(reference, game);
            }
            if draw.settled == draw.games {
                self.state.remove(&abort.draw);
            } else {
                self.state.put(abort.draw, Account::Draw(draw));
            }
        }
        Ok(())
    }

    fn settle(&mut self, settle: &SettleDraw) -> Result<(), Refusal> {
        for games in &settle.chunks {
            let mut draw = *self.state.draws.get(&settle.draw).ok_or("draw is closed")?;
            require(draw.state == Draw::REVEALED, "DrawNotRevealed")?;
            require(draw.house == settle.house, "ForeignHouse")?;
            require(draw.payer == settle.draw_payer, "ForeignPayer")?;
            require(!games.is_empty(), "NoGames")?;
            for reference in games {
                let mut game = self.game(reference)?;
                require(
                    game.is(GameStatus::Drawing) && game.draw == settle.draw,
                    "ForeignDraw",
                )?;
                require(game.draw_index == draw.settled, "SettleOrder")?;
                self.require_token(&game, settle.token)?;
                draw.settled += 1;
                let round = game.rounds_settled;
                game.round_seeds[usize::from(round)] =
                    round_seed(&draw.value, &reference.address, round);
                game.rounds_settled += 1;
                game.draw = Pubkey::default();
                game.draw_attempts = 0;
                game.tried_oracles = Default::default();
                game.set_status(GameStatus::Playing);
                game.next_round_at = self.state.now + i64::from(game.round_interval);
                let frozen = self.frozen.contains(&reference.address);
                if game.rounds_settled == game.rounds && !frozen {
                    self.divide(&mut game);
                }
                self.store(reference, game);
            }
            if draw.settled == draw.games {
                self.state.remove(&settle.draw);
            } else {
                self.state.put(settle.draw, Account::Draw(draw));
            }
        }
        Ok(())
    }

    fn divide(&self, game: &mut Game) {
        game.set_status(GameStatus::Settled);
        game.settled_at = self.state.now;
        game.prize_pool = game.gross();
        if game.id.is_multiple_of(3) {
            game.jackpot_awards[1] = 7;
            game.jackpot_tickets[1] = game.tickets / 2;
        }
    }

    /// The house's mint, and the program that owns it.
    fn require_token(&self, game: &Game, token: Option<Token>) -> Result<(), Refusal> {
        let mint = self.state.houses[&game.house].mint;
        let expected = (mint != Pubkey::default()).then(|| self.state.tokens[&mint]);
        require(token == expected, "TokenAccountsMissing")
    }

    fn game(&self, reference: &GameRef) -> Result<Game, Refusal> {
        let game = self.state.games.get(&reference.address).copied();
        let game = game.ok_or("no such game")?;
        require(game.id == reference.id, "named wrongly")?;
        Ok(game)
    }

    fn entry(&self, game: &Pubkey, address: &Pubkey) -> Result<Entry, Refusal> {
        let entries = self.state.entries(game).ok_or("no entries")?;
        let mut held = entries.iter();
        let found = held.find(|(at, _)| at == address);
        found.map(|(_, entry)| *entry).ok_or("no such entry")
    }

    fn store(&mut self, reference: &GameRef, game: Game) {
        self.state.put(reference.address, Account::Game(game));
    }
}
