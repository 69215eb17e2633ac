//! The arguments of one build: what the guide documents, then what the repository's own script says, then the settings,
//! then the command line; each wins over those before it.

use super::builder;
use super::gather::Ask;
use crate::cli::Allowance;
use crate::model::{Account, Failure, ImageName, Place};
use crate::repo::script::{self, Recipe, Said, Script};
use crate::repo::settings::ImageSettings;
use crate::repo::{Repository, Unit};
use crate::tasks::context::Context;
use crate::tools::deployer::{Build, GITHUB_TOKEN};

/// What there is to read.
pub(super) struct Source<'s, 'r> {
    pub(super) context: &'s Context,
    pub(super) repo: &'r Repository,
    pub(super) builder: &'r Unit,
    /// The account of the builder.
    pub(super) account: &'r Account,
    pub(super) scripts: &'s [Script],
    pub(super) ask: &'s Ask,
}

/// What is other than documented, with the place that says so.
type Taken = Vec<(String, String)>;

/// The argument with the release of the modules that go into the image.
const MODULE_TAG: &str = "module_ci_tag";

impl Source<'_, '_> {
    /// The build of an image.
    pub(super) fn build(&self, name: &str) -> Result<(Build, Taken), Vec<Failure>> {
        let settings = self.repo.settings.image(name);
        let (mut build, mut taken) = match name.parse::<ImageName>() {
            Ok(image) => self.documented(image)?,
            Err(_) => (self.further(name, settings).map_err(|failure| vec![failure])?, Taken::new()),
        };
        if let (Ok(image), false) = (name.parse(), self.ignores_script(settings)) {
            self.read_script(image, &mut build, &mut taken)?;
        }
        if let Some(settings) = settings {
            self.apply_settings(settings, &mut build, &mut taken);
        }
        self.apply_options(&mut build, &mut taken);
        for (key, value) in &self.ask.build_args {
            set(&mut build.build_args, key, value);
            note(&mut taken, &format!("--build-arg {key}={value}"), "the command line");
        }
        Ok((build, taken))
    }

    /// One of the two, as the guide has it built.
    fn documented(&self, image: ImageName) -> Result<(Build, Taken), Vec<Failure>> {
        let (uri, region) = builder::address(self.builder, self.account, image).map_err(|failure| vec![failure])?;
        let tag = self.ask.tag.clone();
        let build = Build {
            image: image.to_string(),
            uri,
            dockerfile_repo: self.repo.settings.dockerfile_repo().to_owned(),
            context_path: format!("modules/ecs-deploy-runner/docker/{image}"),
            dockerfile_path: None,
            env_secrets: vec![GITHUB_TOKEN.to_owned()],
            build_args: vec![(MODULE_TAG.to_owned(), tag.to_string())],
            tag,
            region,
            options: Vec::new(),
        };
        let mut taken = Taken::new();
        if let Some(place) = self.repo.settings.place("dockerfile-repo") {
            note(&mut taken, &format!("--repo {}", build.dockerfile_repo), &place.to_string());
        }
        Ok((build, taken))
    }

    /// A further image, which the settings define; it is pushed beside kaniko.
    fn further(&self, name: &str, settings: Option<&ImageSettings>) -> Result<Build, Failure> {
        let settings = settings.ok_or_else(|| Failure::usage(format!("`{name}` is not an image")))?;
        let (kaniko, region) = builder::address(self.builder, self.account, ImageName::Kaniko)?;
        let repository = settings.ecr_repository.as_deref().unwrap_or(name);
        let uri = kaniko.beside(repository).map_err(|error| {
            let failure = Failure::refused(error);
            self.repo.settings.place("image").cloned().into_iter().fold(failure, Failure::at)
        })?;
        let own_tag = settings.tag.clone().filter(|_| !self.ask.is_for_all);
        Ok(Build {
            image: name.to_owned(),
            uri,
            tag: own_tag.unwrap_or_else(|| self.ask.tag.clone()),
            dockerfile_repo: settings.dockerfile_repo.clone().unwrap_or_default(),
            context_path: settings.context_path.clone().unwrap_or_default(),
            dockerfile_path: None,
            env_secrets: vec![GITHUB_TOKEN.to_owned()],
            build_args: Vec::new(),
            region,
            options: Vec::new(),
        })
    }

    fn ignores_script(&self, settings: Option<&ImageSettings>) -> bool {
        settings.is_some_and(|settings| settings.ignores_script) || self.context.globals.allows(Allowance::IgnoreScript)
    }

    /// Takes over what the repository's own script says.
    fn read_script(&self, image: ImageName, build: &mut Build, taken: &mut Taken) -> Result<(), Vec<Failure>> {
        let of_image = self.scripts.iter().filter(|script| script.image == Some(image));
        let nearest = script::nearest(of_image, &self.builder.path);
        let script = match nearest[..] {
            [] => return Ok(()),
            [script] => script,
            _ => {
                let what = format!("several build scripts build `{image}`, and nothing says which one is meant");
                let failure = nearest.iter().fold(Failure::refused(what), |it, script| it.in_file(&script.file));
                return Err(vec![instead(failure, image)]);
            }
        };
        let recipe = script.read(&build.tag).map_err(|failure| vec![instead(failure, image)])?;
        contradictions(script, &recipe, build).map_err(|failure| vec![instead(failure, image)])?;
        take_over(script, recipe, build, taken);
        Ok(())
    }

