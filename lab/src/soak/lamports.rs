//! Every lamport of a run, explained: balances before, what each transaction of the
//! ledger did to them, balances after.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context as _, Result};
use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{insist::insist, ledger::Landed};

/// Accounts asked for in one question.
const ASKED: usize = 100;

/// Most discrepancies named one by one.
const NAMED: usize = 20;

/// The accounts of a run, by whose they are.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// What each account is counted as.
    groups: BTreeMap<Pubkey, &'static str>,
    before: BTreeMap<Pubkey, u64>,
    /// Slot of which `before` is.
    pub since: u64,
}

/// What an account is counted as that was not named before the run.
const FOUND: &str = "games, entries and draws";

impl Books {
    /// Opens the books on accounts that nobody uses at the moment.
    pub async fn open(
        rpc: &RpcClient,
        accounts: impl IntoIterator<Item = (Pubkey, &'static str)>,
    ) -> Result<Self> {
        let groups: BTreeMap<Pubkey, &'static str> = accounts.into_iter().collect();
        let addresses: Vec<Pubkey> = groups.keys().copied().collect();
        let since = rpc
            .get_slot_with_commitment(CommitmentConfig::confirmed())
            .await?;
        let before = balances(rpc, &addresses).await?;
        Ok(Self {
            groups,
            before,
            since,
        })
    }

    /// Every account that the books or the ledger name.
    pub fn accounts(&self, ledger: &[Landed]) -> BTreeSet<Pubkey> {
        let moved = ledger.iter().flat_map(|landed| {
            let balances = landed.before.iter().zip(&landed.after);
            let all = landed.accounts.iter().zip(balances);
            all.filter(|(_, (before, after))| before != after)
                .map(|(account, _)| *account)
        });
        self.groups.keys().copied().chain(moved).collect()
    }

    /// Closes the books: `after` are the balances of all [`accounts`](Self::accounts).
    pub fn close(&self, ledger: &[Landed], after: &BTreeMap<Pubkey, u64>) -> Statement {
        let accounts = self.accounts(ledger);
        let mut statement = Statement::default();
        let mut known: HashMap<Pubkey, u64> =
            self.before.iter().map(|(it, held)| (*it, *held)).collect();
        for account in &accounts {
            // What was not there before held nothing.
            known.entry(*account).or_insert(0);
        }
        for landed in ledger {
            statement.take(landed, &mut known);
        }
        for account in &accounts {
            let group = self.groups.get(account).copied().unwrap_or(FOUND);
            let line = statement.lines.entry(group).or_default();
            let (before, now) = (held(&self.before, account), held(after, account));
            line.accounts += 1;
            line.initial += i128::from(before);
            line.last += i128::from(now);
            let expected = known.get(account).copied().unwrap_or(0);
            if expected != now {
                statement.discrepancy(format!("{account} holds {now}, by the ledger {expected}"));
            }
        }
        for landed in ledger {
            let payer = landed.payer().and_then(|payer| self.groups.get(payer));
            let line = statement.lines.entry(payer.copied().unwrap_or(FOUND));
            line.or_default().fees += i128::from(landed.fee);
        }
        statement
    }
}

fn held(balances: &BTreeMap<Pubkey, u64>, account: &Pubkey) -> u64 {
    balances.get(account).copied().unwrap_or(0)
}

/// Lamports of each account; of those that do not exist, none.
pub async fn balances(rpc: &RpcClient, accounts: &[Pubkey]) -> Result<BTreeMap<Pubkey, u64>> {
    let mut balances = BTreeMap::new();
    for some in accounts.chunks(ASKED) {
        let ask = async || {
            rpc.get_multiple_accounts_with_commitment(some, CommitmentConfig::confirmed())
                .await
        };
        let found = insist(ask).await.context("asking for balances")?;
        let lamports = found
            .value
            .into_iter()
            .map(|account| account.map_or(0, |it| it.lamports));
        balances.extend(some.iter().copied().zip(lamports));
    }
    Ok(balances)
}

/// Lamports of a group of accounts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    pub accounts: usize,
    pub initial: i128,
    /// Paid by its members.
    pub fees: i128,
    #[serde(rename = "final")]
    pub last: i128,
}

