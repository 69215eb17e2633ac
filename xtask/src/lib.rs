//! Updates the Gruntwork ECS Deploy Runner in every account of an infrastructure-live repository.
//!
//! The modules in reading order. `tasks` joins what `repo` says with what `tools` can do into a queue, `run` carries it
//! out, `report` tells about it. `repo` and `tools` don't know each other; everybody knows `model`.
#![cfg(unix)]

pub mod cli;
pub mod model;
pub mod repo;
pub mod report;
pub mod run;
pub mod tasks;
pub mod tools;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;

use crate::cli::{Cli, Command, Format};
use crate::model::{Exit, Failure, Failures, printable, threads};
use crate::report::document;
use crate::report::screen::{Color, Screen, Volume, help_ink};
use crate::tasks::context::Context;

/// Whether a library could not start a thread.
static LACKS_THREADS: AtomicBool = AtomicBool::new(false);

/// All of a program: this process's arguments in, its exit code out.
pub fn main() -> ExitCode {
    // A panic is a bug of ours: say so in a line that can be reported, instead of a trace that frightens.
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write;
        if threads::is_lack_of_threads(&panic.to_string()) {
            LACKS_THREADS.store(true, Ordering::SeqCst);
            let _ = writeln!(
                std::io::stderr(),
                "error: the system has no thread left for this process\nhint: raise the limits of processes and memory (`ulimit -u`, `ulimit -v`), or work on fewer units at once: --jobs 1"
            );
            return;
        }
        let _ = writeln!(
            std::io::stderr(),
            "error: a bug in xtask: {}\nhint: nothing more is started; please report this line",
            printable(&panic.to_string())
        );
    }));
    let exit = catch_unwind(|| run(std::env::args_os().collect()));
    ExitCode::from(exit.unwrap_or_else(|_| gone()).0)
}

/// The exit code after a panic.
fn gone() -> Exit {
    Exit(if LACKS_THREADS.load(Ordering::SeqCst) { 1 } else { 70 })
}

/// Runs one command line and gives the exit code; everything that there is to say has been said by then.
pub fn run(args: Vec<OsString>) -> Exit {
    if let Some(refused) = std::env::current_exe().ok().and_then(|program| tasks::hidden::shim(&program, &args[1..])) {
        let failures = Failures::from(refused);
        Screen::new(Color::Never, Volume::Normal).failures(&failures);
        return failures.exit();
    }
    let argv: Vec<_> = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results, everything else is a mistake; clap knows which stream is whose.
            let error = cli::with_tip(error);
            let (screen, text) = (Screen::new(Color::Auto, Volume::Normal), error.render().to_string());
            if error.use_stderr() {
                screen.mistake(&text);
                let failures = Failures::from(cli::mistake(&text));
                if cli::asks_for_json(&argv) {
                    // The exit code says the same to who can't be told.
                    let _ = screen.result(&document::of(failures.exit(), Some(&failures), None, &[]).to_string());
                }
                return failures.exit();
            }
            // A reader that is gone has read enough.
            let _ = screen.page(&text, help_ink);
            return Exit::DONE;
        }
    };
    let context = Context::new(cli.globals, argv);
    if cli.command.is_part_of_a_run() {
        return dispatch(&context, cli.command).unwrap_or_else(|failures| {
            context.screen.failures(&failures);
            failures.exit()
        });
    }
    tasks::runs::sweep(&context);
    // A bug, too, is told to programs that read results; the hook has told it to people.
    let done = catch_unwind(AssertUnwindSafe(|| dispatch(&context, cli.command))).unwrap_or_else(|panic| {
        context.conclude(gone(), None);
        resume_unwind(panic)
    });
    tasks::record::close(&context, done.as_ref().copied());
    tasks::runs::sweep(&context);
    ended(&context, done)
}

fn ended(context: &Context, done: Result<Exit, Failures>) -> Exit {
    match done {
        Ok(exit) => {
            context.conclude(exit, None);
            exit
        }
        Err(failures) => {
            context.conclude(failures.exit(), Some(&failures));
            context.screen.failures(&failures);
            failures.exit()
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Exit, Failures> {
    let has_markdown = match &command {
        Command::Status(_) => true,
        Command::Runs(args) => matches!(args.command, Some(cli::RunsCommand::Show { .. })),
        _ => false,
    };
    if context.globals.format == Format::Markdown && !has_markdown {
        return Err(Failure::usage("only `cargo xtask status` and `cargo xtask runs show` print markdown")
            .hint("use `--format text` or `--format json`")
            .into());
    }
    match command {
        Command::Units(args) => tasks::units::run(context, &args),
        Command::Why(args) => tasks::why::run(context, &args),
        Command::Status(args) => tasks::status::run(context, &args),
        Command::BuildImages(args) => tasks::build_images::run(context, &args),
        Command::BumpTags(args) => tasks::bump_tags::run(context, &args),
        Command::ApplyAll(args) => tasks::apply_all::run(context, &args),
        Command::Runs(args) => tasks::runs::run(context, &args),
        Command::Update(args) => tasks::update::run(context, &args),
        Command::Doctor(args) => tasks::doctor::run(context, &args),
        Command::Changes(args) => tasks::changes::run(context, &args),
        Command::Verify(args) => tasks::verify::run(context, &args),
        Command::Rehearse(args) => tasks::rehearse::run(context, &args),
        Command::Adopt(args) => tasks::adopt::run(context, &args),
        Command::Identity => tasks::identity::run(context),
        Command::Guard(args) => tasks::hidden::guard(args),
        Command::Relay(args) => tasks::hidden::relay(&args),
        Command::SignIn(args) => tasks::hidden::sign_in(args),
        Command::Ask(args) => tasks::hidden::ask(args),
    }
}
