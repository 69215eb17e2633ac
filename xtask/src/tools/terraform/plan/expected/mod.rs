//! The table of what an update is expected to change. Whatever isn't in it somebody has to look at.

use super::change::{Action, OUTPUT};
use super::containers::split;
use super::difference::{Difference, Side};
use super::wanted::Wanted;

pub(super) const TASK: &str = "aws_ecs_task_definition";
const LAMBDA: &str = "aws_lambda_function";
/// Resources that are a record in the state and nothing else.
const RECORDS: [&str; 2] = ["terraform_data", "null_resource"];

/// Why an update is expected to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The tag of an image moves to the one that the repository says.
    ImageTag,
    /// It names a task definition that gets another revision.
    TaskArn,
    /// The same, where the new text is known after the apply only: that nothing else changes in it can't be seen.
    TaskArnUnseen,
    /// The code of the invoker is another, and nothing else.
    SourceHash,
    /// An output, which nothing in the plan depends on.
    Output,
}

impl Why {
    /// The words for it in the digest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImageTag => "image tag",
            Self::TaskArn => "task definition ARN",
            Self::TaskArnUnseen => "task definition ARN *",
            Self::SourceHash => "source hash",
            Self::Output => "",
        }
    }
}

/// What the classification of one change rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    /// The images that the unit is to have.
    pub(super) wanted: &'a [Wanted],
    /// ARNs, or how they end, of the task definitions that this plan makes anew, without revisions.
    pub(super) remade: &'a [String],
    /// The unit's account.
    pub(super) account: &'a str,
}

/// A change, as far as the table is about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) action: Action,
    pub(super) kind: &'a str,
    /// The name of a function, where it stays as it is.
    pub(super) function: Option<&'a str>,
    pub(super) differences: &'a [Difference],
}

/// Why an update is expected to do this; `None` if somebody has to look.
pub(super) fn why(case: Case<'_>, ground: Ground<'_>) -> Option<Why> {
    let Case { action, kind, function, differences } = case;
    // What AWS or the state makes up anew whenever the thing itself is another.
    let computed: &[&str] = match kind {
        TASK => &["arn", "arn_without_revision", "id", "revision", "tags_all"],
        _ if RECORDS.contains(&kind) => &["id", "output"],
        _ => &[],
    };
    let is_computed = |it: &Difference| computed.contains(&root(&it.path)) && it.after == Side::Unknown;
    let rest: Vec<_> = differences.iter().filter(|it| !is_computed(it)).collect();
    let all = |allowed: &[Why]| {
        let whys: Option<Vec<_>> =
            rest.iter().map(|it| explained(it, action, ground).filter(|why| allowed.contains(why))).collect();
        // The least certain reason stands for all of them.
        whys.and_then(|whys| whys.into_iter().max())
    };
    match (action, kind) {
        (Action::Replace, TASK) => all(&[Why::ImageTag]),
        // The second half of a replacement whose first half was done before: there, what is compared is its predecessor.
        (Action::Add, TASK) => None,
        (Action::Change, LAMBDA) if function.is_some_and(|name| name.ends_with("invoker")) => hash_only(&rest),
        (Action::Add | Action::Change | Action::Replace, _) if RECORDS.contains(&kind) => {
            all(&[Why::ImageTag, Why::TaskArn, Why::TaskArnUnseen])
        }
        (Action::Add, OUTPUT) => Some(Why::Output),
        (Action::Change, OUTPUT) => {
            let follows = |it: &&Difference| it.after == Side::Unknown && !ground.remade.is_empty();
            rest.iter().all(|it| explained(it, action, ground).is_some() || follows(it)).then_some(Why::Output)
        }
        (Action::Change, _) => all(&[Why::TaskArn, Why::TaskArnUnseen]),
        _ => None,
    }
}

/// Those differences that are neither made up anew whenever the thing itself is another, nor another revision of a task
/// definition.
pub(super) fn not_of_an_update(
    action: Action,
    kind: &str,
    differences: Vec<Difference>,
    ground: Ground<'_>,
) -> Vec<Difference> {
    let is_computed = |it: &Difference| RECORDS.contains(&kind) && ["id", "output"].contains(&root(&it.path));
    let is_revision = |it: &Difference| explained(it, action, ground).is_some();
    differences.into_iter().filter(|it| !is_computed(it) && !is_revision(it)).collect()
}

