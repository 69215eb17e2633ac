//! Command lines that clap doesn't understand, for programs that read results.

use crate::model::Failure;

/// Whether arguments ask for results as JSON, where clap can't tell because something else in them is wrong.
pub fn asks_for_json(args: &[String]) -> bool {
    let own = || args.iter().take_while(|arg| *arg != "--");
    let is_next = |(option, value): (&String, &String)| option == "--format" && value == "json";
    own().any(|arg| arg == "--format=json") || own().zip(own().skip(1)).any(is_next)
}

/// What clap says of a command line, as a failure.
pub fn mistake(text: &str) -> Failure {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let what = lines.next().unwrap_or_default();
    let failure = Failure::usage(what.strip_prefix("error: ").unwrap_or(what));
    lines.fold(failure, |failure, line| match line.strip_prefix("tip: ") {
        Some(tip) => failure.hint(tip),
        None if line.starts_with("For more information") => failure.hint(line),
        None => failure.detail(line),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, with_tip};

    #[test]
    fn json_is_asked_for_by_either_form_of_the_option_of_ours() {
        let asks = |line: &str| asks_for_json(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for line in
            ["--format json plan", "units --format=json", "--format text --format json", "runs show --format json"]
        {
            assert!(asks(line), "{line}");
        }
        for line in ["units", "--format", "units --format text json", "rehearse --in x -- units --format json"] {
            assert!(!asks(line), "{line}");
        }
    }

    #[test]
    fn mistake_is_a_failure_with_what_clap_says() {
        let of = |line: &str| {
            let error = Cli::try_parse_from(line.split(' ')).expect_err("it is a mistake");
            mistake(&with_tip(error).render().to_string())
        };
        let plan = of("xtask plan");
        assert_eq!(plan.what, "unrecognized subcommand 'plan'");
        assert!(plan.hints[0].contains("apply-all --plan-only"), "{plan:?}");
        let show = of("xtask runs show");
        assert_eq!(show.what, "the following required arguments were not provided:");
        assert_eq!(show.details, ["<RUN>", "Usage: cargo xtask runs show <RUN>"]);
        assert_eq!(show.hints, ["For more information, try '--help'."]);
    }
}
