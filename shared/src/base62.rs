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

/// How many digits fit into 64 bits with room to spare.
const LIMB_DIGITS: usize = 10;
/// 62 to the power of [`LIMB_DIGITS`].
const LIMB: u64 = 62_u64.pow(10);

/// Writes `value` as `N` digits, most significant first. The caller picks an `N` that is wide enough.
///
/// Ten digits at a time in 64-bit arithmetic: dividing 128-bit numbers digit by digit took 0.6 µs for an id, longer than
/// a verification.
#[must_use]
pub fn encode<const N: usize>(mut value: u128) -> [u8; N] {
    let mut out = [b'0'; N];
    for digits in out.rchunks_mut(LIMB_DIGITS) {
        // The remainder is below LIMB and a digit below 62, so all casts are exact.
        let mut limb = if let Ok(small) = u64::try_from(value) {
            value = u128::from(small / LIMB);
            small % LIMB
        } else {
            let limb = (value % u128::from(LIMB)) as u64;
            value /= u128::from(LIMB);
            limb
        };
        for slot in digits.iter_mut().rev() {
            *slot = ALPHABET.get((limb % 62) as usize).copied().unwrap_or(b'0');
            limb /= 62;
        }
    }
    out
}

/// Reads digits written by [`encode`]. `None` for a foreign character or a number above 128 bits.
#[must_use]
pub fn decode(digits: &[u8]) -> Option<u128> {
    digits.chunks(LIMB_DIGITS).try_fold(0_u128, |value, chunk| {
        let (limb, scale) = chunk.iter().try_fold((0_u64, 1_u64), |(limb, scale), c| {
            // Ten digits stay below 2^60.
            Some((limb * 62 + u64::from(digit(*c)?), scale * 62))
        })?;
        value.checked_mul(u128::from(scale))?.checked_add(u128::from(limb))
    })
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
