//! Where images are built: by the runner of a unit that configures a docker image builder.

use crate::model::{Account, Failure, ImageName, ImageUri, Region, UnitPath};
use crate::repo::Repository;
use crate::repo::unit::Unit;
use crate::tools::process::quoted;

/// All units whose runners build.
fn all(repo: &Repository) -> Vec<&Unit> {
    repo.units.iter().filter(|unit| unit.image(ImageName::Kaniko).is_some()).collect()
}

/// The unit whose runner builds an image: the one that was named, the only one that builds, or the only one that has the image
/// in its own account and region.
pub(in crate::tasks) fn find<'r>(
    repo: &'r Repository,
    named: Option<&UnitPath>,
    image: &str,
) -> Result<&'r Unit, Failure> {
    let builders = all(repo);
    let listed =
        |what: String| builders.iter().fold(Failure::refused(what), |it, unit| it.detail(unit.path.to_string()));
    if let Some(path) = named {
        let what = || listed(format!("`{path}` configures no docker image builder, so nothing can build images there"));
        return builders.iter().find(|unit| unit.path == *path).copied().ok_or_else(what);
    }
    // A further image is pushed beside kaniko.
    let image: ImageName = image.parse().unwrap_or(ImageName::Kaniko);
    let own: Vec<&Unit> = builders.iter().filter(|unit| keeps(unit, image)).copied().collect();
    match (&builders[..], &own[..]) {
        ([builder], _) | (_, [builder]) => Ok(builder),
        ([], _) => Err(Failure::refused("no unit configures a docker image builder, so nothing can build images")
            .hint("one unit, usually the one of the shared account, needs `docker_image_builder_config`")),
        _ => {
            let what =
                format!("several units configure a docker image builder, and nothing says which one builds `{image}`");
            let first = builders[0].path.as_str();
            Err(listed(what).hint(format!(
                "name it: `cargo xtask build-images --unit {}`, or for all builds `build.unit` in [workspace.metadata.xtask] in Cargo.toml",
                quoted(first)
            )))
        }
    }
}

/// Whether a unit has an image in its own account and region.
fn keeps(unit: &Unit, image: ImageName) -> bool {
    let uri = unit.image(image).and_then(|uses| uses.uri.value());
    let is_own = |uri: &ImageUri| {
        unit.account.value().is_some_and(|account| account.id == *uri.account())
            && unit.region.value().is_some_and(|region| region == uri.region())
    };
    uri.is_some_and(is_own)
}

/// Where an image of the runner is pushed to, and the region of the runner that builds it.
pub(super) fn address(builder: &Unit, account: &Account, image: ImageName) -> Result<(ImageUri, Region), Failure> {
    let unknown = |what: &str, reason: &str| {
        Failure::refused(format!("{what} of `{}` is not known, because {reason}", builder.path))
    };
    let Some(Some(image_use)) = builder.images.get(&image) else {
        return Err(Failure::refused(format!("`{}` configures no image `{image}`", builder.path)));
    };
    let uri =
        image_use.uri.as_result().map_err(|reason| unknown(&format!("the address of image `{image}`"), reason))?;
    let region = builder.region.as_result().map_err(|reason| unknown("the region", reason))?;
    if *uri.account() == account.id {
        return Ok((uri.clone(), region.clone()));
    }
    Err(Failure::refused(format!("image `{image}` would be pushed into another account than the one that builds it"))
        .detail(format!("builds in  {}, {}", account, builder.path))
        .detail(format!("pushes to  {uri}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A repository with these units, each with the region of its kaniko; the runner's image is in us-east-1.
    fn repo(folder: &tempfile::TempDir, units: &[(&str, &str)]) -> Repository {
        let image = |region: &str, name: &str| {
            format!(
                "{{ container_image = {{ docker_image = \"100000000004.dkr.ecr.{region}.amazonaws.com/{name}\", docker_tag = \"v0.52.1\" }} }}"
            )
        };
        fs::write(folder.path().join("accounts.json"), r#"{"dev": "100000000004"}"#).expect("a file");
        for (path, kaniko) in units {
            let inputs = format!(
                "inputs = {{\n  terraform_planner_config = {}\n  docker_image_builder_config = {}\n}}\n",
                image("us-east-1", "ecs-deploy-runner"),
                image(kaniko, "kaniko")
            );
            fs::create_dir_all(folder.path().join(path)).expect("folders");
            fs::write(folder.path().join(path).join("terragrunt.hcl"), inputs).expect("a file");
        }
        Repository::open(folder.path()).expect("it opens")
    }

    #[test]
    fn image_is_built_where_it_is_kept_and_else_where_a_person_says() {
        let [us, eu] = ["dev/us-east-1/mgmt/ecs-deploy-runner", "dev/eu-west-1/mgmt/ecs-deploy-runner"];
        let find = |units: &[(&str, &str)], named: Option<&str>, image: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let repo = repo(&folder, units);
            let named = named.and_then(|path| UnitPath::new(path.as_ref()));
            find(&repo, named.as_ref(), image).map(|unit| unit.path.to_string()).map_err(|failure| failure.to_string())
        };
        let own = [(us, "us-east-1"), (eu, "eu-west-1")];
        assert_eq!(find(&own, None, "deploy-runner").as_deref(), Ok(us));
        assert_eq!(find(&own, Some(eu), "deploy-runner").as_deref(), Ok(eu));
        assert_eq!(find(&own[1..], None, "deploy-runner").as_deref(), Ok(eu), "the only one");
        let told = find(&own, None, "kaniko").expect_err("each keeps one");
        let hint = format!("`cargo xtask build-images --unit {eu}`");
        assert!(told.contains("which one builds `kaniko`") && told.contains(us) && told.contains(&hint), "{told}");
        assert_eq!(find(&[(us, "us-east-1"), (eu, "us-east-1")], None, "kaniko").as_deref(), Ok(us));
        assert!(find(&own, Some("dev/x"), "kaniko").is_err_and(|told| told.contains("`dev/x` configures no docker")));
    }
}