/// The first word of a path.
fn root(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Another archive, and what AWS says of it; nothing that decides how it runs.
fn hash_only(differences: &[&Difference]) -> Option<Why> {
    const TOLD_BY_AWS: [&str; 6] =
        ["code_sha256", "last_modified", "qualified_arn", "qualified_invoke_arn", "source_code_size", "version"];
    let has_hash = differences.iter().any(|it| it.path == "source_code_hash");
    let is_hash = |it: &&Difference| {
        it.path == "source_code_hash"
            || (TOLD_BY_AWS.contains(&it.path.as_str()) && it.after == Side::Unknown)
            || (it.path == "filename" && same_file_name(it))
    };
    (has_hash && differences.iter().all(is_hash)).then_some(Why::SourceHash)
}

/// The folder in terragrunt's cache has another name with every source.
fn same_file_name(difference: &Difference) -> bool {
    let below_cache = |side: &Side| {
        let mut parts = side.value()?.split_once("/.terragrunt-cache/")?.1.splitn(3, '/');
        parts.nth(2).filter(|path| !path.contains("..")).map(str::to_owned)
    };
    below_cache(&difference.before).is_some() && below_cache(&difference.before) == below_cache(&difference.after)
}

/// Whether one attribute moves as the update moves it.
fn explained(difference: &Difference, action: Action, ground: Ground<'_>) -> Option<Why> {
    let is_task_of_ours = |arn: &str| revised(arn).is_some() && arn.split(':').nth(4) == Some(ground.account);
    match (&difference.before, &difference.after) {
        (Side::Value(before), Side::Value(after)) => {
            if is_move(before, after, ground.wanted) {
                return Some(Why::ImageTag);
            }
            let is_same_family = revised(before).is_some() && revised(before) == revised(after);
            (is_same_family && is_task_of_ours(after)).then_some(Why::TaskArn)
        }
        (Side::Value(before), Side::Unknown) => {
            ground.remade.iter().any(|arn| names(before, arn)).then_some(Why::TaskArnUnseen)
        }
        (Side::Nothing, Side::Value(after)) => {
            let is_image = split(after).is_some_and(|(repository, tag)| is_wanted(repository, tag, ground.wanted));
            // Where something was there before, one more ARN is one more thing that is allowed.
            let is_arn = action == Action::Add && is_task_of_ours(after);
            if is_image && action == Action::Add { Some(Why::ImageTag) } else { is_arn.then_some(Why::TaskArn) }
        }
        _ => None,
    }
}

/// Whether a text names this task definition, in whatever revision, and not one whose name begins alike.
fn names(text: &str, arn: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.match_indices(arn).any(|(at, _)| !text[at + arn.len()..].starts_with(goes_on))
}

/// Whether an image stays where it is, and its tag moves to one that is wanted.
fn is_move(before: &str, after: &str, wanted: &[Wanted]) -> bool {
    let (Some((old, _)), Some((new, tag))) = (split(before), split(after)) else { return false };
    old == new && is_wanted(new, tag, wanted)
}

fn is_wanted(repository: &str, tag: &str, wanted: &[Wanted]) -> bool {
    let fits = |it: &&Wanted| it.repository.as_deref().is_none_or(|known| known == repository);
    wanted.iter().filter(fits).any(|it| it.tag.as_deref() == Some(tag))
}

/// The ARN of a task definition without its revision.
pub(super) fn without_revision(arn: &str) -> &str {
    revised(arn).unwrap_or(arn)
}

/// The part before the revision, if this is the ARN of one revision of a task definition and nothing wider.
fn revised(arn: &str) -> Option<&str> {
    let (rest, revision) = arn.rsplit_once(':')?;
    let family = rest.rsplit_once(":task-definition/")?.1;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_revision = !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit());
    (is_revision && !family.is_empty() && family.bytes().all(is_name)).then_some(rest)
}

#[cfg(test)]
mod tests;
