//! What a consumer has read, and the time that it took.

use std::time::Duration;

use crate::processor::Spent;

/// What was read between two marks.
pub struct Drained {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: f64,
    /// The time that passed.
    pub spent: Spent,
}

impl Drained {
    /// Megabytes a second.
    pub fn mb_s(&self) -> f64 {
        self.bytes / 1e6 / self.spent.wall.as_secs_f64()
    }

    /// Microseconds a record.
    pub fn us_a_record(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.records as f64
    }

    /// Processor time in µs a record.
    pub fn cpu_us(&self) -> f64 {
        self.us_a_record(self.spent.user + self.spent.kernel)
    }

    /// Prints the heads of the columns of [`Drained::print`].
    pub fn print_heads() {
        println!(
            "{:<28} {:>8} {:>11} {:>9} {:>9} {:>9}",
            "", "MB/s", "records/s", "µs CPU", "user", "kernel"
        );
    }

    /// Prints one line of a table.
    pub fn print(&self, what: &str) {
        let Spent { wall, user, kernel } = self.spent;
        println!(
            "{what:<28} {:>8.1} {:>11.0} {:>9.2} {:>9.2} {:>9.2}",
            self.mb_s(),
            self.records as f64 / wall.as_secs_f64(),
            self.cpu_us(),
            self.us_a_record(user),
            self.us_a_record(kernel),
        );
    }
}
