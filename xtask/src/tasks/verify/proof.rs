//! What runs, compared with what has to: pure, from answers to verdicts.

use serde::Serialize;

use super::wanted::{self, Container, Extent, NamedBy, Wanted};
use crate::model::Region;
use crate::tasks::inquiry::Answers;
use crate::tools::terraform::plan::gives;
use crate::tools::{aws, deployer, ecs, lambda};

/// What was found out about a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// What it is called on the screen.
    pub label: String,
    /// Its path.
    pub path: String,
    /// Its account.
    pub account: String,
    /// Everything that was compared.
    pub checks: Vec<Check>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The active task definition of a container.
    TaskDefinition,
    /// The cluster that tasks run in.
    Cluster,
    /// The lambda that starts them.
    Invoker,
    /// Whether a container of it starts.
    Start,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about.
    pub subject: Subject,
    /// Which one, such as `terraform-planner`.
    pub name: String,
    /// The family, cluster or function in AWS.
    pub aws_name: Option<String>,
    /// Who says what a task family is called.
    pub named_by: Option<NamedBy>,
    /// What has to be there: a tag, or `active`.
    pub wanted: Option<String>,
    /// What is there.
    pub running: Option<String>,
    /// The revision of the task definition.
    pub revision: Option<u64>,
    /// Whether the wanted image is in ECR; `None` where that isn't known.
    pub in_ecr: Option<bool>,
    /// The digest of the wanted image in ECR.
    pub digest: Option<String>,
    /// When the invoker was last updated.
    pub updated: Option<String>,
    /// The ARN of the task that was started to see the container start.
    pub task: Option<String>,
    /// What became of the plan in it.
    pub plan: Option<&'static str>,
    /// Whether it is as it has to be.
    pub verdict: Verdict,
    /// Why it isn't, or why that can't be told.
    pub why: Option<String>,
    /// What to do about it, where that is known.
    pub to_do: Option<String>,
    /// Whether ECS was asked and didn't answer: then nothing at all is known.
    #[serde(skip)]
    pub is_unanswered: bool,
    /// Whether the plan that was applied gives what runs.
    #[serde(skip)]
    pub is_own: bool,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it has to be.
    #[serde(rename = "verified")]
    Proven,
    /// It is not.
    Differs,
    /// Nobody could say.
    #[serde(rename = "not-verified")]
    NotProven,
}

impl Proof {
    /// The same, with what the plan that was applied says of tags that are not the wanted ones.
    pub(super) fn explained_by(mut self, plan: &str) -> Self {
        let explained = |check: Check| if check.runs_another() { check.given_by_plan(plan) } else { check };
        self.checks = self.checks.into_iter().map(explained).collect();
        self
    }

    /// The checks that ended so.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.verdict == verdict)
    }

    /// Whether everything is as it has to be.
    pub fn is_proven(&self) -> bool {
        self.checks.iter().all(|check| check.verdict == Verdict::Proven)
    }
}

/// Compares everything.
pub fn proofs(wanted: &[Wanted<'_>], answers: &Answers, extent: Extent) -> Vec<Proof> {
    wanted.iter().map(|unit| proof(unit, answers, extent)).collect()
}

fn proof(unit: &Wanted<'_>, answers: &Answers, extent: Extent) -> Proof {
    let mut checks: Vec<_> =
        unit.containers.iter().map(|container| task_definition(unit, container, answers)).collect();
    let runners = unit.runners();
    for (region, runner) in unit.region().iter().flat_map(|region| runners.iter().map(move |runner| (region, runner))) {
        if extent == Extent::Everything {
            checks.push(cluster(unit, region, runner, answers));
        }
        if extent >= Extent::Invokers {
            checks.push(invoker(unit, region, runner, answers));
        }
    }
    if runners.len() > 1 {
        let own = |check: &mut Check| check.name = check.aws_name.clone().unwrap_or_default();
        checks.iter_mut().filter(|check| check.aws_name.is_some()).for_each(own);
    }
    let account = unit.account.name.clone();
    Proof { label: unit.label.clone(), path: unit.unit.path.to_string(), account, checks }
}

impl Check {
    /// A check that found nothing wrong yet.
    pub(super) fn blank(subject: Subject, name: &str, aws_name: Option<String>) -> Self {
        Self {
            subject,
            name: name.to_owned(),
            aws_name,
            named_by: None,
            wanted: None,
            running: None,
            revision: None,
            in_ecr: None,
            digest: None,
            updated: None,
            task: None,
            plan: None,
            verdict: Verdict::Proven,
            why: None,
            to_do: None,
            is_unanswered: false,
            is_own: false,
        }
    }

    pub(super) fn not_proven(self, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotProven, why: Some(why.into()), ..self }
    }

    /// Whether something else runs than what is wanted. A family that isn't there may be called otherwise by a module of
    /// somebody's own, and that an image is missing was known, or allowed, before: these are warnings.
    pub(super) fn runs_another(&self) -> bool {
        self.verdict == Verdict::Differs
            && self.running.as_ref().is_some_and(|running| self.wanted.as_ref() != Some(running))
    }

    /// The same where the plan that was applied itself gives what runs: nobody else has to be looked for.
    fn given_by_plan(self, plan: &str) -> Self {
        let given = self.aws_name.as_deref().zip(self.running.as_deref());
        match given.and_then(|(family, running)| gives(plan, family, running)) {
            Some(where_it) => Self { is_own: true, ..self }
                .differs(format!("your own configuration gives this tag: {where_it} in the plan")),
            None => self,
        }
    }

    pub(super) fn differs(self, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Differs, why: Some(why.into()), ..self }
    }
}

