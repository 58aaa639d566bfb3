//! What may succeed, and why it harms nobody; what may be refused late, and why that
//! is no accident. Anything else fails the test.

use lottery::LotteryError;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

use super::{attack::Attack, late::LATE, reasons::HARMLESS};

/// What an attack on this list may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What the honest call does, to the byte.
    Same,
    /// The same with one name for another.
    Renamed,
    /// Less than the honest call does.
    Partial,
    /// Something else, which those who sign ask for.
    Willed,
}

impl Effect {
    /// From the strictest.
    pub const ALL: [Self; 4] = [Self::Same, Self::Renamed, Self::Partial, Self::Willed];
}

/// Attacks that are not refused: in which calls (`Case::variant`), where, of what kind.
/// A `*` at the end of a pattern stands for any ending.
#[derive(Debug)]
pub struct Harmless {
    pub calls: &'static [&'static str],
    pub positions: &'static [&'static str],
    pub kinds: &'static [&'static str],
    pub effect: Effect,
    pub because: &'static str,
}

/// Attacks that the runtime stops, or another program, or the last check.
#[derive(Debug)]
pub struct Late {
    pub calls: &'static [&'static str],
    pub positions: &'static [&'static str],
    pub kinds: &'static [&'static str],
    pub error: &'static str,
    pub because: &'static str,
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

fn any(patterns: &[&str], text: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, text))
}

/// The first reason why this attack may succeed, with an effect that it has.
pub fn harmless(call: &str, attack: &Attack, has_effect: impl Fn(Effect) -> bool) -> Option<usize> {
    HARMLESS.iter().position(|reason| {
        any(reason.calls, call)
            && any(reason.positions, &attack.position)
            && any(reason.kinds, &attack.kind)
            && has_effect(reason.effect)
    })
}

/// The first reason why this attack may be refused late.
pub fn late(call: &str, attack: &Attack, class: &str) -> Option<usize> {
    LATE.iter().position(|reason| {
        any(reason.calls, call)
            && any(reason.positions, &attack.position)
            && any(reason.kinds, &attack.kind)
            && fits(reason.error, class)
    })
}

/// Whether an error says that a program was on its way to something wrong.
pub fn is_late(error: &TransactionError) -> bool {
    use InstructionError as E;
    let TransactionError::InstructionError(_, error) = error else {
        return true;
    };
    match error {
        E::Custom(code) => matches!(
            LotteryError::from_code(*code),
            Some(LotteryError::Insolvent | LotteryError::Overflow)
        ),
        E::ProgramFailedToComplete
        | E::ComputationalBudgetExceeded
        | E::UnbalancedInstruction
        | E::ExternalAccountLamportSpend
        | E::ExternalAccountDataModified
        | E::ReadonlyLamportChange
        | E::ReadonlyDataModified
        | E::ExecutableLamportChange
        | E::ExecutableDataModified
        | E::ModifiedProgramId
        | E::PrivilegeEscalation
        | E::RentEpochModified
        | E::AccountDataSizeChanged
        | E::ArithmeticOverflow => true,
        _ => false,
    }
}

/// An error in words.
pub fn class(error: &TransactionError) -> String {
    let TransactionError::InstructionError(_, error) = error else {
        let text = format!("{error:?}");
        let name = text.split([' ', '(', '{']).next().unwrap_or_default();
        return format!("runtime: transaction {name}");
    };
    let InstructionError::Custom(code) = error else {
        return format!("runtime or Anchor: {error:?}");
    };
    match (LotteryError::from_code(*code), code) {
        (Some(error), _) => format!("lottery: {error:?}"),
        (None, 2_000..3_000) => format!("Anchor: {code}"),
        (None, 9_000..) => format!("Switchboard: {code}"),
        _ => format!("token or System program: {code}"),
    }
}
