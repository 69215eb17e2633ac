//! The programs: which are there, where, and in which version.

use std::path::PathBuf;

use super::finding::Finding;
use super::traps::sessions;
use crate::model::{Failures, Version, threads};
use crate::repo::Repository;
use crate::tasks::context::Context;
use crate::tools::credential_tool::CredentialTool;
use crate::tools::credentials::Wrapper;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::programs::{self, Programs};

/// Takes part where profiles are turned into keys, and in what people have configured to call it.
const AWS_CLI: &str = "aws";

/// A program that was looked for.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its name, without a folder.
    pub(super) name: String,
    /// Where it is, or why it can't be used.
    pub(super) path: Result<PathBuf, Failures>,
    /// Its version, where it says one.
    pub(super) version: Option<Version>,
    /// Whether nothing works without it.
    pub(super) is_needed: bool,
}

/// Looks for every program, and asks all that are there side by side.
pub(super) fn probe(context: &Context, repo: &Repository) -> Vec<Tool> {
    let tool = CredentialTool::of(&repo.settings.credentials());
    let mut names: Vec<(String, bool)> = vec![(AWS_CLI.to_owned(), tool.takes_aws_cli())];
    if repo.uses_terragrunt() {
        names.insert(0, ("terragrunt".to_owned(), true));
    }
    let wrapper = Wrapper::new(repo.settings.credentials().to_vec()).ok();
    // `env` is everywhere, and has no version that matters.
    if let Some(program) = wrapper.as_ref().and_then(Wrapper::program).filter(|_| tool != CredentialTool::Profile) {
        names.insert(0, (program.to_owned(), true));
    }
    names.extend([("infrastructure-deployer".to_owned(), false), ("git".to_owned(), false)]);
    // terraform and tofu: what there is; which one is meant, another check says.
    names.extend(["terraform", "tofu"].map(|name| (name.to_owned(), false)));
    let vars = env::build(&context.vars, Purpose::Plain, repo.settings.pass_environment()).vars;
    std::thread::scope(|scope| {
        let asked: Vec<_> = names
            .into_iter()
            .map(|(name, is_needed)| {
                let vars = &vars;
                threads::begin(scope, move || look(context, repo, vars, name, is_needed))
            })
            .collect();
        asked.into_iter().map(threads::Begun::join).collect()
    })
}

fn look(context: &Context, repo: &Repository, vars: &Env, name: String, is_needed: bool) -> Tool {
    let words = repo.settings.credentials();
    let gives_credentials = words.first() == Some(&name);
    let found = match programs::locate(&name, &repo.root, &context.vars) {
        None if gives_credentials => {
            Err(CredentialTool::of(&words).not_found(&name, repo.settings.credentials_place()).into())
        }
        _ => Programs::find(&[&name], &repo.root, &context.vars, &context.tools()),
    };
    let path = found.map(|programs| programs.path(&name).to_owned());
    let version = path.as_ref().ok().and_then(|path| programs::version(path, &repo.root, vars));
    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
    Tool { name, path, version, is_needed }
}

/// The version of a program.
pub(super) fn version_of(tools: &[Tool], name: &str) -> Option<Version> {
    tools.iter().find(|tool| tool.name == name)?.version
}

/// A finding for each.
pub(super) fn findings(tools: &[Tool], repo: &Repository) -> Vec<Finding> {
    let is_there = |name: &str| tools.iter().any(|tool| tool.name == name && tool.path.is_ok());
    let has_engine = is_there("terraform") || is_there("tofu");
    let mut found = Vec::new();
    for tool in tools {
        let is_engine = ["terraform", "tofu"].contains(&tool.name.as_str());
        match (&tool.path, tool.version) {
            // One of the two is enough.
            (Err(_), _) if is_engine && (has_engine || tool.name == "tofu") => {}
            (Err(_), _) if tool.name == AWS_CLI && !tool.is_needed => {
                found.push(Finding::skip(
                    AWS_CLI,
                    "not on PATH; nothing needs it but profiles and sign-ins that call it",
                ));
            }
            (Err(failures), _) => {
                let failure = failures.iter().next();
                let refusal = failure.map(|failure| Finding::refusal(&tool.name, failure));
                let refusal = refusal.unwrap_or_else(|| Finding::fail(&tool.name, "it can't be used"));
                // What builds images may be missing where nobody builds, git where the module lies in the repository.
                found.push(if tool.is_needed || is_engine {
                    refusal
                } else {
                    Finding { grade: super::Grade::Warn, ..refusal }
                });
            }
            (Ok(path), Some(version)) => found.push(judged(tool, path.display().to_string(), version, repo)),
            (Ok(path), None) => {
                found.push(Finding::warn(&tool.name, format!("it doesn't say its version   {}", path.display())));
            }
        }
    }
    found
}

fn judged(tool: &Tool, path: String, version: Version, repo: &Repository) -> Finding {
    let said = version.to_string();
    let plain = said.trim_start_matches('v');
    if tool.name == "infrastructure-deployer"
        && let Some(runner) = newest_tag(repo).filter(|runner| version < *runner)
    {
        return Finding::warn(&tool.name, format!("{plain}, older than the runner that it talks to ({runner})   {path}"))
            .to_do(format!("gruntwork-install --binary-name infrastructure-deployer --repo https://github.com/gruntwork-io/terraform-aws-ci --tag {runner}"));
    }
    match tool.name.as_str() {
        "aws-vault" => sessions::aws_vault(version, &path),
        _ => Finding::ok(&tool.name, format!("{plain}   {path}")),
    }
}

fn newest_tag(repo: &Repository) -> Option<Version> {
    let images = repo.units.iter().filter_map(|unit| unit.image(crate::model::ImageName::DeployRunner));
    images.flat_map(|image| image.tags()).filter_map(|tag| Version::parse(tag.as_str())).max()
}
