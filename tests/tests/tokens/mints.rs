//! Which mints a house may play for.

use lottery::LotteryError;
use lottery_client::instruction::{self as ix, Token};
use lottery_tests::{
    refusal::{assert_fails, assert_refused},
    rules,
    tokens::{Currency, MintRules, PLAYER_TOKENS, SPL_TOKEN, TOKEN_2022, mint_authority},
    world::{Refusal, World},
};
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface::{
    extension::{ExtensionType as E, scaled_ui_amount},
    instruction as token_ix,
};
use spl_token_group_interface::instruction as group_ix;
use spl_token_metadata_interface::{instruction as metadata_ix, state::Field};

use crate::common::ten_tickets;

for_each_token! {
    mint_of_the_other_program
    not_a_mint
    uninitialised_mint
    token_program_without_a_mint
}

/// Creates a house that plays for this token.
fn found(world: &mut World, token: Token) -> Result<(), Refusal> {
    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    world
        .crank(ix::create_house(authority, 0, params, Some(token)))
        .map(drop)
}

fn refused(extensions: &[E], expected: LotteryError) {
    let mut world = World::without_house();
    let token = world
        .create_mint(&MintRules::token_2022(extensions))
        .unwrap();
    assert_refused(found(&mut world, token), expected);
}

#[test]
fn dangerous_extensions() {
    refused(&[E::TransferFeeConfig], LotteryError::MintTransferFee);
    refused(&[E::TransferHook], LotteryError::MintTransferHook);
    refused(&[E::PermanentDelegate], LotteryError::MintPermanentDelegate);
    refused(&[E::DefaultAccountState], LotteryError::MintDefaultFrozen);
    refused(&[E::NonTransferable], LotteryError::MintNonTransferable);
    refused(&[E::Pausable], LotteryError::MintPausable);
    refused(&[E::MintCloseAuthority], LotteryError::MintClosable);
}

#[test]
fn confidential_transfers() {
    let confidential = LotteryError::MintConfidential;
    refused(&[E::ConfidentialTransferMint], confidential);
    refused(
        &[E::ConfidentialTransferMint, E::ConfidentialMintBurn],
        confidential,
    );
    // Fees come with it, and are found first: refused for them.
    let fee = [
        E::TransferFeeConfig,
        E::ConfidentialTransferMint,
        E::ConfidentialTransferFeeConfig,
    ];
    refused(&fee, LotteryError::MintTransferFee);
    let fee = [
        E::ConfidentialTransferMint,
        E::ConfidentialTransferFeeConfig,
        E::TransferFeeConfig,
    ];
    refused(&fee, confidential);
}

#[test]
fn one_dangerous_extension_among_harmless_ones() {
    let extensions = [
        E::MetadataPointer,
        E::InterestBearingConfig,
        E::TransferHook,
        E::TokenMetadata,
    ];
    refused(&extensions, LotteryError::MintTransferHook);
}

/// The newest extension of the deployed Token-2022, which this program does not know:
/// burning needs a second signature (extension instruction 46, initialise 0).
#[test]
fn extension_that_came_later() {
    let mut world = World::without_house();
    let mint = Keypair::new_from_array([210; 32]);
    let authority = world.authority.insecure_clone();
    let (payer, mint_key) = (authority.pubkey(), mint.pubkey());
    let bytes = 165 + 1 + 4 + 32;
    let lamports = world.rent(bytes);
    let mut data = vec![46, 0];
    data.extend_from_slice(payer.as_ref());
    let instructions = [
        solana_system_interface::instruction::create_account(
            &payer,
            &mint_key,
            lamports,
            bytes as u64,
            &TOKEN_2022,
        ),
        Instruction {
            program_id: TOKEN_2022,
            accounts: vec![AccountMeta::new(mint_key, false)],
            data,
        },
        token_ix::initialize_mint2(&TOKEN_2022, &mint_key, &payer, None, 6).unwrap(),
    ];
    world.send(&instructions, &authority, &[&mint]).unwrap();
    let token = Token {
        mint: mint_key,
        program: TOKEN_2022,
    };
    assert_refused(found(&mut world, token), LotteryError::MintExtension);
}

