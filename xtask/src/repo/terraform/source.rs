//! The source of a module: whether it is one that deploys a runner.

/// The folders of modules that deploy a runner, as a source ends in them.
const RUNNERS: [&str; 3] =
    ["modules/mgmt/ecs-deploy-runner", "modules/ecs-deploy-runner", "modules/ecs-deploy-runner-with-steampipe-runner"];

/// Whether a module's source ends in the folder of a module that deploys a runner, wherever the module comes from.
pub(super) fn is_runner(source: &str) -> bool {
    let folder = source.split('?').next().unwrap_or(source);
    // `//` only parts the repository from the folder in it.
    let parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    RUNNERS.iter().any(|runner| parts.ends_with(&runner.split('/').collect::<Vec<_>>()))
}
