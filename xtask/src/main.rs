//! Arguments in, exit code out.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    xtask::main()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "error: xtask runs on Linux and macOS; on Windows use it inside WSL");
    ExitCode::from(3)
}
