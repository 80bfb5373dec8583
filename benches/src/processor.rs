//! Processor time of this process, and how busy the machine is.

use std::time::{Duration, Instant};

/// The unit of `/proc/self/stat` on Linux.
const TICK: Duration = Duration::from_millis(10);

/// An instant with the processor time spent until then.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    at: Instant,
    user: Duration,
    kernel: Duration,
}

/// What passed between two marks.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time in user mode, of all threads.
    pub user: Duration,
    /// Processor time in the kernel, of all threads.
    pub kernel: Duration,
}

impl Mark {
    /// This moment.
    pub fn now() -> Self {
        let (user, kernel) = times().unwrap_or_default();
        Self {
            at: Instant::now(),
            user,
            kernel,
        }
    }

    /// What passed since an earlier mark.
    pub fn since(&self, earlier: &Self) -> Spent {
        Spent {
            wall: self.at - earlier.at,
            user: self.user.saturating_sub(earlier.user),
            kernel: self.kernel.saturating_sub(earlier.kernel),
        }
    }
}

/// User and kernel time; none where there is no `/proc`.
fn times() -> Option<(Duration, Duration)> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || Some(TICK * fields.next()?.parse::<u32>().ok()?);
    Some((next()?, next()?))
}

/// The load average of the last minutes, as the kernel prints it.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Bytes of memory that are resident.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
