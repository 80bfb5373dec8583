//! Figures of a bench: percentiles, and the lines that others can read.

use std::error::Error;
use std::fmt::Display;

/// What a bench returns.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Prints `name = value`.
pub fn say(name: &str, value: impl Display) {
    println!("{name} = {value}");
}

/// The value below or at which a share of all values lies. `values` are sorted by it; 0 where there
/// are none.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

/// The same of values that each stand for a number of cases.
pub fn weighted_percentile(values: &mut [(f64, u64)], share: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: u64 = values.iter().map(|v| v.1).sum();
    let wanted = (all as f64 * share).ceil() as u64;
    let mut counted = 0;
    for (value, count) in values.iter() {
        counted += count;
        if counted >= wanted {
            return *value;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&mut [], 0.5), 0.0);
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 1.0), 3.0);
    }

    #[test]
    fn a_weight_counts_as_so_many_values() {
        let mut values = [(5.0, 1), (1.0, 98), (2.0, 1)];
        assert_eq!(weighted_percentile(&mut values, 0.5), 1.0);
        assert_eq!(weighted_percentile(&mut values, 0.99), 2.0);
        assert_eq!(weighted_percentile(&mut values, 1.0), 5.0);
    }
}
