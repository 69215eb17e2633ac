//! Disks: how much is free, and whether what is to be written will fit.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One mebibyte.
pub const MIB: u64 = 1 << 20;

/// Something that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub what: String,
    /// Where it goes; need not be there yet.
    pub place: PathBuf,
    /// How much it is, in bytes.
    pub bytes: u64,
}

/// A file system, with all that is to be written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// How many bytes this user may still write.
    pub free: u64,
    /// What is to be written; what is of one kind is put together, at the place of the first.
    pub needs: Vec<Need>,
}

impl Disk {
    /// How many bytes are to be written.
    pub fn needed(&self) -> u64 {
        self.needs.iter().map(|need| need.bytes).sum()
    }

    /// Whether it doesn't fit.
    pub fn is_too_small(&self) -> bool {
        self.free < self.needed()
    }

    /// Whether it only just fits: what is needed can't be known exactly.
    pub fn is_tight(&self) -> bool {
        !self.is_too_small() && self.free < 2 * self.needed()
    }

    /// How much is free, and how much is needed.
    pub fn words(&self) -> String {
        format!("{} free, about {} needed", size(self.free), size(self.needed()))
    }
}

/// The file systems that these needs are on. A place that can't be looked at is left out: whoever writes there will say why.
pub fn disks(needs: Vec<Need>) -> Vec<Disk> {
    grouped(needs, &|place| look(place).ok())
}

fn grouped(needs: Vec<Need>, look: &dyn Fn(&Path) -> Option<(u64, u64)>) -> Vec<Disk> {
    let mut disks: BTreeMap<u64, Disk> = BTreeMap::new();
    for need in needs {
        let Some((device, free)) = look(&need.place) else { continue };
        let disk = disks.entry(device).or_insert_with(|| Disk { free, needs: Vec::new() });
        match disk.needs.iter_mut().find(|known| known.what == need.what) {
            Some(known) => known.bytes += need.bytes,
            None => disk.needs.push(need),
        }
    }
    disks.into_values().collect()
}

/// The device of a place, or of the nearest folder above it that is there, and how many bytes are free on it.
fn look(place: &Path) -> io::Result<(u64, u64)> {
    let there = place.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let found = rustix::fs::statvfs(there)?;
    Ok((std::fs::metadata(there)?.dev(), found.f_bavail.saturating_mul(found.f_frsize)))
}

/// A number of bytes as people say it.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub fn size(bytes: u64) -> String {
    match bytes / MIB {
        0..1024 => format!("{} MiB", bytes.div_ceil(MIB)),
        mib => format!("{:.1} GiB", mib as f64 / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(what: &str, place: &str, bytes: u64) -> Need {
        Need { what: what.to_owned(), place: place.into(), bytes }
    }

    #[test]
    fn what_goes_to_one_file_system_is_added_up_and_compared_with_what_is_free_there() {
        let needs = vec![
            need("caches", "/repo/dev", 30),
            need("downloads", "/tmp", 10),
            need("caches", "/repo/prod", 30),
            need("plans", "/repo/.xtask", 1),
            need("plans", "/nowhere", 1),
        ];
        let look = |place: &Path| match () {
            () if place.starts_with("/repo") => Some((1, 61)),
            () if place.starts_with("/tmp") => Some((2, 9)),
            () => None,
        };
        let disks = grouped(needs, &look);
        assert_eq!(disks.len(), 2);
        assert_eq!(disks[0].needs, [need("caches", "/repo/dev", 60), need("plans", "/repo/.xtask", 1)]);
        let judged = |disk: &Disk| (disk.is_too_small(), disk.is_tight());
        assert_eq!(judged(&disks[0]), (false, true), "it just fits");
        assert_eq!(judged(&disks[1]), (true, false));
        assert_eq!(judged(&Disk { free: 122, ..disks[0].clone() }), (false, false));
    }

    #[test]
    fn place_that_is_not_there_yet_is_on_the_disk_of_what_is_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let (there, not_yet) = (look(folder.path()).unwrap(), look(&folder.path().join("a/b")).unwrap());
        assert_eq!(there.0, not_yet.0);
        assert_eq!(there.0, std::fs::metadata(folder.path()).unwrap().dev());
    }

    #[test]
    fn sizes_are_said_in_the_larger_unit_that_fits() {
        assert_eq!([1, 200 * MIB, 5 * 1024 * MIB].map(size), ["1 MiB", "200 MiB", "5.0 GiB"]);
    }
}
