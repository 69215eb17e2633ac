//! Commands in messages of a rehearsal: they are about the copy and the stand-ins, so they are told in the form that works
//! there, wherever the user stands.

use std::borrow::Cow;
use std::sync::OnceLock;

/// The variable with what commands begin with in messages of a rehearsal.
pub const VARIABLE: &str = "XTASK_REHEARSED_BY";
/// Commands that messages name.
const COMMANDS: [(&str, &str); 2] = [("cargo xtask ", ""), ("aws-vault exec ", "aws-vault exec ")];

/// A text in which commands work in this rehearsal, if it is one.
pub(super) fn told(text: &str) -> Cow<'_, str> {
    static BY: OnceLock<Option<String>> = OnceLock::new();
    match BY.get_or_init(|| std::env::var(VARIABLE).ok()) {
        Some(by) => Cow::Owned(by_rehearsal(text, by)),
        None => Cow::Borrowed(text),
    }
}

fn by_rehearsal(text: &str, by: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let found = COMMANDS.iter().filter_map(|(command, kept)| Some((rest.find(command)?, *command, *kept))).min();
        let Some((at, command, kept)) = found else { return told + rest };
        let (before, after) = (&rest[..at], &rest[at + command.len()..]);
        told += before;
        // What is in this form already stays so.
        told += &match rest[at..].starts_with(by) || before.ends_with(" -- ") {
            true => command.to_owned(),
            false => format!("{by} {kept}"),
        };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::by_rehearsal;

    #[test]
    fn commands_are_told_as_they_work_in_the_rehearsal() {
        let by = "cargo xtask rehearse --in /tmp/x --";
        for (text, told) in [
            (
                "to do the rest: cargo xtask runs resume abc",
                "to do the rest: cargo xtask rehearse --in /tmp/x -- runs resume abc",
            ),
            (
                "aws-vault exec your-dev -- aws ecs x",
                "cargo xtask rehearse --in /tmp/x -- aws-vault exec your-dev -- aws ecs x",
            ),
            (
                "cargo xtask a, then cargo xtask b",
                "cargo xtask rehearse --in /tmp/x -- a, then cargo xtask rehearse --in /tmp/x -- b",
            ),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(by_rehearsal(text, by), told);
            assert_eq!(by_rehearsal(told, by), told, "once is enough");
        }
    }
}
