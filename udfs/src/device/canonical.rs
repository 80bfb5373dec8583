//! The canonical form of a device id: trimmed, in lower case, without `-`, `:`, `{` and `}`.

/// Appends the canonical form of `id`. The form of a form is itself.
#[inline]
pub(crate) fn append_canonical(id: &str, out: &mut Vec<u8>) {
    if !id.is_ascii() {
        return append_unusual(id, out);
    }
    let start = out.len();
    // White space is dropped at both ends once the punctuation is gone, so that `{ a }` is `a`.
    for byte in id.bytes() {
        let at_start = out.len() == start;
        if is_punctuation(byte.into()) || (at_start && is_ascii_space(byte)) {
            continue;
        }
        out.push(byte.to_ascii_lowercase());
    }
    while out.len() > start && out.last().copied().is_some_and(is_ascii_space) {
        out.pop();
    }
}

#[cold]
fn append_unusual(id: &str, out: &mut Vec<u8>) {
    let form: String = id
        .chars()
        .filter(|&c| !is_punctuation(c))
        .flat_map(char::to_lowercase)
        .collect();
    out.extend_from_slice(form.trim().as_bytes());
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '-' | ':' | '{' | '}')
}

/// White space as `str::trim` has it, as far as it is ASCII.
fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(id: &str) -> String {
        let mut out = Vec::new();
        append_canonical(id, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn ids_have_one_form() {
        let cases = [
            ("", ""),
            (" \t\n", ""),
            ("{-}", ""),
            (" ABC ", "abc"),
            (
                "{6F9619FF-8B86-D011-B42D-00C04FC964FF}",
                "6f9619ff8b86d011b42d00c04fc964ff",
            ),
            ("02:AB:cd:00:00:01", "02abcd000001"),
            ("{ a b }", "a b"),
            ("\u{3000}ÀÉ-Ü\u{a0}", "àéü"),
        ];
        for (id, expected) in cases {
            assert_eq!(canonical(id), expected, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(id in "\\PC{0,20}|[ \t:{}a-fA-F0-9-]{0,20}") {
            let form = canonical(&id);
            prop_assert_eq!(canonical(&form), form);
        }

        #[test]
        fn ascii_takes_no_other_way_than_the_rest(id in "[ -~\t\n\r]{0,20}") {
            let mut unusual = Vec::new();
            append_unusual(&id, &mut unusual);
            prop_assert_eq!(canonical(&id).into_bytes(), unusual);
        }
    }
}
