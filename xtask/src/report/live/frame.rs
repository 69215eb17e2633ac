//! The live region as text: a pure function of what is running, of time, and of the room that there is.

use std::time::Duration;

use super::state::{Running, State};
use crate::model::one_line;
use crate::report::screen::duration;

/// After this long without a line a row says so.
const SILENCE: Duration = Duration::from_secs(60);
/// How wide the bar is.
const BAR: usize = 20;

/// The lines of the region, each at most `width` columns, at most half of the `height` of the terminal.
pub(super) fn frame(state: &State, now: Duration, width: usize, height: usize) -> Vec<String> {
    if state.running.is_empty() {
        return Vec::new();
    }
    let room = (height / 2).max(2) - 1;
    let n_rows = if state.running.len() > room { room.saturating_sub(1) } else { state.running.len() };
    let rows = &state.running[..n_rows];
    let name_width = rows.iter().map(|row| row.subject.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<_> = rows.iter().map(|row| line_of(row, now, name_width, width)).collect();
    if n_rows < state.running.len() {
        lines.push(format!("  +{} more", state.running.len() - n_rows));
    }
    if state.n_lanes > 1 {
        let filled = BAR * state.n_done.min(state.n_lanes) / state.n_lanes;
        let bar = format!("{}{}", "━".repeat(filled), "─".repeat(BAR - filled));
        lines.push(format!("  {bar}  {} of {}   {}", state.n_done, state.n_lanes, whole(now)));
    }
    lines.into_iter().map(|line| cut(&one_line(&line), width)).collect()
}

fn line_of(row: &Running, now: Duration, name_width: usize, width: usize) -> String {
    let silent_since = row.said.as_ref().map_or(row.since, |(_, at)| *at);
    let silence = now.saturating_sub(silent_since);
    let said = if silence >= SILENCE {
        format!("no output for {}", whole(silence))
    } else {
        row.said.as_ref().map(|(line, _)| line.clone()).unwrap_or_default()
    };
    let phase = row.phase;
    let took = whole(now.saturating_sub(row.since));
    let head = format!("  {:<name_width$}  {phase:<9}  {took:>9}   ", row.subject);
    let said = without_modules(&said, width.saturating_sub(head.chars().count()));
    format!("{head}{said}").trim_end().to_owned()
}

/// A line without the modules in front of an address, if it is too long: what is done to which resource comes after them.
fn without_modules(said: &str, room: usize) -> String {
    let mut rest = said;
    while let Some((_, after)) = rest.strip_prefix("module.").and_then(|rest| rest.split_once('.')) {
        if said.chars().count() <= room {
            break;
        }
        rest = after;
    }
    if rest == said { said.to_owned() } else { format!("…{rest}") }
}

/// Where things are, in one line; `None` if nothing runs.
pub(super) fn line(state: &State, now: Duration) -> Option<String> {
    const NAMED: usize = 4;
    let longest = state.running.iter().map(|row| now.saturating_sub(row.since)).max()?;
    let names: Vec<_> = state.running.iter().take(NAMED).map(|row| format!("{} {}", row.phase, row.subject)).collect();
    let more = state.running.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(", {more} more") };
    Some(format!(
        "{}{more}   {} of {} done, the longest for {}",
        names.join(", "),
        state.n_done,
        state.n_lanes,
        whole(longest)
    ))
}

