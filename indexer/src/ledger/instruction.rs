//! The program's instructions: their names, what their accounts are called, and
//! their arguments.

use anchor_lang::{Discriminator, wincode::error::ReadError};
use lottery::instruction as ix;
use serde_json::{Map, Value};
use solana_pubkey::Pubkey;

use super::{json::object, wire::read};

/// Names of accounts, in the order of the instruction; groups that several
/// instructions share stay apart.
type Accounts = &'static [&'static [&'static str]];

const EVENTS: &[&str] = &["event_authority", "program"];
const TOKEN: &[&str] = &["mint", "token_program"];
const HOUSE_VAULTS: &[&str] = &["treasury_vault", "minor_vault", "major_vault", "mega_vault"];
const HOLDERS: &[&str] = &["house", "treasury", "minor", "major", "mega"];
const PLAYER: &[&str] = &["cranker", "game", "entry", "player"];
const PAYOUT: &[&str] = &["game_vault", "player_tokens"];

/// An instruction that was understood.
#[derive(Debug)]
pub(super) struct Known {
    pub name: &'static str,
    accounts: Accounts,
    /// By name.
    pub arguments: Result<Value, ReadError>,
    /// Whether a success leaves an event. A batch of joins alone leaves none.
    pub tells: bool,
}

macro_rules! instructions {
    ($($kind:ident $name:literal ($($argument:ident)*) [$($accounts:expr),*];)*) => {
        /// What the data say, if they begin like an instruction's. Whatever follows
        /// the arguments is ignored, as the program does.
        pub(super) fn understand(data: &[u8]) -> Option<Known> {
            $(if let Some(rest) = data.strip_prefix(ix::$kind::DISCRIMINATOR) {
                #[allow(unused_mut, unused_variables, reason = "some have no arguments")]
                let arguments = |mut rest: &[u8]| -> Result<Value, ReadError> {
                    let call = ix::$kind { $($argument: read(&mut rest)?),* };
                    Ok(object!(&call, $($argument)*))
                };
                return Some(Known {
                    name: $name,
                    accounts: &[$($accounts),*],
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
        [&["creator"], HOLDERS, &["system_program"], TOKEN, HOUSE_VAULTS, EVENTS];
    UpdateHouse "update_house" (rules) [&["authority", "house"], EVENTS];
    SetPause "set_pause" (games joins) [&["authority", "house"], EVENTS];
    ProposeAuthority "propose_authority" (successor) [&["authority", "house"], EVENTS];
    AcceptAuthority "accept_authority" () [&["successor", "house"], EVENTS];
    WithdrawTreasury "withdraw_treasury" (amount)
        [&["authority", "house", "treasury", "wallet"], TOKEN,
         &["treasury_vault", "wallet_tokens"], EVENTS];
    FundJackpot "fund_jackpot" (amount)
        [&["funder", "jackpot", "system_program"], TOKEN,
         &["jackpot_vault", "funder_tokens"], EVENTS];
    OpenLane "open_lane" (index recent_slot)
        [&["payer", "house", "lane", "randomness", "reward_escrow", "queue", "state",
           "lut_signer", "lut", "switchboard", "system_program", "token_program",
           "associated_token_program", "wrapped_sol_mint", "lookup_table_program"]];
    CloseLane "close_lane" ()
        [&["payer", "lane", "randomness", "reward_escrow", "state", "system_program",
           "token_program", "wrapped_sol_mint", "lut", "lut_signer", "lookup_table_program",
           "switchboard"]];
    CreateGame "create_game" (params)
        [&["creator", "house", "treasury", "game", "system_program"], TOKEN, &["game_vault"],
         EVENTS];
    Join "join" (order)
        [&["player", "house", "game", "entry", "system_program"], TOKEN, PAYOUT];
    RequestDraw "request_draw" ()
        [&["payer", "house", "lane", "draw", "randomness", "queue", "oracle", "slot_hashes",
           "switchboard", "system_program"], EVENTS];
    RevealDraw "reveal_draw" (signature recovery_id value)
        [&["payer", "house", "lane", "draw", "randomness", "oracle", "queue", "stats",
           "slot_hashes", "system_program", "reward_escrow", "token_program",
           "wrapped_sol_mint", "state", "switchboard"], EVENTS];
    SettleDraw "settle_draw" ()
        [&["cranker", "draw", "draw_payer"], HOLDERS, TOKEN, HOUSE_VAULTS, EVENTS];
    SettleGame "settle_game" ()
        [&["game", "game_vault"], HOLDERS, TOKEN, HOUSE_VAULTS, EVENTS];
    AbortDraw "abort_draw" () [&["cranker", "draw", "lane", "draw_payer"], EVENTS];
    ClaimJackpot "claim_jackpot" () [PLAYER, &["jackpot"], TOKEN, PAYOUT, EVENTS];
    Claim "claim" (ticket) [PLAYER, TOKEN, PAYOUT, EVENTS];
    CancelGame "cancel_game" () [&["cranker", "game"], EVENTS];
    Refund "refund" () [PLAYER, TOKEN, PAYOUT, EVENTS];
    ExpirePrizes "expire_prizes" ()
        [&["cranker", "game", "mega"], TOKEN, &["game_vault", "mega_vault"], EVENTS];
    CloseEntry "close_entry" () [PLAYER, EVENTS];
    CloseGame "close_game" ()
        [&["cranker", "game", "creator"], TOKEN, &["game_vault", "creator_tokens"], EVENTS];
    PlayerBatch "player_batch" (operations all_or_nothing)
        [&["signer", "system_program"], TOKEN, EVENTS];
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

    pub fn json(&self) -> Value {
        let text = |account: &Pubkey| Value::from(account.to_string());
        let mut object: Map<String, Value> = self
            .accounts
            .iter()
            .map(|(name, account)| {
                let account = account.as_ref().map_or(Value::Null, text);
                ((*name).to_owned(), account)
            })
            .collect();
        if !self.remaining.is_empty() {
            let remaining = self.remaining.iter().map(text).collect();
            object.insert("remaining".to_owned(), remaining);
        }
        Value::Object(object)
    }
}

impl Known {
    /// Names accounts; the program's own address stands for one that is absent.
    pub fn name_accounts(&self, given: &[Pubkey]) -> Named {
        let names: Vec<&'static str> = self.accounts.concat();
        let accounts = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let account = given.get(at).copied();
                let absent = |account: &Pubkey| *account == lottery::ID && *name != "program";
                (*name, account.filter(|account| !absent(account)))
            })
            .collect();
        Named {
            accounts,
            remaining: given.get(names.len()..).unwrap_or_default().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests;
