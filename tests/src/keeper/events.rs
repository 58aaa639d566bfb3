//! What happens in a story that the keeper has no part in.

use std::mem::offset_of;

use lottery::state::{Game, GameParams};
use lottery_client::{
    address,
    instruction::{self as ix, Purchase},
};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction::transfer;
use switchboard_on_demand::{OracleAccountData, QueueAccountData, Quote};

use super::story::Story;

/// How long the queue lets oracles be silent, where it says so (seconds).
const SILENCE: i64 = 300;

/// Where both token programs keep whether an account is frozen, and that it is.
const STATE: usize = 108;
const FROZEN: u8 = 2;

impl Story {
    /// Something happens.
    pub fn happen(&mut self) {
        match self.chance.below(32) {
            0..=3 => self.create_game(),
            4 => self.create_games(),
            5..=14 => self.join(),
            15 => self.drain_escrow(),
            16..=18 => self.change_mood(),
            19 => self.pause(),
            20..=22 => self.freeze(),
            23 => self.thaw_something(),
            24 => self.lose_token_account(),
            25 => self.change_wallet(),
            26 => self.donate(),
            _ => self.jump(),
        }
    }

    /// Several at a time, which will be drawn together.
    fn create_games(&mut self) {
        let house = self.chance.below(self.houses.len());
        let params = self.game_params(0);
        for _ in 0..self.chance.of(&[3, 6, 12]) {
            self.create(house, params);
        }
    }

    fn create_game(&mut self) {
        let house = self.chance.below(self.houses.len());
        let params = self.game_params(0);
        self.create(house, params);
    }

    fn create(&mut self, house: usize, mut params: GameParams) {
        let (address, token) = (self.houses[house].address, self.houses[house].token);
        let authority = self.houses[house].authority.insecure_clone();
        let treasury: lottery::state::Treasury = self.world.get(&address::treasury(&address));
        params.id = treasury.games_created;
        let create = ix::create_game(authority.pubkey(), address, params, token);
        if self.send(create, &authority).is_ok() {
            let game = address::game(&address, params.id);
            self.note(format!(
                "game {game} of {address}: {} rounds, {} winners, {} × {}, at least {}",
                params.rounds,
                params.winners,
                params.max_tickets,
                params.entry_fee,
                params.min_tickets
            ));
            self.games.push((house, game));
            // Most games are wanted.
            for _ in 0..self.chance.of(&[0, 1, 3, 8]) {
                self.join_game(self.games.len() - 1);
            }
        }
    }

    fn join(&mut self) {
        if !self.games.is_empty() {
            let game = self.chance.below(self.games.len());
            self.join_game(game);
        }
    }

    fn join_game(&mut self, index: usize) {
        let (house, game) = self.games[index];
        if self.world.is_gone(&game) {
            return;
        }
        let state = self.world.game(&game);
        let left = state.max_tickets - state.tickets;
        let tickets = match self.chance.below(6) {
            0 => left,
            1 => left / 2,
            2 => 40,
            few => u32::try_from(few).unwrap(),
        };
        let player = self.player();
        let purchase = Purchase {
            player: player.pubkey(),
            house: self.houses[house].address,
            game,
            tickets: tickets.clamp(1, left.max(1)),
            nonce: u16::try_from(self.chance.below(1_000)).unwrap(),
            max_total: u64::MAX,
        };
        // Refused if sales are over, the house pauses, or the player cannot pay.
        let joined = self.send(ix::join(&purchase, self.houses[house].token), &player);
        if joined.is_ok() {
            self.coverage.note("(joined)");
        }
    }

    fn player(&mut self) -> Keypair {
        let player = self.chance.below(self.players.len());
        self.players[player].insecure_clone()
    }

    fn change_mood(&mut self) {
        let oracle = self.chance.below(self.moods.len());
        let mood = &mut self.moods[oracle];
        match self.chance.below(3) {
            0 => mood.beats = !mood.beats,
            1 => mood.attested_for = self.chance.of(&[0, 601, 602, 700, 700]),
            _ => mood.answers = !mood.answers,
        }
        let line = format!("oracle {oracle}: {mood:?}");
        self.note(line);
        self.tell_oracles();
    }

    /// Writes on chain what the oracles are like.
    pub fn tell_oracles(&mut self) {
        let now = self.world.now();
        let heartbeat = 8 + offset_of!(OracleAccountData, last_heartbeat);
        let enclave = 8 + offset_of!(OracleAccountData, enclave);
        let attestation = enclave + offset_of!(Quote, valid_until);
        for index in 0..self.moods.len() {
            let mood = self.moods[index];
            let oracle = self.world.oracles[index].account.pubkey();
            self.world.corrupt(&oracle, |account| {
                let mut write = |at: usize, time: i64| {
                    account.data[at..at + 8].copy_from_slice(&time.to_le_bytes());
                };
                if mood.beats {
                    write(heartbeat, now);
                }
                write(attestation, now + mood.attested_for);
            });
        }
    }

    pub fn limit_silence(&mut self) {
        let at = 8 + offset_of!(QueueAccountData, node_timeout);
        let queue = self.world.queue;
        self.world.corrupt(&queue, |account| {
            account.data[at..at + 8].copy_from_slice(&SILENCE.to_le_bytes());
        });
    }

    fn pause(&mut self) {
        let house = self.chance.below(self.houses.len());
        let (games, joins) = (self.chance.one_in(3), self.chance.one_in(3));
        let address = self.houses[house].address;
        let authority = self.houses[house].authority.insecure_clone();
        let pause = ix::set_pause(authority.pubkey(), address, games, joins);
        self.send(pause, &authority).unwrap();
    }

