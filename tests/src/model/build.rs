//! From an action to the instruction that does it.

use lottery_client::{
    address,
    instruction::{self as ix, Batch, DrawKeys, EntryKeys, LaneKeys, Purchase, Revelation},
    token::create_associated,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_system_interface::instruction as system;

use super::{
    action::{Answer, Named, Payment, What},
    cast::ACTORS,
    signature::sign,
    stage::slot_hash,
    state::{Lane, Model},
    tokens,
};

impl Model {
    /// The instruction of an action, as its client would build it before it happens.
    pub fn build(&self, who: usize, what: &What) -> Instruction {
        let cast = &*self.cast;
        let (key, house, token) = (cast.actor(who), cast.house, cast.token);
        let game = |game: usize| self.game_address(game);
        let games = |list: &[usize]| -> Vec<Pubkey> { list.iter().map(|one| game(*one)).collect() };
        match what {
            What::CreateHouse { id, params } => ix::create_house(key, *id, *params, token),
            What::UpdateHouse { rules } => ix::update_house(key, house, *rules),
            What::SetPause { games, joins } => ix::set_pause(key, house, *games, *joins),
            What::Propose { successor } => ix::propose_authority(key, house, *successor),
            What::Accept => ix::accept_authority(key, house),
            What::Withdraw { wallet, amount } => {
                ix::withdraw_treasury(key, house, *wallet, *amount, token)
            }
            What::Fund { tier, amount } => ix::fund_jackpot(key, house, *tier, *amount, token),
            What::OpenLane { index } => {
                ix::open_lane(key, house, cast.queue, *index, self.slot - 1)
            }
            What::CloseLane { index } => {
                let lut_slot = self
                    .lane(*index)
                    .map_or(0, |lane| self.lanes[lane].lut_slot);
                ix::close_lane(key, house, *index, lut_slot)
            }
            What::CreateGame { params } => ix::create_game(key, house, *params, token),
            What::Request {
                lane,
                oracle,
                games: list,
            } => {
                let id = self
                    .lane(*lane)
                    .map_or(0, |lane| self.lanes[lane].next_draw);
                let keys = self.lane_keys(*lane);
                ix::request_draw(key, keys, id, cast.oracle(*oracle), &games(list))
            }
            What::Reveal {
                draw,
                oracle,
                answer,
                value,
            } => {
                let (id, lane) = self.draw_place(*draw);
                let keys = self.lane_keys(lane.map_or(0, |lane| lane.index));
                let revelation = self.answer(*draw, lane, *oracle, *answer, *value);
                ix::reveal_draw(key, keys, id, cast.oracle(*oracle), &revelation)
            }
            What::Settle { draw, games: list } => {
                ix::settle_draw(key, self.draw_keys(*draw), &games(list), token)
            }
            What::Abort { draw, games: list } => {
                ix::abort_draw(key, self.draw_keys(*draw), &games(list))
            }
            What::SettleGame { game: one } => ix::settle_game(house, game(*one), token),
            What::Cancel { game: one } => ix::cancel_game(key, game(*one)),
            What::Expire { game: one } => ix::expire_prizes(key, house, game(*one), token),
            What::CloseGame { game: one, creator } => {
                ix::close_game(key, game(*one), *creator, token)
            }
            What::Pay(payment) => self.build_payment(key, payment),
            What::Batch {
                payments,
                all_or_nothing,
            } => self.build_batch(key, payments, *all_or_nothing),
            What::Donate { to, lamports } => system::transfer(&key, to, *lamports),
            What::DonateTokens { .. }
            | What::Freeze { .. }
            | What::Thaw { .. }
            | What::CreateAssociated { .. } => self.build_token(key, who, what),
        }
    }

    fn build_token(&self, key: Pubkey, who: usize, what: &What) -> Instruction {
        let sponsor = self.cast.actor(ACTORS);
        let token = self
            .cast
            .token
            .expect("only token worlds have these actions");
        match what {
            What::DonateTokens { to, amount } => tokens::transfer(token, key, *to, *amount),
            What::Freeze { account } => tokens::set_frozen(token, sponsor, *account, true),
            What::CreateAssociated { wallet } => {
                let payer = self.cast.actor(self.fee_payer(who, what));
                create_associated(payer, *wallet, token)
            }
            What::Thaw { account } => tokens::set_frozen(token, sponsor, *account, false),
            _ => unreachable!("not an action of tokens"),
        }
    }

    fn lane_keys(&self, index: u8) -> LaneKeys {
        LaneKeys {
            house: self.cast.house,
            queue: self.cast.queue,
            index,
        }
    }

    fn draw_place(&self, draw: usize) -> (u64, Option<&Lane>) {
        self.draws
            .get(draw)
            .map_or((0, None), |draw| (draw.id, self.lanes.get(draw.lane)))
    }

    fn draw_keys(&self, draw: usize) -> DrawKeys {
        let (id, lane) = self.draw_place(draw);
        let lane = lane.map_or_else(|| address::lane(&self.cast.house, 0), |lane| lane.address);
        DrawKeys {
            house: self.cast.house,
            lane,
            draw: address::draw(&lane, id),
            payer: self
                .draws
                .get(draw)
                .map_or(self.cast.house, |draw| draw.payer),
        }
    }

    fn answer(
        &self,
        draw: usize,
        lane: Option<&Lane>,
        oracle: usize,
        answer: Answer,
        value: [u8; 32],
    ) -> Revelation {
        let seed_slot = self.draws.get(draw).map_or(1, |draw| draw.seed_slot);
        let randomness = lane.map_or(self.cast.house, |lane| lane.randomness);
        let signer = match answer {
            Answer::OtherOracle => (oracle + 1) % self.cast.oracles.len(),
            Answer::Right | Answer::OtherValue => oracle % self.cast.oracles.len(),
        };
        let signed = if answer == Answer::OtherValue {
            value.map(|byte| !byte)
        } else {
            value
        };
        let key = &self.cast.oracles[signer].key;
        let hash = slot_hash(seed_slot);
        let revelation = sign(key, &randomness, &hash, seed_slot, signed);
        Revelation {
            value,
            ..revelation
        }
    }

    fn entry_keys(&self, named: Named) -> EntryKeys {
        let house = self.cast.house;
        let game = self.game_address(named.game);
        EntryKeys {
            house,
            game,
            entry: self.entry_address(named),
            player: named.player,
            token: self.cast.token,
        }
    }

    fn purchase(
        &self,
        player: Pubkey,
        game: usize,
        tickets: u32,
        nonce: u16,
        max_total: u64,
    ) -> Purchase {
        Purchase {
            player,
            house: self.cast.house,
            game: self.game_address(game),
            tickets,
            nonce,
            max_total,
        }
    }

    fn build_payment(&self, key: Pubkey, payment: &Payment) -> Instruction {
        match *payment {
            Payment::Join {
                game,
                tickets,
                nonce,
                max_total,
            } => {
                let purchase = self.purchase(key, game, tickets, nonce, max_total);
                ix::join(&purchase, self.cast.token)
            }
            Payment::Claim { named, ticket } => ix::claim(key, self.entry_keys(named), ticket),
            Payment::ClaimJackpot { named, tier } => {
                ix::claim_jackpot(key, self.entry_keys(named), tier)
            }
            Payment::Refund { named } => ix::refund(key, self.entry_keys(named)),
            Payment::CloseEntry { named } => ix::close_entry(key, self.entry_keys(named)),
        }
    }

    fn build_batch(&self, key: Pubkey, payments: &[Payment], all_or_nothing: bool) -> Instruction {
        let mut batch = Batch::new(key);
        for payment in payments {
            match *payment {
                Payment::Join {
                    game,
                    tickets,
                    nonce,
                    max_total,
                } => {
                    let purchase = self.purchase(key, game, tickets, nonce, max_total);
                    batch.join(&purchase, self.cast.token)
                }
                Payment::Claim { named, ticket } => batch.claim(self.entry_keys(named), ticket),
                Payment::ClaimJackpot { named, tier } => {
                    batch.claim_jackpot(self.entry_keys(named), tier)
                }
                Payment::Refund { named } => batch.refund(self.entry_keys(named)),
                Payment::CloseEntry { named } => batch.close_entry(self.entry_keys(named)),
            }
            .expect("few operations of one house");
        }
        batch.build(all_or_nothing)
    }
}
