//! Copies of an account, almost right, at an address of the attacker's; and the account
//! itself, changed as no instruction could change it, which shows what is checked
//! beside the address.

use solana_account::{AccountSharedData, ReadableAccount as _, WritableAccount as _};
use solana_pubkey::Pubkey;

use super::{
    attack::Attack,
    kinds::kind_of,
    stage::{Case, account},
};

/// Owner of the attacker's copies.
const ATTACKERS_PROGRAM: Pubkey = Pubkey::new_from_array([66; 32]);
/// Where they are.
const ATTACKERS_ADDRESS: Pubkey = Pubkey::new_from_array([88; 32]);

/// All flaws of all copies of the account in this place.
pub fn copies(case: &Case, at: usize, attacks: &mut Vec<Attack>) {
    let address = case.call.accounts[at].pubkey;
    let known = account(&case.svm, &address);
    let kind = kind_of(known.as_ref());
    if kind == "program" || kind == "sysvar" || kind == "other" {
        return;
    }
    let Some(known) = known else {
        return prefunded(case, at, attacks);
    };
    for (flaw, copy) in flawed(&known) {
        let mut in_place = Attack::new(
            &case.positions[at].name,
            format!("in place: {flaw}"),
            case.call.clone(),
        );
        in_place.change = Some((address, Some(copy.clone())));
        attacks.push(in_place);
        let kind = format!("copy: {flaw}");
        let mut elsewhere = Attack::replace(case, at, kind, ATTACKERS_ADDRESS, false);
        elsewhere.change = Some((ATTACKERS_ADDRESS, Some(copy)));
        attacks.push(elsewhere);
    }
    let mut gone = Attack::new(
        &case.positions[at].name,
        "in place: gone",
        case.call.clone(),
    );
    gone.change = Some((address, None));
    attacks.push(gone);
}

/// Somebody sent lamports to where an account is to be.
fn prefunded(case: &Case, at: usize, attacks: &mut Vec<Attack>) {
    let address = case.call.accounts[at].pubkey;
    for lamports in [1, 890_880, 1_000_000_000] {
        let mut attack = Attack::new(
            &case.positions[at].name,
            "in place: prefunded",
            case.call.clone(),
        );
        let donation = AccountSharedData::new(lamports, 0, &Pubkey::default());
        attack.change = Some((address, Some(donation)));
        attacks.push(attack);
    }
}

fn flawed(known: &AccountSharedData) -> Vec<(&'static str, AccountSharedData)> {
    let mut copies = Vec::new();
    let mut add = |flaw, change: &dyn Fn(&mut AccountSharedData)| {
        let mut copy = known.clone();
        change(&mut copy);
        copies.push((flaw, copy));
    };
    let length = known.data().len();
    add("foreign owner", &|copy| copy.set_owner(ATTACKERS_PROGRAM));
    if length == 0 {
        add("with data", &|copy| copy.set_data_from_slice(&[0; 8]));
        return copies;
    }
    for missing in (1..=8).chain([length]) {
        add("cut", &|copy| {
            copy.resize(length.saturating_sub(missing), 0);
        });
    }
    for more in [1, 8, 64] {
        add("longer", &|copy| copy.resize(length + more, 0));
    }
    for at in 0..8 {
        add("discriminator", &|copy| copy.data_as_mut_slice()[at] ^= 1);
    }
    add("zeroed", &|copy| copy.data_as_mut_slice().fill(0));
    copies
}
