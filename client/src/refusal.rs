//! What a batch's return data says of its operations.

use std::fmt;

use lottery::LotteryError;
use solana_instruction::error::InstructionError;

/// Codes up to here are numbers of builtin errors, not a program's own: those of the
/// lottery program start at 7000, Switchboard's at 6000, Anchor's at 100.
const LAST_BUILTIN: u32 = 99;

/// Why an operation of a batch was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: u32,
}

impl Refusal {
    /// As the error of a transaction that holds nothing but this operation.
    pub fn instruction_error(self) -> InstructionError {
        if self.code <= LAST_BUILTIN {
            InstructionError::from(u64::from(self.code) << 32)
        } else {
            InstructionError::Custom(self.code)
        }
    }

    /// The program's own error, if that is what refused.
    pub fn lottery_error(self) -> Option<LotteryError> {
        LotteryError::from_code(self.code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lottery_error() {
            Some(ours) => write!(f, "{ours:?} (custom program error: {:#x})", self.code),
            None => self.instruction_error().fmt(f),
        }
    }
}

/// What became of each operation of a batch, from its return data: `None` where it
/// was done. `None` altogether when these are not `operations` results.
pub fn results(return_data: &[u8], operations: usize) -> Option<Vec<Option<Refusal>>> {
    if return_data.len() != operations.checked_mul(4)? {
        return None;
    }
    let codes = return_data.chunks_exact(4).map(|code| {
        let code = u32::from_le_bytes(code.try_into().ok()?);
        Some((code != 0).then_some(Refusal { code }))
    });
    codes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_as_a_transaction_would_name_them() {
        let codes = [0, LotteryError::TokenAccountFrozen.code(), 7, 3_002];
        let data: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
        assert_eq!(results(&data, 3), None);
        let found = results(&data, 4).unwrap_or_default();
        let names: Vec<String> = found
            .iter()
            .map(|result| result.map_or_else(String::new, |refusal| refusal.to_string()))
            .collect();
        assert_eq!(names[0], "");
        assert!(names[1].starts_with("TokenAccountFrozen ("), "{names:?}");
        let errors: Vec<_> = found
            .iter()
            .flatten()
            .map(|refusal| refusal.instruction_error())
            .collect();
        assert_eq!(errors[1], InstructionError::IncorrectProgramId);
        assert_eq!(errors[2], InstructionError::Custom(3_002));
    }
}
