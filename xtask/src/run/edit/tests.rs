//! A change of five files, stopped at every point there is: afterwards all are old or all are new.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::disk::Disk;
use super::settle::settle_on;
use super::*;

const N_FILES: usize = 5;

/// A checkout with five files in several folders, one of them behind a link and one with a mode of its own.
struct Five {
    dir: TempDir,
}

impl Five {
    fn new() -> Self {
        let five = Self { dir: tempfile::tempdir().expect("a folder") };
        for folder in [".git", "dev", "prod/unit"] {
            fs::create_dir_all(five.root().join(folder)).expect("a folder");
        }
        (0..N_FILES).for_each(|at| fs::write(five.path(at), five.text(at, "old")).expect("a file"));
        symlink("../common.hcl", five.root().join("dev/link.hcl")).expect("a link");
        fs::set_permissions(five.path(1), fs::Permissions::from_mode(0o640)).expect("a mode");
        five
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().expect("it is there")
    }

    fn path(&self, at: usize) -> PathBuf {
        self.root().join(["common.hcl", "dev/a.hcl", "dev/b.hcl", "prod/unit/terragrunt.hcl", "prod/x.tfvars"][at])
    }

    fn text(&self, at: usize, which: &str) -> String {
        format!("\u{feff}{at} = \"{which}\"\r\n\tno newline at the end")
    }

    fn write(&self, disk: &Disk) -> Result<(), Failures> {
        let paths: Vec<_> =
            (0..N_FILES).map(|at| if at == 0 { self.root().join("dev/link.hcl") } else { self.path(at) }).collect();
        let texts: Vec<_> = (0..N_FILES).map(|at| (self.text(at, "old"), self.text(at, "new"))).collect();
        let edits: Vec<_> = paths
            .iter()
            .zip(&texts)
            .map(|(path, (before, after))| Edit {
                name: path.file_name().and_then(|name| name.to_str()).expect("a name"),
                path,
                before: before.as_bytes(),
                after: after.as_bytes(),
            })
            .collect();
        write_on(disk, &self.root(), "bump-tags v2", &edits)
    }

    /// `old` or `new`, if all files are that and nothing else lies beside them; panics otherwise.
    #[track_caller]
    fn all(&self, when: &str) -> &'static str {
        let found: Vec<_> = (0..N_FILES).map(|at| fs::read_to_string(self.path(at)).expect("it is there")).collect();
        let is = |which: &str| (0..N_FILES).all(|at| found[at] == self.text(at, which));
        assert!(is("old") || is("new"), "{when}: mixed: {found:?}");
        let mode = fs::metadata(self.path(1)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o640, "{when}");
        let link = fs::read_link(self.root().join("dev/link.hcl")).expect("still a link");
        assert_eq!(link, Path::new("../common.hcl"), "{when}");
        let mut names = entries(&self.root());
        names.retain(|name| name != ".xtask");
        assert_eq!(names, [".git", "common.hcl", "dev", "prod"], "{when}");
        assert_eq!(entries(&self.root().join("dev")), ["a.hcl", "b.hcl", "link.hcl"], "{when}");
        assert_eq!(entries(&self.root().join("prod/unit")), ["terragrunt.hcl"], "{when}");
        assert!(!self.root().join(".xtask/edit").exists(), "{when}: the journal is still there");
        if is("new") { "new" } else { "old" }
    }

    fn settle(&self) -> Settled {
        settle_on(&Disk::default(), &self.root()).unwrap_or_else(|failure| panic!("{failure}"))
    }
}

