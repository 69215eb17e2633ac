//! git: what the checkout is, and which module sources it will have to ask a password or a host key for.

use std::io;
use std::path::Path;
use std::time::Duration;

use xshell::{Shell, cmd};

use crate::tools::answer::{self, Answer};
use crate::tools::env::{self, Env, Purpose};

/// Time limit of one question.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time limit for the question whether a server has a ref; without an answer nothing is written, so it is generous.
const REF_PATIENCE: Duration = Duration::from_secs(20);
/// Exit code by which git says that there is no such ref.
const NO_REF: i32 = 2;

/// Whether the git repository at an address has one of these refs; an error is why git can't tell. Nothing can ask back.
pub fn has_ref(remote: &str, refs: &[String], cwd: &Path, vars: &Env) -> anyhow::Result<bool> {
    let answer = ls_remote(&[&["--exit-code", "--", remote], &words(refs)[..]].concat(), cwd, vars, REF_PATIENCE)?;
    Ok(answer.code != Some(NO_REF) && text(&answer).map(|_| true)?)
}

/// Whether git can read a repository at an address; an error is why it can't. Nothing can ask back.
pub fn can_read(remote: &str, cwd: &Path, vars: &Env, limit: Duration) -> anyhow::Result<()> {
    let answer = ls_remote(&["--exit-code", remote, "HEAD"], cwd, vars, limit)?;
    text(&answer).map(drop)
}

/// The tags that the git repository at an address has. Nothing can ask back.
pub fn tags_of(remote: &str, cwd: &Path, vars: &Env, limit: Duration) -> anyhow::Result<Vec<String>> {
    let answer = ls_remote(&["--tags", "--refs", "--quiet", "--", remote], cwd, vars, limit)?;
    let names = text(&answer)?.lines().filter_map(|line| line.split_once("refs/tags/"));
    Ok(names.map(|(_, name)| name.trim().to_owned()).collect())
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Asks a server, in English and without anything that can ask back.
fn ls_remote(args: &[&str], cwd: &Path, vars: &Env, limit: Duration) -> anyhow::Result<Answer> {
    let mut vars = vars.clone();
    env::forbid_prompts(&mut vars);
    vars.insert("LC_ALL".into(), "C".into());
    answer::ask("git", &[&["ls-remote"], args].concat(), cwd, &vars, limit)
}

/// Standard output, or the line of standard error that has the reason.
fn text(answer: &Answer) -> anyhow::Result<&str> {
    answer.text().map_err(|error| anyhow::anyhow!(reason(&error.to_string()).to_owned()))
}

/// The line that has the reason of a failure: what git calls fatal, unless that is only that ssh or the server has told one
/// before. Advice follows it.
fn reason(text: &str) -> &str {
    const TOLD_BEFORE: &str = "fatal: Could not read from remote repository.";
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let fatal = lines.iter().position(|line| line.starts_with("fatal: "));
    match fatal {
        Some(at) if at > 0 && lines[at] == TOLD_BEFORE => lines[at - 1],
        Some(at) => lines[at],
        None => lines.last().copied().unwrap_or_default(),
    }
}

/// What a person wants to know of the checkout before they change production with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The branch, or the abbreviated commit where none is checked out.
    pub branch: String,
    /// Files that differ from the commit, new ones included.
    pub n_changed: usize,
    /// Where the commit stands to the default branch of the upstream, as far as this checkout knows it.
    pub upstream: Upstream,
}

/// Where a commit stands to the default branch of the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// There is none, or this checkout doesn't know it.
    Unknown,
    /// It is on that branch.
    On(String),
    /// It is not: others have not seen it there.
    Off(String),
}

