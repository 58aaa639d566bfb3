//! Making and closing accounts.

use anchor_lang::prelude::Address;
use randomness_stand_in::{
    addresses, client,
    layout::{self, OracleAccountData, QueueAccountData},
    StandInError,
};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use crate::world::*;

#[test]
fn discriminators_are_switchboards() {
    use anchor_lang::Discriminator as _;
    use randomness_stand_in::instruction::*;
    assert_eq!(
        RandomnessInit::DISCRIMINATOR,
        [9, 9, 204, 33, 50, 116, 113, 15]
    );
    assert_eq!(
        RandomnessCommit::DISCRIMINATOR,
        [52, 170, 152, 201, 179, 133, 242, 141]
    );
    assert_eq!(
        RandomnessReveal::DISCRIMINATOR,
        [197, 181, 187, 10, 30, 58, 20, 73]
    );
    assert_eq!(
        RandomnessClose::DISCRIMINATOR,
        [146, 101, 14, 74, 225, 246, 0, 156]
    );
}

#[test]
fn the_world_has_switchboards_layouts() {
    let world = World::new();
    let account = world.svm.get_account(&world.queue.pubkey()).unwrap();
    let queue: QueueAccountData = layout::parse(&account.data).unwrap();
    let keys: Vec<Address> = world
        .oracles
        .iter()
        .map(|oracle| oracle.account.pubkey())
        .collect();
    let stored: Vec<Address> = queue
        .oracle_keys()
        .iter()
        .map(|key| Address::new_from_array(key.to_bytes()))
        .collect();
    assert_eq!(stored, keys);

    let account = world.svm.get_account(&keys[1]).unwrap();
    let oracle: OracleAccountData = layout::parse(&account.data).unwrap();
    assert_eq!(
        oracle.gateway_uri().as_deref(),
        Some("http://127.0.0.1:9999/1")
    );
    assert_eq!(
        oracle.secp256k1_signer(),
        Some(public_key(&world.oracles[1].key))
    );
    assert_eq!(oracle.queue.to_bytes(), world.queue.pubkey().to_bytes());
    assert_eq!(oracle.enclave.valid_until, VALID_UNTIL);
    assert_eq!(
        (oracle.enclave.verification_status, oracle.is_on_queue),
        (4, 1)
    );
}

#[test]
fn init_creates_the_account_its_escrow_and_its_table() {
    let mut world = World::new();
    world.init().unwrap();
    let randomness = world.randomness.pubkey();

    let account = world.svm.get_account(&randomness).unwrap();
    assert_eq!(
        (account.data.len(), account.owner),
        (480, randomness_stand_in::ID)
    );
    assert_eq!(account.data[8..40], world.authority.pubkey().to_bytes());
    assert_eq!(account.data[40..72], world.queue.pubkey().to_bytes());
    assert_eq!(account.data[184..192], (SLOT - 1).to_le_bytes());

    let escrow = world
        .svm
        .get_account(&client::reward_escrow(&randomness))
        .unwrap();
    assert_eq!(escrow.owner, addresses::TOKEN_PROGRAM);
    assert_eq!(escrow.data[..32], addresses::WRAPPED_SOL.to_bytes());
    assert_eq!(escrow.data[32..64], randomness.to_bytes());

    let table = world
        .svm
        .get_account(&client::lut(&randomness, SLOT - 1))
        .unwrap();
    assert_eq!(table.owner, addresses::LOOKUP_TABLE_PROGRAM);
    assert_eq!(
        table.data[22..54],
        client::lut_signer(&randomness).to_bytes()
    );
}

#[test]
fn init_bears_lamports_sent_ahead() {
    let mut world = World::new();
    world
        .svm
        .airdrop(&world.randomness.pubkey(), 1_000_000)
        .unwrap();
    world.init().unwrap();
    assert_eq!(
        world.svm.get_balance(&world.randomness.pubkey()).unwrap(),
        world.rent(layout::RANDOMNESS_LEN)
    );
}

#[test]
fn init_is_done_once() {
    let mut world = World::new();
    world.init().unwrap();
    assert_refused(world.init(), StandInError::AlreadyInitialized);
}

#[test]
fn init_refuses_addresses_that_are_not_derived() {
    let mut world = World::new();
    let (randomness, authority) = (
        world.randomness.insecure_clone(),
        world.authority.insecure_clone(),
    );
    let ix = client::randomness_init(
        randomness.pubkey(),
        authority.pubkey(),
        world.payer.pubkey(),
        world.queue.pubkey(),
        SLOT - 1,
    );
    for (index, refusal) in [
        (1, StandInError::RewardEscrow),
        (3, StandInError::QueueAccount),
        (8, StandInError::WrappedSolMint),
        (9, StandInError::StateAccount),
        (10, StandInError::LookupTableSigner),
        (11, StandInError::LookupTable),
    ] {
        let mut ix = ix.clone();
        ix.accounts[index].pubkey = Address::new_from_array([9; 32]);
        let result = world.send(&[ix], &[&randomness, &authority]);
        assert_refused(result, refusal);
    }
}

#[test]
fn close_returns_the_rent() {
    let mut world = World::new();
    world.init().unwrap();
    let authority = world.authority.insecure_clone();
    let before = world.svm.get_balance(&authority.pubkey()).unwrap();
    let ix = client::randomness_close(world.randomness.pubkey(), authority.pubkey(), SLOT - 1);
    world.send(&[ix], &[&authority]).unwrap();
    let after = world.svm.get_balance(&authority.pubkey()).unwrap();
    assert_eq!(after - before, world.rent(layout::RANDOMNESS_LEN));
    assert!(world.svm.get_account(&world.randomness.pubkey()).is_none());
}

#[test]
fn a_heartbeat_lets_an_oracle_expire() {
    let mut world = World::new();
    let oracle = world.oracles[0].account.pubkey();
    let beat = |until| client::oracle_heartbeat(oracle, world.payer.pubkey(), until);
    let (expire, keep) = (beat(Some(5)), beat(None));
    world.send(&[expire], &[]).unwrap();
    world.send(&[keep], &[]).unwrap();
    let data = world.svm.get_account(&oracle).unwrap().data;
    let stored: OracleAccountData = layout::parse(&data).unwrap();
    assert_eq!(stored.enclave.valid_until, 5);

    let stranger = world.authority.insecure_clone();
    let ix = client::oracle_heartbeat(oracle, stranger.pubkey(), None);
    let result = world.send(&[ix], &[&stranger]);
    assert_refused(result, StandInError::WrongAuthority);
}

#[test]
fn only_the_queues_authority_adds_oracles() {
    let mut world = World::new();
    let stranger = world.authority.insecure_clone();
    let account = Keypair::new();
    let rent = world.rent(layout::ORACLE_LEN);
    let new = client::NewOracle {
        secp256k1_key: [1; 64],
        gateway_uri: [0; 64],
        valid_until: VALID_UNTIL,
    };
    let ixs = [
        client::allocate::<OracleAccountData>(&world.payer.pubkey(), &account.pubkey(), rent),
        client::oracle_init(
            account.pubkey(),
            world.queue.pubkey(),
            stranger.pubkey(),
            &new,
        ),
    ];
    let result = world.send(&ixs, &[&account, &stranger]);
    assert_refused_at(1, result, StandInError::WrongAuthority);
}

#[test]
fn a_refusals_code_is_what_the_program_returns() {
    use anchor_lang::prelude::ProgramError;
    for refusal in [StandInError::RandomnessAccount, StandInError::Overflow] {
        let code = refusal.code();
        assert_eq!(ProgramError::from(refusal), ProgramError::Custom(code));
    }
}