/// Whole seconds, so that the region doesn't flicker.
fn whole(took: Duration) -> String {
    if took.as_secs() < 60 { format!("{} s", took.as_secs()) } else { duration(took) }
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::live::state::tests::idle;
    use crate::run::event::{Event, Outcome, StepName, StepResult};
    use crate::run::step::StepKind;

    fn step(kind: StepKind, subject: &str) -> StepName {
        StepName { kind, subject: subject.to_owned(), unit: None }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn ended(result: StepResult) -> Outcome {
        Outcome { result, took: seconds(1), ..Outcome::not_started() }
    }

    #[test]
    fn every_running_step_has_a_row_and_the_bar_counts_lanes() {
        let mut state = idle(3);
        state.take(&Event::Started(step(StepKind::Plan, "logs")), seconds(0));
        state.take(&Event::Finished(step(StepKind::Plan, "logs"), ended(StepResult::Succeeded)), seconds(2));
        state.take(&Event::Started(step(StepKind::Show, "logs")), seconds(2));
        state.take(&Event::Started(step(StepKind::Plan, "security")), seconds(0));
        state.take(&Event::Line(step(StepKind::Plan, "security"), "aws_x.y: Refreshing".to_owned()), seconds(3));
        state.take(&Event::Started(step(StepKind::Plan, "dev")), seconds(1));
        state.take(&Event::Finished(step(StepKind::Plan, "dev"), ended(StepResult::Failed)), seconds(3));
        assert_eq!(
            frame(&state, seconds(4), 80, 24),
            [
                "  logs      reading          2 s",
                "  security  planning         4 s   aws_x.y: Refreshing",
                "  ━━━━━━──────────────  1 of 3   4 s",
            ]
        );
        let line = line(&state, seconds(4)).expect("something runs");
        assert_eq!(line, "reading logs, planning security   1 of 3 done, the longest for 4 s");
    }

    #[test]
    fn row_of_a_build_shows_its_phase() {
        let mut state = idle(1);
        let kaniko = || step(StepKind::Build, "kaniko");
        let row = |state: &State| frame(state, seconds(5), 80, 24).remove(0);
        state.take(&Event::Started(kaniko()), seconds(0));
        assert_eq!(row(&state), "  kaniko  building         5 s");
        let said = "Waiting for ECS task arn:aws:ecs:us-east-1:100000000002:task/x/1 to start";
        for line in [format!("[infrastructure-deployer] INFO[x] {said}"), format!("time=x level=info msg=\"{said}\"")] {
            state.take(&Event::Line(kaniko(), line), seconds(1));
            assert!(
                row(&state).starts_with("  kaniko  waiting          5 s   waiting for ECS task arn:aws:ecs"),
                "{}",
                row(&state)
            );
        }
        state.take(&Event::Line(kaniko(), "[ecs-deploy-runner][x] RUN apk add".to_owned()), seconds(2));
        assert_eq!(row(&state), "  kaniko  waiting          5 s   [ecs-deploy-runner][x] RUN apk add");
    }

    #[test]
    fn silence_is_told_and_so_is_its_end() {
        let mut state = idle(1);
        state.take(&Event::Started(step(StepKind::Apply, "prod")), seconds(0));
        state.take(&Event::Line(step(StepKind::Apply, "prod"), "Still creating...".to_owned()), seconds(10));
        assert_eq!(frame(&state, seconds(69), 80, 24), ["  prod  applying   1 min 9 s   Still creating..."]);
        assert_eq!(frame(&state, seconds(130), 80, 24), ["  prod  applying   2 min 10 s   no output for 2 min 0 s"]);
    }

    #[test]
    fn many_units_and_a_narrow_terminal_still_fit() {
        let mut state = idle(1000);
        for n in 0..40 {
            let name = step(StepKind::Plan, &format!("account-{n}"));
            state.take(&Event::Started(name.clone()), seconds(0));
            state.take(&Event::Line(name, "é".repeat(300)), seconds(0));
        }
        let lines = frame(&state, seconds(1), 40, 24);
        assert_eq!(lines.len(), 12);
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:#?}");
        assert_eq!(lines[10], "  +30 more");
        for (width, height) in [(0, 0), (1, 1), (5, 3)] {
            assert!(frame(&state, seconds(1), width, height).len() <= 2);
        }
    }

    #[test]
    fn what_is_done_to_a_resource_is_read_also_where_its_modules_leave_no_room() {
        let said = "module.ecs_deploy_runner.module.inner.aws_ecs_task_definition.planner: Creating...";
        assert_eq!(without_modules(said, 200), said);
        assert_eq!(without_modules(said, 40), "…aws_ecs_task_definition.planner: Creating...");
        assert_eq!(without_modules("module.x", 2), "module.x");
    }

    #[test]
    fn row_keeps_its_place_while_one_step_follows_another() {
        let mut state = idle(2);
        let names = |state: &State| state.running.iter().map(|row| row.subject.clone()).collect::<Vec<_>>();
        for unit in ["dev", "logs"] {
            state.take(&Event::Started(step(StepKind::Plan, unit)), seconds(0));
        }
        state.take(&Event::Finished(step(StepKind::Plan, "dev"), ended(StepResult::Succeeded)), seconds(1));
        assert_eq!(names(&state), ["logs"]);
        state.take(&Event::Started(step(StepKind::Show, "dev")), seconds(1));
        assert_eq!(names(&state), ["dev", "logs"]);
    }

    #[test]
    fn nothing_running_paints_nothing() {
        assert!(frame(&idle(5), seconds(1), 80, 24).is_empty());
        assert_eq!(line(&idle(5), seconds(1)), None);
    }
}
