//! Which storage operation fails, and how: the plan of injected faults.

use std::sync::atomic::{AtomicU64, Ordering};

use common::{EngineError, Result};

/// Where in an operation a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// Before a put: nothing lands.
    BeforePut,
    /// After a put: it has landed, durably.
    AfterPut,
    /// Before a read.
    BeforeGet,
}

/// What happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultAction {
    /// The operation answers with an error. After a put that is an error although it landed.
    Error,
    /// The process kills itself with SIGKILL.
    Kill,
}

/// A hidden setting for tests: faults to inject into storage.
///
/// ```text
/// plan   = rule { ";" rule }
/// rule   = point ":" path [ ":" nth ] "=" action
/// point  = "before-put" | "after-put" | "before-get"
/// path   = an object's path below the storage root; "*" stands for any text
/// nth    = the occurrence that the rule strikes at, from 1 (the default), or "*" for each
/// action = "error" | "kill"
/// ```
///
/// Examples: `after-put:system/commits/_delta_log/*.json:3=kill` kills the process when the third
/// commit group has passed its commit point, before any table has its commit;
/// `after-put:*_delta_log/*.json=error` loses the answer of a log entry that landed.
#[derive(Debug, Default)]
pub struct FaultPlan {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    point: FaultPoint,
    path: String,
    nth: Option<u64>,
    action: FaultAction,
    seen: AtomicU64,
}

impl FaultPlan {
    /// Parses a plan; the empty text is the plan without faults.
    pub fn parse(text: &str) -> Result<Self> {
        let rules = text
            .split(';')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
            .map(Rule::parse)
            .collect::<Result<_>>()?;
        Ok(Self { rules })
    }

    /// Whether the plan has no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Counts an operation and tells what is to happen to it. Every rule that matches counts it;
    /// the first that strikes decides.
    pub fn strike(&self, point: FaultPoint, path: &str) -> Option<FaultAction> {
        let mut action = None;
        for rule in &self.rules {
            if rule.point == point && matches(&rule.path, path) {
                let nth = rule.seen.fetch_add(1, Ordering::Relaxed) + 1;
                if rule.nth.is_none_or(|wanted| wanted == nth) && action.is_none() {
                    action = Some(rule.action);
                }
            }
        }
        action
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            EngineError::invalid(format!(
                "fault rule `{text}`: {what}; write point:path[:nth]=action"
            ))
        };
        let (place, action) = text.rsplit_once('=').ok_or_else(|| wrong("no `=action`"))?;
        let (point, path) = place.split_once(':').ok_or_else(|| wrong("no path"))?;
        let (path, nth) = match path.rsplit_once(':') {
            Some((path, "*")) => (path, None),
            Some((path, nth)) => match nth.parse::<u64>() {
                Ok(nth) if nth > 0 => (path, Some(nth)),
                _ => return Err(wrong("nth is a number from 1, or `*`")),
            },
            None => (path, Some(1)),
        };
        let point = match point {
            "before-put" => FaultPoint::BeforePut,
            "after-put" => FaultPoint::AfterPut,
            "before-get" => FaultPoint::BeforeGet,
            _ => return Err(wrong("point is before-put, after-put or before-get")),
        };
        let action = match action {
            "error" => FaultAction::Error,
            "kill" => FaultAction::Kill,
            _ => return Err(wrong("action is error or kill")),
        };
        Ok(Self {
            point,
            path: path.to_owned(),
            nth,
            action,
            seen: AtomicU64::new(0),
        })
    }
}

/// Whether `text` is `pattern`, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .any(|at| matches(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/*.json", "a/_delta_log/1.json", true),
            ("*/_delta_log/*.json", "a/_delta_log/1.json", true),
            ("*.parquet", "a/_delta_log/1.json", false),
            ("*", "", true),
            ("*é*", "caféx", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_rule_strikes_at_its_occurrence_only() {
        let plan = FaultPlan::parse("after-put:a/*:2=error; before-put:b:*=kill").unwrap();
        let after = |path| plan.strike(FaultPoint::AfterPut, path);
        assert_eq!(after("a/1"), None);
        assert_eq!(after("b"), None);
        assert_eq!(after("a/2"), Some(FaultAction::Error));
        assert_eq!(after("a/3"), None);
        for _ in 0..2 {
            assert_eq!(
                plan.strike(FaultPoint::BeforePut, "b"),
                Some(FaultAction::Kill)
            );
        }
    }

    #[test]
    fn a_wrong_rule_is_named() {
        for text in [
            "x",
            "after-put=kill",
            "during-put:a=kill",
            "after-put:a:0=kill",
            "after-put:a=die",
        ] {
            let message = FaultPlan::parse(text).unwrap_err().to_string();
            assert!(message.contains(&format!("`{text}`")), "{message}");
        }
    }
}
