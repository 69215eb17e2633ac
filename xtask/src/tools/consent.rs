//! A consent: bound to one plan file by its hash, and written down as `sha256sum` writes it, so that a person can do so too.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::Failure;
use crate::tools::bound::Bound;
use crate::tools::hash::sha256_of;
use crate::tools::state;

/// What was consented to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The hash of the plan.
    pub plan_sha256: String,
    /// The notable options that the apply may have.
    pub options: Vec<String>,
    /// The variables of the configuration that an apply takes from the environment again.
    pub ephemeral: Vec<String>,
    /// What the plan was made from; none of it may have changed.
    pub bound: Vec<Bound>,
}

/// What the lines begin with that `sha256sum` knows nothing of.
const PROGRAM: &str = "# program ";
const FOLDER: &str = "# folder ";
const CHECKOUT: &str = "# checkout ";
const OPTION: &str = "# option ";
const EPHEMERAL: &str = "# ephemeral ";

/// Writes down the consent to the plan which had this hash when it was shown, and to what it was made from.
pub fn write<'b>(
    consent: &Path,
    plan: &Path,
    sha256: &str,
    options: &[String],
    ephemeral: &[String],
    bound: impl IntoIterator<Item = &'b Bound>,
) -> io::Result<()> {
    let mut text = format!("{sha256}  {}\n", plan.display());
    for (head, words) in [(OPTION, options), (EPHEMERAL, ephemeral)] {
        // Quoted: a line each, whatever is in it.
        words.iter().for_each(|word| text.push_str(&format!("{head}{}\n", serde_json::Value::from(word.as_str()))));
    }
    for bound in bound {
        match bound {
            Bound::File { path, sha256 } => text.push_str(&format!("{sha256}  {}\n", path.display())),
            Bound::Folder { path, sha256 } => text.push_str(&format!("{FOLDER}{sha256}  {}\n", path.display())),
            Bound::Checkout { path, base, unit, sha256 } => {
                let (path, unit) = (path.display(), unit.display());
                text.push_str(&format!(
                    "{CHECKOUT}{sha256}  {base}  {}\n",
                    serde_json::json!([path.to_string(), unit.to_string()])
                ));
            }
            Bound::Program { path, mark } => text.push_str(&format!("{PROGRAM}{mark}  {}\n", path.display())),
        }
    }
    state::write(consent, text)
}

/// What was consented to.
pub fn read(consent: &Path) -> Result<Consent, Failure> {
    let refuse = |what: &str| Failure::refused(what).in_file(consent.display().to_string());
    let text = state::read_to_string(consent)
        .map_err(|error| refuse("there is no record of a consent to this plan").because(error))?;
    let mut lines = text.lines();
    let plan_sha256 = lines.next().and_then(|line| line.split_whitespace().next()).and_then(hash);
    let plan_sha256 = plan_sha256.ok_or_else(|| refuse("the record of the consent to this plan holds no hash"))?;
    let unreadable = || refuse("the record of the consent to this plan can't be read");
    let word = |quoted: &str| serde_json::from_str(quoted).map_err(|error| unreadable().because(error));
    let (mut options, mut ephemeral, mut bound) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines.filter(|line| !line.is_empty()) {
        if let Some(option) = line.strip_prefix(OPTION) {
            options.push(word(option)?);
        } else if let Some(name) = line.strip_prefix(EPHEMERAL) {
            ephemeral.push(word(name)?);
        } else {
            bound.push(bound_by(line).ok_or_else(unreadable)?);
        }
    }
    Ok(Consent { plan_sha256, options, ephemeral, bound })
}

fn bound_by(line: &str) -> Option<Bound> {
    let of = |rest: &str| rest.split_once("  ").map(|(mark, path)| (mark.to_owned(), PathBuf::from(path)));
    if let Some((mark, path)) = line.strip_prefix(PROGRAM).and_then(of) {
        return Some(Bound::Program { path, mark });
    }
    if let Some((mark, path)) = line.strip_prefix(FOLDER).and_then(of) {
        return Some(Bound::Folder { path, sha256: hash(&mark)? });
    }
    if let Some(rest) = line.strip_prefix(CHECKOUT) {
        let (sha256, rest) = rest.split_once("  ")?;
        let (base, paths) = rest.split_once("  ")?;
        let [path, unit] = serde_json::from_str(paths).ok()?;
        return Some(Bound::Checkout { path, base: base.to_owned(), unit, sha256: hash(sha256)? });
    }
    let (mark, path) = of(line)?;
    Some(Bound::File { path, sha256: hash(&mark)? })
}

fn hash(word: &str) -> Option<String> {
    let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| word.to_ascii_lowercase())
}

/// Whether a plan is still the one with the hash that was consented to, and what it was made from is still the same.
pub fn still_holds(plan: &Path, consented: &str, bound: &[Bound]) -> Result<(), Failure> {
    let found = sha256_of(plan).map_err(|error| {
        Failure::refused("cannot read the plan that was consented to")
            .in_file(plan.display().to_string())
            .because(error)
    })?;
    if found != consented {
        return Err(Failure::refused("the plan file is not the one that was consented to")
            .in_file(plan.display().to_string())
            .detail(format!("expected  sha256 {consented}"))
            .detail(format!("found     sha256 {found}"))
            .hint("plan again: something has changed the file since"));
    }
    match Bound::changed(bound).first() {
        None => Ok(()),
        Some(bound) => Err(Failure::refused(bound.what_changed())
            .in_file(bound.file_that_changed().display().to_string())
            .hint("plan again: what was consented to is not what would be applied")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_consent_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (plan, consent) = (folder.path().join("dev.tfplan"), folder.path().join("dev.consent"));
        assert!(read(&consent).is_err(), "there is none yet");
        fs::write(&plan, "a plan").unwrap();
        let shown = sha256_of(&plan).unwrap();
        let modules = Bound::folder(folder.path().to_owned()).unwrap();
        let checkout = Bound::Checkout {
            path: "/r".into(),
            base: "c0ffee".to_owned(),
            unit: "/r/a  b".into(),
            sha256: shown.clone(),
        };
        let bound = vec![Bound::file(plan.clone()).unwrap(), Bound::program(plan.clone()).unwrap(), modules, checkout];
        let options = vec!["-lock=false".to_owned(), "-x=\n# folder".to_owned()];
        let ephemeral = vec!["token".to_owned()];
        write(&consent, &plan, &shown, &options, &ephemeral, &bound).unwrap();
        assert_eq!(read(&consent).unwrap(), Consent { plan_sha256: shown.clone(), options, ephemeral, bound });
        fs::write(&consent, format!("{shown}  {}\n", plan.display())).unwrap();
        assert_eq!(read(&consent).unwrap().plan_sha256, shown, "what `sha256sum` writes is one too");
        for bad in ["yes".to_owned(), format!("{shown}  a\nyes\n"), format!("{shown}  a\nyes  b\n")] {
            fs::write(&consent, bad).unwrap();
            assert!(read(&consent).is_err(), "a yes without a hash covers nothing");
        }
    }
}
