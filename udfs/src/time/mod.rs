//! When an event happened, and on which day of a business.
//!
//! [`clock`] is the rule that settles the time of an event from three stamps; [`event_time`] and
//! [`clock_rule`] are what SQL sees of it. [`zone`] is the wall clock of a time zone;
//! [`business`] reads the day and the hour from it.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod business;
pub mod clock;
pub mod clock_rule;
pub mod event_time;

mod stamps;
mod zone;

/// The functions of this family.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::from(event_time::EventTime::default())),
        Arc::new(ScalarUDF::from(clock_rule::ClockRuleOf::default())),
        Arc::new(ScalarUDF::from(business::Business::day())),
        Arc::new(ScalarUDF::from(business::Business::hour())),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
