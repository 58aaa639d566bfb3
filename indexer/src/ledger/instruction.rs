//! The program's instructions: their names, what their accounts are called, and
//! their arguments.

use anchor_lang::{
    Discriminator, Id as _,
    programs::{Token, Token2022},
    wincode::error::ReadError,
};
use lottery::instruction as ix;
use solana_pubkey::Pubkey;

use super::{json::Object, wire::read};
use crate::store::column::Json;

/// Names of accounts, in the order of the instruction; groups that several
/// instructions share stay apart.
type Accounts = &'static [&'static [&'static str]];

const EVENTS: &[&str] = &["event_authority", "program"];
/// Accounts that are the same in every instruction: nobody asks for them.
const CONSTANT: [&str; 5] = [
    "event_authority",
    "program",
    "system_program",
    "slot_hashes",
    "switchboard",
];
/// What follows an instruction's own accounts in a token house, before its vaults and
/// token accounts.
const TOKEN: [&str; 2] = ["mint", "token_program"];
const HOUSE_VAULTS: &[&str] = &["treasury_vault", "minor_vault", "major_vault", "mega_vault"];
const HOLDERS: &[&str] = &["house", "treasury", "minor", "major", "mega"];
const PLAYER: &[&str] = &["cranker", "game", "entry", "player"];
const PAYOUT: &[&str] = &["game_vault", "player_tokens"];

/// An instruction that was understood.
#[derive(Debug)]
pub(super) struct Known {
    pub name: &'static str,
    accounts: Accounts,
    /// Of a token house, after the mint and its program; none if it has none in any.
    tokens: Option<&'static [&'static str]>,
    /// By name.
    pub arguments: Result<Json, ReadError>,
    /// Whether a success leaves an event. A batch of joins alone leaves none.
    pub tells: bool,
}

macro_rules! instructions {
    ($($kind:ident $name:literal ($($argument:ident)*) [$($accounts:expr),*]
        $(tokens $tokens:expr)?;)*) => {
        /// What the data say, if they begin like an instruction's. Whatever follows
        /// the arguments is ignored, as the program does.
        pub(super) fn understand(data: &[u8]) -> Option<Known> {
            $(if let Some(rest) = data.strip_prefix(ix::$kind::DISCRIMINATOR) {
                #[allow(unused_mut, unused_variables, reason = "some have no arguments")]
                let arguments = |mut rest: &[u8]| -> Result<Json, ReadError> {
                    let call = ix::$kind { $($argument: read(&mut rest)?),* };
                    Ok(Object::alone(|object| {
                        $(object.field(stringify!($argument), &call.$argument);)*
                    }))
                };
                return Some(Known {
                    name: $name,
                    accounts: &[$($accounts),*],
                    tokens: None$(.or(Some($tokens)))?,
                    arguments: arguments(rest),
                    tells: !SILENT.contains(&$name),
                });
            })*
            None
        }
    };
}

/// Instructions that leave no event, or not always one.
const SILENT: [&str; 4] = ["join", "open_lane", "close_lane", "player_batch"];

