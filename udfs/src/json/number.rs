//! Numbers in JSON.

use super::reader::Broken;

/// A number as it stands in the text, half-way read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number<'a> {
    /// All of its bytes, which are ASCII.
    pub text: &'a [u8],
    negative: bool,
    /// All digits before the exponent as one whole number; none if it has more than 64 bits.
    digits: Option<u64>,
    /// The power of ten that `digits` is to be multiplied by; none for a whole number, which has
    /// neither a fraction nor an exponent.
    scale: Option<i32>,
}

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Whole numbers up to here are exact in a double.
const EXACT_MAX: u64 = 1 << 53;

impl Number<'_> {
    /// The number, where it is written as a whole number and fits.
    #[inline]
    pub(crate) fn integer(&self) -> Option<i64> {
        let digits = self.digits?;
        if self.scale.is_some() {
            return None;
        }
        if self.negative {
            0_i64.checked_sub_unsigned(digits)
        } else {
            i64::try_from(digits).ok()
        }
    }

    /// The nearest double; none where that is infinite.
    pub(crate) fn double(&self) -> Option<f64> {
        self.exact_double()
            .or_else(|| std::str::from_utf8(self.text).ok()?.parse().ok())
            .filter(|double: &f64| double.is_finite())
    }

    /// The nearest float; none where that is infinite.
    pub(crate) fn float(&self) -> Option<f32> {
        // Not by way of a double: rounding twice may miss the nearest.
        let float: f32 = std::str::from_utf8(self.text).ok()?.parse().ok()?;
        float.is_finite().then_some(float)
    }

    /// The double, where both factors are exact, so that one rounding gives the nearest.
    #[inline]
    fn exact_double(&self) -> Option<f64> {
        let digits = self.digits.filter(|&digits| digits <= EXACT_MAX)? as f64;
        let scale = self.scale.unwrap_or(0);
        let power = *POWERS.get(scale.unsigned_abs() as usize)?;
        let double = if scale < 0 {
            digits / power
        } else {
            digits * power
        };
        Some(if self.negative { -double } else { double })
    }
}

/// Reads the number that `text` begins with.
#[inline]
pub(crate) fn scan(text: &[u8]) -> Result<Number<'_>, Broken> {
    let negative = text.first() == Some(&b'-');
    let whole = usize::from(negative);
    let (mut digits, mut at) = scan_digits(text, whole, Some(0));
    if at == whole || (text[whole] == b'0' && at > whole + 1) {
        return Err(Broken);
    }
    let mut scale = None;
    if text.get(at) == Some(&b'.') {
        let start = at + 1;
        (digits, at) = scan_digits(text, start, digits);
        if at == start {
            return Err(Broken);
        }
        scale = Some(i32::try_from(at - start).map_or(i32::MIN, |count| -count));
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let (exponent, end) = scan_exponent(text, at + 1)?;
        scale = Some(scale.unwrap_or(0).saturating_add(exponent));
        at = end;
    }
    Ok(Number {
        text: &text[..at],
        negative,
        digits,
        scale,
    })
}

#[inline]
fn scan_digits(text: &[u8], mut at: usize, mut digits: Option<u64>) -> (Option<u64>, usize) {
    while let Some(&byte @ b'0'..=b'9') = text.get(at) {
        digits =
            digits.and_then(|digits| digits.checked_mul(10)?.checked_add(u64::from(byte - b'0')));
        at += 1;
    }
    (digits, at)
}

fn scan_exponent(text: &[u8], mut at: usize) -> Result<(i32, usize), Broken> {
    let negative = text.get(at) == Some(&b'-');
    if let Some(b'+' | b'-') = text.get(at) {
        at += 1;
    }
    let (digits, end) = scan_digits(text, at, Some(0));
    if end == at {
        return Err(Broken);
    }
    let exponent = digits
        .and_then(|digits| i32::try_from(digits).ok())
        .unwrap_or(i32::MAX);
    Ok((if negative { -exponent } else { exponent }, end))
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
                scan(text.as_bytes()).map(|n| n.integer()),
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
