//! What all plans of a run would do, on one screen: units whose plans do the same are shown together.

use std::collections::{BTreeMap, BTreeSet};

use crate::tools::bound::Bounds;
use crate::tools::terraform::plan::{Change, Difference, Own, Plan, Side, Wanted, Why, is_image_path, split_image};

/// A plan and whose it is.
#[derive(Clone, Debug)]
pub struct UnitPlan {
    /// The unit's label.
    pub label: String,
    /// What it would do.
    pub plan: Plan,
    /// The hash of the plan file that this was read from.
    pub sha256: String,
    /// What no other unit's plan has in it.
    pub own: Own,
    /// The images that the unit is to have.
    pub wanted: Vec<Wanted>,
    /// What the plan was made from.
    pub bound: Bounds,
    /// What terragrunt runs besides, by the unit's configuration.
    pub runs: Vec<String>,
    /// Options of the plan and its apply that somebody has to know of; the apply gets no others.
    pub options: Vec<String>,
    /// Variables of the configuration that the apply takes from the environment again.
    pub ephemeral: Vec<String>,
    /// What else there is to know of how the plan was made.
    pub notes: Vec<String>,
}

impl UnitPlan {
    /// What it would do, as it is shown: a line for each resource and output.
    pub fn shown(&self) -> Vec<String> {
        self.plan.changes.iter().map(|change| format!("{} {}", change.action, change.address)).collect()
    }
}

/// Units whose plans do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their labels, in order.
    pub labels: Vec<String>,
    /// What each of them does: what somebody has to look at first, then the gravest, then by address. Where there are
    /// several units, words stand in place of their account and region, and in what is expected also in place of ids.
    pub changes: Vec<Change>,
}

/// The tag of an image, before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagMove {
    /// The tag before; `None` where there was none.
    pub before: Option<String>,
    /// The tag after.
    pub after: String,
    /// The image.
    pub image: String,
}

/// What all plans would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Units with changes, those that do the most first.
    pub groups: Vec<Group>,
    /// Units without any.
    pub unchanged: Vec<String>,
    /// Units that may lose something for good: see [`Change::loses`].
    pub losing: Vec<String>,
    /// Units with other changes that an update does not make.
    pub unexpected: Vec<String>,
    /// The tags that move, each with its units.
    pub tags: BTreeMap<TagMove, Vec<String>>,
    /// What the applies run besides the providers' own work, each with its units.
    pub runs: BTreeMap<String, Vec<String>>,
    /// What else there is to know, each with its units.
    pub notes: BTreeMap<String, Vec<String>>,
    /// What could not be looked at, each with its units.
    pub unchecked: BTreeMap<String, Vec<String>>,
}

/// Texts that are the same but for what is a unit's own, each as the first unit has it, with the units.
#[derive(Default)]
struct Alike<'p>(BTreeMap<String, (&'p str, Vec<String>)>);

impl<'p> Alike<'p> {
    fn add(&mut self, unit: &UnitPlan, text: &'p str) {
        self.0.entry(unit.own.named(text)).or_insert((text, Vec::new())).1.push(unit.label.clone());
    }

    /// The units by text; a text of one unit alone keeps the unit's own words.
    fn units_by_text(self) -> BTreeMap<String, Vec<String>> {
        let entry = |(common, (text, units)): (String, (&str, Vec<String>))| match units[..] {
            [_] => (text.to_owned(), units),
            _ => (common, units),
        };
        self.0.into_iter().map(entry).collect()
    }
}

impl Digest {
    /// Puts the plans together.
    pub fn of(plans: &[UnitPlan]) -> Self {
        let mut digest = Self::default();
        let (mut notes, mut runs) = (Alike::default(), Alike::default());
        let mut groups: BTreeMap<Vec<Change>, Vec<&UnitPlan>> = BTreeMap::new();
        for unit in plans {
            let (label, changes) = (&unit.label, &unit.plan.changes);
            for what in &unit.plan.images.unchecked {
                digest.unchecked.entry(what.clone()).or_default().push(label.clone());
            }
            let known = unit.plan.incomplete.iter().chain(&unit.plan.failed_checks).chain(&unit.notes);
            for what in known {
                notes.add(unit, what);
            }
            if unit.plan.is_empty() {
                digest.unchanged.push(label.clone());
                continue;
            }
            if changes.iter().any(Change::loses) {
                digest.losing.push(label.clone());
            }
            if changes.iter().any(|change| change.expected.is_none() && !change.loses()) {
                digest.unexpected.push(label.clone());
            }
            for what in unit.plan.runs.iter().chain(&unit.runs) {
                runs.add(unit, what);
            }
            for tag in unit.tags() {
                digest.tags.entry(tag).or_default().push(label.clone());
            }
            groups.entry(sorted(changes.iter().map(|change| alike(change, &unit.own)))).or_default().push(unit);
        }
        (digest.notes, digest.runs) = (notes.units_by_text(), runs.units_by_text());
        digest.groups = groups
            .into_iter()
            .map(|(changes, units)| Group {
                labels: units.iter().map(|unit| unit.label.clone()).collect(),
                changes: match units[..] {
                    [unit] => sorted(unit.plan.changes.iter().cloned()),
                    _ => changes,
                },
            })
            .collect();
        digest.groups.sort_by(|a, b| b.labels.len().cmp(&a.labels.len()).then_with(|| a.labels.cmp(&b.labels)));
        digest
    }

