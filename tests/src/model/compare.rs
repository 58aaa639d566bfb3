//! The chain against the model: every balance, and every account's contents.

use anchor_lang::Discriminator as _;
use lottery::state::{self, GameStatus};
use lottery_client::account::{self, Kind};
use solana_account::ReadableAccount as _;
use solana_pubkey::Pubkey;

use super::{
    stage::{self, Stage},
    state::{Draw, Entry, Game, Lane, Model, Stage as DrawStage, Status},
    tokens,
};

/// What differs, in words.
pub type Difference = String;

/// Compares a value of the chain with the model's.
macro_rules! same {
    ($what:expr, $($field:ident: $chain:expr => $model:expr),+ $(,)?) => {
        $(
            let (chain, model) = (&$chain, &$model);
            if chain != model {
                return Err(format!(
                    "{}: {} is {chain:?}, should be {model:?}",
                    $what,
                    stringify!($field),
                ));
            }
        )+
    };
}

impl Stage {
    /// A program account; an error when there is none.
    pub fn get<T: Kind>(&self, key: &Pubkey) -> Result<T, Difference> {
        let account = stage::account(&self.svm, key).ok_or_else(|| format!("no account {key}"))?;
        account::decode(account.owner(), account.data()).map_err(|error| format!("{key}: {error}"))
    }

    /// Every balance and every account is as the model says.
    pub fn compare(&self, model: &Model) -> Result<(), Difference> {
        self.compare_balances(model)?;
        self.compare_house(model)?;
        for (index, game) in model.games.iter().enumerate() {
            if !game.gone {
                self.compare_game(model, index, game)?;
            }
        }
        for entry in model.entries.iter().filter(|entry| !entry.gone) {
            self.compare_entry(model, entry)?;
        }
        for draw in model.draws.iter().filter(|draw| !draw.gone) {
            self.compare_draw(model, draw)?;
        }
        for lane in model.lanes.iter().filter(|lane| !lane.gone) {
            self.compare_lane(model, lane)?;
        }
        Ok(())
    }

    fn compare_balances(&self, model: &Model) -> Result<(), Difference> {
        let name = |key: &Pubkey| model.names().remove(key).unwrap_or_else(|| key.to_string());
        for key in &model.ledger.known {
            let account = stage::account(&self.svm, key);
            let expected = model.ledger.get(key);
            let lamports = account.map_or(0, |account| account.lamports());
            let bytes = account.map_or(0, |account| account.data().len() as u64);
            if lamports != expected.lamports {
                return Err(format!(
                    "{}: {lamports} lamports, should be {} ({:+})",
                    name(key),
                    expected.lamports,
                    i128::from(lamports) - i128::from(expected.lamports),
                ));
            }
            if bytes != expected.bytes {
                return Err(format!(
                    "{}: {bytes} bytes, should be {}",
                    name(key),
                    expected.bytes
                ));
            }
        }
        for (key, expected) in &model.ledger.tokens {
            let account =
                stage::account(&self.svm, key).ok_or_else(|| format!("no {}", name(key)))?;
            let found = tokens::read(account.data());
            if found != (expected.amount, expected.frozen) {
                return Err(format!(
                    "{}: {found:?} tokens, frozen; should be {expected:?}",
                    name(key)
                ));
            }
        }
        Ok(())
    }

    fn compare_house(&self, model: &Model) -> Result<(), Difference> {
        let Some(rules) = model.house.rules else {
            return Ok(());
        };
        let house: state::House = self.get(&model.cast.house)?;
        let flags = u8::from(model.house.pause_games)
            | u8::from(model.house.pause_joins) << 1
            | u8::from(rules.open_creation) << 2;
        same!("house",
            authority: house.authority => model.house.authority,
            pending_authority: house.pending_authority => model.house.pending.unwrap_or_default(),
            treasury_wallet: house.treasury_wallet => rules.treasury_wallet,
            jackpot_mean: house.jackpot_mean => rules.jackpot_mean,
            bounty: house.bounty => rules.bounty,
            claim_window: house.claim_window => rules.claim_window,
            flags: house.flags => flags,
        );
        let treasury: state::Treasury = self.get(&model.cast.treasury)?;
        let ours = &model.house.treasury;
        same!("treasury",
            rent_reserve: treasury.rent_reserve => ours.rent,
            accrued: u128::from(treasury.accrued) => ours.accrued,
            total_accrued: u128::from(treasury.total_accrued) => ours.total_accrued,
            total_withdrawn: u128::from(treasury.total_withdrawn) => ours.total_withdrawn,
            games_created: treasury.games_created => model.games.len() as u64,
            games_settled: treasury.games_settled => ours.games_settled,
        );
        for (tier, ours) in model.house.jackpots.iter().enumerate() {
            let jackpot: state::Jackpot = self.get(&model.cast.jackpots[tier])?;
            same!(format!("jackpot {tier}"),
                rent_reserve: jackpot.rent_reserve => ours.rent,
                amount: u128::from(jackpot.amount) => ours.amount,
                total_contributions: u128::from(jackpot.total_contributions) => ours.contributions,
                total_won: u128::from(jackpot.total_won) => ours.won,
                hits: jackpot.hits => ours.hits,
                last_game: jackpot.last_game => ours.last_game,
                last_winner: jackpot.last_winner => ours.last_winner,
                last_won_amount: u128::from(jackpot.last_won_amount) => ours.last_award,
                last_ticket: jackpot.last_ticket => ours.last_ticket,
            );
        }
        Ok(())
    }

