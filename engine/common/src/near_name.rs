//! The known name that a mistyped one most likely means.

/// The known name that is near to another one, if any is.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter();
    known
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .filter(|(distance, k)| *distance <= k.len().max(name.len()) / 3)
        .min()
        .map(|(_, near)| near)
}

/// `did you mean …?`, if one of the known names is near; else the list of them.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match (near(name, known.iter().copied()), known.len()) {
        (Some(near), _) => Some(format!("did you mean {near}?")),
        (None, 0) => None,
        (None, 1..=12) => Some(format!("known: {}", known.join(", "))),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["mobile_topic", "zone"];
        let near = suggestion("mobil_topic", known);
        assert_eq!(near.as_deref(), Some("did you mean mobile_topic?"));
        let far = suggestion("pc", known);
        assert_eq!(far.as_deref(), Some("known: mobile_topic, zone"));
        assert_eq!(suggestion("pc", []), None);
    }
}
