//! Players, games and draws in a [`World`].

use litesvm::types::TransactionMetadata;
use lottery::state::GameParams;
use lottery_client::{
    address,
    instruction::{self as ix, DrawKeys, EntryKeys, LaneKeys, Purchase, Revelation},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::{
    oracle::sign,
    refusal::Refusal,
    tokens::PLAYER_TOKENS,
    world::{LANE, SOL, World},
};

impl World {
    /// A player with 100 SOL, and as many base units of the house's token; the same
    /// keys in every world.
    pub fn player(&mut self) -> Keypair {
        self.players += 1;
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&self.players.to_le_bytes());
        let player = Keypair::new_from_array(seed);
        self.svm.airdrop(&player.pubkey(), 100 * SOL).unwrap();
        if self.token.is_some() {
            self.give_tokens(&player.pubkey(), PLAYER_TOKENS);
        }
        player
    }

    /// Creates the house's next game with varied rules.
    pub fn create_game(
        &mut self,
        params: impl FnOnce(u64, i64) -> GameParams,
    ) -> Result<Pubkey, Refusal> {
        let params = params(self.treasury().games_created, self.now());
        let authority = self.authority.pubkey();
        self.crank(ix::create_game(authority, self.house, params, self.token))?;
        Ok(address::game(&self.house, params.id))
    }

    /// Buys tickets with nonce 0 and returns the entry.
    pub fn join(
        &mut self,
        game: &Pubkey,
        player: &Keypair,
        tickets: u32,
    ) -> Result<Pubkey, Refusal> {
        self.join_with(game, player, tickets, 0, u64::MAX)
    }

    pub fn join_with(
        &mut self,
        game: &Pubkey,
        player: &Keypair,
        tickets: u32,
        nonce: u16,
        max_total: u64,
    ) -> Result<Pubkey, Refusal> {
        let purchase = Purchase {
            player: player.pubkey(),
            house: self.house,
            game: *game,
            tickets,
            nonce,
            max_total,
        };
        self.send(&[ix::join(&purchase, self.token)], player, &[])?;
        Ok(address::entry(game, &player.pubkey(), nonce))
    }

    pub fn open_lane(&mut self, index: u8) -> Result<TransactionMetadata, Refusal> {
        let open = ix::open_lane(
            self.authority.pubkey(),
            self.house,
            self.queue,
            index,
            self.slot() - 1,
        );
        self.crank(open)
    }

    pub fn lane_keys(&self) -> LaneKeys {
        LaneKeys {
            house: self.house,
            queue: self.queue,
            index: LANE,
        }
    }

    /// Requests a draw from oracle 0 and returns its id.
    pub fn request(&mut self, games: &[Pubkey]) -> Result<u64, Refusal> {
        self.request_of(0, games)
    }

    /// Requests a draw from an oracle and returns its id.
    pub fn request_of(&mut self, oracle: usize, games: &[Pubkey]) -> Result<u64, Refusal> {
        let id = self.lane().next_draw;
        self.crank(self.request_ix(id, oracle, games))?;
        Ok(id)
    }

    pub fn request_ix(&self, id: u64, oracle: usize, games: &[Pubkey]) -> Instruction {
        ix::request_draw(
            self.authority.pubkey(),
            self.lane_keys(),
            id,
            self.oracles[oracle].account.pubkey(),
            games,
        )
    }

    /// What the oracle would answer for the lane's present commitment with this
    /// value.
    pub fn answer(&self, oracle: usize, value: [u8; 32]) -> Revelation {
        let randomness = address::randomness(&address::lane(&self.house, LANE));
        let data = self.account(&randomness).data;
        let commitment = lottery::switchboard::parse_randomness(&data).unwrap();
        sign(
            &self.oracles[oracle].key,
            &randomness,
            &commitment.seed_slothash,
            commitment.seed_slot,
            value,
        )
    }

    pub fn reveal_ix(&self, id: u64, oracle: usize, revelation: &Revelation) -> Instruction {
        ix::reveal_draw(
            self.authority.pubkey(),
            self.lane_keys(),
            id,
            self.oracles[oracle].account.pubkey(),
            revelation,
        )
    }

    /// A slot passes, then oracle 0's value arrives.
    pub fn reveal(&mut self, id: u64, value: [u8; 32]) -> Result<(), Refusal> {
        self.pass(0);
        let answer = self.answer(0, value);
        self.crank(self.reveal_ix(id, 0, &answer)).map(drop)
    }

    /// A draw of the world's lane.
    pub fn draw_keys(&self, id: u64) -> DrawKeys {
        let lane = address::lane(&self.house, LANE);
        DrawKeys {
            house: self.house,
            lane,
            draw: address::draw(&lane, id),
            payer: self.authority.pubkey(),
        }
    }

    /// An entry of the world's house.
    pub fn entry_keys(&self, entry: &Pubkey) -> EntryKeys {
        let state = self.entry(entry);
        EntryKeys {
            house: self.house,
            game: state.game,
            entry: *entry,
            player: state.player,
            token: self.token,
        }
    }

    pub fn settle_ix(&self, id: u64, games: &[Pubkey]) -> Instruction {
        ix::settle_draw(
            self.authority.pubkey(),
            self.draw_keys(id),
            games,
            self.token,
        )
    }

    pub fn settle(&mut self, id: u64, games: &[Pubkey]) -> Result<TransactionMetadata, Refusal> {
        self.crank(self.settle_ix(id, games))
    }

    /// One round of these games: request, reveal, settle.
    pub fn play_round(&mut self, games: &[Pubkey], value: [u8; 32]) -> Result<(), Refusal> {
        let id = self.request(games)?;
        self.reveal(id, value)?;
        self.settle(id, games).map(drop)
    }

    /// All rounds of a game whose sales have ended; round `r` is drawn with a
    /// value of `value + r` in every byte.
    pub fn play(&mut self, game: &Pubkey, value: u8) -> Result<(), Refusal> {
        let rounds = self.game(game).rounds;
        for round in 0..rounds {
            self.play_round(&[*game], [value.wrapping_add(round); 32])?;
            let interval = i64::from(self.game(game).round_interval);
            self.pass(interval);
        }
        Ok(())
    }
}
