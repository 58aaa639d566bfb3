//! Whether what is offered for transactions fits what the cluster and the houses ask.

use std::sync::Arc;

use lottery_client::{
    rpc::Pool,
    sender::{
        SIGNATURE_FEE,
        fees::{FeeSettings, Fees, Urgency, price},
    },
};
use lottery_service::doctor::Findings;

use crate::{config::Config, state::ChainState};

/// About what settling a draw of twenty games asks for.
const COMPUTE_UNITS: u32 = 75_000;

pub(super) async fn check_fees(
    config: &Config,
    pool: Arc<Pool>,
    state: &ChainState,
    findings: &mut Findings,
) {
    check_bounties(config, state, findings);
    let cap = config.fees.cap_lamports;
    if cap == 0 {
        return findings.good("fees", "no priority fees are paid");
    }
    let settings = FeeSettings {
        cap_lamports: u64::MAX,
        ..config.fees.settings()
    };
    // Every step of a draw writes a lane.
    let lanes = state.lanes.keys().copied().collect();
    let recent = Fees::new(pool, settings).recent(lanes).await;
    let price = price(&recent, &settings, Urgency::default(), COMPUTE_UNITS);
    let wanted = u128::from(price) * u128::from(COMPUTE_UNITS);
    let wanted = wanted.div_ceil(1_000_000);
    let seen = format!(
        "{wanted} lamports of priority for {COMPUTE_UNITS} compute units at percentile {}",
        settings.percentile
    );
    if wanted <= u128::from(cap) {
        findings.good("fees", seen);
    } else {
        let remedy = format!(
            "more than fee_cap_lamports ({cap}): transactions may expire; raise it or lower fee_percentile"
        );
        findings.doubtful("fees", seen, remedy);
    }
}

/// Houses that pay less than a transaction costs are not served.
fn check_bounties(config: &Config, state: &ChainState, findings: &mut Findings) {
    if !config.profit_guard {
        return;
    }
    for (address, house) in &state.houses {
        let borne = house.bounty.saturating_add(config.max_loss_lamports);
        if borne < SIGNATURE_FEE {
            findings.bad(
                "bounty",
                format!("house {address} pays {} lamports", house.bounty),
                format!(
                    "a transaction costs {SIGNATURE_FEE} at least: set max_loss_lamports = {} or more, or profit_guard = false",
                    SIGNATURE_FEE - house.bounty
                ),
            );
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bytemuck::Zeroable as _;
    use lottery_client::{account::Account, lottery::state::House};
    use solana_pubkey::Pubkey;

    use super::*;
    use crate::config::Options;

    #[test]
    fn a_house_that_pays_too_little_is_named() {
        let found = |bounty, max_loss_lamports, profit_guard| {
            let config = Config::complete(Options {
                rpc_url: Some(vec!["http://h".into()]),
                max_loss_lamports: Some(max_loss_lamports),
                profit_guard: Some(profit_guard),
                ..Options::default()
            });
            let mut house = House::zeroed();
            house.bounty = bounty;
            let mut state = ChainState::default();
            state.put(Pubkey::new_unique(), Account::House(house));
            let mut findings = Findings::default();
            check_bounties(&config.unwrap(), &state, &mut findings);
            findings
                .0
                .first()
                .map(|finding| finding.remedy.clone().unwrap())
        };
        assert!(
            found(2_000, 0, true)
                .unwrap()
                .contains("max_loss_lamports = 3000")
        );
        assert_eq!(found(2_000, 3_000, true), None);
        assert_eq!(found(5_000, 0, true), None);
        assert_eq!(found(0, 0, false), None);
    }
}
