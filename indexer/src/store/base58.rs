//! Addresses as text. The same few houses, draws and games stand in row after row, and
//! their text costs more than everything else about a row, so the last ones are remembered.

use std::cell::RefCell;

use solana_pubkey::Pubkey;

/// Addresses remembered a thread; a power of two.
const PLACES: usize = 4_096;

thread_local! {
    /// Each in the place that its first bytes give: addresses are as good as random.
    static TEXTS: RefCell<Vec<(Pubkey, String)>> = const { RefCell::new(Vec::new()) };
}

fn place(address: &Pubkey) -> usize {
    let [first, second, ..] = address.to_bytes();
    usize::from(u16::from_le_bytes([first, second])) % PLACES
}

/// Appends an address.
pub fn push(out: &mut String, address: &Pubkey) {
    TEXTS.with_borrow_mut(|texts| {
        if texts.is_empty() {
            texts.resize_with(PLACES, || {
                let none = Pubkey::default();
                (none, none.to_string())
            });
        }
        match texts.get_mut(place(address)) {
            Some((known, text)) if known == address => out.push_str(text),
            Some(other) => {
                *other = (*address, address.to_string());
                out.push_str(&other.1);
            }
            None => out.push_str(&address.to_string()),
        }
    });
}

/// An address.
pub fn text(address: &Pubkey) -> String {
    let mut text = String::with_capacity(44);
    push(&mut text, address);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_one_place_do_not_take_each_other_s_text() {
        for round in 0..3 {
            for last in 0..=u8::MAX {
                let mut bytes = [last; 32];
                (bytes[0], bytes[1]) = (7, 0);
                let address = Pubkey::new_from_array(bytes);
                assert_eq!(text(&address), address.to_string(), "round {round}");
            }
        }
        assert_eq!(text(&Pubkey::default()), Pubkey::default().to_string());
    }
}
