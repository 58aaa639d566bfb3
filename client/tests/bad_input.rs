//! Input of any kind that is not what it should be: an error that says so, never
//! a panic.

#![allow(clippy::unwrap_used)]

use anchor_lang::Discriminator;
use lottery::{
    money::Holder as _,
    state::{Draw, Entry, Game, House, Jackpot, LAYOUT_VERSION, Lane, Treasury},
};
use lottery_client::{
    account::{self, DecodeError, Kind},
    gateway::{GatewayError, gateway_uri},
    keypair::{self, KeypairError},
    verify::Source,
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;

/// An account's bytes with a valid version.
fn bytes<T: Kind>(version_at: usize) -> Vec<u8> {
    let mut data = T::DISCRIMINATOR.to_vec();
    data.extend_from_slice(bytemuck::bytes_of(&T::zeroed()));
    data[8 + version_at] = LAYOUT_VERSION;
    data
}

fn check_kind<T: Kind>(version_at: usize) {
    let whole = bytes::<T>(version_at);
    assert!(account::decode::<T>(&lottery::ID, &whole).is_ok());
    let stranger = Pubkey::new_unique();
    assert_eq!(
        account::decode::<T>(&stranger, &whole).err(),
        Some(DecodeError::Owner(stranger))
    );
    for length in 0..whole.len() {
        assert!(account::decode::<T>(&lottery::ID, &whole[..length]).is_err());
        assert!(account::decode_any(&lottery::ID, &whole[..length]).is_err());
    }
    let mut long = whole.clone();
    long.push(0);
    assert!(matches!(
        account::decode::<T>(&lottery::ID, &long),
        Err(DecodeError::Length { .. })
    ));
    let mut newer = whole.clone();
    newer[8 + version_at] = LAYOUT_VERSION + 1;
    assert!(matches!(
        account::decode::<T>(&lottery::ID, &newer),
        Err(DecodeError::Version { .. })
    ));
    let mut other = whole;
    other[0] ^= 1;
    assert!(matches!(
        account::decode::<T>(&lottery::ID, &other),
        Err(DecodeError::WrongKind { .. })
    ));
    assert!(matches!(
        account::decode_any(&lottery::ID, &other),
        Err(DecodeError::Discriminator(_))
    ));
}

#[test]
fn accounts_are_checked_for_owner_kind_length_and_version() {
    check_kind::<House>(std::mem::offset_of!(House, version));
    check_kind::<Treasury>(std::mem::offset_of!(Treasury, version));
    check_kind::<Jackpot>(std::mem::offset_of!(Jackpot, version));
    check_kind::<Lane>(std::mem::offset_of!(Lane, version));
    check_kind::<Draw>(std::mem::offset_of!(Draw, version));
    check_kind::<Game>(std::mem::offset_of!(Game, version));
    check_kind::<Entry>(std::mem::offset_of!(Entry, version));
}

#[test]
fn games_that_no_instruction_writes_are_refused() {
    let mut data = bytes::<Game>(std::mem::offset_of!(Game, version));
    let status = 8 + std::mem::offset_of!(Game, status_and_flags);
    for bits in 5..8 {
        data[status] = bits;
        assert_eq!(
            account::decode::<Game>(&lottery::ID, &data).err(),
            Some(DecodeError::Status(bits))
        );
    }
    data[status] = 0;
    for field in [
        std::mem::offset_of!(Game, rounds),
        std::mem::offset_of!(Game, winners),
        std::mem::offset_of!(Game, rounds_settled),
    ] {
        let mut wrong = data.clone();
        wrong[8 + field] = 33;
        assert!(matches!(
            account::decode::<Game>(&lottery::ID, &wrong),
            Err(DecodeError::Rounds { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever decodes can be looked at in every way without a panic.
    #[test]
    fn decoded_games_never_panic(body in prop::collection::vec(any::<u8>(), size_of::<Game>()), ticket: u32) {
        let mut data = Game::DISCRIMINATOR.to_vec();
        data.extend_from_slice(&body);
        data[8 + std::mem::offset_of!(Game, version)] = LAYOUT_VERSION;
        let rounds = 8 + std::mem::offset_of!(Game, rounds);
        data[rounds] %= 9;
        data[rounds + 1] %= data[rounds] + 1;
        data[rounds + 2] %= 33;
        if let Ok(game) = account::decode::<Game>(&lottery::ID, &data) {
            let _ = game.owed();
            let _ = game.lamports_reserved();
            let _ = game.survivors(game.rounds);
            let _ = lottery::draw::fate(&game.rules(), game.seeds(), ticket);
            let _ = lottery_client::verify::winners(&game, &[]);
            let record = lottery_client::verify::Record {
                address: Pubkey::new_unique(),
                source: if ticket % 2 == 0 {
                    Source::Accounts
                } else {
                    Source::Ledger {
                        transactions: 1,
                        game_closed: true,
                    }
                },
                game,
                entries: Vec::new(),
                draws: Vec::new(),
                payments: Vec::new(),
            };
            let _ = lottery_client::verify::verify(&record).passed();
        }
    }

    #[test]
    fn random_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..1_000)) {
        let _ = account::decode_any(&lottery::ID, &data);
        let _ = gateway_uri(&data);
        let _ = lottery::switchboard::parse_randomness(&data);
        let _ = lottery::switchboard::parse_oracle(&data);
    }
}

#[test]
fn oracle_accounts_without_a_gateway_are_named() {
    assert!(matches!(
        gateway_uri(&[0; 100]),
        Err(GatewayError::OracleAccount)
    ));
}

#[test]
fn keypair_files_are_checked_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    assert!(matches!(
        keypair::read(&path),
        Err(KeypairError::Read { .. })
    ));
    for text in ["", "{}", "[1,2,3]", "[256]", "not json"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(
            keypair::read(&path),
            Err(KeypairError::Format { .. })
        ));
    }
    let mut mixed = solana_keypair::Keypair::new().to_bytes().to_vec();
    mixed[63] ^= 1;
    std::fs::write(&path, serde_json::to_string(&mixed).unwrap()).unwrap();
    let error = keypair::read(&path).unwrap_err();
    assert!(matches!(error, KeypairError::Mismatch { .. }));
}