/// Extensions of accounts do not belong in a mint, and numbers without a name nowhere.
#[test]
fn extension_without_a_name() {
    for kind in [E::MemoTransfer as u16, 999] {
        let mut world = World::without_house();
        let token = world
            .create_mint(&MintRules::token_2022(&[E::InterestBearingConfig]))
            .unwrap();
        world.corrupt(&token.mint, |account| {
            account.data[166..168].copy_from_slice(&kind.to_le_bytes());
        });
        assert_refused(found(&mut world, token), LotteryError::MintExtension);
    }
}

/// What changes only how amounts are shown or described: a game is played and paid.
#[test]
fn harmless_extensions() {
    let all = [
        vec![E::MetadataPointer, E::TokenMetadata],
        vec![E::GroupPointer, E::TokenGroup],
        vec![E::GroupMemberPointer],
        vec![E::InterestBearingConfig],
        vec![E::ScaledUiAmount],
        vec![
            E::MetadataPointer,
            E::GroupPointer,
            E::GroupMemberPointer,
            E::ScaledUiAmount,
            E::TokenMetadata,
            E::TokenGroup,
        ],
    ];
    for extensions in all {
        plays(&MintRules::token_2022(&extensions));
    }
}

#[test]
fn other_decimals_and_no_freeze_authority() {
    for program in [SPL_TOKEN, TOKEN_2022] {
        for decimals in [0, 18] {
            plays(&MintRules {
                decimals,
                freezable: false,
                ..MintRules::plain(program)
            });
        }
    }
}

/// A member of a group, which is another mint.
#[test]
fn member_of_a_group() {
    let mut world = World::without_house();
    let mut rules = MintRules::token_2022(&[E::GroupPointer, E::TokenGroup]);
    rules.seed = 202;
    let group = world.create_mint(&rules).unwrap();
    let token = world
        .create_mint(&MintRules::token_2022(&[E::GroupMemberPointer]))
        .unwrap();
    let issuer = mint_authority();
    let join = group_ix::initialize_member(
        &TOKEN_2022,
        &token.mint,
        &token.mint,
        &issuer.pubkey(),
        &group.mint,
        &issuer.pubkey(),
    );
    world.token_send(join, &issuer).unwrap();
    world.play_for(token);
    world.found_house(|params| rules::certain_hits(params, 10));
    plays_in(world);
}

/// What describes or scales a token may change, and the mint grow, at any time.
#[test]
fn descriptions_that_change_during_a_game() {
    let extensions = [E::MetadataPointer, E::ScaledUiAmount, E::TokenMetadata];
    let rules = MintRules::token_2022(&extensions);
    let mut world = World::with_mint(&rules, |_| ());
    let sold = world.sell(rules::game, &[10]);
    let (issuer, mint) = (mint_authority(), world.token().mint);
    let bytes = world.account(&mint).data.len();
    let field = Field::Key("note".into());
    let describe =
        metadata_ix::update_field(&TOKEN_2022, &mint, &issuer.pubkey(), field, "x".repeat(500));
    world.token_send(describe, &issuer).unwrap();
    assert!(world.account(&mint).data.len() > bytes + 500);
    let scale = scaled_ui_amount::instruction::update_multiplier(
        &TOKEN_2022,
        &mint,
        &issuer.pubkey(),
        &[],
        1e9,
        0,
    );
    world.token_send(scale.unwrap(), &issuer).unwrap();
    world.pass(3_600);
    world.play(&sold.game, 1).unwrap();
    world.claim_place(&sold.game, 0).unwrap();
    let player = sold.players[0].pubkey();
    assert_eq!(
        world.money_of(&player),
        PLAYER_TOKENS + 90_000_000 - 10 * rules::FEE
    );
    assert_eq!(world.held_by(&sold.game), 0);
}

/// A game of such a token goes through to its end.
fn plays(rules: &MintRules) {
    plays_in(World::with_mint(rules, |params| {
        rules::certain_hits(params, 10)
    }));
}

