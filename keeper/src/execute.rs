//! Carrying out what was planned: one action, or a batch of pushes packed into
//! one transaction; then a look at what became of the accounts.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use lottery_client::sender::Landed;
use solana_pubkey::Pubkey;

use crate::{
    actions::{Action, Context},
    error::ActionError,
    load::Read,
    pack::Bisection,
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
}

/// Carries out one action, or several that are pushed together.
pub async fn execute(context: Context, actions: Vec<Action>) -> Report {
    let mut touched: Vec<Pubkey> = actions.iter().flat_map(Action::touched).collect();
    touched.sort_unstable();
    touched.dedup();
    let outcomes = match <[Action; 1]>::try_from(actions) {
        Ok([action]) => {
            let result = action.execute(&context).await.map_err(Arc::new);
            vec![(action, result)]
        }
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
    }
}

/// Sends a packed transaction; when a member makes it fail, takes it apart so
/// that the others go through.
async fn push(context: &Context, actions: Vec<Action>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(actions.len());
    let mut bisection = Bisection::new(actions);
    while let Some(members) = bisection.next_try() {
        let instructions: Vec<_> = members
            .iter()
            .filter_map(Action::push)
            .map(|push| push.instruction)
            .collect();
        match context.send(&instructions).await {
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

/// Reads what a job touched, from a node that has seen its effect, so that the
/// next plan does not repeat it.
async fn refresh(context: &Context, touched: &[Pubkey], landed: Option<u64>) -> Option<Read> {
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