    /// How many units would be changed.
    pub fn n_changing(&self) -> usize {
        self.groups.iter().map(|group| group.labels.len()).sum()
    }

    /// How many changes of all units somebody has to look at, and how many of those may lose something for good.
    pub fn n_to_look_at(&self) -> (usize, usize) {
        let all =
            || self.groups.iter().flat_map(|group| group.changes.iter().map(|change| (group.labels.len(), change)));
        let count = |wanted: fn(&Change) -> bool| all().filter(|(_, it)| wanted(it)).map(|(n, _)| n).sum();
        (count(must_be_looked_at), count(Change::loses))
    }

    /// Whether something changes of which only a part can be seen before the apply.
    pub fn has_unseen(&self) -> bool {
        self.groups.iter().flat_map(|group| &group.changes).any(|change| change.expected == Some(Why::TaskArnUnseen))
    }
}

/// Whether an update doesn't make such a change.
pub fn must_be_looked_at(change: &Change) -> bool {
    change.expected.is_none() || change.loses()
}

impl UnitPlan {
    /// The tags that move in this plan.
    fn tags(&self) -> BTreeSet<TagMove> {
        let differences = self.plan.changes.iter().flat_map(|change| &change.differences);
        differences.filter_map(|difference| self.tag(difference)).collect()
    }

    fn tag(&self, difference: &Difference) -> Option<TagMove> {
        let (repository, after) = split_image(difference.after.value()?)?;
        let known = self.wanted.iter().find(|it| it.repository.as_deref() == Some(repository));
        if known.is_none() && !is_image_path(&difference.path) {
            return None;
        }
        let before = match &difference.before {
            Side::Nothing => None,
            side => Some(split_image(side.value()?)?),
        };
        if before.is_some_and(|(old, _)| old != repository) {
            return None;
        }
        let image = known.map_or_else(|| repository.rsplit('/').next().unwrap_or(repository), |it| &it.image);
        let before = before.map(|(_, tag)| tag.to_owned());
        Some(TagMove { before, after: after.to_owned(), image: image.to_owned() })
    }
}

fn sorted(changes: impl Iterator<Item = Change>) -> Vec<Change> {
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by(|a, b| {
        let key = |it: &Change| (!must_be_looked_at(it), std::cmp::Reverse(it.action));
        key(a).cmp(&key(b)).then_with(|| a.address.cmp(&b.address))
    });
    changes
}