fn plays_in(mut world: World) {
    let sold = world.settled(ten_tickets, &[10]);
    let player = sold.players[0].pubkey();
    let before = world.money_of(&player);
    world.claim_place(&sold.game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    let awards = 900_000 + 1_600_000 + 1_500_000;
    assert_eq!(world.money_of(&player), before + 90_000_000 + awards);
    world.close_entry(&sold.entries[0]).unwrap();
    world.close_game(&sold.game).unwrap();
    assert!(world.is_gone(&sold.game));
}

fn mint_of_the_other_program(currency: Currency) {
    let mut world = World::without_house();
    let program = currency.program().unwrap();
    let mut token = world.create_mint(&MintRules::plain(program)).unwrap();
    token.program = if program == SPL_TOKEN {
        TOKEN_2022
    } else {
        SPL_TOKEN
    };
    assert_refused(found(&mut world, token), LotteryError::Mint);
}

/// A program that would do what it is told is no token program, nor is a mint that it
/// owns one.
#[test]
fn fake_token_program() {
    let mut world = World::without_house();
    let mut token = world.create_mint(&MintRules::spl_token()).unwrap();
    for program in [randomness_stand_in::ID, Pubkey::new_from_array([66; 32])] {
        token.program = program;
        assert_refused(found(&mut world, token), LotteryError::TokenProgram);
        world.corrupt(&token.mint, |mint| mint.owner = program);
        assert_refused(found(&mut world, token), LotteryError::TokenProgram);
        token.program = SPL_TOKEN;
        assert_refused(found(&mut world, token), LotteryError::Mint);
    }
}

fn not_a_mint(currency: Currency) {
    let mut world = World::without_house();
    let program = currency.program().unwrap();
    let token = world.create_mint(&MintRules::plain(program)).unwrap();
    world.token = Some(token);
    let wallet = Pubkey::new_from_array([77; 32]);
    let token_account = world.another_account(&wallet, 78);
    world.give_tokens(&wallet, 1_000);
    // Token accounts, a program, nothing at all.
    for mint in [
        token_account,
        world.tokens_of(&wallet),
        SPL_TOKEN,
        Pubkey::new_from_array([79; 32]),
        Pubkey::default(),
    ] {
        let refusal = found(&mut world, Token { mint, program });
        assert_refused(refusal, LotteryError::Mint);
    }
}

fn uninitialised_mint(currency: Currency) {
    let mut world = World::without_house();
    let program = currency.program().unwrap();
    let mint = Keypair::new_from_array([211; 32]);
    let authority = world.authority.insecure_clone();
    let lamports = world.rent(82);
    let create = solana_system_interface::instruction::create_account(
        &authority.pubkey(),
        &mint.pubkey(),
        lamports,
        82,
        &program,
    );
    world.send(&[create], &authority, &[&mint]).unwrap();
    let token = Token {
        mint: mint.pubkey(),
        program,
    };
    assert_refused(found(&mut world, token), LotteryError::Mint);
}

/// Then the house plays for native SOL, whatever else was given.
fn token_program_without_a_mint(currency: Currency) {
    let mut world = World::without_house();
    let token = world
        .create_mint(&MintRules::plain(currency.program().unwrap()))
        .unwrap();
    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    let mut create = ix::create_house(authority, 0, params, Some(token));
    let position = |address| {
        let mut accounts = create.accounts.iter();
        accounts.position(|meta| meta.pubkey == address).unwrap()
    };
    let (mint, program) = (position(token.mint), position(token.program));

    // An account that is left out is given as the program itself.
    let mut without_program = create.clone();
    without_program.accounts[program].pubkey = lottery::ID;
    let refusal = world.crank(without_program);
    assert_refused(refusal, LotteryError::TokenAccountsMissing);

    create.accounts[mint].pubkey = lottery::ID;
    world.crank(create).unwrap();
    world.house = lottery_client::address::house(&authority, 0);
    assert_eq!(world.house().mint, Pubkey::default());
    assert_eq!(world.treasury().vault, Pubkey::default());
}

/// A house, once created, plays for its token for ever: there is no instruction that
/// changes it, and creating the house again fails.
#[test]
fn no_second_house_at_the_same_address() {
    let mut world = World::in_currency(Currency::SplToken, |_| ());
    let token = world.create_mint(&MintRules {
        seed: 202,
        ..MintRules::spl_token()
    });
    let again = found(&mut world, token.unwrap());
    assert_fails(again, &InstructionError::Custom(0));
}