impl Checkout {
    /// What about it others can't see on the upstream's default branch; nothing if it is clean and on it. Where that branch
    /// is not known it is not missed.
    pub fn unseen(&self) -> Vec<String> {
        let files = match self.n_changed {
            0 => None,
            1 => Some("1 file differs from the commit".to_owned()),
            n => Some(format!("{n} files differ from the commit")),
        };
        let off = match &self.upstream {
            Upstream::Off(branch) => Some(format!("the commit is not on {branch}")),
            Upstream::On(_) | Upstream::Unknown => None,
        };
        files.into_iter().chain(off).collect()
    }
}

/// Asks git; `None` where the folder is no checkout or git isn't there.
pub fn checkout(root: &Path) -> Option<Checkout> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    let ask = |command: xshell::Cmd<'_>| command.quiet().ignore_stderr().read().ok();
    let status = ask(cmd!(shell, "git --no-optional-locks status --porcelain=v1 --untracked-files=normal"))?;
    let branch = ask(cmd!(shell, "git rev-parse --abbrev-ref HEAD"))
        .filter(|name| name != "HEAD")
        .or_else(|| ask(cmd!(shell, "git rev-parse --short HEAD")))
        .or_else(|| ask(cmd!(shell, "git symbolic-ref --short HEAD")))?;
    let upstream = match default_branch(root) {
        None => Upstream::Unknown,
        Some(name) => {
            match cmd!(shell, "git merge-base --is-ancestor HEAD {name}").quiet().ignore_stdout().ignore_stderr().run()
            {
                Ok(()) => Upstream::On(name),
                Err(_) => Upstream::Off(name),
            }
        }
    };
    Some(Checkout { branch, n_changed: status.lines().count(), upstream })
}

/// Why git refuses to look at a checkout, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub what: String,
    /// The command that it names for that.
    pub to_do: Option<String>,
}

/// Why git says nothing of a checkout: it belongs to another user, or is damaged. `None` where git answers, where it is
/// missing, and where the folder is no checkout.
pub fn refusal(root: &Path) -> Option<Refusal> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    let status = cmd!(shell, "git --no-optional-locks status --porcelain=v1 --untracked-files=no").env("LC_ALL", "C");
    let output = status.quiet().ignore_status().output().ok().filter(|output| !output.status.success())?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let what = text.lines().find_map(|line| line.strip_prefix("fatal: ")).or_else(|| text.lines().next())?;
    let is_none = what.starts_with("not a git repository (or any");
    let to_do = text.lines().find_map(|line| line.strip_prefix('\t')).map(str::to_owned);
    (!is_none).then(|| Refusal { what: what.to_owned(), to_do })
}

/// The default branch of the upstream, as far as this checkout knows it.
pub fn default_branch(root: &Path) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    let ask = |command: xshell::Cmd<'_>| command.quiet().ignore_stderr().read().ok();
    let head = ask(cmd!(shell, "git symbolic-ref --quiet --short refs/remotes/origin/HEAD"));
    let known = |name: &str| ask(cmd!(shell, "git rev-parse --verify --quiet refs/remotes/{name}")).is_some();
    head.or_else(|| ["origin/main", "origin/master"].into_iter().find(|name| known(name)).map(str::to_owned))
}

/// A file as a branch has it; `file` is relative to the folder `root`.
pub fn text_on(root: &Path, branch: &str, file: &str) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    cmd!(shell, "git show {branch}:./{file}").quiet().ignore_stderr().read().ok()
}

/// Where git fetches the repository from, as it was configured, without a user or token in an address of HTTP.
pub fn origin(root: &Path) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    cmd!(shell, "git remote get-url origin").quiet().ignore_stderr().read().ok().map(|url| without_user(&url))
}

fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")) else {
        return url.to_owned();
    };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
}

/// Where a folder lies in its repository, with a `/` at the end; nothing at its root.
pub fn prefix(folder: &Path) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(folder);
    cmd!(shell, "git rev-parse --show-prefix").quiet().ignore_stderr().read().ok()
}

