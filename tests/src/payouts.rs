//! Games that were sold, and the ways their money goes in a [`World`].

use litesvm::types::TransactionMetadata;
use lottery::{
    draw::winning_ticket,
    state::{Entry, GameParams},
};
use lottery_client::{
    account,
    instruction::{self as ix, Batch},
    refusal,
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::{
    refusal::Refusal,
    world::{FIRST_TIME, World},
};

/// A game with players, each with one entry of nonce 0.
pub struct Sold {
    pub game: Pubkey,
    pub players: Vec<Keypair>,
    pub entries: Vec<Pubkey>,
}

/// Outcome of a transaction.
pub type Done = Result<TransactionMetadata, Refusal>;

impl World {
    /// A game on sale in which new players have so many tickets.
    pub fn sell(&mut self, params: impl FnOnce(u64, i64) -> GameParams, tickets: &[u32]) -> Sold {
        let game = self.create_game(params).unwrap();
        let players: Vec<_> = tickets.iter().map(|_| self.player()).collect();
        let entries = players
            .iter()
            .zip(tickets)
            .map(|(player, tickets)| self.join(&game, player, *tickets).unwrap())
            .collect();
        Sold {
            game,
            players,
            entries,
        }
    }

    /// A settled game.
    pub fn settled(
        &mut self,
        params: impl FnOnce(u64, i64) -> GameParams,
        tickets: &[u32],
    ) -> Sold {
        let sold = self.sell(params, tickets);
        self.pass(3_600);
        self.play(&sold.game, 1).unwrap();
        sold
    }

    /// A game that was cancelled because it sold too few tickets.
    pub fn cancelled(&mut self, tickets: &[u32]) -> Sold {
        let sold = self.sell(
            |id, now| {
                let mut params = crate::rules::game(id, now);
                params.min_tickets = 1_000;
                params
            },
            tickets,
        );
        self.pass(3_600);
        self.cancel(&sold.game).unwrap();
        sold
    }

    /// The entry that holds a ticket.
    pub fn holder(&self, game: &Pubkey, ticket: u32) -> Pubkey {
        self.svm
            .get_program_accounts(&lottery::ID)
            .into_iter()
            .find_map(|(address, held)| {
                let entry: Entry = account::decode(&held.owner, &held.data).ok()?;
                (entry.game == *game && entry.holds(ticket)).then_some(address)
            })
            .expect("every ticket has an entry")
    }

    /// Entry and ticket that won a place.
    pub fn winner(&self, game: &Pubkey, place: u32) -> (Pubkey, u32) {
        let state = self.game(game);
        let ticket = winning_ticket(&state.rules(), state.seeds(), place);
        (self.holder(game, ticket), ticket)
    }

    pub fn claim_ix(&self, entry: &Pubkey, ticket: u32) -> Instruction {
        ix::claim(self.authority.pubkey(), self.entry_keys(entry), ticket)
    }

    pub fn claim(&mut self, entry: &Pubkey, ticket: u32) -> Done {
        self.crank(self.claim_ix(entry, ticket))
    }

    /// Claims the prize of a place for whoever won it.
    pub fn claim_place(&mut self, game: &Pubkey, place: u32) -> Done {
        let (entry, ticket) = self.winner(game, place);
        self.claim(&entry, ticket)
    }

    pub fn award_ix(&self, entry: &Pubkey, tier: u8) -> Instruction {
        ix::claim_jackpot(self.authority.pubkey(), self.entry_keys(entry), tier)
    }

    /// Claims the award of a tier for whoever won it.
    pub fn claim_award(&mut self, game: &Pubkey, tier: u8) -> Done {
        let ticket = self.game(game).jackpot_tickets[usize::from(tier)];
        let entry = self.holder(game, ticket);
        self.crank(self.award_ix(&entry, tier))
    }

    pub fn refund_ix(&self, entry: &Pubkey) -> Instruction {
        ix::refund(self.authority.pubkey(), self.entry_keys(entry))
    }

    pub fn refund(&mut self, entry: &Pubkey) -> Done {
        self.crank(self.refund_ix(entry))
    }

    pub fn close_entry_ix(&self, entry: &Pubkey) -> Instruction {
        ix::close_entry(self.authority.pubkey(), self.entry_keys(entry))
    }

    pub fn close_entry(&mut self, entry: &Pubkey) -> Done {
        self.crank(self.close_entry_ix(entry))
    }

    pub fn cancel(&mut self, game: &Pubkey) -> Done {
        self.crank(ix::cancel_game(self.authority.pubkey(), *game))
    }

    pub fn expire(&mut self, game: &Pubkey) -> Done {
        self.crank(ix::expire_prizes(
            self.authority.pubkey(),
            self.house,
            *game,
            self.token,
        ))
    }

    /// Closes a game of the authority's.
    pub fn close_game(&mut self, game: &Pubkey) -> Done {
        let authority = self.authority.pubkey();
        self.crank(ix::close_game(authority, *game, authority, self.token))
    }

    pub fn abort_ix(&self, id: u64, games: &[Pubkey]) -> Instruction {
        ix::abort_draw(self.authority.pubkey(), self.draw_keys(id), games)
    }

    pub fn abort(&mut self, id: u64, games: &[Pubkey]) -> Done {
        self.crank(self.abort_ix(id, games))
    }

    /// Enters the first slot in which a draw may be aborted.
    pub fn time_out(&mut self, id: u64) {
        let slot = self.draw(id).timeout_slot + 1;
        self.set_clock(slot, self.now());
    }

    /// Asks an oracle for a draw of these games, in vain.
    pub fn fail_draw(&mut self, oracle: usize, games: &[Pubkey]) {
        let id = self.request_of(oracle, games).unwrap();
        self.time_out(id);
        self.abort(id, games).unwrap();
    }

    /// Lets the time go to this second.
    pub fn pass_until(&mut self, unix_timestamp: i64) {
        self.pass(unix_timestamp - self.now());
        assert!(self.now() >= FIRST_TIME);
    }

    /// Whether nothing is left at an address but, perhaps, donations.
    pub fn is_gone(&self, address: &Pubkey) -> bool {
        self.svm
            .get_account(address)
            .is_none_or(|account| account.data.is_empty())
    }
}

/// Sends a batch, as its signer; what became of each operation.
pub fn send_batch(
    world: &mut World,
    signer: &Keypair,
    batch: Batch,
    all_or_nothing: bool,
) -> Result<Vec<Option<refusal::Refusal>>, Refusal> {
    let operations = batch.len();
    let limit = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000);
    let instruction = batch.build(all_or_nothing);
    let meta = world.send(&[limit, instruction], signer, &[])?;
    let data = meta.return_data.data;
    Ok(refusal::results(&data, operations).expect("one code per operation"))
}
