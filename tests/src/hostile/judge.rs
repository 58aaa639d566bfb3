//! What came of an attack.

use std::collections::HashSet;

use litesvm::types::SimulatedTransactionInfo;
use solana_account::{Account, AccountSharedData, ReadableAccount as _};
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

use super::{
    allow::{self, Effect},
    attack::Attack,
    claims::Claims,
    outcome::{Outcome, View, Wealth, signers, wealth},
    stage::{Case, account, transaction},
};
use crate::hostile::kinds::held;

/// What came of an attack.
pub enum Verdict {
    /// Refused, with this error.
    Refused(String),
    /// Refused with an error that must have a reason: the index of it.
    RefusedLate(String, usize),
    /// Not refused, and harmless: the index of the reason.
    Harmless(usize),
    Hole(String),
}

/// Knows what the honest call does.
pub struct Judge {
    honest: Outcome,
    claims: Claims,
}

impl Judge {
    pub fn new(case: &Case) -> Self {
        let done = case
            .svm
            .simulate_transaction(transaction(&case.call, &case.attacker))
            .unwrap();
        Self {
            honest: outcome(done),
            claims: Claims::new(&case.svm),
        }
    }

    pub fn judge(&self, case: &mut Case, attack: &Attack) -> Verdict {
        let undo = attack.change.as_ref().map(|(address, change)| {
            let before = account(&case.svm, address);
            set(case, address, change.clone());
            (*address, before)
        });
        let verdict = self.judge_changed(case, attack);
        if let Some((address, before)) = undo {
            set(case, &address, before);
        }
        verdict
    }

    fn judge_changed(&self, case: &Case, attack: &Attack) -> Verdict {
        let attempt = transaction(&attack.call, &case.attacker);
        match case.svm.simulate_transaction(attempt) {
            Err(failed) => refused(case, attack, &failed.err),
            Ok(done) => {
                let outcome = outcome(done);
                let attacked = View {
                    svm: &case.svm,
                    outcome: &outcome,
                };
                let honest = View {
                    svm: &case.svm,
                    outcome: &self.honest,
                };
                let fits = |effect| self.compare(case, attack, &attacked, &honest, effect);
                if let Some(index) =
                    allow::harmless(&case.variant, attack, |effect| fits(effect).is_ok())
                {
                    return Verdict::Harmless(index);
                }
                let least = Effect::ALL.into_iter().find(|effect| fits(*effect).is_ok());
                Verdict::Hole(match least {
                    Some(effect) => format!("not refused; effect {effect:?}"),
                    None => format!("harmful: {:?}", fits(Effect::Willed)),
                })
            }
        }
    }

    /// Checks that an attack did what its place on the list says and harmed nobody.
    fn compare(
        &self,
        case: &Case,
        attack: &Attack,
        attacked: &View,
        honest: &View,
        effect: Effect,
    ) -> Result<(), String> {
        attacked.check_holders(honest)?;
        let written: HashSet<Pubkey> = attacked
            .outcome
            .written
            .keys()
            .chain(honest.outcome.written.keys())
            .copied()
            .collect();
        match effect {
            Effect::Same => same(case, attack, attacked, honest, &written, &[])?,
            Effect::Renamed => same(case, attack, attacked, honest, &written, &attack.swapped)?,
            Effect::Partial | Effect::Willed => {}
        }
        unharmed(case, attack, attacked, honest, &written, effect)?;
        let signers = signers(&attack.call, case.attacker);
        self.claims.check(attacked, honest, &written, &signers)?;
        if effect == Effect::Willed {
            return Ok(());
        }
        no_gain(case, attack, attacked, honest, &written)
    }
}

fn outcome(done: SimulatedTransactionInfo) -> Outcome {
    Outcome {
        written: done.post_accounts.into_iter().collect(),
        fee: done.meta.fee,
    }
}

fn set(case: &mut Case, address: &Pubkey, account: Option<AccountSharedData>) {
    case.svm
        .set_account(*address, account.map(Account::from).unwrap_or_default())
        .unwrap();
}

fn refused(case: &Case, attack: &Attack, error: &TransactionError) -> Verdict {
    let mut class = allow::class(error);
    if class.ends_with("ProgramFailedToComplete") && seeds_of_no_address(case, attack) {
        class.push_str(": seeds of no address");
    }
    if !allow::is_late(error) {
        return Verdict::Refused(class);
    }
    match allow::late(&case.variant, attack, &class) {
        Some(index) => Verdict::RefusedLate(class, index),
        None => Verdict::Hole(format!("refused by chance: {class}")),
    }
}

/// Whether a program failed because it signed with seeds that derive no address, which
/// the runtime does not tell from a panic but in its log.
fn seeds_of_no_address(case: &Case, attack: &Attack) -> bool {
    let svm = case.svm.clone().with_log_bytes_limit(None);
    let attempt = transaction(&attack.call, &case.attacker);
    let failed = svm.simulate_transaction(attempt).unwrap_err();
    let mut log = failed.meta.logs.iter();
    log.any(|line| line.contains("Could not create program address with signer seeds"))
}