/// Whether two addresses are of the same repository, by whatever way it is reached: `git@HOST:PATH.git` or
/// `https://HOST/PATH`.
pub fn is_same_remote(one: &str, other: &str) -> bool {
    fn plain(address: &str) -> String {
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        let address = address.split_once('@').map_or(address, |(_, rest)| rest);
        let address = address.trim_end_matches('/');
        address.strip_suffix(".git").unwrap_or(address).replacen(':', "/", 1).to_lowercase()
    }
    plain(one) == plain(other)
}

/// Asks git without the shell's variables for it, without locks and without a file system monitor.
pub(super) fn ask(folder: &Path, args: &[&str]) -> anyhow::Result<Answer> {
    let vars = env::build(&env::of_this_process(), Purpose::Plain, &[]).vars;
    let args = [&["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"], args].concat();
    answer::ask("git", &args, folder, &vars, PATIENCE)
}

/// The files in a folder below `root` that git tracks; none where git is missing or knows no repository. An error is git's
/// own reason not to tell. The shell's variables for git and the owner of the repository make no difference.
pub fn tracked(root: &Path, folder: &str) -> Result<Vec<String>, String> {
    let answer = match ask(root, &["-c", "safe.directory=*", "ls-files", "-z", "--", folder]) {
        Ok(answer) => answer,
        Err(error) => {
            let is_missing = error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::NotFound);
            return if is_missing { Ok(Vec::new()) } else { Err(format!("{error:#}")) };
        }
    };
    match answer.text() {
        Ok(listed) => Ok(listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()),
        Err(_) if answer.stderr.contains("not a git repository (or any") => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// The commit that is checked out.
pub fn commit(root: &Path) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    cmd!(shell, "git rev-parse --verify --quiet HEAD").quiet().ignore_stderr().read().ok()
}

/// How many commits the remote branch that this one follows was ahead when it was last fetched; `None` if it follows none.
pub fn n_behind(root: &Path) -> Option<usize> {
    let shell = Shell::new().ok()?;
    shell.change_dir(root);
    let ahead = "HEAD..@{upstream}";
    let counted = cmd!(shell, "git rev-list --count {ahead}").quiet().ignore_stderr().read().ok()?;
    counted.trim().parse().ok()
}

