//! What a killed run left at work in these units, other than applies: plans, which end by themselves.

use std::time::Duration;

use crate::model::Failure;
use crate::report::screen::Tone;
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;
use crate::tools::lock;

/// How often is looked whether somebody has finished.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until nobody works in these units any more: two programs never share a unit's cache. The lock of the repository
/// is ours, so nobody new begins.
pub(super) fn wait(session: &Session<'_>, units: &[Workable<'_>]) -> Result<(), Failure> {
    for unit in units {
        let path = session.run.unit_lock(&unit.unit.path);
        if !lock::is_held(&path) {
            continue;
        }
        let who = lock::holder(&path).map(|pid| format!(" (process {})", pid.as_raw_nonzero())).unwrap_or_default();
        let about = format!("{}   an earlier run's terragrunt still works there{who}", unit.label);
        session.context.screen.insist(Tone::Plain, "Waiting", about);
        while lock::is_held(&path) {
            session.pause(PAUSE)?;
        }
    }
    Ok(())
}