/// The same accounts with the same contents, up to the names of those swapped.
fn same(
    case: &Case,
    attack: &Attack,
    attacked: &View,
    honest: &View,
    written: &HashSet<Pubkey>,
    renamed: &[(Pubkey, Pubkey)],
) -> Result<(), String> {
    let changed = attack.change.as_ref().map(|(address, _)| *address);
    let is_renamed = |address: &Pubkey| {
        let mut both = renamed.iter().flat_map(|(a, b)| [a, b]);
        both.any(|one| one == address)
    };
    for address in written {
        if *address == case.attacker || Some(*address) == changed || is_renamed(address) {
            continue;
        }
        let (found, expected) = (attacked.after(address), honest.after(address));
        let called_other = found.clone().map(|mut account| {
            rename(&mut account, renamed);
            account
        });
        let is_expected = |found: &Option<AccountSharedData>| {
            found.as_ref().map(contents) == expected.as_ref().map(contents)
        };
        if !is_expected(&found) && !is_expected(&called_other) {
            return Err(format!(
                "{address} differs: {:?} and {:?}",
                wealth(found.as_ref()),
                wealth(expected.as_ref()),
            ));
        }
    }
    Ok(())
}

fn contents(account: &AccountSharedData) -> (u64, &Pubkey, &[u8]) {
    (account.lamports(), account.owner(), account.data())
}

/// Puts the original's name wherever the replacement's is.
fn rename(account: &mut AccountSharedData, renamed: &[(Pubkey, Pubkey)]) {
    use solana_account::WritableAccount as _;
    for (original, replacement) in renamed {
        let found = account
            .data()
            .windows(32)
            .position(|bytes| bytes == replacement.as_ref());
        if let Some(at) = found {
            account.data_as_mut_slice()[at..at + 32].copy_from_slice(original.as_ref());
        }
    }
}

/// Nobody but the signers has less than before and than after the honest call.
fn unharmed(
    case: &Case,
    attack: &Attack,
    attacked: &View,
    honest: &View,
    written: &HashSet<Pubkey>,
    effect: Effect,
) -> Result<(), String> {
    let willing = signers(&attack.call, case.attacker);
    for address in written {
        let before = attacked.before(address);
        let owner = before.as_ref().and_then(held).map(|held| held.owner);
        if willing.contains(address) || owner.is_some_and(|owner| willing.contains(&owner)) {
            continue;
        }
        // Where signers ask for something else, holders pay something else; what they
        // owe and what they keep beyond is checked for each.
        if has_books(attacked, address) && effect != Effect::Same && effect != Effect::Renamed {
            continue;
        }
        let after = wealth(attacked.after(address).as_ref());
        let before = wealth(before.as_ref());
        let honest = wealth(honest.after(address).as_ref());
        for index in 0..2 {
            if after[index] < before[index].min(honest[index]) {
                return Err(format!("{address} lost: {before:?} to {after:?}"));
            }
        }
    }
    Ok(())
}

/// Whether an account is the program's, Switchboard's, or a vault: nobody's own.
fn has_books(view: &View, address: &Pubkey) -> bool {
    let is_ours = |address: &Pubkey| {
        let account = view.before(address).or_else(|| view.after(address));
        account
            .is_some_and(|account| [lottery::ID, randomness_stand_in::ID].contains(account.owner()))
    };
    let owner = view
        .before(address)
        .as_ref()
        .and_then(held)
        .map(|held| held.owner);
    is_ours(address) || owner.is_some_and(|owner| is_ours(&owner))
}

/// Those who take part in the attack, and who took part before it, have no more in
/// all than after the honest call.
fn no_gain(
    case: &Case,
    attack: &Attack,
    attacked: &View,
    honest: &View,
    written: &HashSet<Pubkey>,
) -> Result<(), String> {
    let mut parties = signers(&attack.call, case.attacker);
    parties.extend(signers(&case.call, case.attacker));
    parties.extend(attack.swapped.iter().flat_map(|(a, b)| [*a, *b]));
    parties.retain(|address| !has_books(honest, address) && !has_books(attacked, address));
    let sum = |view: &View| -> Wealth {
        let mut sum = [i128::from(view.outcome.fee), 0];
        for address in written {
            let account = view.after(address);
            let owner = account.as_ref().and_then(held).map(|held| held.owner);
            if parties.contains(address) || owner.is_some_and(|owner| parties.contains(&owner)) {
                let [lamports, tokens] = wealth(account.as_ref());
                sum = [sum[0] + lamports, sum[1] + tokens];
            }
        }
        sum
    };
    let (gained, expected) = (sum(attacked), sum(honest));
    if gained[0] > expected[0] || gained[1] > expected[1] {
        return Err(format!("{gained:?} to the attacker, not {expected:?}"));
    }
    Ok(())
}
