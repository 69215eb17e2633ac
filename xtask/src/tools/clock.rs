//! The time of day. It may jump: durations are taken from a clock that doesn't, and what came first is never told from it.

use std::time::SystemTime;

/// What the clock says now. A build for tests can be told that it is wrong by so many seconds, in a rehearsal alone.
pub fn now() -> SystemTime {
    #[cfg(debug_assertions)]
    if std::env::var_os("XTASK_REHEARSAL").is_some()
        && let Some(seconds) = std::env::var("XTASK_TEST_CLOCK").ok().and_then(|text| text.parse::<i64>().ok())
    {
        let by = std::time::Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        return if seconds < 0 { now - by } else { now + by };
    }
    SystemTime::now()
}
