//! Carrying out what was planned: one action, or a batch of operations in one
//! transaction; then a look at what became of the accounts.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use lottery_client::{
    refusal::{Refusal, results},
    sender::{Basis, Landed},
};
use solana_pubkey::Pubkey;

use crate::{
    actions::{Action, Key, Push, RevealDraw},
    bisect::Bisection,
    context::Context,
    error::ActionError,
    load::Read,
    oracles::OracleSeen,
    pack::instructions,
};

/// What became of one action.
pub type Outcome = (Action, Result<Landed, Arc<ActionError>>);

/// What became of a job.
#[derive(Debug)]
pub struct Report {
    pub outcomes: Vec<Outcome>,
    /// Accounts that the job may have changed …
    pub touched: Vec<Pubkey>,
    /// … as they were afterwards; `None` if they could not be read.
    pub read: Option<Read>,
    /// How oracles answered.
    pub seen: Vec<OracleSeen>,
}

/// Carries out one action, or several that go into a batch together.
pub async fn execute(context: Context, actions: Vec<Action>) -> Report {
    let mut touched: Vec<Pubkey> = actions.iter().flat_map(Action::touched).collect();
    touched.sort_unstable();
    touched.dedup();
    let mut seen = Vec::new();
    let outcomes = match <[Action; 1]>::try_from(actions) {
        Ok([Action::RevealDraw(reveal)]) => reveal_draw(&context, reveal, &mut seen).await,
        Ok([action]) if action.push().is_none() => {
            let result = action.execute(&context, &mut seen).await.map_err(Arc::new);
            vec![(action, result)]
        }
        Ok([action]) => push(&context, vec![action]).await,
        Err(actions) => push(&context, actions).await,
    };
    let landed = outcomes
        .iter()
        .filter_map(|(_, result)| result.as_ref().ok())
        .map(|landed| landed.slot)
        .max();
    let read = refresh(&context, &touched, landed).await;
    Report {
        outcomes,
        touched,
        read,
        seen,
    }
}

/// Brings a value on chain, and settles with it whatever was planned to.
async fn reveal_draw(
    context: &Context,
    reveal: RevealDraw,
    seen: &mut Vec<OracleSeen>,
) -> Vec<Outcome> {
    let (revealed, settled) = reveal.execute(context, seen).await;
    let settlement = reveal.settlement.clone();
    let settlement = settlement.zip(settled).map(|(settlement, settled)| {
        let settled = settled.map_err(Arc::new);
        (Action::SettleDraw(settlement), settled)
    });
    let revealed = revealed.map_err(Arc::new);
    let mut outcomes = vec![(Action::RevealDraw(reveal), revealed)];
    outcomes.extend(settlement);
    outcomes
}

/// Sends a batch; when it fails as a whole, takes it apart so that the members that
/// are not to blame go through.
async fn push(context: &Context, actions: Vec<Action>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(actions.len());
    let mut bisection = Bisection::new(actions);
    while let Some(mut members) = bisection.next_try() {
        match push_willing(context, &mut members, &mut outcomes).await {
            Ok(landed) => outcomes.extend(members.into_iter().map(|member| (member, Ok(landed)))),
            Err(error) if error.blames_a_member() => {
                if let Some(guilty) = bisection.split(members) {
                    outcomes.push((guilty, Err(Arc::new(error))));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                let failed = members
                    .into_iter()
                    .map(|member| (member, Err(error.clone())));
                outcomes.extend(failed);
            }
        }
    }
    outcomes
}

/// Sends a batch of those members that the program would not refuse; moves the others
/// to `outcomes`.
async fn push_willing(
    context: &Context,
    members: &mut Vec<Action>,
    outcomes: &mut Vec<Outcome>,
) -> Result<Landed, ActionError> {
    let missing = missing_accounts(context, members).await?;
    loop {
        let pushes: Vec<Push> = members.iter().filter_map(Action::push).collect();
        let payer = context.payer_address();
        let batch = instructions(&pushes, &payer, |account| missing.contains(account))?;
        let keys: Vec<Key> = members.iter().map(Action::main_key).collect();
        let income = context.income_of(&keys);
        let prepared = context.prepare(&batch, income, Basis::Confirmed);
        let (simulated, quote) = prepared.await?;
        let refused = refused(&simulated.return_data, members.len());
        tracing::debug!(
            members = members.len(),
            refused = refused.len(),
            compute_units = simulated.compute_units,
            token_accounts = batch.len() - 1,
            "simulated a batch"
        );
        if refused.is_empty() {
            return context.send_prepared(&batch, &quote, income, None).await;
        }
        // One member at least is done, or the whole would have failed; so this ends.
        for (position, refusal) in refused.into_iter().rev() {
            let error = Arc::new(ActionError::Refused(refusal));
            outcomes.push((members.remove(position), Err(error)));
        }
    }
}

/// The members that a simulation left out, and why. A node that tells nothing of
/// it is believed: what was left out is planned again.
fn refused(return_data: &[u8], members: usize) -> Vec<(usize, Refusal)> {
    let Some(results) = results(return_data, members) else {
        tracing::debug!(members, "the simulation told nothing of a batch's members");
        return Vec::new();
    };
    let results = results.into_iter().enumerate();
    results
        .filter_map(|(position, refusal)| Some((position, refusal?)))
        .collect()
}

/// Token accounts that payments would go to, but that do not exist; none where the
/// operator does not want them created.
async fn missing_accounts(
    context: &Context,
    members: &[Action],
) -> Result<BTreeSet<Pubkey>, ActionError> {
    if !context.create_token_accounts {
        return Ok(BTreeSet::new());
    }
    let accounts: BTreeSet<Pubkey> = members
        .iter()
        .filter_map(|member| member.push()?.token_account())
        .map(|(_, account)| account)
        .collect();
    let accounts: Vec<Pubkey> = accounts.into_iter().collect();
    let read = context.loader.accounts(&accounts, None).await?;
    let found = accounts.into_iter().zip(read.accounts);
    Ok(found
        // Lamports sent to the address make an account, but no token account.
        .filter(|(_, account)| account.as_ref().is_none_or(|it| it.data.is_empty()))
        .map(|(address, _)| address)
        .collect())
}

/// Reads what a job touched, from a node that has seen its effect, so that the
/// next plan does not repeat it.
pub(crate) async fn refresh(
    context: &Context,
    touched: &[Pubkey],
    landed: Option<u64>,
) -> Option<Read> {
    if context.stopping.is_cancelled() {
        return None;
    }
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(6);
    (|| context.loader.accounts(touched, landed))
        .retry(backoff)
        .when(|_| !context.stopping.is_cancelled())
        .await
        .inspect_err(|error| {
            tracing::warn!(
                error = crate::text::scrub(error),
                "could not read what an action changed"
            );
        })
        .ok()
}
