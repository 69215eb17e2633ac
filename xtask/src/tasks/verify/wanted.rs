//! What the repository says has to run: the task families of every unit with their images, the cluster, the invoker; and
//! the questions that tell whether it does.

use serde::Serialize;

use crate::model::{Account, ImageName, ImageUri, Known, Region, Tag};
use crate::repo::image::Decider;
use crate::repo::{Repository, Unit};
use crate::tasks::inquiry::Inquiry;
use crate::tasks::select::labels;
use crate::tools::deployer;
use crate::tools::question::Question;
use crate::tools::terraform::plan::families::Families;

/// What a unit has to run.
#[derive(Clone, Debug)]
pub struct Wanted<'r> {
    /// The unit.
    pub unit: &'r Unit,
    /// Its account.
    pub account: &'r Account,
    /// What it is called on the screen.
    pub label: String,
    /// Its containers.
    pub containers: Vec<Container<'r>>,
}

/// A container that a runner starts as a task.
#[derive(Clone, Debug)]
pub struct Container<'r> {
    /// `terraform-planner`, `docker-image-builder` and the like; the configuration where it isn't one of those.
    pub name: String,
    /// The runner that it belongs to.
    pub runner: Known<String>,
    /// The family of its task definitions.
    pub family: Known<String>,
    /// Who says what the family is called.
    pub named_by: NamedBy,
    /// Which image.
    pub image: ImageName,
    /// From where.
    pub uri: Known<ImageUri>,
    /// With which tag.
    pub tag: Known<Tag>,
    /// The git repositories that it may plan and apply.
    pub repositories: Known<Vec<String>>,
    /// The account of the registry, if the repository knows it.
    pub registry: Option<&'r Account>,
}

/// Who says what a task family is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedBy {
    /// The unit's inputs: the runner's name, and what modules make of it.
    Inputs,
    /// The unit's own outputs.
    Outputs,
}

impl NamedBy {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        }
    }
}

/// What the units have to run. Those whose account is not known are left out, since none can be asked.
pub fn wanted<'r>(repo: &'r Repository, units: &[&'r Unit]) -> Vec<Wanted<'r>> {
    let of_unit = |(unit, label): (&&'r Unit, String)| {
        let account = unit.account.value()?;
        let uses = ImageName::ALL.into_iter().filter_map(|image| Some((image, unit.image(image)?)));
        let containers = uses.flat_map(|(image, uses)| uses.deciders.iter().map(move |decider| (image, decider)));
        let mut containers: Vec<_> = containers.map(|(image, decider)| container(repo, image, decider)).collect();
        containers.sort_by(|one, other| one.name.cmp(&other.name));
        Some(Wanted { unit, account, label, containers })
    };
    units.iter().zip(labels(units)).filter_map(of_unit).collect()
}

fn container<'r>(repo: &'r Repository, image: ImageName, decider: &Decider) -> Container<'r> {
    let name = container_name(&decider.configuration);
    let family = match (&name, &decider.runner) {
        (Some(name), Known::Value(runner)) => Known::Value(format!("{runner}-{name}")),
        (Some(_), Known::Unknown(reason)) => {
            Known::Unknown(format!("the name of the runner is not known, because {reason}"))
        }
        (None, _) => {
            Known::Unknown(format!("what modules call the task family of `{}` is not known", decider.configuration))
        }
    };
    let registry =
        decider.uri.value().and_then(|uri| repo.accounts.iter().find(|account| account.id == *uri.account()));
    Container {
        name: name.unwrap_or_else(|| decider.configuration.clone()),
        runner: decider.runner.clone(),
        family,
        named_by: NamedBy::Inputs,
        image,
        uri: decider.uri.clone(),
        tag: decider.tag.clone(),
        repositories: decider.repositories.clone(),
        registry,
    }
}