/// Whether a ref is the whole name of a commit.
pub fn is_commit(reference: &str) -> bool {
    reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The repository that git is asked for, for a terragrunt or Terraform module source; `None` for local folders,
/// registries and archives (<https://developer.hashicorp.com/terraform/language/modules/sources>).
pub fn remote_of(source: &str) -> Option<String> {
    let source = source.split_once('?').map_or(source, |(before, _)| before);
    let forced = source.strip_prefix("git::");
    let address = forced.unwrap_or(source);
    let scp_like = !address.contains("://") && address.split_once(':').is_some_and(|(host, _)| host.contains('@'));
    let is_git = forced.is_some()
        || scp_like
        || address.starts_with("github.com/")
        || address.starts_with("bitbucket.org/")
        || address.starts_with("ssh://");
    if !is_git {
        return None;
    }
    // The folder inside the repository follows a `//` that isn't the scheme's.
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find("//").map_or(address.len(), |at| start + at);
    let repository = &address[..end];
    let shorthand = ["github.com/", "bitbucket.org/"].iter().any(|host| repository.starts_with(host));
    Some(if shorthand { format!("https://{repository}") } else { repository.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_of_a_failure_is_neither_advice_nor_a_line_that_points_to_it() {
        let advice = "\nPlease make sure you have the correct access rights\nand the repository exists.\n";
        let ssh = "fatal: Could not read from remote repository.";
        for (said, expected) in [
            (format!("git@github.com: Permission denied (publickey).\n{ssh}\n{advice}"), "git@github.com: Permission denied (publickey)."),
            (format!("Warning: Permanently added 'h'.\nHost key verification failed.\r\n{ssh}\n{advice}"), "Host key verification failed."),
            (format!("ERROR: Repository not found.\n{ssh}\n{advice}"), "ERROR: Repository not found."),
            (format!("fatal: '/gone' does not appear to be a git repository\n{ssh}\n{advice}"), "fatal: '/gone' does not appear to be a git repository"),
            (format!("{ssh}\n{advice}"), ssh),
            (
                "remote: Write access to repository not granted.\nfatal: unable to access 'https://x/': The requested URL returned error: 403\n".to_owned(),
                "fatal: unable to access 'https://x/': The requested URL returned error: 403",
            ),
            ("it ended with exit code 128".to_owned(), "it ended with exit code 128"),
        ] {
            assert_eq!(reason(&said), expected);
        }
    }

    #[test]
    fn address_of_the_origin_has_no_token() {
        for (url, expected) in [
            ("https://x-access-token:ghp_abc@github.com/acme/live.git", "https://github.com/acme/live.git"),
            ("https://token@github.com", "https://github.com"),
            ("https://github.com/acme/live@v1", "https://github.com/acme/live@v1"),
            ("git@github.com:acme/live.git", "git@github.com:acme/live.git"),
            ("ssh://git@github.com/acme/live", "ssh://git@github.com/acme/live"),
        ] {
            assert_eq!(without_user(url), expected);
        }
    }

    #[test]
    fn the_repository_behind_a_module_source_is_found() {
        for (source, remote) in [
            (
                "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5",
                Some("git@github.com:gruntwork-io/terraform-aws-service-catalog.git"),
            ),
            ("git::ssh://git@example.com/a/b.git//modules/x", Some("ssh://git@example.com/a/b.git")),
            ("git::https://example.com/a.git?ref=v1", Some("https://example.com/a.git")),
            ("git@github.com:a/b.git", Some("git@github.com:a/b.git")),
            ("github.com/a/b//modules/x", Some("https://github.com/a/b")),
            ("../../../modules//ecs-deploy-runner", None),
            ("/abs/modules//x", None),
            ("tfr:///terraform-aws-modules/vpc/aws?version=3.5.0", None),
            ("https://example.com/module.zip", None),
        ] {
            assert_eq!(remote_of(source).as_deref(), remote, "{source}");
        }
    }

    #[test]
    fn the_same_repository_is_known_by_either_address() {
        let https = "https://github.com/acme/infrastructure-live.git";
        for same in [
            "git@github.com:acme/infrastructure-live.git",
            "ssh://git@github.com/acme/infrastructure-live",
            "https://github.com/Acme/infrastructure-live/",
        ] {
            assert!(is_same_remote(https, same), "{same}");
        }
        for other in ["git@github.com:acme/modules.git", "git@gitlab.com:acme/infrastructure-live.git", ""] {
            assert!(!is_same_remote(https, other), "{other}");
        }
    }

    #[test]
    fn damaged_checkout_is_told_from_none_by_the_words_of_git() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refusal(folder.path()), None);
        std::fs::write(folder.path().join(".git"), "gitdir: /gone\n").unwrap();
        assert_eq!(refusal(folder.path()).unwrap().what, "not a git repository: /gone");
    }

    #[test]
    fn what_others_cannot_see_on_the_default_branch_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new().unwrap();
        shell.change_dir(folder.path());
        let git = |args: &[&str]| {
            let by = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
            cmd!(shell, "git {by...} {args...}").quiet().ignore_stdout().ignore_stderr().run().unwrap();
        };
        assert_eq!(checkout(folder.path()), None);
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message=one"]);
        assert_eq!(checkout(folder.path()).unwrap().upstream, Upstream::Unknown);
        git(&["update-ref", "refs/remotes/origin/master", "HEAD"]);
        assert!(checkout(folder.path()).unwrap().unseen().is_empty());
        git(&["commit", "--quiet", "--allow-empty", "--message=two"]);
        std::fs::write(folder.path().join("new"), "").unwrap();
        let unseen = checkout(folder.path()).unwrap().unseen();
        assert_eq!(unseen, ["1 file differs from the commit", "the commit is not on origin/master"]);
    }
}
