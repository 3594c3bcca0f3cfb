//! Base62 with the alphabet `0-9A-Za-z`: it sorts as ASCII does, needs no escaping in a URL or a shell, and a
//! double click selects all of it.

/// The digits, in ASCII order.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many digits a 128-bit number takes when padded to a fixed width.
pub const WIDTH_128: usize = 22;

/// The value of one digit, or `None` for a character outside the alphabet.
#[must_use]
pub const fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'A'..=b'Z' => Some(c - b'A' + 10),
        b'a'..=b'z' => Some(c - b'a' + 36),
        _ => None,
    }
}

/// Writes `value` as `N` digits, most significant first. The caller picks an `N` that is wide enough.
#[must_use]
pub fn encode<const N: usize>(mut value: u128) -> [u8; N] {
    let mut out = [b'0'; N];
    for slot in out.iter_mut().rev() {
        // The remainder is below 62, so both the cast and the look-up are exact.
        *slot = ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0');
        value /= 62;
    }
    out
}

/// Reads digits written by [`encode`]. `None` for a foreign character or a number above 128 bits.
#[must_use]
pub fn decode(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, &c| value.checked_mul(62)?.checked_add(u128::from(digit(c)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_128_bit_number_survives_the_round_trip(value: u128) {
            prop_assert_eq!(decode(&encode::<WIDTH_128>(value)), Some(value));
        }

        #[test]
        fn text_order_is_number_order(a: u128, b: u128) {
            prop_assert_eq!(encode::<WIDTH_128>(a).cmp(&encode::<WIDTH_128>(b)), a.cmp(&b));
        }
    }

    #[test]
    fn a_number_above_128_bits_is_refused() {
        assert_eq!(decode(&[b'z'; WIDTH_128]), None);
    }
}
