//! The time of day. It may jump: durations are taken from a clock that doesn't, and what came first is never told from it.

use std::time::{Duration, SystemTime};

/// What the clock says now. A build for tests can be told that it is wrong by so many seconds, in a rehearsal alone.
pub fn now() -> SystemTime {
    #[cfg(debug_assertions)]
    if std::env::var_os("XTASK_REHEARSAL").is_some()
        && let Some(seconds) = std::env::var("XTASK_TEST_CLOCK").ok().and_then(|text| text.parse::<i64>().ok())
    {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        return if seconds < 0 { now - by } else { now + by };
    }
    SystemTime::now()
}

/// How long a device for MFA shows one code.
pub fn code_window() -> Duration {
    Duration::from_secs(if is_day_long() { 24 * 3600 } else { 30 })
}

/// How long is really waited. In tests, which can't wait, a code is shown for a day, and no wait takes any time.
pub fn shortened(wait: Duration) -> Duration {
    if is_day_long() { Duration::ZERO } else { wait }
}

fn is_day_long() -> bool {
    cfg!(debug_assertions) && std::env::var_os("XTASK_TEST_CODES").is_some()
}