/// `terraform_planner_config`, also of one runner among several, configures the container `terraform-planner`.
fn container_name(configuration: &str) -> Option<String> {
    let input = configuration.rsplit('.').next().unwrap_or(configuration);
    let known = ["terraform-planner", "terraform-applier", "docker-image-builder", "ami-builder"];
    // What `container_images` lists is called as the container.
    let name = input.strip_suffix("_config").map_or_else(|| input.to_owned(), |stem| stem.replace('_', "-"));
    known.contains(&name.as_str()).then_some(name)
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Task definitions and images.
    TaskDefinitions,
    /// Also invokers.
    Invokers,
    /// Also clusters.
    Everything,
}

impl Wanted<'_> {
    /// Takes the names of the families from the unit's outputs. Those of several runners say nothing of which is whose.
    pub fn name_by(&mut self, families: &Families) {
        let mut names: Vec<_> = self.containers.iter().map(|container| container.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return;
        }
        for container in &mut self.containers {
            if let Some(family) = families.get(&container.name) {
                container.family = Known::Value(family.clone());
                container.named_by = NamedBy::Outputs;
            }
        }
    }

    /// The region, or why nothing can be asked.
    pub fn region(&self) -> Result<&Region, String> {
        self.unit.region.as_result().map_err(|reason| format!("the region is not known, because {reason}"))
    }

    /// The names of its runners, each once.
    pub fn runners(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.containers.iter().filter_map(|it| it.runner.value().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Container<'_> {
    /// The question for its task definition, if it can be asked.
    pub fn task_definition(&self, region: &Region) -> Option<Question> {
        let family = self.family.value()?.clone();
        Some(Question::TaskDefinition { region: region.clone(), family })
    }

    /// The question for its image, if it can be asked.
    pub fn image(&self) -> Option<Question> {
        Some(Question::Image { uri: self.uri.value()?.clone(), tag: self.tag.value()?.clone() })
    }
}

/// The question for a runner's cluster, which is called as the runner is.
pub fn cluster(region: &Region, runner: &str) -> Question {
    Question::Cluster { region: region.clone(), name: runner.to_owned() }
}

/// The question for a runner's invoker.
pub fn invoker(region: &Region, runner: &str) -> Question {
    Question::Function { region: region.clone(), name: deployer::invoker(runner) }
}

/// Adds everything that has to be asked. Registries are asked in accounts that `may_ask` lets through.
pub fn questions<'r>(
    inquiry: &mut Inquiry<'r>,
    wanted: &[Wanted<'r>],
    extent: Extent,
    may_ask: &dyn Fn(&Account) -> bool,
) {
    for unit in wanted {
        let Ok(region) = unit.region() else { continue };
        let account = unit.account;
        for container in &unit.containers {
            container.task_definition(region).into_iter().for_each(|question| inquiry.add(account, region, question));
        }
        for runner in unit.runners() {
            if extent == Extent::Everything {
                inquiry.add(account, region, cluster(region, runner));
            }
            if extent >= Extent::Invokers {
                inquiry.add(account, region, invoker(region, runner));
            }
        }
    }
    // Registries come last: where one lies in the account of a unit, that unit says in which region its session opens.
    for container in wanted.iter().flat_map(|unit| &unit.containers) {
        let Some(registry) = container.registry.filter(|account| may_ask(account)) else { continue };
        if let (Some(question), Some(uri)) = (container.image(), container.uri.value()) {
            inquiry.add(registry, uri.region(), question);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::container_name;

    #[test]
    fn a_configuration_tells_its_container() {
        let name = |configuration: &str| container_name(configuration);
        assert_eq!(name("terraform_planner_config").as_deref(), Some("terraform-planner"));
        assert_eq!(name("module.blue.docker_image_builder_config").as_deref(), Some("docker-image-builder"));
        assert_eq!(name("container_images.terraform-planner").as_deref(), Some("terraform-planner"));
        assert_eq!(name("container_images.kaniko"), None);
        assert_eq!(name("steampipe_runner_config"), None);
    }
}
