//! The plan file, laid out as Terraform's: a zip archive with the plan and every configuration file that it was made from.

use std::fs;
use std::path::Path;

/// The plan itself.
const PLAN: &str = "tfplan";

/// Puts a plan and the configuration of a folder into an archive.
pub(super) fn pack(plan: &[u8], folder: &Path) -> Vec<u8> {
    let mut files = vec![(PLAN.to_owned(), plan.to_vec())];
    let mut names: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let text = name.to_string_lossy().into_owned();
        if (text.ends_with(".tf") || text.ends_with(".tf.json"))
            && let Ok(bytes) = fs::read(folder.join(&name))
        {
            files.push((format!("tfconfig/m-/{text}"), bytes));
        }
    }
    files.push(("tfconfig/modules.json".to_owned(), br#"[{"Key":"","Dir":"."}]"#.to_vec()));
    zip(&files)
}

/// The plan in an archive of ours; `None` if it is another file.
pub(super) fn plan_in(archive: &[u8]) -> Option<&[u8]> {
    let (head, rest) = archive.split_at_checked(30)?;
    let size = u32::from_le_bytes(head.get(18..22)?.try_into().ok()?);
    let rest = rest.strip_prefix(PLAN.as_bytes()).filter(|_| head.starts_with(b"PK\x03\x04"))?;
    rest.get(..usize::try_from(size).ok()?)
}

/// Files one after the other, not compressed (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = length(archive.len()).to_le_bytes();
        let size = length(bytes.len()).to_le_bytes();
        // Version, no flags, stored, no time.
        let kind = [[20, 0], [0, 0], [0, 0], [0, 0], [33, 0]].concat();
        let sums = [checksum(bytes).to_le_bytes(), size, size].concat();
        let name_length = length(name.len()).to_le_bytes();
        let lengths = [&name_length[..2], &[0, 0]].concat();
        archive.extend([b"PK\x03\x04", &kind[..], &sums, &lengths, name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &kind[..], &sums, &lengths, &[0; 10], &at, name.as_bytes()].concat());
    }
    let n = length(files.len()).to_le_bytes();
    let (start, size) = (length(archive.len()).to_le_bytes(), length(directory.len()).to_le_bytes());
    let end = [b"PK\x05\x06\x00\x00\x00\x00", &n[..2], &n[..2], &size, &start, &[0, 0]].concat();
    [archive, directory, end].concat()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a rehearsal writes nothing that large")
}

/// CRC-32, as zip archives have it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_that_of_zip() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn plan_is_found_again_in_its_archive() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.tf"), "provider \"aws\" {}").unwrap();
        let archive = pack(b"{\"a\":1}", folder.path());
        assert_eq!(plan_in(&archive), Some(&b"{\"a\":1}"[..]));
        assert_eq!(plan_in(b"something else"), None);
    }
}
