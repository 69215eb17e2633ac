//! Room on the disks for what a run writes: caches of modules and providers, downloads, plans and logs. A disk that is full
//! in the middle of an apply may cost a state, so this is looked at before anything is planned.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::Allowance;
use crate::model::Failure;
use crate::repo::Repository;
use crate::run::folder::STATE;
use crate::tasks::context::Context;
use crate::tools::disk::{Disk, MIB, Need, disks, size};
use crate::tools::env::Purpose;
use crate::tools::programs::Tools;
use crate::tools::{cache, env, provider_cache};

/// How much one unit takes, where nothing is known of any.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// The providers: that of AWS alone unpacks to some 700 MiB.
    providers: u64,
    /// The module, which comes with its whole git repository.
    module: u64,
    /// What is downloaded at one time: that provider's archive has some 160 MiB.
    download: u64,
    /// Its plan, what is shown of it, and its logs.
    record: u64,
}

const REAL: Sizes = Sizes { providers: 800 * MIB, module: 50 * MIB, download: 200 * MIB, record: 2 * MIB };
/// The stand-ins of a rehearsal download nothing.
const REHEARSED: Sizes = Sizes { providers: MIB / 2, module: MIB / 2, download: 0, record: MIB / 4 };

/// As many filled caches are measured to tell how large the others will be: those of one repository hardly differ.
const N_MEASURED: usize = 4;

/// The disks that planning these units, of which `n_jobs` run side by side, will write to. With `terragrunt` between, units
/// link to one copy of each provider: by its cache server, or by the cache that it has OpenTofu keep. Older versions of both
/// don't, and which they are is not known yet.
pub fn of<'a>(
    context: &Context,
    repo: &Repository,
    units: impl IntoIterator<Item = &'a crate::model::UnitPath>,
    n_jobs: usize,
    terragrunt: bool,
) -> Vec<Disk> {
    let folders: Vec<_> = units.into_iter().map(|unit| unit.in_root(&repo.root)).collect();
    let tmp = temporary_folder(context);
    let sizes = if context.tools() == Tools::Real { REAL } else { REHEARSED };
    let vars = env::build(&context.vars, Purpose::Program, repo.settings.pass_environment()).vars;
    let shared = provider_cache::folder(&vars).filter(|_| terragrunt && !provider_cache::has_another(&vars));
    disks(needs(&folders, n_jobs, Places { state: repo.root.join(STATE), tmp, shared }, sizes))
}

/// Where things go besides the folders of the units.
#[derive(Debug)]
struct Places {
    state: PathBuf,
    tmp: PathBuf,
    /// Where providers lie that units only link to.
    shared: Option<PathBuf>,
}

/// A cache that is there is emptied before it is filled anew, so it takes no more than it does.
fn needs(folders: &[PathBuf], n_jobs: usize, places: Places, sizes: Sizes) -> Vec<Need> {
    let Places { state, tmp, shared } = places;
    let (filled, empty): (Vec<_>, Vec<_>) = folders.iter().partition(|folder| cache::is_filled(folder));
    let measured = filled.iter().take(N_MEASURED).map(|folder| cache::size(folder)).max();
    let cache = measured.unwrap_or(sizes.module + if shared.is_some() { 0 } else { sizes.providers });
    let download = measured.map_or(sizes.download, |bytes| sizes.download.min(bytes / 4));
    let program = std::env::current_exe().and_then(std::fs::metadata).map_or(0, |file| file.len());
    let records = program + sizes.record * folders.len() as u64;
    let need = |what: &str, place, bytes| Need { what: what.to_owned(), place, bytes };
    let caches = empty.into_iter().map(|folder| need("caches of units", folder.join(".terragrunt-cache"), cache));
    let downloads = need("downloads", tmp, download * n_jobs.min(folders.len()) as u64);
    let providers = shared.filter(|folder| measured.is_none() && !folder.exists());
    let providers = providers.map(|folder| need("providers", folder, sizes.providers));
    let all = caches.chain(providers).chain([downloads, need("plans and logs", state, records)]);
    all.filter(|need| need.bytes > 0).collect()
}

