//! Arguments in, exit code out.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    // A panic is a bug of ours: say so in a line that can be reported, instead of a trace that frightens.
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "error: a bug in xtask: {panic}\nhint: nothing more is started; please report this line"
        );
    }));
    let exit = std::panic::catch_unwind(|| xtask::run(std::env::args_os().collect()));
    ExitCode::from(exit.map_or(70, |exit| exit.0))
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "error: xtask runs on Linux and macOS; on Windows use it inside WSL");
    ExitCode::from(3)
}