fn task_definition(unit: &Wanted<'_>, container: &Container<'_>, answers: &Answers) -> Check {
    let mut check = Check::blank(Subject::TaskDefinition, &container.name, container.family.value().cloned());
    check.wanted = container.tag.value().map(ToString::to_string);
    check.named_by = check.aws_name.is_some().then_some(container.named_by);
    let region = match unit.region() {
        Ok(region) => region,
        Err(why) => return check.not_proven(why),
    };
    let Some(question) = container.task_definition(region) else {
        return check.not_proven(container.family.reason().unwrap_or_default());
    };
    let in_ecr = in_ecr(container, answers);
    check.in_ecr = in_ecr.as_ref().ok().map(Option::is_some);
    if let Ok(Some(digest)) = &in_ecr {
        check.digest = Some(digest.clone());
    }
    let found = match answers.read(&unit.account.id, &question, ecs::task_definition) {
        Err(why) => return Check { is_unanswered: true, ..check }.not_proven(format!("ECS: {why}")),
        Ok(None) => {
            let why = format!("there is no active task definition of the name in its {}", container.named_by.as_str());
            return check.differs(why);
        }
        Ok(Some(found)) => found,
    };
    check.revision = Some(found.revision);
    let uri = container.uri.value().map(ToString::to_string);
    let image = runs(&found.images, uri.as_deref());
    let (repository, reference) = split(image);
    check.running = Some(if uri.as_deref() == Some(repository) { reference.to_owned() } else { image.to_owned() });
    let (Some(uri), Some(tag)) = (uri, &check.wanted) else {
        let reason = container.tag.reason().or(container.uri.reason()).unwrap_or_default();
        return check.not_proven(format!("what it should run is not known offline, because {reason}"));
    };
    if repository != uri {
        return check.differs(format!("it runs another image than {uri}"));
    }
    let is_same = reference == tag || check.digest.as_deref() == Some(reference);
    match in_ecr {
        Ok(None) if !is_same => check.differs("it was not applied, and the wanted image is not in ECR"),
        _ if !is_same => check.differs("it was not applied, or somebody else registered another revision since"),
        Err(why) => check.not_proven(why),
        Ok(None) => check.differs("the image is not in ECR: no task can start"),
        Ok(Some(_)) => check,
    }
}

/// The image that counts: of several containers, the one from the right repository.
fn runs<'i>(images: &'i [String], uri: Option<&str>) -> &'i str {
    let right = images.iter().find(|image| Some(split(image).0) == uri);
    right.or(images.first()).map_or("", String::as_str)
}

/// `REPOSITORY:TAG` or `REPOSITORY@DIGEST`; the tag is not in front of a `/`, where a colon would be that of a port.
fn split(image: &str) -> (&str, &str) {
    if let Some(parts) = image.split_once('@') {
        return parts;
    }
    image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"))
}

/// The digest of the wanted image; `None` if it isn't there.
fn in_ecr(container: &Container<'_>, answers: &Answers) -> Result<Option<String>, String> {
    let registry = container.registry.ok_or("the account of the registry is not in the accounts file")?;
    let question = container.image().ok_or("the image is not known")?;
    let image = answers.read(&registry.id, &question, aws::described_image);
    image.map(|image| image.map(|image| image.digest)).map_err(|why| format!("ECR in {}: {why}", registry.name))
}

fn cluster(unit: &Wanted<'_>, region: &Region, runner: &str, answers: &Answers) -> Check {
    let check = Check {
        wanted: Some("active".to_owned()),
        ..Check::blank(Subject::Cluster, "cluster", Some(runner.to_owned()))
    };
    match answers.read(&unit.account.id, &wanted::cluster(region, runner), ecs::cluster_status) {
        Err(why) => check.not_proven(format!("ECS: {why}")),
        Ok(None) => Check { running: Some("missing".to_owned()), ..check }.differs("there is no such cluster"),
        Ok(Some(status)) => {
            let check = Check { running: Some(status.to_lowercase()), ..check };
            if status == "ACTIVE" { check } else { check.differs("the cluster takes no tasks") }
        }
    }
}

fn invoker(unit: &Wanted<'_>, region: &Region, runner: &str, answers: &Answers) -> Check {
    let name = deployer::invoker(runner);
    let check = Check { wanted: Some("there".to_owned()), ..Check::blank(Subject::Invoker, "invoker", Some(name)) };
    match answers.read(&unit.account.id, &wanted::invoker(region, runner), lambda::function) {
        Err(why) => check.not_proven(format!("Lambda: {why}")),
        Ok(None) => Check { running: Some("missing".to_owned()), ..check }.differs("there is no such function"),
        Ok(Some(function)) => {
            let running = Some("there".to_owned());
            let check = Check { running, updated: Some(function.updated()), ..check };
            match function.last_update_status.as_deref() {
                Some("Failed") => check.differs("its last update failed"),
                Some("InProgress") => check.not_proven("it is being updated right now"),
                _ => check,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{runs, split};

    #[test]
    fn an_image_is_split_at_its_tag_or_digest() {
        assert_eq!(split("r.example/x:v1"), ("r.example/x", "v1"));
        assert_eq!(split("r.example/x@sha256:0a"), ("r.example/x", "sha256:0a"));
        assert_eq!(split("localhost:5000/x"), ("localhost:5000/x", "latest"));
    }

    #[test]
    fn of_several_containers_the_one_from_the_right_repository_counts() {
        let images = ["log-router:v9".to_owned(), "r/x:v1".to_owned()];
        assert_eq!(runs(&images, Some("r/x")), "r/x:v1");
        assert_eq!(runs(&images, Some("r/y")), "log-router:v9");
    }
}