/// The books of a run, closed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Statement {
    pub lines: BTreeMap<&'static str, Line>,
    /// What came from outside of these accounts.
    pub airdropped: i128,
    /// The first of the balances that the ledger does not explain.
    pub discrepancies: Vec<String>,
    pub unexplained: usize,
}

impl Statement {
    /// Follows each balance through a transaction: before it must be what the last one
    /// left.
    fn take(&mut self, landed: &Landed, known: &mut HashMap<Pubkey, u64>) {
        let balances = landed.before.iter().zip(&landed.after);
        let mut moved = 0;
        for (account, (before, after)) in landed.accounts.iter().zip(balances) {
            moved += i128::from(*after) - i128::from(*before);
            let Some(known) = known.get_mut(account) else {
                continue;
            };
            if *known != *before {
                self.discrepancy(format!(
                    "{account} held {before} before {}, not {known}",
                    landed.signature
                ));
            }
            *known = *after;
        }
        if moved + i128::from(landed.fee) != 0 {
            // An airdrop of a cluster that conjures it.
            self.airdropped += moved + i128::from(landed.fee);
        }
    }

    fn discrepancy(&mut self, what: String) {
        self.unexplained += 1;
        if self.discrepancies.len() < NAMED {
            self.discrepancies.push(what);
        }
    }

    /// All groups together.
    pub fn total(&self) -> Line {
        Line {
            accounts: self.lines.values().map(|line| line.accounts).sum(),
            initial: self.initial(),
            fees: self.fees(),
            last: self.last(),
        }
    }

    fn sum(&self, of: impl Fn(&Line) -> i128) -> i128 {
        self.lines.values().map(of).sum()
    }

    pub fn initial(&self) -> i128 {
        self.sum(|line| line.initial)
    }

    pub fn fees(&self) -> i128 {
        self.sum(|line| line.fees)
    }

    pub fn last(&self) -> i128 {
        self.sum(|line| line.last)
    }

    /// Lamports that nothing explains.
    pub fn difference(&self) -> i128 {
        self.last() - (self.initial() + self.airdropped - self.fees())
    }

    /// Whether every lamport is explained.
    pub fn is_exact(&self) -> bool {
        self.difference() == 0 && self.unexplained == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landed(accounts: [Pubkey; 2], before: [u64; 2], after: [u64; 2], fee: u64) -> Landed {
        Landed {
            signature: Default::default(),
            slot: 1,
            fee,
            error: None,
            accounts: accounts.to_vec(),
            before: before.to_vec(),
            after: after.to_vec(),
            calls: Vec::new(),
        }
    }

    fn books(player: Pubkey, lamports: u64) -> Books {
        Books {
            groups: [(player, "players")].into(),
            before: [(player, lamports)].into(),
            since: 0,
        }
    }

    #[test]
    fn fees_explain_what_is_missing() {
        let (player, game) = (Pubkey::new_unique(), Pubkey::new_unique());
        let books = books(player, 100);
        let ledger = [landed([player, game], [100, 0], [65, 30], 5)];
        let after = [(player, 65), (game, 30)].into();
        let statement = books.close(&ledger, &after);
        assert!(statement.is_exact(), "{statement:?}");
        assert_eq!(
            (statement.initial(), statement.fees(), statement.last()),
            (100, 5, 95)
        );
    }

    #[test]
    fn a_lamport_that_is_gone_is_found() {
        let (player, game) = (Pubkey::new_unique(), Pubkey::new_unique());
        let books = books(player, 100);
        let ledger = [landed([player, game], [100, 0], [65, 30], 5)];
        let statement = books.close(&ledger, &[(player, 65), (game, 29)].into());
        assert_eq!((statement.difference(), statement.unexplained), (-1, 1));
    }

    #[test]
    fn a_balance_that_changes_between_transactions_is_found() {
        let (player, game) = (Pubkey::new_unique(), Pubkey::new_unique());
        let books = books(player, 100);
        let ledger = [
            landed([player, game], [100, 0], [65, 30], 5),
            landed([player, game], [64, 30], [59, 30], 5),
        ];
        let statement = books.close(&ledger, &[(player, 59), (game, 30)].into());
        assert_eq!((statement.difference(), statement.unexplained), (-1, 1));
    }
}
