//! `terraform apply`: of a saved plan, or of a new one that was approved beforehand.

use std::path::Path;

use serde_json::json;

use super::change::{Action, Change, Count};
use super::plan::{self, Plan};
use super::resource::{Attributes, Inputs, LAMBDA, POLICY, Resource, TASK, policy_of};
use super::state::State;
use super::{Folder, describe, error, exists, keys};
use crate::args::{Known, Parsed, Takes};
use crate::clock::{self, Moment};
use crate::cloud::ecs;
use crate::digest;
use crate::keys::Keys;
use crate::out;
use crate::partition;
use crate::refusal::{Outcome, Refusal};
use crate::store;
use crate::world::World;

pub(super) const FLAGS: &[Known] = &[
    ("auto-approve", Takes::Nothing),
    ("backup", Takes::Value),
    ("compact-warnings", Takes::Nothing),
    ("destroy", Takes::Nothing),
    ("input", Takes::Nothing),
    ("json", Takes::Nothing),
    ("lock", Takes::Nothing),
    ("lock-timeout", Takes::Duration),
    ("no-color", Takes::Nothing),
    ("parallelism", Takes::Value),
    ("refresh", Takes::Nothing),
    ("refresh-only", Takes::Nothing),
    ("replace", Takes::Value),
    ("target", Takes::Value),
    ("var", Takes::Value),
    ("var-file", Takes::Value),
];

/// Applies.
pub(super) fn run(world: &World, flags: &Parsed) -> Outcome {
    plan::refuse_partial(flags)?;
    let folder = Folder::current()?;
    let plan = match flags.rest.first() {
        Some(file) => {
            let plan = Plan::read(Path::new(file)).map_err(|why| {
                error(&format!("Failed to load \"{file}\" as a plan file"), &format!("Error: stat {why}"))
            })?;
            folder.initialized_key()?;
            plan
        }
        None => {
            let plan = plan::make(world, &keys(world)?, flags)?;
            describe::print(&plan);
            if plan.does_something() && !flags.is_set("auto-approve") {
                out::line(
                    "\nDo you want to perform these actions?\n  Terraform will perform the actions described above.",
                );
                out::line("  Only 'yes' will be accepted to approve.\n\n  Enter a value: ");
                return Err(error("error asking for approval: EOF", ""));
            }
            plan
        }
    };
    let keys = keys(world)?;
    let mut applying = Applying::start(world, keys, &plan, out::line)?;
    let result = applying.all(&plan, Some(&folder));
    let Count { add, change, destroy } = applying.done;
    world.log(json!({
        "event": "apply",
        "account": applying.keys.account,
        "key": plan.key,
        "added": add,
        "changed": change,
        "destroyed": destroy,
        "succeeded": result.is_ok(),
    }))?;
    result?;
    out::line(&format!("\nApply complete! Resources: {add} added, {change} changed, {destroy} destroyed."));
    Ok(())
}

/// Makes a unit exist in an account without a word, as if it had been applied long ago.
pub(crate) fn seed(world: &World, account: &str, key: &str, inputs: &Inputs) -> Outcome {
    let keys = Keys::of(account);
    let plan = Plan::make(world, &keys, key.to_owned(), inputs)?;
    Applying::start(world, keys, &plan, |_| {})?.all(&plan, None)
}

/// An apply under way.
struct Applying<'a> {
    world: &'a World,
    keys: Keys,
    say: fn(&str),
    state: State,
    file: std::path::PathBuf,
    resources: Vec<Resource>,
    done: Count,
    _lock: std::fs::File,
}

impl<'a> Applying<'a> {
    /// Takes the lock on the state, and refuses a plan that was made for another one.
    fn start(world: &'a World, keys: Keys, plan: &Plan, say: fn(&str)) -> Outcome<Self> {
        let file = world.state(&keys.account, &plan.key);
        let lock = store::lock(&file)?;
        let state = State::read(&file)?;
        if !plan.lineage.is_empty() && state.lineage != plan.lineage {
            return Err(error(
                "Saved plan does not match the given state",
                "The given plan file can not be applied because it was created from a\ndifferent state lineage.",
            ));
        }
        if state.serial != plan.serial {
            return Err(error(
                "Saved plan is stale",
                "The given plan file can no longer be applied because the state was changed by\nanother operation after the plan was created.",
            ));
        }
        let resources = state.resources();
        Ok(Self { world, keys, say, state, file, resources, done: Count::default(), _lock: lock })
    }

