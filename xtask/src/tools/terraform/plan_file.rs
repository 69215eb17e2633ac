//! The configuration inside a saved plan: Terraform and OpenTofu put every configuration file of every module into the plan
//! file, and an apply of the plan takes the configuration from there, not from the disk.
//!
//! The file is a zip archive (`internal/plans/planfile` in Terraform's source). Reading is strict: whatever is not laid out
//! as Terraform writes it is an error, so that no other reader sees another archive in the same bytes.

use anyhow::{Context, bail};
use serde::Deserialize;

/// One configuration file of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// The module: its folder as Terraform names it, `.` for the root module.
    pub module: String,
    /// The name of the file, without a folder.
    pub name: String,
    /// The whole content.
    pub bytes: Vec<u8>,
}

impl ConfigFile {
    /// The path for messages, from the folder that Terraform ran in.
    pub fn path(&self) -> String {
        if self.module == "." { self.name.clone() } else { format!("{}/{}", self.module, self.name) }
    }
}

/// The largest content of all files together, unpacked.
const MOST: usize = 64 << 20;

const FILES: &str = "tfconfig/m-";
const MODULES: &str = "tfconfig/modules.json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    key: String,
    dir: String,
}

/// The configuration files in a plan file, in the order of the archive.
pub fn configuration(plan_file: &[u8]) -> anyhow::Result<Vec<ConfigFile>> {
    let entries = entries(plan_file).context("the plan file is no zip archive as Terraform writes it")?;
    let mut left = MOST;
    let mut plain = |entry: &Entry<'_>| {
        let bytes = entry.unpacked(left)?;
        left -= bytes.len();
        Ok::<_, anyhow::Error>(bytes)
    };
    let modules = entries.iter().find(|entry| entry.name == MODULES);
    let modules = modules.context("the plan file has no configuration in it")?;
    let modules: Vec<Module> = serde_json::from_slice(&plain(modules)?).context("its list of modules can't be read")?;
    let mut files = Vec::new();
    for entry in &entries {
        let Some(path) = entry.name.strip_prefix(FILES) else { continue };
        let (key, name) = path.rsplit_once('/').context("the plan file has a configuration file without a module")?;
        let module = modules.iter().find(|module| module.key == key);
        let module = module.with_context(|| format!("the plan file doesn't list its module `{key}`"))?;
        files.push(ConfigFile { module: module.dir.clone(), name: name.to_owned(), bytes: plain(entry)? });
    }
    Ok(files)
}

/// A file of the archive.
struct Entry<'a> {
    name: &'a str,
    is_deflated: bool,
    packed: &'a [u8],
}

impl Entry<'_> {
    fn unpacked(&self, most: usize) -> anyhow::Result<Vec<u8>> {
        if !self.is_deflated {
            anyhow::ensure!(self.packed.len() <= most, "the configuration in the plan file is too large");
            return Ok(self.packed.to_vec());
        }
        miniz_oxide::inflate::decompress_to_vec_with_limit(self.packed, most)
            .map_err(|error| anyhow::anyhow!("`{}` in the plan file can't be unpacked: {error}", self.name))
    }
}

/// The files of a zip archive by its central directory, which has to lie right before the end
/// (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
fn entries(zip: &[u8]) -> anyhow::Result<Vec<Entry<'_>>> {
    const END: usize = 22;
    let end = zip.len().checked_sub(END).context("it is too short")?;
    let last = Record::at(zip, end, b"PK\x05\x06", END)?;
    let (n, size, start) = (last.u16(10)?, last.u32(12)?, last.u32(16)?);
    if start.checked_add(size) != Some(end) || last.u16(20)? != 0 {
        bail!("its directory is not where it says");
    }
    let mut entries = Vec::with_capacity(n);
    let mut at = start;
    for _ in 0..n {
        let listed = Record::at(zip, at, b"PK\x01\x02", 46)?;
        let (name, extra, comment) = (listed.u16(28)?, listed.u16(30)?, listed.u16(32)?);
        let name = text(zip, at + 46, name)?;
        at += 46 + name.len() + extra + comment;
        let file = listed.u32(42)?;
        let header = Record::at(zip, file, b"PK\x03\x04", 30)?;
        let (own_name, own_extra) = (header.u16(26)?, header.u16(28)?);
        if text(zip, file + 30, own_name)? != name {
            bail!("`{name}` is called otherwise where it lies");
        }
        let from = file + 30 + own_name + own_extra;
        let packed = zip.get(from..).and_then(|rest| rest.get(..listed.u32(20).ok()?)).context("it is cut off")?;
        let is_deflated = match listed.u16(10)? {
            0 => false,
            8 => true,
            other => bail!("`{name}` is packed in way {other}, which is not known"),
        };
        entries.push(Entry { name, is_deflated, packed });
    }
    if at != end {
        bail!("its directory has another length than it says");
    }
    Ok(entries)
}

