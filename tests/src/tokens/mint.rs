//! Mints, with any extension that Token-2022 has.

use lottery_client::instruction::Token;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction::create_account;
use spl_token_2022_interface::{
    extension::{
        ExtensionType, confidential_mint_burn, confidential_transfer, confidential_transfer_fee,
        default_account_state, group_member_pointer, group_pointer, interest_bearing_mint,
        metadata_pointer, pausable, scaled_ui_amount, transfer_fee, transfer_hook,
    },
    instruction as token_ix,
    state::{AccountState, Mint},
};

use spl_token_group_interface::instruction as group_ix;
use spl_token_metadata_interface::instruction as metadata_ix;

use super::{SPL_TOKEN, TOKEN_2022, freeze_authority, mint_authority};
use crate::{
    refusal::Refusal,
    world::{SOL, World},
};

/// What a mint is made of.
#[derive(Clone, Debug)]
pub struct MintRules {
    pub program: Pubkey,
    pub decimals: u8,
    /// Whether there is a freeze authority.
    pub freezable: bool,
    /// Of Token-2022.
    pub extensions: Vec<ExtensionType>,
    /// Tells the mints of a world apart.
    pub seed: u8,
}

impl MintRules {
    /// Six decimals and a freeze authority, as USDC has, and no extensions.
    pub fn plain(program: Pubkey) -> Self {
        Self {
            program,
            decimals: 6,
            freezable: true,
            extensions: Vec::new(),
            seed: 201,
        }
    }

    pub fn spl_token() -> Self {
        Self::plain(SPL_TOKEN)
    }

    /// Of Token-2022 with these extensions.
    pub fn token_2022(extensions: &[ExtensionType]) -> Self {
        Self {
            extensions: extensions.to_vec(),
            ..Self::plain(TOKEN_2022)
        }
    }
}

impl World {
    /// Creates a mint. A failure is the token program's.
    pub fn create_mint(&mut self, rules: &MintRules) -> Result<Token, Refusal> {
        let MintRules { program, .. } = *rules;
        let mint = Keypair::new_from_array([rules.seed; 32]);
        let (address, minter) = (mint.pubkey(), mint_authority());
        let freezer = freeze_authority().pubkey();
        let authority = self.authority.insecure_clone();
        let (before, after): (Vec<_>, Vec<_>) = rules
            .extensions
            .iter()
            .partition(|extension| !is_added_later(**extension));
        let bytes = ExtensionType::try_calculate_account_len::<Mint>(&before).unwrap();
        let mut instructions = vec![create_account(
            &authority.pubkey(),
            &address,
            // Enough for what is added later too.
            SOL,
            bytes as u64,
            &program,
        )];
        instructions.extend(before.into_iter().map(|e| extend(e, &program, &address)));
        instructions.push(
            token_ix::initialize_mint2(
                &program,
                &address,
                &minter.pubkey(),
                rules.freezable.then_some(&freezer),
                rules.decimals,
            )
            .unwrap(),
        );
        instructions.extend(after.into_iter().map(|e| add_later(e, &program, &address)));
        let mut signers = vec![&mint];
        if instructions
            .iter()
            .any(|instruction| signs(instruction, &minter))
        {
            signers.push(&minter);
        }
        self.send(&instructions, &authority, &signers)?;
        Ok(Token {
            mint: address,
            program,
        })
    }
}

fn signs(instruction: &Instruction, key: &Keypair) -> bool {
    let mut accounts = instruction.accounts.iter();
    accounts.any(|meta| meta.is_signer && meta.pubkey == key.pubkey())
}

/// Extensions that a mint gets once it is initialised; all others come before.
fn is_added_later(extension: ExtensionType) -> bool {
    matches!(
        extension,
        ExtensionType::TokenMetadata | ExtensionType::TokenGroup
    )
}

/// Gives an uninitialised mint an extension; every power that comes with it is the
/// mint authority's.
fn extend(extension: ExtensionType, program: &Pubkey, mint: &Pubkey) -> Instruction {
    use ExtensionType as E;
    let issuer = mint_authority().pubkey();
    let power = Some(issuer);
    match extension {
        E::TransferFeeConfig => transfer_fee::instruction::initialize_transfer_fee_config(
            program,
            mint,
            Some(&issuer),
            Some(&issuer),
            0,
            0,
        ),
        E::TransferHook => transfer_hook::instruction::initialize(program, mint, power, None),
        E::PermanentDelegate => token_ix::initialize_permanent_delegate(program, mint, &issuer),
        E::DefaultAccountState => {
            default_account_state::instruction::initialize_default_account_state(
                program,
                mint,
                &AccountState::Initialized,
            )
        }
        E::ConfidentialTransferMint => {
            confidential_transfer::instruction::initialize_mint(program, mint, power, true, None)
        }
        E::ConfidentialTransferFeeConfig => {
            confidential_transfer_fee::instruction::initialize_confidential_transfer_fee_config(
                program,
                mint,
                power,
                &Default::default(),
            )
        }
        E::ConfidentialMintBurn => confidential_mint_burn::instruction::initialize_mint(
            program,
            mint,
            &Default::default(),
            &Default::default(),
        ),
        E::NonTransferable => token_ix::initialize_non_transferable_mint(program, mint),
        E::Pausable => pausable::instruction::initialize(program, mint, &issuer),
        E::MintCloseAuthority => {
            token_ix::initialize_mint_close_authority(program, mint, Some(&issuer))
        }
        E::MetadataPointer => {
            metadata_pointer::instruction::initialize(program, mint, power, Some(*mint))
        }
        E::GroupPointer => {
            group_pointer::instruction::initialize(program, mint, power, Some(*mint))
        }
        E::GroupMemberPointer => {
            group_member_pointer::instruction::initialize(program, mint, power, Some(*mint))
        }
        E::InterestBearingConfig => {
            interest_bearing_mint::instruction::initialize(program, mint, power, 500)
        }
        E::ScaledUiAmount => scaled_ui_amount::instruction::initialize(program, mint, power, 2.0),
        other => panic!("{other:?} is not a mint's"),
    }
    .unwrap()
}

/// Gives a mint an extension that is described in the mint itself.
fn add_later(extension: ExtensionType, program: &Pubkey, mint: &Pubkey) -> Instruction {
    let issuer = mint_authority().pubkey();
    match extension {
        ExtensionType::TokenMetadata => metadata_ix::initialize(
            program,
            mint,
            &issuer,
            mint,
            &issuer,
            "Ticket".into(),
            "TIX".into(),
            "https://example.com/tix.json".into(),
        ),
        ExtensionType::TokenGroup => {
            group_ix::initialize_group(program, mint, mint, &issuer, Some(issuer), 10)
        }
        other => panic!("{other:?} comes before the mint is initialised"),
    }
}