    /// Token accounts that the mint's authority may freeze: vaults, and players'.
    fn token_accounts(&self) -> Vec<(usize, Pubkey)> {
        let mut accounts = Vec::new();
        for (index, house) in self.houses.iter().enumerate() {
            let Some(token) = house.token else { continue };
            let games = self.games.iter().filter(|(of, _)| *of == index);
            let holders = house
                .holders()
                .into_iter()
                .chain(games.map(|(_, game)| *game));
            accounts.extend(holders.map(|holder| (index, address::vault(&holder))));
            let people = self.players.iter().chain([&house.authority]);
            accounts.extend(people.map(|person| (index, token.associated(&person.pubkey()))));
        }
        accounts.retain(|(_, account)| !self.world.is_gone(account));
        accounts
    }

    pub fn is_frozen(&self, account: &Pubkey) -> bool {
        let account = self.world.svm.get_account(account);
        account.is_some_and(|account| account.data.get(STATE) == Some(&FROZEN))
    }

    fn freeze(&mut self) {
        let accounts = self.token_accounts();
        if accounts.is_empty() {
            return;
        }
        let (house, account) = self.chance.of(&accounts);
        if !self.is_frozen(&account) {
            self.world.token = self.houses[house].token;
            self.world.freeze(&account);
            self.note(format!("frozen: {account}"));
            self.coverage.note("(frozen)");
        }
    }

    fn thaw_something(&mut self) {
        let mut frozen = self.token_accounts();
        frozen.retain(|(_, account)| self.is_frozen(account));
        if !frozen.is_empty() {
            let (house, account) = self.chance.of(&frozen);
            self.thaw(house, &account);
        }
    }

    fn thaw(&mut self, house: usize, account: &Pubkey) {
        self.world.token = self.houses[house].token;
        self.world.thaw(account);
        self.note(format!("thawed: {account}"));
    }

    /// A player, or a creator, has no token account any more; perhaps somebody sends
    /// lamports to where it was.
    fn lose_token_account(&mut self) {
        let Some(token) = self.houses[self.chance.below(self.houses.len())].token else {
            return;
        };
        let mut people: Vec<Pubkey> = self.players.iter().map(Keypair::pubkey).collect();
        people.extend(self.houses.iter().map(|house| house.authority.pubkey()));
        let account = token.associated(&self.chance.of(&people));
        if self.is_frozen(&account) {
            return;
        }
        let lamports = self.chance.of(&[0, 1_000_000]);
        let empty = Account {
            lamports,
            ..Account::default()
        };
        self.world.svm.set_account(account, empty).unwrap();
        self.note(format!(
            "no token account any more: {account}, {lamports} lamports"
        ));
        self.coverage.note("(lost a token account)");
    }

    /// A player spends everything, or, seldom, becomes a program.
    fn change_wallet(&mut self) {
        let player = self.player().pubkey();
        if self.is_program(&player) {
            return;
        }
        let becomes_program = self.chance.one_in(4);
        let wallet = if becomes_program {
            self.world.account(&lottery::ID)
        } else {
            Account::default()
        };
        self.world.svm.set_account(player, wallet).unwrap();
        self.note(format!(
            "{player} has nothing; a program: {becomes_program}"
        ));
    }

    fn donate(&mut self) {
        if self.games.is_empty() {
            return;
        }
        let (house, game) = self.games[self.chance.below(self.games.len())];
        if self.world.is_gone(&game) {
            return;
        }
        let giver = self.world.authority.insecure_clone();
        let gift = transfer(&giver.pubkey(), &game, 1_000_000);
        self.send(gift, &giver).unwrap();
        let vault = address::vault(&game);
        if self.houses[house].token.is_some() && !self.is_frozen(&vault) {
            self.world.token = self.houses[house].token;
            self.world.mint_to(&vault, 77);
            self.note(format!("donated to {game}"));
            self.coverage.note("(donated tokens)");
        }
    }

    /// As if cranks that nobody foresaw had used a game's escrow up, or nearly.
    fn drain_escrow(&mut self) {
        if self.games.is_empty() || !self.chance.one_in(3) {
            return;
        }
        let (_, game) = self.games[self.chance.below(self.games.len())];
        if self.world.is_gone(&game) {
            return;
        }
        let escrow = self.world.game(&game).bounty_escrow;
        let left = self.chance.of(&[0, 5_000, 15_000]).min(escrow);
        let at = 8 + offset_of!(Game, bounty_escrow);
        self.world.corrupt(&game, |account| {
            account.data[at..at + 8].copy_from_slice(&left.to_le_bytes());
            account.lamports -= escrow - left;
        });
        self.note(format!("escrow of {game}: {left} left"));
        self.coverage.note("(drained an escrow)");
    }

    fn jump(&mut self) {
        let seconds = self
            .chance
            .of(&[1, 5, 60, 60, 600, 3_600, 86_400, 4 * 86_400]);
        self.pass(seconds);
    }

    /// Time passes; half a second a slot.
    pub fn pass(&mut self, seconds: i64) {
        self.world.pass(seconds.max(0));
        self.tell_oracles();
    }

    /// What people can put right is put right.
    pub fn calm_down(&mut self) {
        for (house, account) in self.token_accounts() {
            if self.is_frozen(&account) {
                self.thaw(house, &account);
            }
        }
        self.note_broke();
        for wallet in self.broke.clone() {
            self.world.svm.airdrop(&wallet, 1_000_000_000).unwrap();
        }
        self.creates_accounts = true;
        self.note("nothing more happens");
    }
}
