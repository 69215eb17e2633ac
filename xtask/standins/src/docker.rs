//! Stands in for `docker`, as far as an image of the runner is built with it: signing in to a registry, and buildx.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::Read;

use crate::args::{self, Known, Takes, lossy};
use crate::cloud::ecr::{self, Place, Pushed};
use crate::deployer::CONTEXTS;
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::store;
use crate::world::World;

const LOGIN: &[Known] = &[("username", Takes::Value), ("password-stdin", Takes::Nothing)];
const BUILD: &[Known] = &[
    ("progress", Takes::Value),
    ("platform", Takes::Value),
    ("secret", Takes::Value),
    ("ssh", Takes::Value),
    ("build-arg", Takes::Value),
    ("file", Takes::Value),
    ("tag", Takes::Value),
    ("push", Takes::Nothing),
];

/// Who is signed in to which registry: `docker.json`.
type SignedIn = BTreeMap<String, String>;

/// The password that the AWS CLI gives for the registry of an account.
pub(crate) fn password(account: &str) -> String {
    format!("rehearsal/ecr-password-of-{account}")
}

/// Acts as docker.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    let words = lossy(args);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["login", ..] => login(world, &words[1..]),
        ["buildx", "build", ..] => build(world, &words[2..]),
        _ => Err(Refusal::new(1, format!("rehearsal: the stand-in for docker has no `{}`", words.join(" ")))),
    }
}

fn failed(text: impl Into<String>) -> Refusal {
    Refusal::new(1, format!("ERROR: {}", text.into()))
}

fn login(world: &World, words: &[String]) -> Outcome {
    let parsed = args::go(LOGIN, words).map_err(failed)?;
    let ([registry], Some("AWS"), true) = (&parsed.rest[..], parsed.value("username"), parsed.is_set("password-stdin"))
    else {
        return Err(failed("a registry of ECR takes `--username AWS --password-stdin REGISTRY`"));
    };
    let mut said = String::new();
    std::io::stdin().read_to_string(&mut said).map_err(|error| failed(error.to_string()))?;
    let account = registry.split('.').next().unwrap_or_default();
    if said != password(account) {
        return Err(failed(format!("login attempt to https://{registry}/v2/ failed with status: 400 Bad Request")));
    }
    store::update(&world.file("docker.json"), |known: &mut SignedIn| {
        known.insert(registry.clone(), account.to_owned());
        Ok(())
    })?;
    out::line("Login Succeeded");
    Ok(())
}

fn build(world: &World, words: &[String]) -> Outcome {
    let parsed = args::go(BUILD, words).map_err(failed)?;
    let [context] = &parsed.rest[..] else { return Err(failed("docker buildx build requires 1 argument")) };
    if parsed.value("platform") != Some("linux/amd64") {
        return Err(failed("the tasks of the runner can't run an image of this platform"));
    }
    let (repo, place) = context.rsplit_once('#').ok_or_else(|| failed(format!("no ref in {context}")))?;
    let (reference, path) = place.split_once(':').ok_or_else(|| failed(format!("no folder in {context}")))?;
    if !CONTEXTS.contains(&path) || reference.is_empty() {
        return Err(failed(format!("failed to read dockerfile: no such folder {path}")));
    }
    let secret = |id: &str| {
        let values = parsed.values("secret").filter_map(|secret| secret.strip_prefix(&format!("id={id},env=")));
        values.last().and_then(|name| env::var(name).ok()).filter(|value| !value.is_empty())
    };
    let token =
        secret("github-token").ok_or_else(|| failed("You must pass a GitHub PAT as the secret github-token"))?;
    if words.iter().any(|word| word.contains(&token)) {
        return Err(failed("rehearsal: a secret is on the command line"));
    }
    if repo.starts_with("https://") && secret("GIT_AUTH_TOKEN").is_none() {
        return Err(failed(format!("failed to fetch {repo}: could not read Username: terminal prompts disabled")));
    }
    let tag = parsed.value("tag").unwrap_or_default();
    let place = Place::parse(tag).ok_or_else(|| failed(format!("invalid tag {tag}")))?;
    out::err(&format!("#1 [internal] load git source {context}"));
    out::err(&format!("#2 [1/9] FROM docker.io/library/alpine (token {token})"));
    let registry = tag.split('/').next().unwrap_or_default();
    let signed_in: SignedIn = store::read(&world.file("docker.json"))?;
    if !parsed.is_set("push") || !signed_in.contains_key(registry) {
        return Err(failed(format!("failed to push {tag}: no basic auth credentials")));
    }
    match ecr::push(world, &place)? {
        Pushed::New { digest } => out::err(&format!("#9 pushing manifest for {tag}@{digest} done")),
        Pushed::There { .. } => {
            return Err(failed(format!("failed to push {tag}: tag is immutable and exists already")));
        }
        Pushed::NoRepository => return Err(failed(format!("failed to push {tag}: name unknown: no such repository"))),
    }
    Ok(())
}
