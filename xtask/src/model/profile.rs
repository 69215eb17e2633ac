//! A profile of the AWS config files that leads into some account.

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

/// Parts of names of roles that read, audit or pay, and change nothing else.
const LIMITED: [&str; 8] = ["readonly", "viewonly", "billing", "audit", "support", "reader", "viewer", "observer"];

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

/// How many letters have to be changed, added or left out to make one name of the other.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// The nearest of these names, if one is near enough to be a typing mistake.
pub fn nearest<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> Option<&'n str> {
    names.into_iter().min_by_key(|known| distance(known, name)).filter(|known| distance(known, name) <= 3)
}
