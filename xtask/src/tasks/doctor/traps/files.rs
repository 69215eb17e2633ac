//! Traps in files of the repository: flags and attributes that terragrunt has dropped, mocks in plans, a CI job that would
//! apply the runner by itself.

use crate::model::{Place, Version};
use crate::repo::texts::Text;
use crate::tasks::doctor::finding::Finding;

/// From here on terragrunt hands its old flags to terraform, which refuses them.
const NO_OLD_FLAGS: Version = Version::new(0, 85, 0);
/// From here on these are errors.
const NO_OLD_ATTRIBUTES: Version = Version::new(0, 93, 0);
const OLD_ATTRIBUTES: [(&str, &str); 4] = [
    ("retryable_errors", "an `errors` block"),
    ("retry_max_attempts", "an `errors` block"),
    ("retry_sleep_interval_sec", "an `errors` block"),
    ("skip", "an `exclude` block"),
];

/// `--terragrunt-source-update` and the like in scripts of the repository.
pub(in crate::tasks::doctor) fn old_flags(texts: &[Text], terragrunt: Option<Version>) -> Finding {
    const NAME: &str = "old flags";
    let found = lines(texts.iter().filter(|text| !text.is_hcl()), |line| line.contains("--terragrunt-"));
    let Some(first) = found.first() else {
        return Finding::ok(NAME, "no script passes flags that terragrunt has dropped");
    };
    let n = found.len();
    let said = format!("{n} lines of scripts pass flags such as `{}`", flag(&first.1));
    let finding = match terragrunt {
        None => Finding::warn(NAME, format!("{said}, which terragrunt knows up to 0.84 only")),
        Some(version) if version < NO_OLD_FLAGS => {
            Finding::warn(NAME, format!("{said}, which are gone from terragrunt 0.85 on"))
        }
        Some(version) => Finding::fail(NAME, format!("{said}, which terragrunt {} doesn't know", plain(version))),
    };
    finding.at_all(found.iter().map(|(place, _)| place).take(5)).to_do(
        "`--source-update` is the new name, and so for the others; `cargo xtask apply-all` itself passes neither",
    )
}

