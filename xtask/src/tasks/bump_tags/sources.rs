//! The proof that the `ref` is there to which a module is moved: every git repository is asked once, and nothing can ask back.

use std::collections::BTreeMap;

use crate::model::{Failure, Failures, UnitPath};
use crate::repo::Repository;
use crate::repo::bump::Bump;
use crate::report::screen::Tone;
use crate::tasks::bump_tags::gather::Ask;
use crate::tasks::context::Context;
use crate::tools::env::{self, Purpose};
use crate::tools::git;
use crate::tools::programs::Tools;

/// Asks the repositories of all modules that the change moves.
pub fn prove(context: &Context, repo: &Repository, ask: &Ask, bump: &Bump) -> Result<(), Failures> {
    let Some(wanted) = ask.module_ref.as_deref().filter(|_| context.tools() == Tools::Real) else { return Ok(()) };
    if git::is_commit(wanted) {
        let about =
            format!("{wanted} is a commit, which no git server lists: whether it is there shows when it is planned");
        context.screen.insist(Tone::Warning, "Module", about);
        return Ok(());
    }
    let vars = env::build(&context.vars, Purpose::Plain, repo.settings.pass_environment()).vars;
    let refs = [format!("refs/tags/{wanted}"), format!("refs/heads/{wanted}")];
    let failure =
        |(remote, unit): (String, &UnitPath)| match git::has_ref(&remote, &refs, &repo.root, &vars) {
            Ok(true) => None,
            Ok(false) => {
                let failure = Failure::refused(format!("`{remote}` has no tag or branch `{wanted}`"));
                Some(failure.detail(format!("it has the module of {unit}")).detail("nothing was changed"))
            }
            Err(why) => {
                let failure = Failure::refused(format!("git can't tell whether `{remote}` has `{wanted}`"));
                let failure = failure
                    .because(why)
                    .hint("check that your ssh key is loaded (`ssh-add -l`), or that git has credentials for it");
                Some(failure.hint(
                    "if it is known to be there, leave out that question: `cargo xtask bump-tags` with `--offline`",
                ))
            }
        };
    let remotes: BTreeMap<String, &UnitPath> = remotes(repo, bump).collect();
    Failures::check(remotes.into_iter().filter_map(failure).collect())
}

fn remotes<'b>(repo: &'b Repository, bump: &'b Bump) -> impl Iterator<Item = (String, &'b UnitPath)> {
    let units = bump.modules.iter().filter_map(|path| repo.unit(path));
    let sources = units.flat_map(|unit| unit.modules().map(move |module| (module, &unit.path)));
    sources.filter_map(|(module, path)| Some((git::remote_of(module.source.value()?)?, path)))
}
