//! Numbers in JSON.

use std::str::FromStr;

use super::broken::Broken;

/// A number as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number<'a> {
    /// All of its bytes, which are ASCII.
    pub text: &'a [u8],
}

impl Number<'_> {
    /// The number, where it is written as a whole number and fits.
    #[inline]
    pub(crate) fn integer<T: FromStr>(&self) -> Option<T> {
        self.parse()
    }

    /// The nearest double; none where that is infinite.
    pub(crate) fn double(&self) -> Option<f64> {
        self.parse().filter(|double: &f64| double.is_finite())
    }

    /// The nearest float; none where that is infinite.
    pub(crate) fn float(&self) -> Option<f32> {
        // Not by way of a double: rounding twice may miss the nearest.
        self.parse().filter(|float: &f32| float.is_finite())
    }

    #[inline]
    fn parse<T: FromStr>(&self) -> Option<T> {
        std::str::from_utf8(self.text).ok()?.parse().ok()
    }
}

/// Finds the number that `text` begins with.
#[inline]
pub(crate) fn scan(text: &[u8]) -> Result<Number<'_>, Broken> {
    let whole = usize::from(text.first() == Some(&b'-'));
    let mut at = digits_end(text, whole)?;
    if text[whole] == b'0' && at > whole + 1 {
        return Err(Broken);
    }
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits_end(text, at + 1 + usize::from(signed))?;
    }
    Ok(Number { text: &text[..at] })
}

/// The end of the digits that begin at `start`, of which there must be one.
#[inline]
fn digits_end(text: &[u8], start: usize) -> Result<usize, Broken> {
    let rest = text.get(start..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return Err(Broken);
    }
    Ok(start + count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_numbers_of_the_grammar_are_read() {
        for text in [
            "", "-", "01", "-01", "00", ".5", "1.", "1.e3", "1e", "1e+", "+1", "x", "e5",
        ] {
            assert_eq!(scan(text.as_bytes()), Err(Broken), "{text}");
        }
        for (text, read) in [
            ("0", "0"),
            ("-0,", "-0"),
            ("12.50]", "12.50"),
            ("1E-7 ", "1E-7"),
        ] {
            assert_eq!(scan(text.as_bytes()).map(|n| n.text), Ok(read.as_bytes()));
        }
    }

    #[test]
    fn integers_end_where_64_bits_do() {
        let cases = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9223372036854775809", None),
            ("18446744073709551616", None),
            ("99999999999999999999999999", None),
            ("1.0", None),
            ("1e3", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                scan(text.as_bytes()).map(|n| n.integer::<i64>()),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn doubles_that_would_be_infinite_are_none() {
        for text in ["1e309", "-1e309", "1e99999999999999999999"] {
            assert_eq!(
                scan(text.as_bytes()).map(|n| n.double()),
                Ok(None),
                "{text}"
            );
        }
        assert_eq!(scan(b"1e39").map(|n| n.float()), Ok(None));
        assert_eq!(
            scan(b"0e99999999999999999999").map(|n| n.double()),
            Ok(Some(0.0))
        );
        assert_eq!(
            scan(b"1e-99999999999999999999").map(|n| n.double()),
            Ok(Some(0.0))
        );
    }

    proptest! {
        #[test]
        fn doubles_are_the_nearest(text in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?") {
            let number = scan(text.as_bytes()).map_err(|_| TestCaseError::fail("broken"))?;
            let expected: f64 = text.parse().map_err(|_| TestCaseError::fail("parse"))?;
            prop_assert_eq!(number.double().map(f64::to_bits), expected.is_finite().then_some(expected.to_bits()));
        }
    }
}
