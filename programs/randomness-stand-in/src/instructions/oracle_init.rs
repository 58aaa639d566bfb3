use anchor_lang::prelude::*;

use crate::{
    layout::{self, OracleAccountData, QueueAccountData, ATTESTED},
    StandInError,
};

/// As with the queue, the client allocates the oracle account in the same transaction.
#[derive(Accounts)]
pub struct OracleInit {
    #[account(mut)]
    pub oracle: Signer,
    #[account(mut)]
    pub queue: UncheckedAccount,
    /// The queue's authority, who becomes the oracle's.
    pub authority: Signer,
}

impl OracleInit {
    #[inline(never)]
    pub fn handle(
        &mut self,
        secp256k1_key: &[u8; 64],
        gateway_uri: &[u8; 64],
        valid_until: i64,
    ) -> Result<()> {
        require_uri(gateway_uri)?;
        self.join_queue()?;
        self.fill_oracle(secp256k1_key, gateway_uri, valid_until)
    }

    #[inline(always)]
    fn join_queue(&self) -> Result<()> {
        let oracle = layout::key(self.oracle.address());
        layout::write::<QueueAccountData>(self.queue.account(), |queue| {
            require!(
                layout::same(&queue.authority, self.authority.address()),
                StandInError::WrongAuthority
            );
            let place = usize::try_from(queue.oracle_keys_len)
                .ok()
                .and_then(|taken| queue.oracle_keys.get_mut(taken));
            let Some(place) = place else {
                return Err(StandInError::QueueFull.into());
            };
            *place = oracle;
            queue.oracle_keys_len = queue.oracle_keys_len.saturating_add(1);
            Ok(())
        })
    }

    #[inline(always)]
    fn fill_oracle(
        &self,
        secp256k1_key: &[u8; 64],
        gateway_uri: &[u8; 64],
        valid_until: i64,
    ) -> Result<()> {
        let now = crate::instructions::clock()?.unix_timestamp;
        layout::create::<OracleAccountData>(self.oracle.account(), |oracle| {
            oracle.enclave.verification_status = ATTESTED;
            oracle.enclave.verification_timestamp = now;
            oracle.enclave.valid_until = valid_until;
            oracle.enclave.secp256k1_signer = *secp256k1_key;
            oracle.authority = layout::key(self.authority.address());
            oracle.queue = layout::key(self.queue.address());
            oracle.created_at = now;
            oracle.last_heartbeat = now;
            oracle.secp_authority = *secp256k1_key;
            oracle.gateway_uri = *gateway_uri;
            oracle.is_on_queue = 1;
            oracle.operator = layout::key(self.authority.address());
            Ok(())
        })
    }
}

/// Readers take the address up to the first zero byte.
#[inline(always)]
fn require_uri(uri: &[u8; 64]) -> Result<()> {
    let mut bytes = uri.iter().skip_while(|byte| byte.is_ascii_graphic());
    require!(bytes.all(|byte| *byte == 0), StandInError::GatewayUri);
    Ok(())
}
