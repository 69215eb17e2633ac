//! What this machine has: memory for programs, and how much of it they take.

use std::fs;
use std::path::Path;

use crate::tools::env::Env;
use crate::tools::process::{self, Group};

/// What one process of a provider takes: that of AWS is by far the largest.
const PROVIDER: u64 = 400 * 1024 * 1024;
/// More units at once are not faster: AWS throttles them.
const MOST: usize = 16;
/// How many where nothing is known of the memory.
const UNKNOWN: usize = 8;

/// How many units fit into the memory side by side, of which each takes what the largest one took so far; where that is not
/// known, what `n_providers` providers take.
pub fn n_jobs(peak: Option<u64>, n_providers: Option<usize>) -> usize {
    memory().map_or(UNKNOWN, |bytes| fitting(bytes, peak, n_providers.unwrap_or(1)))
}

fn fitting(memory: u64, peak: Option<u64>, n_providers: usize) -> usize {
    // What was seen last is not the most that will ever be.
    let unit = peak.map_or(PROVIDER * n_providers.max(1) as u64, |peak| peak + peak / 4);
    usize::try_from(memory / unit.max(1)).unwrap_or(MOST).clamp(1, MOST)
}

/// The most memory that the processes of a session have taken so far, those that have ended left out: terragrunt, terraform
/// and its providers together. Only Linux tells.
pub fn peak_of(group: Group) -> Option<u64> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let ids = processes.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_number(name));
    let of_session = ids.filter(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        session_of(&stat) == Some(group.0.as_raw_nonzero().get())
    });
    let peak = |id: String| high_water(&fs::read_to_string(format!("/proc/{id}/status")).ok()?);
    let bytes: u64 = of_session.filter_map(peak).sum();
    (bytes > 0).then_some(bytes)
}

/// Has all threads of this process share the memory that it takes. Otherwise glibc gives each thread a part of its own, and
/// keeps what a thread leaves there for threads to come: of a thousand units that were read on two threads that is 15 MB which
/// nobody uses again. Those threads then wait for each other a little.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "std knows nothing of how its allocator works")
)]
pub fn share_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::ffi::c_int;
        /// `M_ARENA_MAX` of `malloc.h`.
        const MOST_PARTS: c_int = -8;
        unsafe extern "C" {
            fn mallopt(option: c_int, value: c_int) -> c_int;
        }
        // SAFETY: it takes two numbers, and may be called at any time (mallopt(3)).
        unsafe { mallopt(MOST_PARTS, 1) };
    }
}

/// The session in `/proc/ID/stat`: the fourth word after the program's name, in which anything may be.
fn session_of(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(3)?.parse().ok()
}

/// The most that a process ever had in memory, in `/proc/ID/status`.
fn high_water(status: &str) -> Option<u64> {
    kib(status, "VmHWM:")
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
    kib(meminfo, "MemAvailable:")
}

fn kib(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::{
        ffi::OsStr,
        io::{Read as _, Write as _},
        process::Stdio,
    };

    use super::*;
    #[cfg(target_os = "linux")]
    use crate::tools::env;

    const GIB: u64 = 1024 * 1024 * 1024;

    #[test]
    fn as_many_units_run_as_their_providers_fit_into_the_memory() {
        assert_eq!(fitting(4 * GIB, None, 1), 10);
        assert_eq!(fitting(4 * GIB, None, 5), 2);
        assert_eq!(fitting(GIB / 8, None, 1), 1, "one always does");
        assert_eq!(fitting(512 * GIB, None, 1), MOST);
        assert_eq!(fitting(4 * GIB, None, 0), 10);
    }

    #[test]
    fn what_units_took_before_counts_more_than_what_providers_usually_take() {
        assert_eq!(fitting(10 * GIB, Some(GIB), 1), 8);
        assert_eq!(fitting(GIB, Some(2 * GIB), 1), 1);
        assert_eq!(fitting(GIB, Some(0), 1), MOST);
    }

    #[test]
    fn processes_are_told_by_their_session_whatever_they_are_called() {
        assert_eq!(session_of("12 (a ) 1 2) S 11 10 9 0 -1"), Some(9));
        assert_eq!(session_of("12 (a"), None);
        assert_eq!(high_water("Name: x\nVmHWM:\t    2048 kB\nVmRSS: 1 kB\n"), Some(2 << 20));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_of_a_session_is_that_of_all_its_processes() {
        // Not this process's own session: that may lie outside of the container, and then has no number in it.
        let mut command = process::command(OsStr::new("cat"), &env::of_this_process());
        let command = process::in_a_session_of_its_own(&mut command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        input.write_all(b"at work").unwrap();
        output.read_exact(&mut [0; 7]).unwrap();
        let peak = peak_of(Group(rustix::process::Pid::from_child(&child)));
        drop(input);
        child.wait().unwrap();
        assert!(peak.is_some_and(|bytes| bytes > 1 << 17), "{peak:?}");
    }

    #[test]
    fn memory_is_read_as_linux_tells_it() {
        let text = "MemTotal:       16000000 kB\nMemFree:          100 kB\nMemAvailable:    8000000 kB\n";
        assert_eq!(available(text), Some(8_000_000 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
