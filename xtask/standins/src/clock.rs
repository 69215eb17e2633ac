//! The time of day as the tools print it, in UTC.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    millis: u64,
}

impl Moment {
    /// Reads the clock.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { millis: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Makes a moment of seconds since 1970.
    pub(crate) fn from_seconds(seconds: u64) -> Self {
        Self { millis: seconds * 1000 }
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> u64 {
        self.millis / 1000
    }

    /// As services write it that speak JSON: seconds since 1970, with their fractions.
    pub(crate) fn epoch(self) -> f64 {
        self.millis as f64 / 1000.0
    }

    /// As RFC 3339: `2026-11-23T16:26:29Z`.
    pub(crate) fn rfc3339(self) -> String {
        format!("{}Z", self.date_time())
    }

    /// As the AWS CLI prints it: `2026-11-23T16:26:29.123000+00:00`.
    pub(crate) fn aws_cli(self) -> String {
        format!("{}.{:03}000+00:00", self.date_time(), self.millis % 1000)
    }

    /// As terragrunt's log prints it: `16:26:29.123`.
    pub(crate) fn time_of_day(self) -> String {
        let seconds = self.seconds() % 86_400;
        format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, self.millis % 1000)
    }

    fn date_time(self) -> String {
        let (year, month, day) = civil(self.seconds() / 86_400);
        let seconds = self.seconds() % 86_400;
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// Year, month and day of a number of days since 1970, after Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Takes its time, so that a rehearsal can be watched; none at all in tests.
pub(crate) fn pause(millis: u64) {
    if millis > 0 {
        thread::sleep(Duration::from_millis(millis));
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_795_451_189, "2026-11-23T16:26:29Z"),
        ] {
            assert_eq!(Moment::from_seconds(seconds).rfc3339(), date);
        }
    }
}
