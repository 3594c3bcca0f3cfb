//! Whole numbers as JSON Schema means them.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

/// A whole number in a body: `12`, and `12.0` as well, which is an integer in JSON Schema, too (draft 2020-12,
/// validation, section 6.1.1). Programs whose language has one kind of numbers write it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole<T>(pub(super) T);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<T: TryFrom<i64>> de::Visitor<'_> for Reader<T> {
    type Value = Whole<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole<T>, E> {
        let outside = |_error| E::custom(format_args!("{number} is outside of what can be counted here"));
        T::try_from(number).map(Whole).map_err(outside)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole<T>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::custom(format_args!("{number} is outside of what can be counted here"))),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole<T>, E> {
        // Written without an exponent and a fraction, a number that is whole reads as one, if it is not too large.
        let whole = format!("{number:.0}").parse().ok().filter(|_| number.fract() == 0.0);
        match whole {
            Some(whole) => self.visit_i64(whole),
            None => Err(E::invalid_value(de::Unexpected::Float(number), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_read_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<Whole<u32>>(text).ok().map(|whole| whole.0);
        for (text, number) in
            [("0", 0), ("12", 12), ("12.0", 12), ("1.2e1", 12), ("4294967295.0", u32::MAX), ("-0.0", 0)]
        {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for bad in ["12.5", "-1", "-1.0", "4294967296", "1e300", "18446744073709551615", "\"12\"", "null", "true", "[]"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
