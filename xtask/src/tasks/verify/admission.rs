//! Whether an invoker is known to refuse the plan of a smoke test, by what it has answered about itself: pure.

use super::wanted;
use crate::model::Account;
use crate::tasks::inquiry::Answers;
use crate::tools::deployer::PlanRun;
use crate::tools::{invoker, lambda};

/// Why the plan would be refused. What nobody knows keeps no runner from being asked: a refusal changes nothing.
pub(super) fn refusal(account: &Account, plan: &PlanRun, answers: &Answers) -> Option<String> {
    let question = wanted::invoker(&plan.region, &plan.runner);
    let function = answers.read(&account.id, &question, lambda::function).ok()??;
    let options: Vec<_> = plan.options().into_iter().map(|(name, _)| name).collect();
    let refused = invoker::refused_to_plans(&function, &options);
    (!refused.is_empty()).then(|| format!("its invoker lets no plan pass {}", refused.join(" and ")))
}