/// A refusal if nothing can be written to the folder for temporary files, of which every program that is started makes use:
/// what they say of it names anything but the folder.
pub fn temporary(context: &Context) -> Result<(), Failure> {
    let folder = temporary_folder(context);
    let written = tempfile::NamedTempFile::new_in(&folder).and_then(|mut file| {
        file.write_all(&[0; 64 * 1024])?;
        file.flush()
    });
    written.map_err(|error| {
        Failure::refused("nothing can be written to the folder for temporary files, so nothing was started")
            .in_file(folder.display().to_string())
            .because(error)
            .hint(TEMPORARY)
    })
}

/// What to do about the folder for temporary files.
pub const TEMPORARY: &str = "make room there, or name another folder by the variable TMPDIR";

fn temporary_folder(context: &Context) -> PathBuf {
    let named = env::text(&context.vars, "TMPDIR").filter(|path| !path.is_empty());
    named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

/// A refusal for each disk that is too small, unless that is allowed.
pub fn refusals(context: &Context, disks: &[Disk]) -> Vec<Failure> {
    let too_small = disks.iter().filter(|disk| disk.is_too_small() && !context.globals.allows(Allowance::FullDisk));
    too_small.map(refusal).collect()
}

fn refusal(disk: &Disk) -> Failure {
    let failure = Failure::refused(format!("there is too little room on the disk: {}", disk.words()));
    let lines =
        disk.needs.iter().map(|need| format!("{:<9} {} in {}", size(need.bytes), need.what, need.place.display()));
    lines
        .fold(failure, Failure::detail)
        .hint("make room: `cargo xtask runs clean`; folders `.terragrunt-cache` and `.terraform` can go in which no `errored.tfstate` lies")
        .hint("or, if it is known to fit: --allow full-disk")
}

/// What to say of disks that what is planned only just fits on.
pub fn tight(disks: &[Disk]) -> Vec<String> {
    let place = |disk: &Disk| disk.needs.first().map(|need| need.place.display().to_string()).unwrap_or_default();
    let tight = disks.iter().filter(|disk| disk.is_tight() || disk.is_too_small());
    tight.map(|disk| format!("{}   {}", disk.words(), place(disk))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_that_are_there_tell_how_large_the_others_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let folders: Vec<_> = ["a", "b", "c"].map(|name| folder.path().join(name)).into();
        let of = |shared: Option<&str>| {
            let places = Places { state: "/s".into(), tmp: "/t".into(), shared: shared.map(PathBuf::from) };
            let needs = needs(&folders, 2, places, REAL);
            needs.iter().map(|need| (need.what.clone(), need.bytes / MIB)).collect::<Vec<_>>()
        };
        let unknown = of(None);
        let caches = |needs: &[(String, u64)]| {
            needs.iter().filter(|(what, _)| what.starts_with("caches")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(caches(&unknown), vec![("caches of units".to_owned(), 850); 3]);
        assert!(unknown.contains(&("downloads".to_owned(), 400)), "{unknown:?}");
        let shared = of(Some("/nowhere"));
        assert_eq!(caches(&shared), vec![("caches of units".to_owned(), 50); 3]);
        assert!(shared.contains(&("providers".to_owned(), 800)), "{shared:?}");
        std::fs::create_dir_all(folders[0].join(".terragrunt-cache/x")).unwrap();
        std::fs::write(folders[0].join(".terragrunt-cache/x/provider"), vec![1; 9 * 1024 * 1024]).unwrap();
        let known = of(Some("/nowhere"));
        assert_eq!(caches(&known), vec![("caches of units".to_owned(), 9); 2], "the third is there");
        assert!(known.contains(&("downloads".to_owned(), 4)), "{known:?}");
    }
}
