//! The patterns that drivers name schemas and tables by.

/// Whether a name matches a pattern: `%` stands for anything, `_` for one character, and a
/// backslash takes the next character as it is. No pattern matches everything. Case counts.
pub(crate) fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let pattern = parts(pattern);
    let name: Vec<char> = name.chars().collect();
    // Where the last % stood, and how much of the name it has taken.
    let mut retry: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        match pattern.get(p) {
            Some(Part::Any) => {
                retry = Some((p, n));
                p += 1;
            }
            Some(Part::One) => (p, n) = (p + 1, n + 1),
            Some(Part::Exactly(c)) if *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match retry {
                Some((at, taken)) => {
                    retry = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| matches!(part, Part::Any))
}

/// Whether a catalog is meant: by its name; `%` means all, which some tools send.
pub(crate) fn is_catalog(given: Option<&str>, name: &str) -> bool {
    given.is_none_or(|given| given == "%" || given == name)
}

enum Part {
    Any,
    One,
    Exactly(char),
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Exactly(chars.next().unwrap_or('\\')),
            c => Part::Exactly(c),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_like_does() {
        for (pattern, name, expected) in [
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("t_1", "t_1", true),
            ("t_1", "tx1", true),
            ("t\\_1", "tx1", false),
            ("t\\_1", "t_1", true),
            ("new%", "new_users_hourly", true),
            ("%users%ly", "new_users_hourly", true),
            ("%users", "new_users_hourly", false),
            ("a%b%c", "aXbYbZc", true),
            ("Events", "events", false),
            ("_", "é", true),
            ("a\\", "a\\", true),
        ] {
            assert_eq!(matches(Some(pattern), name), expected, "{pattern} {name}");
        }
        assert!(matches(None, "anything"));
        assert!(is_catalog(None, "c") && is_catalog(Some("%"), "c") && is_catalog(Some("c"), "c"));
        assert!(!is_catalog(Some(""), "c"));
    }
}
