//! Every account of the chain against its row, and its balance against what it
//! owes.

use std::collections::HashMap;

use lottery::{money::Holder, state::House};
use lottery_client::account::{self, Account};
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{
    report::Report,
    vaults::{self, Vaults},
};
use crate::{
    source::{AccountUpdate, Snapshot},
    store::{
        U64,
        column::some_address,
        draws::DrawBody,
        entries::EntryBody,
        games::GameBody,
        houses::HouseBody,
        jackpots::JackpotBody,
        lanes::LaneBody,
        table::{self, Body, Row},
        treasuries::TreasuryBody,
    },
};

/// The open rows of one table, each taken out as its account is compared; what
/// is left has no account.
struct Rows<B>(HashMap<Pubkey, Row<B>>);

impl<B: Body> Rows<B> {
    async fn read(view: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = table::open_rows::<B>(view).await?;
        Ok(Self(
            rows.into_iter().map(|r| (r.head.address, r)).collect(),
        ))
    }

    fn compare(&mut self, report: &mut Report, chain: &AccountUpdate, body: &B) {
        let address = chain.address.to_string();
        let place = (B::TABLE, address.as_str());
        report.checked.accounts = report.checked.accounts.saturating_add(1);
        let Some(row) = self.0.remove(&chain.address) else {
            report.note(place, "row", "a row", "none");
            return;
        };
        let known = report.differences.len();
        report.expect(place, "lamports", &U64(chain.lamports), &row.head.lamports);
        for difference in body.differences(&row.body) {
            report.note(place, difference.field, difference.chain, difference.table);
        }
        report.date(known, (row.head.slot, row.head.write_version));
    }

    fn leftover(self, report: &mut Report) {
        let mut left: Vec<String> = self.0.into_keys().map(|key| key.to_string()).collect();
        left.sort();
        for address in left {
            report.note((B::TABLE, &address), "account", "closed", "an open row");
        }
    }
}

/// Compares all accounts.
pub(super) async fn compare(
    view: &mut PgConnection,
    snapshot: &Snapshot,
    vaults: &Vaults,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let mints = mints(snapshot);
    let mut houses = Rows::<HouseBody>::read(view).await?;
    let mut treasuries = Rows::<TreasuryBody>::read(view).await?;
    let mut jackpots = Rows::<JackpotBody>::read(view).await?;
    let mut lanes = Rows::<LaneBody>::read(view).await?;
    let mut draws = Rows::<DrawBody>::read(view).await?;
    let mut games = Rows::<GameBody>::read(view).await?;
    let mut entries = Rows::<EntryBody>::read(view).await?;
    for chain in &snapshot.accounts {
        match account::decode_any(&chain.owner, &chain.data) {
            Ok(account) => {
                check_balance(report, chain, &account, (&mints, vaults));
                match &account {
                    Account::House(a) => houses.compare(report, chain, &a.into()),
                    Account::Treasury(a) => treasuries.compare(report, chain, &a.into()),
                    Account::Jackpot(a) => jackpots.compare(report, chain, &a.into()),
                    Account::Lane(a) => lanes.compare(report, chain, &a.into()),
                    Account::Draw(a) => draws.compare(report, chain, &a.into()),
                    Account::Game(a) => games.compare(report, chain, &a.into()),
                    Account::Entry(a) => entries.compare(report, chain, &a.into()),
                }
            }
            Err(error) => report.note(
                ("account", &chain.address.to_string()),
                "contents",
                "an account this build can read",
                error.to_string(),
            ),
        }
    }
    houses.leftover(report);
    treasuries.leftover(report);
    jackpots.leftover(report);
    lanes.leftover(report);
    draws.leftover(report);
    games.leftover(report);
    entries.leftover(report);
    Ok(())
}

/// What the account holds covers what it owes, by the program's own rule.
fn check_balance(
    report: &mut Report,
    chain: &AccountUpdate,
    account: &Account,
    (mints, vaults): (&Mints, &Vaults),
) {
    let (holder, house): (&dyn Holder, &Pubkey) = match account {
        Account::Game(game) => (game, &game.house),
        Account::Treasury(treasury) => (treasury, &treasury.house),
        Account::Jackpot(jackpot) => (jackpot, &jackpot.house),
        _ => return,
    };
    report.checked.balances = report.checked.balances.saturating_add(1);
    let address = chain.address.to_string();
    let place = (account.kind(), address.as_str());
    let tokens = match vaults::of(account) {
        None => None,
        Some(vault) => match vaults.get(&vault) {
            None => {
                let found = format!("no token account at {vault}");
                report.note(place, "vault", "a vault", found);
                return;
            }
            Some(vault) => {
                report.expect(place, "owner of the vault", &chain.address, &vault.owner);
                Some(*vault)
            }
        },
    };
    let mint = mints.get(house).copied().flatten();
    report.expect(place, "mint", &mint, &tokens.map(|vault| vault.mint));
    let amount = tokens.map(|vault| vault.amount);
    let covered = holder.covered_by_lamports(chain.lamports).is_ok()
        && amount.is_none_or(|amount| holder.owed().is_ok_and(|owed| amount >= owed));
    if !covered {
        let found = match amount {
            None => format!("{} lamports", chain.lamports),
            Some(tokens) => format!("{} lamports, {tokens} tokens", chain.lamports),
        };
        report.note(
            place,
            "solvency",
            "a balance that covers what it owes",
            found,
        );
    }
}

/// The mint of each house; `None` for native SOL.
type Mints = HashMap<Pubkey, Option<Pubkey>>;

fn mints(snapshot: &Snapshot) -> Mints {
    let houses = snapshot.accounts.iter().filter_map(|chain| {
        let house = account::decode::<House>(&chain.owner, &chain.data).ok()?;
        Some((chain.address, some_address(&house.mint)))
    });
    houses.collect()
}
