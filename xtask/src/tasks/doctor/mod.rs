//! `doctor`: everything that could go wrong, looked at before anything happens. Changes nothing, unless `--fix` says so.

mod finding;
mod fix;
mod online;
mod profiles;
mod text;
mod tools;
mod traps;

use serde_json::json;

use crate::cli::{self, Format};
use crate::model::{Exit, Failure, Failures, Tag, threads};
use crate::repo::Repository;
use crate::repo::settings::Target;
use crate::tasks::changes;
use crate::tasks::context::Context;
use crate::tasks::profiles::Profiles;
use crate::tasks::select::Selection;
use crate::tasks::session;
use crate::tasks::space;
use crate::tools::machine;
use crate::tools::programs::Tools;
pub use finding::{Finding, Grade};
pub(super) use profiles::asked;
use traps::{access, engine, files, here, sessions, sources, tags};

/// Looks at everything.
pub fn run(context: &Context, args: &cli::Doctor) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    session::say_repository(context, &repo);
    session::say_settings(context, &repo);
    let target = target(context, &repo, args)?;
    let profiles = Profiles::read(context);
    let selection = Selection::of(context, &repo, &args.selectors)?;
    let settled = if args.shared { Target::Shared } else { Target::Personal };
    if args.fix && fix::settle(context, &mut repo, &profiles, &selection, settled)? {
        repo = context.repository()?;
    }
    let findings = look(context, &repo, &selection, args.offline, &target, &profiles);
    let has_failed = finding::n_with(&findings, Grade::Fail) > 0;
    match context.globals.format {
        Format::Json => {
            let report = json!({ "schema": 1, "tag": target, "findings": findings });
            context.result(&format!("{report:#}\n"))?;
        }
        _ => context.page(&text::page(&findings, context.screen.result_width()))?,
    }
    Ok(if has_failed { Exit::DIFFERS } else { Exit::DONE })
}

/// The tag that is to come: as for an update, or the newest one that is known.
fn target(context: &Context, repo: &Repository, args: &cli::Doctor) -> Result<Tag, Failure> {
    let newest = changes::newest().to_string();
    context.tag(args.tag.as_ref(), repo.settings.terraform_aws_ci_version().or(Some(&newest)))
}

/// Everything, side by side: the programs, the files and the sources while the selected accounts are asked. What the files
/// say is looked at as a whole.
fn look(
    context: &Context,
    repo: &Repository,
    selection: &Selection,
    is_offline: bool,
    target: &Tag,
    profiles: &Profiles,
) -> Vec<Finding> {
    let chosen = profiles::chosen(repo, selection, profiles);
    let (programs, texts, read, asked) = std::thread::scope(|scope| {
        let programs = threads::begin(scope, || tools::probe(context, repo));
        let texts = threads::begin(scope, || repo.texts());
        let read = threads::begin(scope, || match (is_offline, context.tools()) {
            (true, _) => vec![Finding::skip("sources", "--offline")],
            (false, Tools::StandIns(_)) => vec![Finding::skip("sources", "a rehearsal asks nobody outside")],
            (false, Tools::Real) => sources::readable(context, repo),
        });
        let is_said = |failure: &Failure| {
            let text = failure.to_string();
            text.contains("not found on PATH")
                || text.contains("is missing or can't be run")
                || chosen.failures.iter().any(|said| said.to_string() == text)
        };
        let asked = if is_offline {
            online::not_asked("--offline")
        } else {
            online::findings(context, repo, selection, &is_said)
        };
        (programs.join(), texts.join(), read.join(), asked)
    });
    let terragrunt = tools::version_of(&programs, "terragrunt");
    let installed = |name: &str| programs.iter().any(|tool| tool.name == name && tool.path.is_ok());

    let mut found = tools::findings(&programs, repo);
    found.extend(access::problems(repo));
    found.extend(access::notices(repo));
    found.push(access::regions(repo));
    found.extend(access::redirections(repo));
    found.extend(access::left_out(repo));
    found.push(profiles::credentials(repo, selection));
    found.extend(profiles::findings(repo, profiles, &chosen));
    found.extend(asked);
    found.push(sessions::without_mfa(repo, selection, profiles));
    let aws_vault = tools::version_of(&programs, "aws-vault");
    found.push(sessions::codes(repo, selection, profiles, &context.vars, aws_vault));
    found.extend(read);
    found.push(tags::bootstrap(repo, profiles, target));
    found.push(tags::modules(repo, target));
    found.extend(tags::reach(repo, target));
    found.push(engine::engine(repo, terragrunt, &installed));
    if repo.uses_terragrunt() {
        found.push(files::old_flags(&texts, terragrunt));
        found.push(files::old_attributes(&texts, terragrunt));
        found.push(files::mocks(&texts));
    }
    found.push(files::ci(&texts));
    found.push(here::checkout(repo));
    let n_jobs = repo.settings.jobs().unwrap_or_else(|| machine::n_jobs(None, None));
    found.push(here::room(&space::of(
        context,
        repo,
        repo.units.iter().map(|unit| &unit.path),
        n_jobs,
        repo.uses_terragrunt(),
    )));
    found
}
