//! Payments, several in one transaction.

use std::collections::BTreeSet;

use lottery_client::refusal;
use lottery_keeper::{
    actions::{Action, Push},
    pack::{PUSH_COMPUTE_UNITS, instructions},
    plan::bounties::{Income, Till},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{
    crank::{Created, Outcome, instruction_error, name},
    story::Story,
};

impl Story {
    /// Does a batch: simulates it, leaves out what would be refused, sends the rest.
    pub fn push(&mut self, actions: Vec<Action>, till: &mut Till) -> Vec<(Action, Outcome)> {
        let payer = self.cranker.pubkey();
        let missing = self.missing_accounts(&actions);
        let mut members = actions;
        let mut outcomes = Vec::new();
        let mut is_whole = true;
        while !members.is_empty() {
            let pushes: Vec<Push> = members.iter().filter_map(Action::push).collect();
            let batch = instructions(&pushes, &payer, |account| missing.contains(account)).unwrap();
            let results = match self.simulate(&batch) {
                Ok(results) => refusal::results(&results, members.len()).unwrap(),
                Err(error) => {
                    // All of them, each for its own reason: the keeper halves it.
                    is_whole = false;
                    let rest = members.split_off(members.len() / 2);
                    if members.is_empty() {
                        let refused = Outcome::Refused(instruction_error(error));
                        outcomes.extend(rest.into_iter().map(|member| (member, refused.clone())));
                    } else {
                        outcomes.extend(self.push(rest, till));
                    }
                    continue;
                }
            };
            if results.iter().any(Option::is_some) {
                is_whole = false;
                for (position, refusal) in results.into_iter().enumerate().rev() {
                    if let Some(refusal) = refusal {
                        let refused = Outcome::Refused(refusal.instruction_error());
                        outcomes.push((members.remove(position), refused));
                    }
                }
                continue;
            }
            let mut income = Income::default();
            for member in &members {
                income.bounty += till
                    .take(member)
                    .iter()
                    .map(|income| income.bounty)
                    .sum::<u64>();
            }
            let created = members.iter().filter_map(|member| {
                let (_, account) = member.push()?.token_account()?;
                missing.contains(&account).then_some(account)
            });
            let created: BTreeSet<Pubkey> = created.collect();
            let created: Created = created.iter().map(|account| self.rent_for(account)).sum();
            let meta = self.crank(&batch, income, created).unwrap();
            let estimate: u32 = pushes.iter().map(Push::most_compute_units).sum();
            let used = u32::try_from(meta.compute_units_consumed).unwrap();
            assert!(used <= estimate, "{used} of {estimate}: {members:?}");
            assert!(estimate <= PUSH_COMPUTE_UNITS || members.len() == 1);
            self.coverage.note(if is_whole {
                "batch"
            } else {
                "batch, the rest of one"
            });
            for member in members.drain(..) {
                self.coverage.note(name(&member));
                outcomes.push((member, Outcome::Done));
            }
        }
        outcomes
    }

    /// Token accounts that are paid to and do not exist.
    pub(super) fn missing_accounts(&self, members: &[Action]) -> BTreeSet<Pubkey> {
        let accounts = members
            .iter()
            .filter_map(|member| Some(member.push()?.token_account()?.1));
        let missing = accounts.filter(|account| self.world.is_gone(account));
        missing.filter(|_| self.creates_accounts).collect()
    }

    fn rent_for(&self, account: &Pubkey) -> Created {
        // Token-2022's associated accounts say that their owner never changes.
        let is_2022 = self.tokens[1];
        let of_2022 = self
            .players
            .iter()
            .any(|player| is_2022.associated(&player.pubkey()) == *account);
        let rent = self.world.rent(if of_2022 { 170 } else { 165 });
        rent.saturating_sub(self.world.lamports(account))
    }
}