/// The change as it is shown, with words in place of what is the unit's own. Of what is expected only images are told; all
/// else of it, such as ids, hashes and times, makes no difference. What has to be looked at is told as it is but for the
/// unit's account and region: another id may be another thing.
fn alike(change: &Change, own: &Own) -> Change {
    let is_told = must_be_looked_at(change);
    let is_image = |it: &Difference| it.after.value().and_then(split_image).is_some();
    let words = |text: &str| if is_told { own.named(text) } else { own.replaced(text) };
    let side = |side: &Side, words: &dyn Fn(&str) -> String| match side {
        Side::Value(text) => Side::Value(words(text)),
        other => other.clone(),
    };
    let differences = change.differences.iter().filter(|it| is_told || is_image(it)).map(|it| Difference {
        path: words(&it.path),
        // Where nothing is known of what comes, the id of what goes tells nothing.
        before: match it.after {
            Side::Unknown => side(&it.before, &|text| own.replaced(text)),
            _ => side(&it.before, &words),
        },
        after: side(&it.after, &words),
    });
    Change { address: words(&change.address), differences: differences.collect(), ..change.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::terraform::plan::Action;

    fn plan(label: &str, changes: &[(Action, &str, &str)]) -> UnitPlan {
        let change = |(action, address, value): &(Action, &str, &str)| Change {
            action: *action,
            address: (*address).to_owned(),
            kind: "aws_ecs_task_definition".to_owned(),
            differences: vec![Difference {
                path: "image".to_owned(),
                before: Side::Nothing,
                after: Side::Value((*value).to_owned()),
            }],
            expected: Some(Why::ImageTag),
            notes: Vec::new(),
        };
        let own = Own { account_id: "1".repeat(12), account: label.to_owned(), region: "us-east-1".to_owned() };
        let plan = Plan { changes: changes.iter().map(change).collect(), ..Plan::default() };
        UnitPlan {
            label: label.to_owned(),
            plan,
            sha256: String::new(),
            own,
            wanted: Vec::new(),
            bound: Bounds::default(),
            runs: Vec::new(),
            options: Vec::new(),
            ephemeral: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn units_that_do_the_same_but_for_what_is_their_own_are_shown_together() {
        let digest = Digest::of(&[
            plan("dev", &[(Action::Replace, "b", "of-dev/x:v1"), (Action::Change, "a", "a hash")]),
            plan("logs", &[(Action::Change, "a", "another"), (Action::Replace, "b", "of-logs/x:v1")]),
            plan("shared", &[(Action::Replace, "b", "of-dev/x:v1"), (Action::Change, "a", "a hash")]),
            plan("prod", &[]),
        ]);
        let labels: Vec<_> = digest.groups.iter().map(|group| group.labels.join(" ")).collect();
        assert_eq!(labels, ["dev logs", "shared"], "what differs in more than that is not put together");
        assert_eq!(digest.groups[0].changes[0].action, Action::Replace, "the gravest comes first");
        assert_eq!(digest.unchanged, ["prod"]);
        assert_eq!(digest.n_changing(), 3);
        assert!(digest.losing.is_empty() && digest.unexpected.is_empty());
    }

    #[test]
    fn what_loses_something_is_singled_out() {
        let digest =
            Digest::of(&[plan("dev", &[(Action::Destroy, "a", "")]), plan("prod", &[(Action::Forget, "a", "")])]);
        assert_eq!(digest.losing, ["dev", "prod"]);
        assert_eq!(digest.n_to_look_at(), (2, 2));
    }

    #[test]
    fn tags_are_told_once_with_all_their_units() {
        let mut units = [
            plan("dev", &[(Action::Replace, "a", "x/runner:v2")]),
            plan("logs", &[(Action::Replace, "a", "x/runner:v2")]),
        ];
        for unit in &mut units {
            unit.plan.changes[0].differences[0].before = Side::Value("x/runner:v1".to_owned());
        }
        let tag = TagMove { before: Some("v1".to_owned()), after: "v2".to_owned(), image: "runner".to_owned() };
        assert_eq!(Digest::of(&units).tags, BTreeMap::from([(tag, vec!["dev".to_owned(), "logs".to_owned()])]));
    }

    #[test]
    fn ids_of_what_has_to_be_looked_at_are_told() {
        let mut units = [
            plan("dev", &[(Action::Change, "a", "of-dev/ami-00000000000000002")]),
            plan("prod", &[(Action::Change, "a", "of-prod/ami-6666666666666666e")]),
        ];
        assert_eq!(Digest::of(&units).groups.len(), 1, "an update changes them, whatever they are");
        units.iter_mut().for_each(|unit| unit.plan.changes[0].expected = None);
        let digest = Digest::of(&units);
        assert_eq!(digest.groups.len(), 2);
        let after = digest.groups.iter().map(|group| group.changes[0].differences[0].after.value().unwrap().to_owned());
        assert_eq!(Vec::from_iter(after), ["of-dev/ami-00000000000000002", "of-prod/ami-6666666666666666e"]);
        units[1] = plan("prod", &[(Action::Change, "a", "of-prod/ami-00000000000000002")]);
        units[1].plan.changes[0].expected = None;
        let digest = Digest::of(&units);
        assert_eq!(digest.groups.len(), 1, "the account alone is no difference");
        let after = digest.groups[0].changes[0].differences[0].after.value();
        assert_eq!(after, Some("of-ACCOUNT/ami-00000000000000002"));
    }

    #[test]
    fn tags_are_those_of_images_and_of_nothing_that_looks_like_one() {
        let mut unit = plan("dev", &[(Action::Change, "a", "x/y:after")]);
        unit.plan.changes[0].differences[0].before = Side::Value("x/y:before".to_owned());
        let n_tags = |path: &str, unit: &UnitPlan| {
            let mut unit = unit.clone();
            unit.plan.changes[0].differences[0].path = path.to_owned();
            Digest::of(&[unit]).tags.len()
        };
        assert_eq!([n_tags("input.place", &unit), n_tags("container_definitions[0].image", &unit)], [0, 1]);
        let (image, repository) = ("y".to_owned(), Some("x/y".to_owned()));
        unit.wanted.push(Wanted { image, repository, tag: None });
        assert_eq!(n_tags("input.place", &unit), 1, "it is one that the repository says");
    }
}
