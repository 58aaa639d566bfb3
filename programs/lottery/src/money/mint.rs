use anchor_lang::{create_account_signed, find_and_verify_program_address, prelude::*};
use spl_token_2022_interface::{
    extension::{BaseStateWithExtensions as _, ExtensionType, PodStateWithExtensions},
    pod::PodMint,
};

use super::{Currency, TOKEN_ACCOUNT_LEN};
use crate::{error::LotteryError, seeds};

/// Refuses a mint by which somebody could take, hold back or hide what a vault
/// holds, or make a transfer arrive short. What is admitted changes only how
/// amounts are shown or described. No mint can get another extension later that
/// changes this, except a mint that is closed and made anew, so one that can be
/// closed is refused too.
///
/// A freeze authority is admitted (USDC has one): see "Tokens" in
/// `docs/protocol.md` for what it can and cannot do.
#[inline(never)]
pub fn require_admissible(mint: &AccountView) -> Result<()> {
    let data = mint.try_borrow()?;
    let state = PodStateWithExtensions::<PodMint>::unpack(&data).map_err(|_| LotteryError::Mint)?;
    // Fails for a number without a name: an extension that came after this program.
    let extensions = state
        .get_extension_types()
        .map_err(|_| LotteryError::MintExtension)?;
    for extension in extensions {
        if let Some(refusal) = refusal(extension) {
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// Why a mint with this extension is refused, if it is.
fn refusal(extension: ExtensionType) -> Option<LotteryError> {
    use ExtensionType as E;
    Some(match extension {
        E::MetadataPointer
        | E::TokenMetadata
        | E::GroupPointer
        | E::TokenGroup
        | E::GroupMemberPointer
        | E::TokenGroupMember
        | E::InterestBearingConfig
        | E::ScaledUiAmount => return None,
        E::TransferFeeConfig => LotteryError::MintTransferFee,
        E::TransferHook => LotteryError::MintTransferHook,
        E::PermanentDelegate => LotteryError::MintPermanentDelegate,
        E::DefaultAccountState => LotteryError::MintDefaultFrozen,
        E::ConfidentialTransferMint
        | E::ConfidentialTransferFeeConfig
        | E::ConfidentialMintBurn => LotteryError::MintConfidential,
        E::NonTransferable => LotteryError::MintNonTransferable,
        E::Pausable => LotteryError::MintPausable,
        E::MintCloseAuthority => LotteryError::MintClosable,
        _ => LotteryError::MintExtension,
    })
}

/// Creates the vault of a holder of this currency and returns its address; nothing,
/// and the zero address, for native SOL.
#[inline(never)]
pub fn create_vault(
    currency: &Currency,
    payer: &AccountView,
    vault: Option<&AccountView>,
    holder: &Address,
) -> Result<Address> {
    let Some(program) = currency.program() else {
        return Ok(Address::default());
    };
    let vault = vault.ok_or(LotteryError::TokenAccountsMissing)?;
    require!(vault.is_writable(), ErrorCode::ConstraintMut);
    let seeds: [&[u8]; 2] = [seeds::VAULT, holder.as_ref()];
    let bump = find_and_verify_program_address(&seeds, &crate::ID, vault.address())
        .map_err(|_| LotteryError::ForeignVault)?;
    create_account_signed(
        payer,
        vault,
        TOKEN_ACCOUNT_LEN,
        program,
        &[seeds::VAULT, holder.as_ref(), &[bump]],
    )?;
    currency.initialize_vault(vault, holder)?;
    Ok(*vault.address())
}
