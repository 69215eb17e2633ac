//! The address and the tag of `adopt --git`: whether cargo understands the one, and whether the other is there, before
//! anything is written.

use crate::model::Failure;
use crate::tasks::adopt::Adoption;
use crate::tasks::context::Context;
use crate::tools::env::{self, Purpose};
use crate::tools::git;
use crate::tools::programs::Tools;

/// Refuses an address that cargo takes for none, or that would put a password into a committed file.
pub(super) fn check(url: &str) -> Result<(), Failure> {
    let Some((scheme, rest)) = url.split_once("://") else {
        let failure = Failure::refused(format!("cargo does not take `{url}` for the address of a git repository"));
        return Err(match url.split_once(':').filter(|(host, _)| host.contains('@')) {
            Some((host, path)) => failure.hint(format!("--git ssh://{host}/{}", path.trim_start_matches('/'))),
            None => failure.hint("write it with its scheme: https://, ssh://, or file:// for a folder"),
        });
    };
    let user = rest.split('/').next().unwrap_or_default().rsplit_once('@').map_or("", |(user, _)| user);
    let is_secret = user.contains(':') || (scheme.starts_with("http") && !user.is_empty());
    if is_secret {
        let failure = Failure::refused("the address of `--git` has a user or a password in it");
        let failure = failure.detail("it would be committed with `xtask/Cargo.toml`");
        return Err(failure.hint("leave it out, and let a credential helper of git answer, or use ssh://"));
    }
    Ok(())
}

/// Asks git whether the tag is there; with a time limit, and without a prompt.
pub(super) fn prove(context: &Context, adoption: &Adoption, url: &str, tag: &str) -> Result<(), Failure> {
    if context.tools() != Tools::Real {
        return Ok(());
    }
    let vars = env::build(&context.vars, Purpose::Plain, adoption.repo.settings.pass_environment()).vars;
    match git::has_ref(url, &[format!("refs/tags/{tag}")], &adoption.root, &vars) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let failure = Failure::refused(format!("`{url}` has no tag `{tag}`")).detail("nothing was written");
            Err(failure.hint(format!("see which it has: git ls-remote --tags {url}")))
        }
        Err(why) => {
            let failure = Failure::refused(format!("git can't tell whether `{url}` has the tag `{tag}`"));
            let failure = failure.because(why).detail("nothing was written");
            Err(failure
                .hint("check that your ssh key is loaded (`ssh-add -l`), or that git has credentials for it")
                .hint(format!("this has to work without a prompt: git ls-remote {url}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn addresses_that_cargo_takes_and_that_keep_no_secret_are_good() {
        for url in ["https://example.com/x.git", "ssh://git@example.com/x.git", "ssh://git@h:22/x", "file:///srv/x"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for (url, told) in [
            ("git@example.com:team/x.git", "--git ssh://git@example.com/team/x.git"),
            ("../x", "with its scheme"),
            ("-upload-pack=x", "with its scheme"),
            ("https://me:secret@example.com/x", "has a user or a password"),
            ("https://token@example.com/x", "has a user or a password"),
            ("ssh://git:secret@example.com/x", "has a user or a password"),
        ] {
            let failure = check(url).expect_err(url).to_string();
            assert!(failure.contains(told) && !failure.contains("secret"), "{failure}");
        }
    }
}
