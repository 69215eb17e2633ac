//! Where images are built: by the runner of the one unit that configures a docker image builder.

use crate::model::{Account, Failure, ImageName, ImageUri, Region};
use crate::repo::Repository;
use crate::repo::unit::Unit;

/// The unit whose runner builds.
pub(in crate::tasks) fn find(repo: &Repository) -> Result<&Unit, Failure> {
    let builds = |unit: &&Unit| matches!(unit.images.get(&ImageName::Kaniko), Some(Some(_)));
    let builders: Vec<&Unit> = repo.units.iter().filter(builds).collect();
    match builders[..] {
        [builder] => Ok(builder),
        [] => Err(Failure::refused("no unit configures a docker image builder, so nothing can build images")
            .hint("one unit, usually the one of the shared account, needs `docker_image_builder_config`")),
        _ => {
            let what = "several units configure a docker image builder, and nothing says which one is meant";
            Err(builders.iter().fold(Failure::refused(what), |failure, unit| failure.detail(unit.path.to_string())))
        }
    }
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