/// A record of fixed length at its place.
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn at(zip: &'a [u8], at: usize, mark: &[u8], length: usize) -> anyhow::Result<Self> {
        let bytes = zip.get(at..).and_then(|rest| rest.get(..length)).context("it is cut off")?;
        if !bytes.starts_with(mark) {
            bail!("a record is not where it should be");
        }
        Ok(Self(bytes))
    }

    fn u16(&self, at: usize) -> anyhow::Result<usize> {
        let bytes = self.0.get(at..at + 2).context("it is cut off")?;
        Ok(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
    }

    fn u32(&self, at: usize) -> anyhow::Result<usize> {
        let bytes = self.0.get(at..at + 4).context("it is cut off")?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).try_into()?)
    }
}

fn text(zip: &[u8], at: usize, length: usize) -> anyhow::Result<&str> {
    let bytes = zip.get(at..).and_then(|rest| rest.get(..length)).context("it is cut off")?;
    std::str::from_utf8(bytes).context("a name is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of deflated files.
    fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let packed = miniz_oxide::deflate::compress_to_vec(content.as_bytes(), 6);
            let at = u32::try_from(bytes.len()).unwrap();
            let size = u32::try_from(packed.len()).unwrap();
            let length = u16::try_from(name.len()).unwrap();
            // Terraform leaves the sizes out of this header, and puts them behind the content.
            bytes.extend([b"PK\x03\x04\x14\x00\x08\x00\x08\x00".as_slice(), &[0; 16]].concat());
            bytes.extend([&length.to_le_bytes()[..], &[0, 0], name.as_bytes(), &packed].concat());
            directory.extend([b"PK\x01\x02\x14\x00\x14\x00\x08\x00\x08\x00".as_slice(), &[0; 8]].concat());
            directory.extend([size.to_le_bytes(), u32::try_from(content.len()).unwrap().to_le_bytes()].concat());
            directory.extend([&length.to_le_bytes()[..], &[0; 12], &at.to_le_bytes(), name.as_bytes()].concat());
        }
        let (start, size) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(directory.len()).unwrap());
        let n = u16::try_from(files.len()).unwrap().to_le_bytes();
        bytes.extend(directory);
        bytes.extend([b"PK\x05\x06\x00\x00\x00\x00".as_slice(), &n, &n].concat());
        bytes.extend([size.to_le_bytes(), start.to_le_bytes()].concat());
        bytes.extend([0, 0]);
        bytes
    }

    const LIST: &str = r#"[{"Key":"","Dir":"."},{"Key":"a.b","Source":"./x","Dir":"../x"}]"#;

    #[test]
    fn every_configuration_file_is_read_with_its_module() {
        let plan = zip(&[
            ("tfplan", "the plan"),
            ("tfconfig/m-/main.tf", "one"),
            ("tfconfig/m-a.b/main.tf.json", "two"),
            ("tfconfig/modules.json", LIST),
        ]);
        let files = configuration(&plan).unwrap();
        let read: Vec<_> = files.iter().map(|file| (file.path(), file.bytes.as_slice())).collect();
        assert_eq!(read, [("main.tf".to_owned(), b"one".as_slice()), ("../x/main.tf.json".to_owned(), b"two")]);
    }

    #[test]
    fn archive_that_two_readers_could_read_differently_is_refused() {
        let good = zip(&[("tfconfig/m-/main.tf", "one"), ("tfconfig/modules.json", LIST)]);
        assert!(configuration(&good).is_ok());
        let behind = [&good[..], b"x"].concat();
        let before = [b"x", &good[..]].concat();
        let cut = &good[..good.len() - 1];
        for bad in [&behind[..], &before, cut, b"", br#"{"remote_plan_format":1}"#] {
            assert!(configuration(bad).is_err());
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            let _ = configuration(&bad);
        }
        assert!(configuration(&zip(&[("tfconfig/m-/main.tf", "one")])).is_err(), "it lists no modules");
        assert!(configuration(&zip(&[("tfconfig/m-y/main.tf", "one"), ("tfconfig/modules.json", LIST)])).is_err());
    }

    #[test]
    fn configuration_that_unpacks_to_more_than_anybody_writes_is_refused() {
        let large = " ".repeat(MOST / 2 + 1);
        let files = [("tfconfig/modules.json", LIST), ("tfconfig/m-/a.tf", &large), ("tfconfig/m-/b.tf", &large)];
        assert!(configuration(&zip(&files[..2])).is_ok());
        assert!(configuration(&zip(&files)).is_err());
    }
}
