//! What became of a change whose new text could not be seen before its apply: the state after it against the state before.

use serde_json::Value;

use super::difference::{self, Difference, Sides};
use super::expected::{self, Ground};
use super::{Action, Change, Reading, ResourceChange, Why};
use crate::tools::terraform::state::State;

/// One thing that is not after an apply what it was before, besides revisions of task definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surprise {
    /// The resource.
    pub address: String,
    /// What differs; nothing where the resource is not in the state any more.
    pub difference: Option<Difference>,
}

/// Compares what was changed unseen, by the changes of the plan that was applied, with the state after it.
pub(super) fn surprises(
    touched: &[(Action, &ResourceChange)],
    changes: &[Change],
    state: &State,
    reading: Reading<'_>,
) -> Vec<Surprise> {
    let ground = Ground { wanted: reading.wanted, remade: &[], account: reading.account.as_str() };
    let unseen = touched.iter().zip(changes).filter(|(_, change)| change.expected == Some(Why::TaskArnUnseen));
    let mut found = Vec::new();
    for ((action, resource), _) in unseen {
        let address = &resource.address;
        let Some(after) = state.resources.iter().find(|it| it.address == *address) else {
            found.push(Surprise { address: address.clone(), difference: None });
            continue;
        };
        let sides = Sides {
            after: Some(&after.values),
            after_sensitive: &after.sensitive,
            unknown: &Value::Null,
            ..resource.change.sides()
        };
        let differences = difference::between(sides);
        let others = expected::not_of_an_update(*action, &resource.kind, differences, ground).into_iter();
        found.extend(others.map(|difference| Surprise { address: address.clone(), difference: Some(difference) }));
    }
    found
}
