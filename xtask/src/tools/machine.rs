//! What this machine has: memory for programs, and room on a disk.

use std::fs;
use std::path::Path;

use crate::tools::env::Env;
use crate::tools::process;

/// What one process of a provider takes: that of AWS is by far the largest.
const PROVIDER: u64 = 400 * 1024 * 1024;
/// More units at once are not faster: AWS throttles them.
const MOST: usize = 16;
/// How many where nothing is known of the memory.
const UNKNOWN: usize = 8;

/// How many units, of `n_providers` providers each at most, fit into the memory side by side.
pub fn n_jobs(n_providers: Option<usize>) -> usize {
    memory().map_or(UNKNOWN, |bytes| fitting(bytes, n_providers.unwrap_or(1)))
}

fn fitting(memory: u64, n_providers: usize) -> usize {
    let unit = PROVIDER * n_providers.max(1) as u64;
    usize::try_from(memory / unit).unwrap_or(MOST).clamp(1, MOST)
}

/// The memory that programs may take without pushing others out, in bytes; on macOS, which doesn't say that, two thirds of
/// what there is.
fn memory() -> Option<u64> {
    if cfg!(target_os = "macos") {
        let said = process::captured("/usr/sbin/sysctl", &["-n", "hw.memsize"], Path::new("/"), &Env::new()).ok()?;
        return said.trim().parse::<u64>().ok().map(|bytes| bytes / 3 * 2);
    }
    available(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn available(meminfo: &str) -> Option<u64> {
    let rest = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024 * 1024;

    #[test]
    fn as_many_units_run_as_their_providers_fit_into_the_memory() {
        assert_eq!(fitting(4 * GIB, 1), 10);
        assert_eq!(fitting(4 * GIB, 5), 2);
        assert_eq!(fitting(GIB / 8, 1), 1, "one always does");
        assert_eq!(fitting(512 * GIB, 1), MOST);
        assert_eq!(fitting(4 * GIB, 0), 10);
    }

    #[test]
    fn memory_is_read_as_linux_tells_it() {
        let text = "MemTotal:       16000000 kB\nMemFree:          100 kB\nMemAvailable:    8000000 kB\n";
        assert_eq!(available(text), Some(8_000_000 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