    /// Makes all changes in order, and saves the state after each.
    fn all(&mut self, plan: &Plan, folder: Option<&Folder>) -> Outcome {
        let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.does_something()).collect();
        let failing = match folder {
            Some(_) if !changes.is_empty() && self.world.fails_now(&self.keys.account)? => {
                changes.iter().rposition(|change| change.kind == TASK).or(Some(0))
            }
            _ => None,
        };
        let pace = if folder.is_some() { self.world.settings.pace_ms } else { 0 };
        let pause = pace.checked_div(changes.len() as u64).unwrap_or_default();
        for (at, change) in changes.into_iter().enumerate() {
            if matches!(change.action, Action::Delete | Action::Replace) {
                self.destroy(change, &plan.region)?;
                self.save(plan)?;
            }
            clock::pause(pause);
            if failing == Some(at) {
                return Err(self.throttled(change));
            }
            if folder.is_some() && at == 0 {
                self.world.pass_gate(&self.keys.account)?;
            }
            if change.action != Action::Delete {
                self.put(change, plan, folder)?;
                self.save(plan)?;
            }
        }
        Ok(())
    }

    fn destroy(&mut self, change: &Change, region: &str) -> Outcome {
        let address = change.address();
        let Some(at) = self.resources.iter().position(|resource| resource.address() == address) else { return Ok(()) };
        let gone = self.resources.remove(at);
        (self.say)(&format!("{address}: Destroying... [id={}]", gone.text("id")));
        if let Some(revision) = gone.attributes.get("revision").and_then(serde_json::Value::as_u64) {
            ecs::deregister(self.world, &self.keys.account, region, gone.text("family"), revision)?;
        }
        (self.say)(&format!("{address}: Destruction complete after 0s"));
        self.done.destroy += 1;
        Ok(())
    }

    fn put(&mut self, change: &Change, plan: &Plan, folder: Option<&Folder>) -> Outcome {
        let address = change.address();
        let began = Moment::now().seconds();
        let modifies = change.action == Action::Update;
        let old_id = change.before.as_ref().and_then(|before| before.get("id")).and_then(serde_json::Value::as_str);
        match old_id.filter(|_| modifies) {
            Some(id) => (self.say)(&format!("{address}: Modifying... [id={id}]")),
            None => (self.say)(&format!("{address}: Creating...")),
        }
        let mut resource = Resource {
            kind: change.kind.clone(),
            name: change.name.clone(),
            attributes: change.after.clone().unwrap_or_default(),
        };
        let computed = self.computed(&resource, plan, folder)?;
        resource.attributes.extend(computed);
        let (id, seconds) = (resource.text("id").to_owned(), Moment::now().seconds() - began);
        self.resources.retain(|other| other.address() != address);
        self.resources.push(resource);
        match modifies {
            true => (self.say)(&format!("{address}: Modifications complete after {seconds}s [id={id}]")),
            false => (self.say)(&format!("{address}: Creation complete after {seconds}s [id={id}]")),
        }
        self.done.change += usize::from(modifies);
        self.done.add += usize::from(!modifies);
        Ok(())
    }

    /// What AWS alone knows of a resource, once it has made it.
    fn computed(&self, resource: &Resource, plan: &Plan, folder: Option<&Folder>) -> Outcome<Attributes> {
        let (account, region) = (&self.keys.account, &plan.region);
        let attributes = match resource.kind.as_str() {
            TASK => {
                let family = resource.text("family");
                let containers: serde_json::Value =
                    serde_json::from_str(resource.text("container_definitions")).unwrap_or_default();
                let image = containers[0]["image"].as_str().unwrap_or_default();
                let before = ecs::newest_image(self.world, account, region, family)?;
                let revision = ecs::register(self.world, account, region, family, image)?;
                if let Some(before) = before.filter(|_| folder.is_some() && self.world.keeps_old_tasks(account)) {
                    // Somebody else is faster: the newest revision is the old image again.
                    ecs::register(self.world, account, region, family, &before)?;
                }
                json!({ "arn": ecs::arn(account, region, family, revision), "id": family, "revision": revision })
            }
            POLICY => {
                let arn = format!("arn:{}:iam::{account}:policy/{}", partition::of(region), resource.text("name"));
                let mut policy = policy_of(&self.task_arns(plan));
                if folder.is_some() && self.world.widens_policies(account) {
                    policy = policy.replace("ecs:RunTask", "*");
                }
                json!({ "arn": arn, "id": arn, "policy": policy })
            }
            LAMBDA => {
                if folder.is_some_and(|folder| !exists(&folder.bundle())) {
                    return Err(error(
                        "reading ZIP file (./invoker.zip): open ./invoker.zip: no such file or directory",
                        &format!("  with {},", resource.address()),
                    ));
                }
                let name = resource.text("function_name");
                let arn = format!("arn:{}:lambda:{region}:{account}:function:{name}", partition::of(region));
                json!({ "arn": arn, "id": name, "last_modified": Moment::now().rfc3339() })
            }
            _ => json!({}),
        };
        Ok(attributes.as_object().cloned().unwrap_or_default())
    }

    /// The ARNs of the task definitions that there are now, in the order of the plan.
    fn task_arns(&self, plan: &Plan) -> Vec<&str> {
        let tasks = plan.changes.iter().filter(|change| change.kind == TASK).map(Change::address);
        tasks
            .filter_map(|task| self.resources.iter().find(|there| there.address() == task))
            .map(|task| task.text("arn"))
            .collect()
    }

    fn save(&self, plan: &Plan) -> Outcome {
        let lineage = digest::uuid(&format!("{} {}", self.keys.account, plan.key));
        self.state.write_next(&self.file, &lineage, &self.resources)
    }

    fn throttled(&self, change: &Change) -> Refusal {
        let request = digest::uuid(&change.address());
        let title = format!(
            "creating ECS Task Definition: operation error ECS: RegisterTaskDefinition, https response error StatusCode: 400, \
             RequestID: {request}, ThrottlingException: Rate exceeded"
        );
        error(
            &title,
            &format!(
                "  with {},\n  on main.tf line 1, in resource \"{}\" \"{}\":",
                change.address(),
                change.kind,
                change.name
            ),
        )
    }
}
