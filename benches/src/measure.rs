//! Times, medians, and how they are printed.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// Anything that can go wrong in a bench.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
/// What a bench answers with.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A running clock.
#[derive(Clone, Copy)]
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "measuring time is what a bench is for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// Wall time and CPU time of the whole process, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

/// The medians of the wall and the CPU time.
pub(crate) fn medians(costs: &[Cost]) -> Cost {
    let of = |part: fn(&Cost) -> f64| median(&costs.iter().map(part).collect::<Vec<_>>());
    Cost { wall: of(|cost| cost.wall), cpu: of(|cost| cost.cpu) }
}

/// What a piece of work costs.
pub(crate) fn cost<T>(work: impl FnOnce() -> Result<T>) -> Result<(Cost, T)> {
    let (watch, before) = (Watch::start(), cpu());
    let value = work()?;
    Ok((Cost { wall: watch.seconds(), cpu: cpu() - before }, value))
}

/// CPU time of all threads so far, in seconds; in steps of 10 ms (`/proc/self/stat`), 0 elsewhere.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// A line of `/proc/self/status`, in MiB: `VmRSS`, `VmHWM`.
pub(crate) fn memory(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.unwrap_or(0.0) / 1024.0
}

/// The median; NaN of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value that a share of the others does not exceed; NaN of nothing.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * share).round();
    sorted.get(at as usize).copied().unwrap_or(f64::NAN)
}

/// Which side of a required ratio is the good one.
#[derive(Clone, Copy)]
pub(crate) enum Required {
    AtLeast(f64),
    AtMost(f64),
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(ratio) => write!(f, "at least {ratio}"),
            Self::AtMost(ratio) => write!(f, "at most {ratio}"),
        }
    }
}

impl Required {
    /// Prints a ratio beside what is required of it.
    pub(crate) fn report(self, what: &str, ratio: f64) {
        let reached = match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        };
        let word = if reached { "reached" } else { "NOT reached" };
        println!("  => {what}: {ratio:.3} (required: {self}; {word})");
    }
}
