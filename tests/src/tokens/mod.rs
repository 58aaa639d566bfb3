//! Houses that play for a token, in a [`World`].
//!
//! `World::in_currency(Currency::Token2022, |params| …)` is a world like any other: its
//! house plays for a token, its players have tokens, and every helper names the
//! token's accounts, so that one test runs in all of [`Currency::ALL`]. What a wallet
//! or a holder has is `World::money_of` and `World::held_by`, whatever the currency.

mod account;
mod mint;

pub use mint::MintRules;

use lottery::state::HouseParams;
use lottery_client::{address, instruction::Token, token::create_associated};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface as token_2022;

use crate::world::{SOL, World};

/// The SPL Token program.
pub const SPL_TOKEN: Pubkey = lottery::switchboard::TOKEN_PROGRAM;
/// The Token-2022 program.
pub const TOKEN_2022: Pubkey = token_2022::ID;

/// What a player starts with: as many base units as they have lamports.
pub const PLAYER_TOKENS: u64 = 100 * SOL;

/// What a world's house plays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    Native,
    SplToken,
    Token2022,
}

impl Currency {
    pub const ALL: [Self; 3] = [Self::Native, Self::SplToken, Self::Token2022];
    pub const TOKENS: [Self; 2] = [Self::SplToken, Self::Token2022];

    /// The token program, of a token.
    pub fn program(self) -> Option<Pubkey> {
        match self {
            Self::Native => None,
            Self::SplToken => Some(SPL_TOKEN),
            Self::Token2022 => Some(TOKEN_2022),
        }
    }
}

/// May mint tokens of every mint made here.
pub fn mint_authority() -> Keypair {
    Keypair::new_from_array([104; 32])
}

/// May freeze token accounts of every mint made here.
pub fn freeze_authority() -> Keypair {
    Keypair::new_from_array([105; 32])
}

impl World {
    /// With a house that plays for this currency, of varied rules.
    pub fn in_currency(currency: Currency, vary: impl FnOnce(&mut HouseParams)) -> Self {
        match currency.program() {
            Some(program) => Self::with_mint(&MintRules::plain(program), vary),
            None => Self::with_house(vary),
        }
    }

    /// With a house that plays for a token of such a mint.
    pub fn with_mint(rules: &MintRules, vary: impl FnOnce(&mut HouseParams)) -> Self {
        let mut world = Self::without_house();
        let token = world
            .create_mint(rules)
            .expect("the mint's rules are valid");
        world.play_for(token);
        world.found_house(vary);
        world
    }

    /// Makes `token` what houses created from here on play for, players, authority and
    /// treasury wallet included.
    pub fn play_for(&mut self, token: Token) {
        self.token = Some(token);
        let treasury_wallet = self.treasury_wallet.pubkey();
        self.open_tokens(&treasury_wallet);
        let authority = self.authority.pubkey();
        self.give_tokens(&authority, PLAYER_TOKENS);
    }

    /// The token that the house plays for.
    pub fn token(&self) -> Token {
        self.token.expect("the house plays for a token")
    }

    /// A wallet's associated token account.
    pub fn tokens_of(&self, wallet: &Pubkey) -> Pubkey {
        self.token().associated(wallet)
    }

    /// Opens a wallet's associated token account, if there is none.
    pub fn open_tokens(&mut self, wallet: &Pubkey) -> Pubkey {
        let token = self.token();
        let open = create_associated(self.authority.pubkey(), *wallet, token);
        self.crank(open).unwrap();
        token.associated(wallet)
    }

    /// Mints tokens to a wallet's associated token account, which is opened if need be.
    pub fn give_tokens(&mut self, wallet: &Pubkey, amount: u64) -> Pubkey {
        let account = self.open_tokens(wallet);
        self.mint_to(&account, amount);
        account
    }

    /// What a wallet has: lamports, or tokens in its associated token account.
    pub fn money_of(&self, wallet: &Pubkey) -> u64 {
        match self.token {
            Some(token) => self.tokens_in(&token.associated(wallet)),
            None => self.lamports(wallet),
        }
    }

    /// What a game, jackpot or treasury has: lamports, rent included, or tokens in its
    /// vault.
    pub fn held_by(&self, holder: &Pubkey) -> u64 {
        match self.token {
            Some(_) => self.tokens_in(&address::vault(holder)),
            None => self.lamports(holder),
        }
    }
}