    fn apply_settings(&self, settings: &ImageSettings, build: &mut Build, taken: &mut Taken) {
        let from = self.repo.settings.place("image").map(Place::to_string).unwrap_or_default();
        let texts = [
            ("repo", &settings.dockerfile_repo, &mut build.dockerfile_repo),
            ("context-path", &settings.context_path, &mut build.context_path),
        ];
        for (option, said, text) in texts {
            if let Some(said) = said {
                note(taken, &format!("--{option} {said}"), &from);
                said.clone_into(text);
            }
        }
        if let Some(path) = &settings.dockerfile_path {
            note(taken, &format!("--dockerfile-path {path}"), &from);
            build.dockerfile_path = Some(path.clone());
        }
        if let Some(secrets) = &settings.env_secrets {
            secrets.iter().for_each(|secret| note(taken, &format!("--env-secret {secret}"), &from));
            build.env_secrets.clone_from(secrets);
        }
        for (key, value) in &settings.build_args {
            set(&mut build.build_args, key, value);
            note(taken, &format!("--build-arg {key}={value}"), &from);
        }
    }

    /// Options of `infrastructure-deployer` itself.
    fn apply_options(&self, build: &mut Build, taken: &mut Taken) {
        let options = self.repo.settings.build();
        let from = self.repo.settings.place("build").map(Place::to_string).unwrap_or_default();
        let said = [
            ("max-wait-time", &options.max_wait_time),
            ("task-cpu", &options.task_cpu),
            ("task-memory", &options.task_memory),
            ("task-launch-type", &options.launch_type),
            ("invoker-function-id", &options.invoker_function_id),
        ];
        for (name, value) in said.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            set(&mut build.options, name, value);
            note(taken, &format!("--{name} {value}"), &from);
        }
    }
}

/// What a script says about where it builds and pushes must be what the units say: they take the image from there.
fn contradictions(script: &Script, recipe: &Recipe, build: &Build) -> Result<(), Failure> {
    let region = recipe.region.as_ref().map(|said| said.value.as_str());
    let pairs = [
        ("builds in region", region, build.region.as_str()),
        ("pushes to region", recipe.ecr_region.as_ref().map(|region| region.as_str()), build.uri.region().as_str()),
        ("pushes to repository", recipe.ecr_repository.as_deref(), build.uri.repository()),
    ];
    for (what, said, expected) in pairs {
        if let Some(said) = said.filter(|said| *said != expected) {
            return Err(Failure::refused(format!(
                "a build script {what} `{said}`, and the units say `{expected}` for image `{}`",
                build.image
            ))
            .at(script.place(recipe.line)));
        }
    }
    Ok(())
}

fn take_over(script: &Script, recipe: Recipe, build: &mut Build, taken: &mut Taken) {
    let place = |line: usize| script.place(line).to_string();
    let text = |option: &str, said: Option<Said>, target: &mut String, taken: &mut Taken| {
        if let Some(said) = said.filter(|said| said.value != *target) {
            note(taken, &format!("--{option} {}", said.value), &place(said.line));
            *target = said.value;
        }
    };
    text("repo", recipe.dockerfile_repo, &mut build.dockerfile_repo, taken);
    text("context-path", recipe.context_path, &mut build.context_path, taken);
    if let Some(said) = recipe.dockerfile_path {
        note(taken, &format!("--dockerfile-path {}", said.value), &place(said.line));
        build.dockerfile_path = Some(said.value);
    }
    if !recipe.env_secrets.is_empty() {
        let other = recipe.env_secrets.iter().filter(|said| said.value != GITHUB_TOKEN);
        other.for_each(|said| note(taken, &format!("--env-secret {}", said.value), &place(said.line)));
        build.env_secrets = recipe.env_secrets.into_iter().map(|said| said.value).collect();
    }
    if let Some(line) = recipe.token_as_argument {
        note(taken, &format!("--env-secret {GITHUB_TOKEN}, in the place of a build argument"), &place(line));
    }
    for (name, said) in recipe.build_args {
        let is_documented = build.build_args.contains(&(name.clone(), said.value.clone()));
        set(&mut build.build_args, &name, &said.value);
        if !is_documented {
            note(taken, &format!("--build-arg {name}={}", said.value), &place(said.line));
        }
    }
    for (name, said) in recipe.options {
        note(taken, &format!("--{name} {}", said.value), &place(said.line));
        set(&mut build.options, &name, &said.value);
    }
}

/// What to do where a script can't be used.
fn instead(failure: Failure, image: ImageName) -> Failure {
    failure
        .detail("without it the tools in the image could silently get another version")
        .hint(format!(
            "say what to build under `[[workspace.metadata.xtask.image]]` in Cargo.toml, with `name = \"{image}\"` and `script = false`"
        ))
        .hint("to build as the guide documents it: --allow ignore-script")
}

/// Gives a name a value, in the place that it has or at the end.
fn set(pairs: &mut Vec<(String, String)>, name: &str, value: &str) {
    match pairs.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => value.clone_into(known),
        None => pairs.push((name.to_owned(), value.to_owned())),
    }
}

/// Remembers where something was taken from; what is said later about the same thing wins.
fn note(taken: &mut Taken, what: &str, from: &str) {
    let subject = |what: &str| {
        let option = what.split([' ', '=']).next().unwrap_or_default().to_owned();
        let name = what.split_once(' ').and_then(|(_, rest)| rest.split_once('=')).map(|(name, _)| name.to_owned());
        (option, name)
    };
    taken.retain(|(known, _)| subject(known) != subject(what));
    taken.push((what.to_owned(), from.to_owned()));
}
