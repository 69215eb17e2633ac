//! One thing that a plan does: what is done, where, what differs, and whether an update is expected to do it.

use std::fmt;

use super::difference::Difference;
use super::expected::Why;

/// The `type` that a change of an output is given: outputs are no resources.
pub const OUTPUT: &str = "output";

/// What is noted of a resource that Terraform makes anew because its creation failed.
pub const TAINTED: &str = "tainted";

/// One resource or output that a plan touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// Where, such as `module.ecs_deploy_runner.aws_ecs_task_definition.planner`.
    pub address: String,
    /// The type of the resource, such as `aws_ecs_task_definition`.
    pub kind: String,
    /// What differs, by attribute.
    pub differences: Vec<Difference>,
    /// Why an update is expected to do it; `None` if somebody has to look.
    pub expected: Option<Why>,
    /// What else there is to know of it: where it comes from, that it is tainted, and what it runs.
    pub notes: Vec<String>,
}

/// Types of which nothing is lost when one is destroyed and made anew: a new revision, or a record in the state alone.
const LOSES_NOTHING: [&str; 3] = ["aws_ecs_task_definition", "null_resource", "terraform_data"];

impl Change {
    /// An action of a provider, which no update of the runner has.
    pub(super) fn run(address: &str) -> Self {
        let (action, notes) = (Action::Run, Vec::new());
        let address = address.to_owned();
        Self { action, address, kind: "action".to_owned(), differences: Vec::new(), expected: None, notes }
    }

    /// Whether something may be gone for good: what is destroyed or forgotten, and what is made anew without what it held.
    pub fn loses(&self) -> bool {
        match self.action {
            _ if self.kind == OUTPUT => false,
            Action::Destroy | Action::Forget => true,
            Action::Replace => !LOSES_NOTHING.contains(&self.kind.as_str()),
            Action::Move | Action::Import | Action::Run | Action::Add | Action::Change => false,
        }
    }
}

/// What is done to a resource, gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It gets another address in the state, and is otherwise left alone.
    Move,
    /// It is taken into the state, and is otherwise left alone.
    Import,
    /// Something that is no resource is run by a provider.
    Run,
    /// It is made.
    Add,
    /// It is changed in place.
    Change,
    /// It is destroyed and made anew.
    Replace,
    /// It is taken out of the state, and lives on.
    Forget,
    /// It is destroyed.
    Destroy,
}

impl Action {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] =
        [Self::Add, Self::Change, Self::Replace, Self::Destroy, Self::Forget, Self::Import, Self::Move, Self::Run];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Import => "import",
            Self::Run => "run",
            Self::Add => "add",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_loses_what_the_resource_held() {
        let loses = |action, kind: &str| {
            let kind = kind.to_owned();
            Change { action, address: "a".to_owned(), kind, differences: Vec::new(), expected: None, notes: Vec::new() }
                .loses()
        };
        assert!(loses(Action::Replace, "aws_ecr_repository"));
        assert!(loses(Action::Destroy, "aws_ecs_task_definition"));
        assert!(!loses(Action::Replace, "aws_ecs_task_definition"));
        assert!(!loses(Action::Change, "aws_ecr_repository"));
        assert!(!loses(Action::Destroy, OUTPUT));
    }
}
