//! The bytes that each element of a JSON array stands for.

use std::ops::Range;

use crate::json::broken::Broken;
use crate::json::reader::Reader;

/// Replaces `slices` by the place of each element in `body`, from its first to its last byte.
/// On an error, `body` is not a JSON array, and `slices` means nothing.
pub(crate) fn element_slices(body: &[u8], slices: &mut Vec<Range<usize>>) -> Result<(), Broken> {
    slices.clear();
    let mut reader = Reader::new(body);
    if reader.peek()? != b'[' {
        return Err(Broken);
    }
    reader.enter()?;
    if !reader.take(b']')? {
        loop {
            reader.peek()?;
            let start = reader.at();
            reader.skip_value()?;
            slices.push(start..reader.at());
            if !reader.take(b',')? {
                break;
            }
        }
        reader.expect(b']')?;
    }
    reader.end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slices(body: &str) -> Option<Vec<&str>> {
        let mut slices = Vec::new();
        element_slices(body.as_bytes(), &mut slices).ok()?;
        Some(slices.into_iter().map(|slice| &body[slice]).collect())
    }

    #[test]
    fn elements_are_cut_from_first_to_last_byte() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("[]", Some(&[])),
            (" [ 1 ] ", Some(&["1"])),
            (
                r#"[{"a":"],["} , [1, 2] ,"\"," ]"#,
                Some(&[r#"{"a":"],["}"#, "[1, 2]", r#""\",""#]),
            ),
            ("{}", None),
            ("[1,]", None),
            ("[1", None),
            ("[1] x", None),
            ("", None),
        ];
        for (body, expected) in cases {
            assert_eq!(slices(body).as_deref(), *expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn elements_and_separators_make_up_the_body(
            elements in prop::collection::vec("[0-9]|\"[a-z,\\[\\]{}]{0,9}\"|\\{\"k\": ?[1-9]\\}|\\[1, 2\\]", 1..9),
            space in "[ \t\r\n]{0,2}",
        ) {
            let body = format!("[{}]", elements.iter().map(|e| format!("{space}{e}{space}")).collect::<Vec<_>>().join(","));
            prop_assert_eq!(slices(&body), Some(elements.iter().map(String::as_str).collect()));
        }
    }
}
