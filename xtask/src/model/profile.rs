//! A profile of the AWS config files that leads into some account.

use std::collections::BTreeSet;

use super::Place;

/// A profile that could be used for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileCandidate {
    /// The name that the credential tool takes.
    pub name: String,
    /// Where the profile starts in its file.
    pub place: Place,
    /// Which key says that it leads into the account.
    pub why: String,
    /// The role that it leads to, if the file names it.
    pub role: Option<String>,
}

/// Parts of names of roles that read, audit or pay, and change nothing else; `PowerUserAccess` may not pass a role to ECS
/// (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/PowerUserAccess.html>).
const LIMITED: [&str; 9] =
    ["readonly", "viewonly", "billing", "audit", "support", "reader", "viewer", "observer", "poweruser"];

impl ProfileCandidate {
    /// Whether its name or that of its role says that it can't apply anything.
    pub fn is_limited(&self) -> bool {
        is_limited(self.role.as_deref().unwrap_or(&self.name))
    }
}

/// Whether a name of a role or a profile says that it can't apply anything.
pub fn is_limited(name: &str) -> bool {
    let letters: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let letters = letters.to_lowercase();
    LIMITED.iter().any(|word| letters.contains(word))
}

/// How many letters have to be changed, added, left out or exchanged with the next one to make one name of the other.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let is_exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            let exchanged = if is_exchanged { before[j - 2] + 1 } else { usize::MAX };
            row.push(changed.min(exchanged).min(row[j - 1] + 1).min(last[j] + 1));
        }
        (before, last) = (last, row);
    }
    last[b.len()]
}

/// The names that one may have been mistyped for, as a question: those that differ least of those that are near.
pub fn did_you_mean<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> Option<String> {
    let near: Vec<_> = nearest(names, name).into_iter().map(|known| format!("`{known}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

/// Those names.
pub fn nearest<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> Vec<&'n str> {
    let names: BTreeSet<_> = names.into_iter().collect();
    let distances: Vec<_> = names.into_iter().filter_map(|known| Some((nearness(known, name)?, known))).collect();
    let least = distances.iter().map(|(distance, _)| *distance).min();
    distances.into_iter().filter(|(distance, _)| Some(*distance) == least).map(|(_, known)| known).collect()
}

/// By how many letters two names differ, whatever their case; `None` if they are too different for a slip of the keyboard.
/// What they have in common says nothing: of a pattern like `acme-{account}` only the parts that differ count, and a letter
/// in three may differ in each. Other digits are another name.
fn nearness(known: &str, wanted: &str) -> Option<usize> {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(known) != digits(wanted) {
        return None;
    }
    let [known, wanted] = [known, wanted].map(str::to_lowercase);
    let parts = |name: &str| name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let (mut a, mut b) = (parts(&known), parts(&wanted));
    if a.len() != b.len() {
        let n_same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        (a, b) = (a.split_off(n_same), b.split_off(n_same));
        let n_same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
        a.truncate(a.len() - n_same);
        b.truncate(b.len() - n_same);
        (a, b) = (vec![a.join("-")], vec![b.join("-")]);
    }
    let of_part = |(a, b): (&String, &String)| {
        let (distance, most) = (distance(a, b), a.chars().count().max(b.chars().count()) / 3);
        (distance <= most).then_some(distance)
    };
    a.iter().zip(&b).map(of_part).sum()
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn what_a_pattern_has_in_common_makes_no_names_near() {
        let names = ["your-dev", "your-shared", "your-security", "acme-1", "dev/us-east-1/mgmt/ecs-deploy-runner"];
        for (name, offered) in [
            ("your-stage", None),
            ("your-prod", None),
            ("your-", None),
            ("acme-2", None),
            ("prod/us-east-1/mgmt/ecs-deploy-runner", None),
            ("dev/us-west-2/mgmt/ecs-deploy-runner", None),
            ("your-shard", Some("your-shared")),
            ("yuor-dev", Some("your-dev")),
            ("YOUR_DVE", Some("your-dev")),
            ("yourdev", Some("your-dev")),
            ("amce-1", Some("acme-1")),
            ("dve/us-east-1/mgmt/ecs-deploy-runner", Some("dev/us-east-1/mgmt/ecs-deploy-runner")),
            ("dev/us-east-1/mgmt/ecs-deployrunner", Some("dev/us-east-1/mgmt/ecs-deploy-runner")),
        ] {
            let offered = offered.map(|offered| format!("did you mean `{offered}`?"));
            assert_eq!(did_you_mean(names, name), offered, "{name}");
        }
    }

    #[test]
    fn names_that_are_near_are_offered_and_no_others() {
        let names = ["dev", "Dev", "logs", "prod", "stage", "security"];
        for (name, offered) in [
            ("stgae", Some("did you mean `stage`?")),
            ("prdo", Some("did you mean `prod`?")),
            ("pro", Some("did you mean `prod`?")),
            ("dve", Some("did you mean `Dev` or `dev`?")),
            ("DEV", Some("did you mean `Dev` or `dev`?")),
            ("securty", Some("did you mean `security`?")),
            ("nope", None),
            ("", None),
            ("nothing-like-it", None),
        ] {
            assert_eq!(did_you_mean(names, name).as_deref(), offered, "{name}");
        }
        assert_eq!(did_you_mean([], "dev"), None);
    }
}
