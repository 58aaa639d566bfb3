//! Variations of an honest call. They are generated: every position against everything
//! that exists, whatever it is there for.

use solana_account::AccountSharedData;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{
    copies, data,
    kinds::kind_of,
    mixes,
    stage::{Case, account},
};

/// A dishonest call.
pub struct Attack {
    /// Name of the position; `several`, `accounts` or `data` where it is none.
    pub position: String,
    /// What is done to it.
    pub kind: String,
    pub call: Instruction,
    /// An account that is not as it was before the honest call; `None` where it is gone.
    pub change: Option<(Pubkey, Option<AccountSharedData>)>,
    /// What was put in the place of what: original, then replacement.
    pub swapped: Vec<(Pubkey, Pubkey)>,
}

impl Attack {
    pub fn new(position: &str, kind: impl Into<String>, call: Instruction) -> Self {
        Self {
            position: position.to_owned(),
            kind: kind.into(),
            call,
            change: None,
            swapped: Vec::new(),
        }
    }

    /// With one account for another.
    pub fn replace(
        case: &Case,
        at: usize,
        kind: impl Into<String>,
        replacement: Pubkey,
        signs: bool,
    ) -> Self {
        let mut call = case.call.clone();
        let original = std::mem::replace(&mut call.accounts[at].pubkey, replacement);
        call.accounts[at].is_signer &= signs;
        Self {
            swapped: vec![(original, replacement)],
            ..Self::new(&case.positions[at].name, kind, call)
        }
    }
}

/// All attacks on a call.
pub fn attacks(case: &Case) -> Vec<Attack> {
    let cast = cast(case);
    let mut attacks = Vec::new();
    for at in 0..case.call.accounts.len() {
        substitutions(case, at, &cast, &mut attacks);
        flags(case, at, &mut attacks);
        signatures(case, at, &cast, &mut attacks);
        copies::copies(case, at, &mut attacks);
    }
    lists(case, &cast, &mut attacks);
    mixes::mixes(case, &mut attacks);
    data::data(case, &mut attacks);
    attacks
}

/// An account that can be put in a place, and what it is.
struct Member {
    address: Pubkey,
    kind: &'static str,
    /// It is a wallet, whose owner might sign.
    may_sign: bool,
}

/// Everything there is, and one address where nothing is.
fn cast(case: &Case) -> Vec<Member> {
    let mut addresses: Vec<Pubkey> = case.svm.accounts_db().inner.keys().copied().collect();
    addresses.push(Pubkey::new_from_array([77; 32]));
    addresses.sort();
    addresses
        .into_iter()
        .map(|address| {
            let kind = kind_of(account(&case.svm, &address).as_ref());
            Member {
                address,
                kind,
                may_sign: kind == "wallet" && address.is_on_curve(),
            }
        })
        // Features and the like.
        .filter(|member| member.kind != "other")
        .collect()
}

/// Each other account in this place.
fn substitutions(case: &Case, at: usize, cast: &[Member], attacks: &mut Vec<Attack>) {
    let metas = &case.call.accounts;
    let original = metas[at].pubkey;
    let optional = case.positions[at].optional;
    for member in cast.iter().filter(|member| member.address != original) {
        let here = metas.iter().any(|meta| meta.pubkey == member.address);
        let kind = match (optional && member.address == lottery::ID, here) {
            (true, _) => "omitted".to_owned(),
            (_, true) => format!("twice: {}", member.kind),
            _ => format!("another: {}", member.kind),
        };
        attacks.push(Attack::replace(
            case,
            at,
            kind,
            member.address,
            member.may_sign,
        ));
    }
}

/// Without the permissions that the instruction needs.
fn flags(case: &Case, at: usize, attacks: &mut Vec<Attack>) {
    let name = &case.positions[at].name;
    let address = case.call.accounts[at].pubkey;
    // The same account elsewhere in the list would keep them.
    let mut change = |kind: &str, change: fn(&mut AccountMeta)| {
        let mut call = case.call.clone();
        for meta in &mut call.accounts {
            if meta.pubkey == address {
                change(meta);
            }
        }
        attacks.push(Attack::new(name, kind, call));
    };
    if case.call.accounts[at].is_signer {
        change("unsigned", |meta| meta.is_signer = false);
    }
    if case.call.accounts[at].is_writable {
        change("read-only", |meta| meta.is_writable = false);
    }
}

/// With a signature that the instruction does not ask for: anybody can sign for
/// wallets of their own, and for addresses where nothing is yet.
fn signatures(case: &Case, at: usize, cast: &[Member], attacks: &mut Vec<Attack>) {
    let original = &case.call.accounts[at];
    if original.is_signer {
        return;
    }
    let wallets = cast.iter().filter(|member| member.may_sign);
    let wallets = wallets.map(|member| (member.address, "wallet"));
    let vacant = Keypair::new_from_array([55; 32]).pubkey();
    for (address, kind) in wallets.chain([(vacant, "vacant address")]) {
        let here = case.call.accounts.iter().any(|meta| meta.pubkey == address);
        let kind = match here {
            _ if address == original.pubkey => "signed".to_owned(),
            true => format!("twice, signing: {kind}"),
            false => format!("signing: {kind}"),
        };
        let mut attack = Attack::replace(case, at, kind, address, true);
        attack.call.accounts[at].is_signer = true;
        attacks.push(attack);
    }
}

/// Lists that are too short, too long or in another order.
fn lists(case: &Case, cast: &[Member], attacks: &mut Vec<Attack>) {
    let count = case.call.accounts.len();
    for length in 0..count {
        let mut call = case.call.clone();
        call.accounts.truncate(length);
        attacks.push(Attack::new("accounts", "cut off", call));
    }
    for member in cast {
        let mut call = case.call.clone();
        call.accounts.push(AccountMeta::new(member.address, false));
        let kind = if case
            .call
            .accounts
            .iter()
            .any(|m| m.pubkey == member.address)
        {
            format!("appended, twice: {}", member.kind)
        } else {
            format!("appended: {}", member.kind)
        };
        attacks.push(Attack::new("accounts", kind, call));
    }
    for first in 0..count {
        for second in first + 1..count {
            let mut call = case.call.clone();
            let (a, b) = (call.accounts[first].pubkey, call.accounts[second].pubkey);
            if a != b {
                call.accounts[first].pubkey = b;
                call.accounts[second].pubkey = a;
                attacks.push(Attack::new("accounts", "exchanged", call));
            }
        }
    }
}
