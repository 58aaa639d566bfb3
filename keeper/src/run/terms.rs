//! On which terms jobs are carried out.

use lottery_client::sender::fees::Urgency;

use super::keeper::Keeper;
use crate::{
    actions::{Action, Key},
    context::Terms,
    plan::{
        Guard,
        bounties::{Rent, Till},
    },
    telemetry::Kind,
};

impl Keeper {
    /// Of actions that are carried out together.
    pub(super) fn terms(&self, actions: &[Action]) -> Terms {
        let keys: Vec<Key> = actions.iter().flat_map(Action::keys).collect();
        let deaths = actions
            .iter()
            .filter_map(|action| self.backoff.failure(&action.main_key()))
            .map(|failure| failure.deaths)
            .max();
        let state = self.mirror.state();
        let mut till = Till::new(state, Rent::default());
        let incomes = actions.iter().map(|action| {
            let parts = till.take(action);
            let bounties = parts.iter().map(|income| income.bounty).collect();
            (action.main_key(), bounties)
        });
        Terms {
            kind: Kind::of_job(actions),
            incomes: incomes.collect(),
            is_exempt: actions.iter().any(|action| Guard::exempts(action, state)),
            urgency: Urgency {
                slots_left: actions.iter().filter_map(|it| self.slots_left(it)).min(),
                deaths: deaths.unwrap_or(0),
                worth: None,
            },
            intent: serde_json::to_string(&keys).unwrap_or_default(),
        }
    }

    /// Slots until a draw's time is over, for what must come before.
    fn slots_left(&self, action: &Action) -> Option<u64> {
        let Action::RevealDraw(reveal) = action else {
            return None;
        };
        let state = self.mirror.state();
        let draw = state.draws.get(&reveal.draw)?;
        Some(draw.timeout_slot.saturating_sub(state.slot))
    }
}
