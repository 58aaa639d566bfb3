//! The program's visible rules, written down a second time: what it would say
//! to an action in a given state, and what the state would be afterwards.

use std::collections::BTreeSet;

use bytemuck::Zeroable as _;
use lottery_client::{
    account::Account,
    lottery::{
        draw::{Fate, Rules, fate, round_seed},
        state::{Draw, Entry, Game, GameStatus, House, LAYOUT_VERSION, Lane},
        switchboard::ATTESTATION_MARGIN,
    },
};
use lottery_keeper::{
    actions::{Action, GameRef, RequestDraw, RevealDraw, SettleDraw},
    state::ChainState,
};
use solana_pubkey::Pubkey;

/// Why the program would refuse.
pub type Refusal = &'static str;

fn require(condition: bool, refusal: Refusal) -> Result<(), Refusal> {
    condition.then_some(()).ok_or(refusal)
}

/// The program, as far as the keeper deals with it.
pub struct Model<'a>(pub &'a mut ChainState);

impl Model<'_> {
    /// Does what the program would do, or refuses as it would.
    pub fn act(&mut self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::OpenLane(open) => {
                require(self.0.houses[&open.house].vrf_queue == open.queue, "queue")?;
                require(!self.0.lanes.contains_key(&open.lane()), "lane exists")?;
                let mut lane = Lane::zeroed();
                lane.version = LAYOUT_VERSION;
                lane.house = open.house;
                lane.index = open.index;
                lane.next_draw = self.0.slot;
                self.0.put(open.lane(), Account::Lane(lane));
                Ok(())
            }
            Action::RequestDraw(request) => self.request(request),
            Action::RevealDraw(reveal) => self.reveal(reveal),
            Action::SettleDraw(settle) => self.settle(settle),
            Action::CancelGame(cancel) => {
                let now = self.0.now;
                let mut game = self.game(&cancel.game)?;
                require(
                    game.is(GameStatus::Open)
                        && game.sales_ended(now)
                        && game.tickets < game.min_tickets,
                    "NotCancellable",
                )?;
                game.set_status(GameStatus::Cancelled);
                game.note_if_paid().map_err(|_| "Overflow")?;
                self.store(&cancel.game, game);
                Ok(())
            }
            Action::Claim(claim) => {
                let mut game = self.game(&claim.game)?;
                let entry = self.entry(&claim.game, &claim.entry)?;
                require(game.is(GameStatus::Settled), "GameNotSettled")?;
                require(entry.player == claim.player, "ForeignPlayer")?;
                require(entry.holds(claim.ticket), "TicketNotInEntry")?;
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
            Action::ClaimJackpot(claim) => {
                let mut game = self.game(&claim.game)?;
                let entry = self.entry(&claim.game, &claim.entry)?;
                let tier = usize::from(claim.tier);
                require(game.house == claim.house, "ForeignHouse")?;
                require(game.is(GameStatus::Settled), "GameNotSettled")?;
                require(entry.player == claim.player, "ForeignPlayer")?;
                require(game.jackpot_awards[tier] > 0, "NoAward")?;
                require(entry.holds(game.jackpot_tickets[tier]), "TicketNotInEntry")?;
                require(game.awards_paid & (1 << tier) == 0, "AlreadyPaid")?;
                game.awards_paid |= 1 << tier;
                game.paid_out += game.jackpot_awards[tier];
                game.note_if_paid().map_err(|_| "Overflow")?;
                self.store(&claim.game, game);
                Ok(())
            }
            Action::Refund(refund) => {
                let mut game = self.game(&refund.game)?;
                let mut entry = self.entry(&refund.game, &refund.entry)?;
                require(game.is(GameStatus::Cancelled), "GameNotCancelled")?;
                require(entry.player == refund.player, "ForeignPlayer")?;
                require(entry.refunded == 0, "AlreadyPaid")?;
                entry.refunded = 1;
                game.refunded += entry.paid;
                game.note_if_paid().map_err(|_| "Overflow")?;
                self.0.put(refund.entry, Account::Entry(entry));
                self.store(&refund.game, game);
                Ok(())
            }
        }
    }

    fn request(&mut self, request: &RequestDraw) -> Result<(), Refusal> {
        let house: House = self.0.houses[&request.house];
        let mut lane = *self.0.lanes.get(&request.lane()).ok_or("no lane")?;
        require(lane.house == request.house, "ForeignHouse")?;
        require(lane.state == Lane::IDLE, "LaneBusy")?;
        require(lane.next_draw == request.draw_id, "draw id")?;
        require(house.vrf_queue == request.queue, "RandomnessQueue")?;
        require(!request.games.is_empty(), "NoGames")?;
        let oracle = self.0.oracles[&house.vrf_queue]
            .iter()
            .find(|oracle| oracle.address == request.oracle)
            .ok_or("OracleAccount")?;
        require(
            oracle.attested && oracle.valid_until > self.0.now + ATTESTATION_MARGIN,
            "OracleNotLive",
        )?;
        let distinct: BTreeSet<Pubkey> = request.games.iter().map(|game| game.address).collect();
        require(distinct.len() == request.games.len(), "passed twice")?;
        for (index, reference) in request.games.iter().enumerate() {
            let mut game = self.game(reference)?;
            require(game.house == request.house, "ForeignHouse")?;
            match game.status() {
                Some(GameStatus::Open) => {
                    require(game.sales_ended(self.0.now), "GameStillOpen")?;
                    require(game.tickets >= game.min_tickets, "TooFewTickets")?;
                }
                Some(GameStatus::Playing) => {
                    require(self.0.now >= game.next_round_at, "RoundNotDue")?;
                }
                _ => return Err("GameNotDrawable"),
            }
            game.set_status(GameStatus::Drawing);
            game.draw = request.draw();
            game.draw_index = u16::try_from(index).unwrap();
            self.store(reference, game);
        }
        lane.state = Lane::COMMITTED;
        lane.next_draw += 1;
        self.0.put(request.lane(), Account::Lane(lane));
        let mut draw = Draw::zeroed();
        draw.version = LAYOUT_VERSION;
        draw.house = request.house;
        draw.lane = request.lane();
        draw.oracle = request.oracle;
        draw.id = request.draw_id;
        draw.seed_slot = self.0.slot - 1;
        draw.games = u16::try_from(request.games.len()).unwrap();
        self.0.put(request.draw(), Account::Draw(draw));
        Ok(())
    }

    fn reveal(&mut self, reveal: &RevealDraw) -> Result<(), Refusal> {
        let mut lane = *self.0.lanes.get(&reveal.lane()).ok_or("no lane")?;
        let mut draw = *self.0.draws.get(&reveal.draw).ok_or("no draw")?;
        require(draw.state == Draw::PENDING, "DrawRevealed")?;
        require(draw.lane == reveal.lane(), "ForeignLane")?;
        require(lane.current_draw() == Some(draw.id), "ForeignLane")?;
        require(draw.id == reveal.draw_id, "draw id")?;
        require(draw.oracle == reveal.oracle, "ForeignOracle")?;
        require(self.0.slot > draw.seed_slot + 1, "RevealNotFresh")?;
        draw.state = Draw::REVEALED;
        draw.reveal_slot = self.0.slot;
        draw.value = [u8::try_from(draw.id % 251).unwrap(); 32];
        lane.state = Lane::IDLE;
        self.0.put(reveal.draw, Account::Draw(draw));
        self.0.put(reveal.lane(), Account::Lane(lane));
        Ok(())
    }

    fn settle(&mut self, settle: &SettleDraw) -> Result<(), Refusal> {
        for games in &settle.chunks {
            let mut draw = *self.0.draws.get(&settle.draw).ok_or("draw is closed")?;
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
                draw.settled += 1;
                let round = game.rounds_settled;
                game.round_seeds[usize::from(round)] =
                    round_seed(&draw.value, &reference.address, round);
                game.rounds_settled += 1;
                game.draw = Pubkey::default();
                if game.rounds_settled < game.rounds {
                    game.set_status(GameStatus::Playing);
                    game.next_round_at = self.0.now + i64::from(game.round_interval);
                } else {
                    game.set_status(GameStatus::Settled);
                    game.prize_pool = game.gross();
                    if game.id % 3 == 0 {
                        game.jackpot_awards[1] = 7;
                        game.jackpot_tickets[1] = game.tickets / 2;
                    }
                }
                self.store(reference, game);
            }
            if draw.settled == draw.games {
                self.0.remove(&settle.draw);
            } else {
                self.0.put(settle.draw, Account::Draw(draw));
            }
        }
        Ok(())
    }

    fn game(&self, reference: &GameRef) -> Result<Game, Refusal> {
        let game = self.0.games.get(&reference.address).copied();
        let game = game.ok_or("no such game")?;
        require(game.id == reference.id, "named wrongly")?;
        Ok(game)
    }

    fn entry(&self, game: &GameRef, address: &Pubkey) -> Result<Entry, Refusal> {
        let entries = self.0.entries(&game.address).ok_or("no entries")?;
        let mut held = entries.iter();
        let found = held.find(|(at, _)| at == address);
        found.map(|(_, entry)| *entry).ok_or("no such entry")
    }

    fn store(&mut self, reference: &GameRef, game: Game) {
        self.0.put(reference.address, Account::Game(game));
    }
}