    fn compare_game(&self, model: &Model, index: usize, ours: &Game) -> Result<(), Difference> {
        let game: state::Game = self.get(&ours.address)?;
        let status = match ours.status {
            Status::Open => GameStatus::Open,
            Status::Drawing => GameStatus::Drawing,
            Status::Playing => GameStatus::Playing,
            Status::Settled => GameStatus::Settled,
            Status::Cancelled => GameStatus::Cancelled,
        };
        let draw = ours
            .draw
            .map_or(Pubkey::default(), |draw| model.draws[draw].address);
        let bits = |set: &mut dyn Iterator<Item = u32>| set.fold(0u32, |bits, bit| bits | 1 << bit);
        same!(format!("game {index}"),
            status: game.status() => Some(status),
            paid: game.has(state::Game::FLAG_PAID) => ours.paid,
            hit: game.has(state::Game::FLAG_JACKPOT_HIT) => ours.awards.iter().any(|award| *award > 0),
            creator: game.creator => ours.creator,
            draw: game.draw => draw,
            tickets: game.tickets => ours.tickets,
            entries: game.entries => ours.entries,
            entries_closed: game.entries_closed => ours.entries_closed,
            entries_hash: game.entries_hash => ours.hash,
            seeds: game.seeds() => ours.seeds.as_slice(),
            draw_attempts: usize::from(game.draw_attempts) => ours.tried.len(),
            rent_reserve: game.rent_reserve => ours.rent,
            bounty_escrow: game.bounty_escrow => ours.escrow,
            prize_pool: u128::from(game.prize_pool) => ours.prize_pool,
            treasury_share: u128::from(game.treasury_share) => ours.treasury_share,
            contributions: game.jackpot_contributions.map(u128::from) => ours.contributions,
            awards: game.jackpot_awards.map(u128::from) => ours.awards,
            award_tickets: game.jackpot_tickets => ours.award_tickets,
            paid_out: u128::from(game.paid_out) => ours.paid_out,
            refunded: u128::from(game.refunded) => ours.refunded,
            expired: u128::from(game.expired) => ours.expired,
            next_round_at: game.next_round_at => ours.next_round_at,
            settled_at: game.settled_at => ours.settled_at,
            places_paid: game.places_paid => bits(&mut ours.places_paid.iter().copied()),
            awards_paid: u32::from(game.awards_paid)
                => bits(&mut ours.awards_paid.iter().map(|tier| u32::from(*tier))),
        );
        Ok(())
    }

    fn compare_entry(&self, model: &Model, ours: &Entry) -> Result<(), Difference> {
        let entry: state::Entry = self.get(&ours.address)?;
        same!(format!("entry of game {}", ours.game),
            game: entry.game => model.games[ours.game].address,
            player: entry.player => ours.player,
            nonce: entry.nonce => ours.nonce,
            first_ticket: entry.first_ticket => ours.first_ticket,
            tickets: entry.tickets => ours.tickets,
            paid: u128::from(entry.paid) => ours.price,
            bounty: u64::from(entry.bounty) => ours.bounty,
            refunded: entry.refunded => u8::from(ours.refunded),
        );
        Ok(())
    }

    fn compare_draw(&self, model: &Model, ours: &Draw) -> Result<(), Difference> {
        let draw: state::Draw = self.get(&ours.address)?;
        let stage = match ours.stage {
            DrawStage::Pending => state::Draw::PENDING,
            DrawStage::Revealed => state::Draw::REVEALED,
            DrawStage::Aborted => state::Draw::ABORTED,
        };
        same!(format!("draw {}", ours.id),
            id: draw.id => ours.id,
            oracle: draw.oracle => model.cast.oracle(ours.oracle),
            payer: draw.payer => ours.payer,
            seed_slot: draw.seed_slot => ours.seed_slot,
            timeout_slot: draw.timeout_slot => ours.timeout_slot,
            bounty: draw.bounty => ours.bounty,
            games: usize::from(draw.games) => ours.games.len(),
            settled: usize::from(draw.settled) => ours.done,
            state: draw.state => stage,
            value: draw.value => ours.value,
        );
        Ok(())
    }

    fn compare_lane(&self, model: &Model, ours: &Lane) -> Result<(), Difference> {
        let lane: state::Lane = self.get(&ours.address)?;
        let waits_for = ours.waits_for.map(|draw| model.draws[draw].id);
        same!(format!("lane {}", ours.index),
            payer: lane.payer => ours.payer,
            next_draw: lane.next_draw => ours.next_draw,
            current_draw: lane.current_draw() => waits_for,
        );
        Ok(())
    }

    /// No account of the program is left but those of houses and lanes.
    pub fn require_only_houses_and_lanes(&self) -> Result<(), Difference> {
        for (key, account) in self.svm.get_program_accounts(&lottery::ID) {
            let lasting = [
                state::House::DISCRIMINATOR,
                state::Treasury::DISCRIMINATOR,
                state::Jackpot::DISCRIMINATOR,
                state::Lane::DISCRIMINATOR,
            ];
            let stays = lasting.iter().any(|kind| account.data.starts_with(kind));
            if account.lamports > 0 && !account.data.is_empty() && !stays {
                return Err(format!("account {key} is left over"));
            }
        }
        Ok(())
    }
}
