//! The trap of module sources that git can't read: passphrases, host keys, tokens that have run out.

use std::time::Duration;

use crate::model::threads;
use crate::repo::Repository;
use crate::report::screen::count;
use crate::tasks::context::Context;
use crate::tasks::doctor::finding::Finding;
use crate::tools::env::{self, Purpose};
use crate::tools::git;

/// Time limit of one `git ls-remote`: whoever waits for the doctor waits for the slowest server.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks every repository that a module comes from. Nothing can ask back.
pub(in crate::tasks::doctor) fn readable(context: &Context, repo: &Repository) -> Vec<Finding> {
    const NAME: &str = "sources";
    let modules = repo.units.iter().filter_map(|unit| git::remote_of(unit.module.source.value()?));
    let mut remotes: Vec<_> = modules.collect();
    remotes.sort_unstable();
    remotes.dedup();
    if remotes.is_empty() {
        return vec![Finding::ok(NAME, "every module lies in the repository, or in no git repository")];
    }
    let vars = env::build(&context.vars, Purpose::Plain, repo.settings.pass_environment()).vars;
    let ask = |remote: &String| git::can_read(remote, &repo.root, &vars, PATIENCE);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            remotes.iter().map(|remote| threads::begin(scope, || (remote.clone(), ask(remote)))).collect();
        asked.into_iter().map(threads::Begun::join).collect()
    });
    let failed = answers.iter().filter_map(|(remote, answer)| Some((remote, answer.as_ref().err()?)));
    let found: Vec<_> = failed
        .map(|(remote, error)| {
            Finding::fail(NAME, format!("git can't read `{remote}` without asking somebody"))
                .detail(format!("{error:#}"))
                .to_do("check that your ssh key is loaded (`ssh-add -l`), or that git has credentials for it")
        })
        .collect();
    if found.is_empty() {
        vec![Finding::ok(NAME, format!("{} readable", count(remotes.len(), "git repository")))]
    } else {
        found
    }
}
