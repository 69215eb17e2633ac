//! A consent: bound to one plan file by its hash, and written down as `sha256sum` writes it, so that a person can do so too.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::model::Failure;

/// Writes down the consent to the plan which had this hash when it was shown.
pub fn write(consent: &Path, plan: &Path, sha256: &str) -> io::Result<()> {
    fs::write(consent, format!("{sha256}  {}\n", plan.display()))
}

/// The hash of the plan that was consented to.
pub fn read(consent: &Path) -> Result<String, Failure> {
    let refuse = |what: &str| Failure::refused(what).in_file(consent.display().to_string());
    let text = fs::read_to_string(consent)
        .map_err(|error| refuse("there is no record of a consent to this plan").because(error))?;
    let hash = text.split_whitespace().next().unwrap_or_default();
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(hash.to_ascii_lowercase())
    } else {
        Err(refuse("the record of the consent to this plan holds no hash"))
    }
}

/// The SHA-256 of a file, in lowercase hexadecimal.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut file = fs::File::open(path)?;
    let mut buffer = [0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => context.update(&buffer[..n]),
        }
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (plan, consent) = (folder.path().join("dev.tfplan"), folder.path().join("dev.consent"));
        assert!(read(&consent).is_err(), "there is none yet");
        fs::write(&plan, "a plan").unwrap();
        let shown = sha256_of(&plan).unwrap();
        write(&consent, &plan, &shown).unwrap();
        assert_eq!(read(&consent).unwrap(), shown);
        fs::write(&consent, "yes").unwrap();
        assert!(read(&consent).is_err(), "a yes without a hash covers nothing");
    }

    #[test]
    fn sha256_is_written_as_the_usual_tools_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        fs::write(&path, "").unwrap();
        assert_eq!(sha256_of(&path).unwrap(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