instructions! {
    CreateHouse "create_house" (id params)
        [&["creator"], HOLDERS, &["system_program"], EVENTS]
        tokens HOUSE_VAULTS;
    UpdateHouse "update_house" (rules) [&["authority", "house"], EVENTS];
    SetPause "set_pause" (games joins) [&["authority", "house"], EVENTS];
    ProposeAuthority "propose_authority" (successor) [&["authority", "house"], EVENTS];
    AcceptAuthority "accept_authority" () [&["successor", "house"], EVENTS];
    WithdrawTreasury "withdraw_treasury" (amount)
        [&["authority", "house", "treasury", "wallet"], EVENTS]
        tokens &["treasury_vault", "wallet_tokens"];
    FundJackpot "fund_jackpot" (amount)
        [&["funder", "jackpot", "system_program"], EVENTS]
        tokens &["jackpot_vault", "funder_tokens"];
    OpenLane "open_lane" (index recent_slot)
        [&["payer", "house", "lane", "randomness", "reward_escrow", "queue", "state",
           "lut_signer", "lut", "switchboard", "system_program", "token_program",
           "associated_token_program", "wrapped_sol_mint", "lookup_table_program"]];
    CloseLane "close_lane" ()
        [&["payer", "lane", "randomness", "reward_escrow", "state", "system_program",
           "token_program", "wrapped_sol_mint", "lut", "lut_signer", "lookup_table_program",
           "switchboard"]];
    CreateGame "create_game" (params)
        [&["creator", "house", "treasury", "game", "system_program"], EVENTS]
        tokens &["game_vault"];
    Join "join" (order)
        [&["player", "house", "game", "entry", "system_program"]]
        tokens PAYOUT;
    RequestDraw "request_draw" ()
        [&["payer", "house", "lane", "draw", "randomness", "queue", "oracle", "slot_hashes",
           "switchboard", "system_program"], EVENTS];
    RevealDraw "reveal_draw" (signature recovery_id value)
        [&["payer", "house", "lane", "draw", "randomness", "oracle", "queue", "stats",
           "slot_hashes", "system_program", "reward_escrow", "token_program",
           "wrapped_sol_mint", "state", "switchboard"], EVENTS];
    SettleDraw "settle_draw" ()
        [&["cranker", "draw", "draw_payer"], HOLDERS, EVENTS]
        tokens HOUSE_VAULTS;
    SettleGame "settle_game" ()
        [&["game"], HOLDERS, EVENTS]
        tokens &["treasury_vault", "minor_vault", "major_vault", "mega_vault", "game_vault"];
    AbortDraw "abort_draw" () [&["cranker", "draw", "lane", "draw_payer"], EVENTS];
    ClaimJackpot "claim_jackpot" ()
        [PLAYER, &["jackpot"], EVENTS]
        tokens PAYOUT;
    Claim "claim" (ticket)
        [PLAYER, EVENTS]
        tokens PAYOUT;
    CancelGame "cancel_game" () [&["cranker", "game"], EVENTS];
    Refund "refund" ()
        [PLAYER, EVENTS]
        tokens PAYOUT;
    ExpirePrizes "expire_prizes" ()
        [&["cranker", "game", "mega"], EVENTS]
        tokens &["game_vault", "mega_vault"];
    CloseEntry "close_entry" () [PLAYER, EVENTS];
    CloseGame "close_game" ()
        [&["cranker", "game", "creator"], EVENTS]
        tokens &["game_vault", "creator_tokens"];
    PlayerBatch "player_batch" (operations all_or_nothing)
        [&["signer", "system_program"], EVENTS];
}

/// The accounts of an instruction, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    accounts: Vec<(&'static str, Option<Pubkey>)>,
    /// Those after the named ones.
    pub remaining: Vec<Pubkey>,
}

impl Named {
    /// An account that is there.
    pub fn get(&self, name: &str) -> Option<Pubkey> {
        let (_, account) = self.accounts.iter().find(|(known, _)| *known == name)?;
        *account
    }

    pub fn with(accounts: Vec<(&'static str, Option<Pubkey>)>) -> Self {
        Self {
            accounts,
            remaining: Vec::new(),
        }
    }

    pub fn json(&self) -> Json {
        Object::alone(|object| {
            for (name, account) in &self.accounts {
                if !CONSTANT.contains(name) {
                    object.field(name, account);
                }
            }
            if !self.remaining.is_empty() {
                object.field("remaining", &self.remaining);
            }
        })
    }
}

impl Known {
    /// Names accounts. Token accounts are there if a token program is in its place.
    pub fn name_accounts(&self, given: &[Pubkey]) -> Named {
        let own = self.accounts.concat();
        let (fixed, rest) = given.split_at(own.len().min(given.len()));
        let mut named = Named {
            accounts: pair(&own, fixed),
            remaining: rest.to_vec(),
        };
        if self.name == BATCH {
            named.name_last_two();
        } else if let Some(tokens) = self.tokens {
            let names = [&TOKEN, tokens].concat();
            let there = rest.get(1).is_some_and(is_token_program);
            let count = if there {
                names.len().min(rest.len())
            } else {
                0
            };
            let (tokens, remaining) = rest.split_at(count);
            named.accounts.extend(pair(&names, tokens));
            // Clients may put the program where an optional account is absent.
            let present = remaining.iter().filter(|account| **account != lottery::ID);
            named.remaining = present.copied().collect();
        }
        named
    }
}

/// A batch's mint and its program come last, after what its operations name by position.
const BATCH: &str = "player_batch";

impl Named {
    fn name_last_two(&mut self) {
        let all = &self.remaining;
        let token = match all.last_chunk::<2>() {
            Some([mint, program]) if is_token_program(program) => Some([*mint, *program]),
            _ => None,
        };
        let given = token.as_ref().map_or(&[][..], |token| &token[..]);
        self.accounts.extend(pair(&TOKEN, given));
        let operations = all.len() - given.len();
        self.remaining.truncate(operations);
    }
}

/// Names with accounts, as far as there are any.
fn pair(names: &[&'static str], given: &[Pubkey]) -> Vec<(&'static str, Option<Pubkey>)> {
    let account = |(at, name): (usize, &&'static str)| (*name, given.get(at).copied());
    names.iter().enumerate().map(account).collect()
}

fn is_token_program(program: &Pubkey) -> bool {
    [Token::id(), Token2022::id()].contains(program)
}

#[cfg(test)]
mod tests;
