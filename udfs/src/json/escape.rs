//! Escapes in JSON strings.

/// A string that UTF-8 cannot hold: half of a surrogate pair stands alone in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unrepresentable;

/// Appends `raw`, the bytes between the quotes of a well-formed string, with its escapes resolved.
/// On an error, part of it has been appended.
pub(crate) fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let plain = match rest.get(1) {
            Some(b'u') => {
                rest = append_unicode(rest, out)?;
                continue;
            }
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(&byte) => byte,
            None => return Err(Unrepresentable),
        };
        out.push(plain);
        rest = &rest[2..];
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// Appends the character of the `\uXXXX` or the pair of them that `rest` begins with, and returns
/// what follows.
fn append_unicode<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Unrepresentable> {
    let first = unit(rest).ok_or(Unrepresentable)?;
    let (code, length) = match first {
        0xD800..=0xDBFF => match rest.get(6..).and_then(unit) {
            Some(second @ 0xDC00..=0xDFFF) => {
                (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12)
            }
            _ => return Err(Unrepresentable),
        },
        code => (code, 6),
    };
    // Fails for the second half of a pair that stands alone.
    let character = char::from_u32(code).ok_or(Unrepresentable)?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(&rest[length..])
}

/// The UTF-16 unit of the `\uXXXX` that `text` begins with.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, &digit| {
        Some(unit * 16 + char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        let cases: &[(&str, Option<&str>)] = &[
            ("", Some("")),
            ("plain 文", Some("plain 文")),
            (r#"\"\\\/\b\f\n\r\t"#, Some("\"\\/\u{8}\u{c}\n\r\t")),
            (r"a\u0041\u00e9\u6587z", Some("aAé文z")),
            (r"\u0000", Some("\0")),
            (r"\uD83D\uDE00", Some("😀")),
            (r"\ud83d\ude00!", Some("😀!")),
            (r"\uDBFF\uDFFF", Some("\u{10FFFF}")),
            (r"\uD83D", None),
            (r"\uD83Dx", None),
            (r"\uD83D\n", None),
            (r"\uD83D\u0041", None),
            (r"\uD83D\uD83D\uDE00", None),
            (r"\uDE00", None),
        ];
        for (raw, expected) in cases {
            let mut out = Vec::new();
            let result = unescape(raw.as_bytes(), &mut out);
            match expected {
                Some(text) => {
                    assert_eq!(result, Ok(()), "{raw}");
                    assert_eq!(out, text.as_bytes(), "{raw}");
                }
                None => assert_eq!(result, Err(Unrepresentable), "{raw}"),
            }
        }
    }
}
