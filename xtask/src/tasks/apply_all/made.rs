//! How a plan was made: the arguments that Terraform really got, and what it warned of.

use std::fs;
use std::path::Path;

use crate::tasks::apply_all::checks;
use crate::tools::call;

/// Options that leave a part of the configuration out of the plan.
const LEAVES_OUT: [&str; 4] = ["-target", "-target-file", "-exclude", "-exclude-file"];

/// How a plan was made, as far as it is worth knowing.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Why the plan leaves something out.
    pub(super) incomplete: Vec<String>,
    /// Everything else.
    pub(super) notes: Vec<String>,
    /// The options that are told of by these, of the plan and of its apply.
    pub(super) options: Vec<String>,
}

/// What the proof beside a plan file and the logs of the plan tell. `for_apply` are the options that the repository adds to
/// the apply.
pub(super) fn of_plan(plan: &Path, log: Option<&Path>, for_apply: &[String]) -> Made {
    let call = call::proof_of_plan(plan).and_then(|proof| proof.call);
    let mut made = of_options(&call.map(|call| call.args).unwrap_or_default(), for_apply);
    let logs = log.map(|log| checks::again(log).into_iter().chain([log.to_owned()]));
    let mut warnings: Vec<_> = logs.into_iter().flatten().flat_map(|log| warnings(&log)).collect();
    warnings.sort();
    warnings.dedup();
    made.notes.extend(warnings);
    made
}

fn of_options(of_plan: &[String], for_apply: &[String]) -> Made {
    let mut made = Made { options: call::notable_options(of_plan), ..Made::default() };
    for option in &made.options {
        if LEAVES_OUT.contains(&option.split('=').next().unwrap_or_default()) {
            made.incomplete.push(format!("it was made with `{option}`"));
        } else {
            made.notes.push(format!("planned with `{option}`"));
        }
    }
    let mut for_apply = call::notable_options(for_apply);
    for_apply.retain(|option| !made.options.contains(option));
    made.notes.extend(for_apply.iter().map(|option| format!("applied with `{option}`")));
    made.options.extend(for_apply);
    made
}

/// The titles of Terraform's warnings in a log.
fn warnings(log: &Path) -> Vec<String> {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let title = |line: &str| {
        let (before, title) = line.split_once("Warning: ")?;
        // Terraform's own border, behind whatever terragrunt puts before a line.
        let is_terraforms = before.trim_end().ends_with(['│', ':']) || before.trim().is_empty();
        is_terraforms.then(|| format!("warning: {}", title.trim()))
    };
    text.lines().filter_map(title).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(line: &str) -> (Vec<String>, Vec<String>) {
        let made = of_options(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), &[]);
        (made.incomplete, made.notes)
    }

    #[test]
    fn arguments_that_make_a_plan_less_sure_are_told_and_ours_are_not() {
        let ours = "plan -input=false -no-color -lock-timeout=120s -var-file=x -out=/p/dev.tfplan";
        assert_eq!(made(ours), (vec![], vec![]));
        let (incomplete, notes) = made("plan -refresh=false --lock=false -target=a.b -replace=a.c -destroy");
        assert_eq!(incomplete, ["it was made with `-target=a.b`"]);
        let told = ["-refresh=false", "-lock=false", "-replace=a.c", "-destroy"];
        assert_eq!(notes, told.map(|arg| format!("planned with `{arg}`")));
    }

    #[test]
    fn options_of_the_apply_alone_are_told_as_such() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let made = of_options(&words("plan -refresh=false"), &words("--lock=false -refresh=false -parallelism=3"));
        assert_eq!(made.notes, ["planned with `-refresh=false`", "applied with `-lock=false`"]);
        assert_eq!(made.options, ["-refresh=false", "-lock=false"]);
    }

    #[test]
    fn warnings_of_terraform_are_told_by_their_titles() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("dev.plan.log");
        let text = "10:00:00.123 STDOUT terraform: │ Warning: Deprecated attribute\n\
                    10:00:00.123 STDOUT terraform: Warning: Value for undeclared variable\n\
                    │ Warning: Deprecated attribute\nsays Warning: no\n";
        fs::write(&log, text).unwrap();
        let plan = folder.path().join("dev.tfplan");
        let told = of_plan(&plan, Some(&log), &[]).notes;
        assert_eq!(told, ["warning: Deprecated attribute", "warning: Value for undeclared variable"]);
    }
}