fn flag(line: &str) -> &str {
    let start = line.find("--terragrunt-").unwrap_or_default();
    let rest = &line[start..];
    &rest[..rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-')).unwrap_or(rest.len())]
}

fn plain(version: Version) -> String {
    version.to_string().trim_start_matches('v').to_owned()
}

/// Attributes that were removed in terragrunt 0.93.
pub(in crate::tasks::doctor) fn old_attributes(texts: &[Text], terragrunt: Option<Version>) -> Finding {
    const NAME: &str = "old attributes";
    // At the top level of a file, where they mean something, they stand at the beginning of a line.
    let attribute = |line: &str| {
        let (name, rest) = line.split_at(
            line.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(line.len()),
        );
        OLD_ATTRIBUTES
            .iter()
            .find(|(old, _)| *old == name && rest.trim_start().starts_with('=') && !rest.trim_start().starts_with("=="))
    };
    let found = lines(texts.iter().filter(|text| text.is_hcl()), |line| attribute(line).is_some());
    let Some((_, first)) = found.first() else {
        return Finding::ok(NAME, "no file sets an attribute that terragrunt has dropped");
    };
    let (name, instead) = attribute(first).copied().unwrap_or_default();
    let finding = match terragrunt {
        Some(version) if version >= NO_OLD_ATTRIBUTES => {
            Finding::fail(NAME, format!("`{name}` is an error to terragrunt {}", plain(version)))
        }
        _ => Finding::warn(NAME, format!("`{name}` becomes an error with terragrunt 0.93")),
    };
    finding.at_all(found.iter().map(|(place, _)| place).take(5)).to_do(format!("use {instead} in its place"))
}

/// Whether a plan could be made with outputs that somebody made up.
pub(in crate::tasks::doctor) fn mocks(texts: &[Text]) -> Finding {
    const NAME: &str = "mocks";
    let mut places = Vec::new();
    for text in texts.iter().filter(|text| text.is_hcl() && text.is_about_the_runner()) {
        for (n, block) in mock_blocks(&text.text) {
            if allows_plan(block) {
                places.push(Place::line(&text.file, n));
            }
        }
    }
    if places.is_empty() {
        return Finding::ok(NAME, "no plan of a runner can be made with mocked outputs");
    }
    Finding::warn(NAME, "a plan may be made with mocked outputs, and would then be applied with them")
        .at_all(&places)
        .to_do("say `mock_outputs_allowed_terraform_commands = [\"validate\"]` beside `mock_outputs`")
}

/// The `dependency` blocks that have mocks, with the line of the mocks.
fn mock_blocks(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    let mut offset = 0;
    let mut mocks = None;
    for (n, line) in text.split_inclusive('\n').enumerate() {
        if line.starts_with("dependency ") {
            (start, mocks) = (Some(offset), None);
        }
        let word = line.trim_start();
        if word.starts_with("mock_outputs") && word["mock_outputs".len()..].trim_start().starts_with(['=', '{']) {
            mocks = Some(n + 1);
        }
        offset += line.len();
        if line.starts_with('}')
            && let (Some(from), Some(at)) = (start.take(), mocks.take())
        {
            found.push((at, &text[from..offset]));
        }
    }
    found
}

/// Without a list every command is allowed.
fn allows_plan(block: &str) -> bool {
    let Some((_, rest)) = block.split_once("mock_outputs_allowed_terraform_commands") else { return true };
    let list = rest.split(']').next().unwrap_or_default();
    ["\"plan\"", "\"apply\""].iter().any(|command| list.contains(command))
}

/// A job of CI that would apply the runner, which then locks everybody out if it goes wrong.
pub(in crate::tasks::doctor) fn ci(texts: &[Text]) -> Finding {
    const NAME: &str = "CI";
    let of_ci: Vec<_> = texts.iter().filter(|text| text.is_ci()).collect();
    let deploys = |text: &&&Text| {
        text.code().any(|(_, line)| line.contains("infrastructure-deploy-script") || line.contains("terraform-applier"))
    };
    let deploying: Vec<_> = of_ci.iter().filter(deploys).collect();
    if deploying.is_empty() {
        return Finding::ok(NAME, "no job applies by a runner, as far as the files say");
    }
    // It may be left out in another file than the one that deploys, which calls it.
    let leaves_out = |text: &&&Text| {
        text.code().any(|(_, line)| line.contains("ecs-deploy-runner") && !line.contains("infrastructure-deployer"))
    };
    match of_ci.iter().find(leaves_out) {
        Some(text) => Finding::ok(NAME, format!("{} knows of `ecs-deploy-runner` units, to leave them out", text.file)),
        None => Finding::warn(NAME, "a job applies what changed, and nothing there leaves out the runner's own units")
            .at_all(deploying.iter().map(|text| Place::file(&text.file)).collect::<Vec<_>>().iter())
            .to_do("leave out `*/ecs-deploy-runner` there: a runner that applies itself can lock everybody out"),
    }
}

/// The lines of code that are found, with their places.
fn lines<'t>(texts: impl Iterator<Item = &'t Text>, is_found: impl Fn(&str) -> bool) -> Vec<(Place, String)> {
    let found = texts.flat_map(|text| text.code().map(move |(n, line)| (text, n, line)));
    found
        .filter(|(_, _, line)| is_found(line))
        .map(|(text, n, line)| (Place::line(&text.file, n), line.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::doctor::finding::Grade;

    fn text(file: &str, text: &str) -> Text {
        Text { file: file.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn old_flags_in_scripts_fail_where_terragrunt_has_dropped_them() {
        let script = [text("deploy.sh", "# --terragrunt-x\nterragrunt apply --terragrunt-source-update\n")];
        let grade = |version| old_flags(&script, version).grade;
        assert_eq!(grade(Some(Version::new(0, 85, 0))), Grade::Fail);
        assert_eq!(grade(Some(Version::new(0, 84, 1))), Grade::Warn);
        assert_eq!(grade(None), Grade::Warn);
        let found = old_flags(&script, Some(Version::new(1, 1, 3)));
        assert!(found.places == ["deploy.sh:2"] && found.text.contains("`--terragrunt-source-update`"), "{found:?}");
        assert_eq!(old_flags(&[text("deploy.sh", "terragrunt apply --source-update\n")], None).grade, Grade::Ok);
    }

    #[test]
    fn removed_attributes_fail_from_0_93_on() {
        let hcl = [text("terragrunt.hcl", "locals {\n  skip = 1\n}\nskip = true\n")];
        let found = old_attributes(&hcl, Some(Version::new(1, 1, 3)));
        assert_eq!((found.grade, &found.places[..]), (Grade::Fail, &["terragrunt.hcl:4".to_owned()][..]));
        assert_eq!(old_attributes(&hcl, Some(Version::new(0, 55, 1))).grade, Grade::Warn);
        let fine = [text("terragrunt.hcl", "skip_outputs = true\nlocals {\n  skip = 1\n}\n")];
        assert_eq!(old_attributes(&fine, Some(Version::new(1, 1, 3))).grade, Grade::Ok);
    }

    #[test]
    fn mocks_that_a_plan_may_use_are_found() {
        let dependency = |inside: &str| {
            [text(
                "_envcommon/mgmt/ecs-deploy-runner.hcl",
                &format!("dependency \"vpc\" {{\n  config_path = \"../vpc\"\n{inside}}}\n"),
            )]
        };
        let grade = |inside: &str| mocks(&dependency(inside)).grade;
        assert_eq!(grade("  mock_outputs = {\n    a = 1\n  }\n"), Grade::Warn);
        assert_eq!(
            grade(
                "  mock_outputs = { a = 1 }\n  mock_outputs_allowed_terraform_commands = [\n    \"validate\", \"plan\",\n  ]\n"
            ),
            Grade::Warn
        );
        assert_eq!(
            grade("  mock_outputs = { a = 1 }\n  mock_outputs_allowed_terraform_commands = [\"validate\"]\n"),
            Grade::Ok
        );
        assert_eq!(grade(""), Grade::Ok);
    }

    #[test]
    fn ci_that_applies_and_leaves_nothing_out_is_found() {
        let applies = "infrastructure-deployer -- terraform-applier infrastructure-deploy-script\n";
        let alone = [text("_ci/scripts/deploy-infra.sh", applies)];
        assert_eq!(ci(&alone).grade, Grade::Warn);
        let guarded = [text(
            "_ci/scripts/deploy-infra.sh",
            &format!("case $path in\n  */ecs-deploy-runner) exit 0 ;;\nesac\n{applies}"),
        )];
        assert_eq!(ci(&guarded).grade, Grade::Ok);
        let commented =
            [text("_ci/scripts/deploy-infra.sh", &format!("# */ecs-deploy-runner is not left out\n{applies}"))];
        assert_eq!(ci(&commented).grade, Grade::Warn);
        assert_eq!(ci(&[text("scripts/other.sh", applies)]).grade, Grade::Ok, "not a job of CI");
    }
}