fn entries(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).expect("the folder").map(|it| it.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// How many steps a change of five files has.
fn n_steps() -> usize {
    static N_STEPS: OnceLock<usize> = OnceLock::new();
    let done = |n: &usize| {
        let disk = Disk::dead_after(*n);
        let _ = Five::new().write(&disk);
        !disk.is_spoilt()
    };
    *N_STEPS.get_or_init(|| (1..).find(done).expect("it ends"))
}

#[test]
fn killed_at_any_point_the_next_call_leaves_all_old_or_all_new() {
    let n = n_steps();
    assert!(n > 30, "{n}");
    let (mut n_old, mut n_new) = (0, 0);
    for step in 0..n {
        let five = Five::new();
        let _ = five.write(&Disk::dead_after(step));
        let settled = five.settle();
        let all = five.all(&format!("step {step}"));
        if all == "new" {
            n_new += 1
        } else {
            n_old += 1
        }
        // Before it counts nobody needs to know; from then on it is finished.
        let expected = matches!(settled, Settled::Finished(_));
        assert!(if all == "new" { expected || step > n / 2 } else { settled == Settled::Nothing }, "step {step}");
        assert!(matches!(pending(&five.root()), Ok(None)));
        // And then the change goes on as if nothing had been.
        if all == "old" {
            five.write(&Disk::default()).unwrap_or_else(|failures| panic!("{step}: {failures:?}"));
            assert_eq!(five.all("again"), "new");
        }
    }
    assert!(n_old > 10 && n_new > 10, "{n_old} and {n_new}");
}

#[test]
fn killed_again_while_it_is_settled_the_third_call_settles_it() {
    for step in 0..n_steps() {
        for again in 0.. {
            let five = Five::new();
            let _ = five.write(&Disk::dead_after(step));
            let disk = Disk::dead_after(again);
            let _ = settle_on(&disk, &five.root());
            five.settle();
            five.all(&format!("steps {step} and {again}"));
            if !disk.is_spoilt() {
                break;
            }
        }
    }
}

#[test]
fn a_step_that_fails_leaves_all_old_or_all_new_at_once() {
    for step in 0..n_steps() {
        let five = Five::new();
        let disk = Disk::failing_after(step);
        let result = five.write(&disk);
        if matches!(pending(&five.root()), Ok(Some(_))) || five.root().join(".xtask/edit").exists() {
            // Only what has no effect any more can be left.
            five.settle();
        }
        let expected = if result.is_ok() { "new" } else { "old" };
        assert_eq!(five.all(&format!("step {step}: {result:?}")), expected, "step {step}: {result:?}");
        if let Err(failures) = result {
            let text = failures.iter().map(ToString::to_string).collect::<String>();
            assert!(text.contains("no storage space"), "{text}");
        }
    }
}

#[test]
fn a_change_that_cannot_be_finished_is_taken_back_also_when_killed_meanwhile() {
    for step in 0..n_steps() {
        for again in 0.. {
            let five = Five::new();
            let _ = five.write(&Disk::dead_after(step));
            let Ok(Some(journal)) = Folder::of(&five.root()).counting() else { break };
            // Somebody has put the last file back, and with it thrown away what was prepared.
            let new = five.root().join(&journal.files[N_FILES - 1].new);
            if fs::remove_file(&new).is_err() {
                fs::write(five.path(N_FILES - 1), five.text(N_FILES - 1, "old")).expect("it is written");
            }
            let disk = Disk::dead_after(again);
            let _ = settle_on(&disk, &five.root());
            five.settle();
            assert_eq!(five.all(&format!("steps {step} and {again}")), "old");
            if !disk.is_spoilt() {
                break;
            }
        }
    }
}

/// Killed when `n` of the files are new.
fn killed_with(n: usize) -> Five {
    let is_new = |five: &Five| {
        let is_new = |at: &usize| fs::read_to_string(five.path(*at)).is_ok_and(|text| text == five.text(*at, "new"));
        (0..N_FILES).filter(is_new).count()
    };
    let mut all = (0..n_steps()).map(|step| {
        let five = Five::new();
        let _ = five.write(&Disk::dead_after(step));
        five
    });
    all.find(|five| is_new(five) == n && five.root().join(".xtask/edit/journal.json").exists()).expect("there is one")
}

#[test]
fn what_somebody_changed_after_the_kill_is_never_overwritten() {
    let mine = "somebody else's";
    // Before it was replaced: the others are put back.
    let five = killed_with(2);
    fs::write(five.path(4), mine).expect("a file");
    assert!(matches!(five.settle(), Settled::TakenBack(left) if left.about == "bump-tags v2" && left.files.len() == 5));
    assert_eq!(fs::read_to_string(five.path(4)).expect("it is there"), mine);
    fs::write(five.path(4), five.text(4, "old")).expect("a file");
    assert_eq!(five.all("the others"), "old");
    // After it was replaced: the others are finished.
    let five = killed_with(2);
    fs::write(five.path(0), mine).expect("a file");
    assert!(matches!(five.settle(), Settled::Finished(_)));
    assert_eq!(fs::read_to_string(five.path(0)).expect("it is there"), mine);
    fs::write(five.path(0), five.text(0, "new")).expect("a file");
    assert_eq!(five.all("the others"), "new");
    // One of each: only a person can tell.
    let five = killed_with(2);
    fs::write(five.path(0), mine).expect("a file");
    fs::write(five.path(4), mine).expect("a file");
    let refused = settle_on(&Disk::default(), &five.root()).expect_err("nobody can tell").to_string();
    assert!(refused.contains("link.hcl  new, and changed since"), "{refused}");
    assert!(refused.contains("x.tfvars  as before, and changed since"), "{refused}");
    assert!(five.write(&Disk::default()).is_err(), "nothing else is changed meanwhile");
}

#[test]
fn a_journal_that_leads_out_of_the_repository_is_refused() {
    let outside = tempfile::tempdir().expect("a folder");
    let victim = outside.path().join("victim");
    fs::write(&victim, "mine").expect("a file");
    for (target, link) in [(victim.clone(), None), (PathBuf::from("link"), Some(&victim))] {
        let five = Five::new();
        let folder = Folder::of(&five.root());
        link.into_iter().for_each(|to| symlink(to, five.root().join("link")).expect("a link"));
        let (before, after) = (sha256(b"mine"), sha256(b"theirs"));
        fs::write(five.root().join("new"), "theirs").expect("a file");
        let entry = Entry { name: "x".to_owned(), target, new: "new".into(), before, after };
        let journal = Journal { about: "x".to_owned(), files: vec![entry] };
        fs::create_dir_all(&folder.dir).expect("a folder");
        fs::write(folder.journal(), serde_json::to_vec(&journal).expect("JSON")).expect("a file");
        assert!(settle_on(&Disk::default(), &five.root()).is_err());
        assert_eq!(fs::read_to_string(&victim).expect("it is there"), "mine");
    }
}

fn edit<'a>(path: &'a Path, before: &'a [u8]) -> Edit<'a> {
    Edit { name: "f", path, before, after: b"new" }
}

#[test]
fn what_cannot_be_changed_keeps_all_from_being_changed() {
    let five = Five::new();
    let root = five.root();
    let write = |edits: &[Edit<'_>]| write_on(&Disk::default(), &root, "x", edits).expect_err("it is refused");
    let (a, b) = (five.path(1), five.path(2));
    let (a_text, b_text) = (five.text(1, "old"), five.text(2, "old"));
    // Changed meanwhile, gone, one file under two names, outside by a link.
    write(&[edit(&a, a_text.as_bytes()), edit(&b, b"other")]);
    write(&[edit(&a, a_text.as_bytes()), edit(&root.join("gone"), b"")]);
    let (link, common) = (root.join("dev/link.hcl"), five.text(0, "old"));
    write(&[edit(&five.path(0), common.as_bytes()), edit(&link, common.as_bytes())]);
    let outside = tempfile::NamedTempFile::new().expect("a file");
    symlink(outside.path(), root.join("out")).expect("a link");
    write(&[edit(&b, b_text.as_bytes()), edit(&root.join("out"), b"")]);
    assert_eq!(fs::read(outside.path()).expect("it is there"), b"");
    fs::remove_file(root.join("out")).expect("it is removed");
    assert_eq!(five.all("afterwards"), "old");
}
