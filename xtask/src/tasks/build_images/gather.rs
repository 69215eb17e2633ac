//! What is built, where, and by whom: from the files alone, with everything that is wrong.

use crate::model::{Account, Failure, ImageName, ImageUri, Region, Tag};
use crate::repo::Repository;
use crate::repo::unit::Unit;
use crate::tasks::images::Wanted;
use crate::tasks::session;
use crate::tools::deployer::Build;

/// What `build-images` will work with.
#[derive(Debug)]
pub struct Work<'r> {
    /// The builds, each with the account in which it runs.
    pub builds: Vec<(&'r Account, Build)>,
}

impl<'r> Work<'r> {
    /// The builds of these images, or of all; what is wrong is added to `problems`.
    pub fn gather(repo: &'r Repository, images: &[ImageName], tag: &Tag, problems: &mut Vec<Failure>) -> Self {
        let (builds, unbuildable) = builds(repo, images, tag);
        problems.extend(unbuildable);
        Self { builds }
    }

    /// The accounts to be proven.
    pub fn accounts(&self) -> Vec<(&'r Account, Region)> {
        session::accounts_of(self.builds.iter().map(|(account, build)| (*account, build.region.clone())))
    }

    /// The images that have to be there in the end.
    pub fn wanted(&self) -> Vec<Wanted<'r>> {
        let wanted = |(account, build): &(&'r Account, Build)| Wanted {
            image: build.image,
            uri: build.uri.clone(),
            tag: build.tag.clone(),
            account,
        };
        self.builds.iter().map(wanted).collect()
    }

    /// The images in a few words.
    pub fn names(&self) -> String {
        let name = |(_, build): &(&Account, Build)| format!("{}:{}", build.uri.repository(), build.tag);
        self.builds.iter().map(name).collect::<Vec<_>>().join(" and ")
    }
}

/// What to build, and in which account: that of the one unit that configures a docker image builder.
fn builds<'r>(repo: &'r Repository, images: &[ImageName], tag: &Tag) -> (Vec<(&'r Account, Build)>, Vec<Failure>) {
    let mut problems = Vec::new();
    let builders: Vec<&Unit> =
        repo.units.iter().filter(|unit| matches!(unit.images.get(&ImageName::Kaniko), Some(Some(_)))).collect();
    let builder = match builders[..] {
        [builder] => builder,
        [] => {
            return (
                Vec::new(),
                vec![
                    Failure::refused("no unit configures a docker image builder, so nothing can build images")
                        .hint("one unit, usually the one of the shared account, needs `docker_image_builder_config`"),
                ],
            );
        }
        _ => {
            let failure =
                Failure::refused("several units configure a docker image builder, and nothing says which one is meant");
            return (
                Vec::new(),
                vec![builders.iter().fold(failure, |failure, unit| failure.detail(unit.path.to_string()))],
            );
        }
    };
    let mut builds = Vec::new();
    for image in ImageName::ALL.into_iter().filter(|image| images.is_empty() || images.contains(image)) {
        match uri_of(builder, image) {
            Ok((uri, region)) => {
                let dockerfile_repo = repo.settings.dockerfile_repo().to_owned();
                builds.push((&builder.account, Build { image, uri, tag: tag.clone(), dockerfile_repo, region }));
            }
            Err(failure) => problems.push(failure),
        }
    }
    (builds, problems)
}

fn uri_of(builder: &Unit, image: ImageName) -> Result<(ImageUri, Region), Failure> {
    let unknown = |what: &str, reason: &str| {
        Failure::refused(format!("{what} of `{}` is not known, because {reason}", builder.path))
    };
    let Some(Some(image_use)) = builder.images.get(&image) else {
        return Err(Failure::refused(format!("`{}` configures no image `{image}`", builder.path)));
    };
    let uri =
        image_use.uri.as_result().map_err(|reason| unknown(&format!("the address of image `{image}`"), reason))?;
    let region = builder.region.as_result().map_err(|reason| unknown("the region", reason))?;
    if *uri.account() == builder.account.id {
        return Ok((uri.clone(), region.clone()));
    }
    Err(Failure::refused(format!("image `{image}` would be pushed into another account than the one that builds it"))
        .detail(format!("builds in  {}, {}", builder.account, builder.path))
        .detail(format!("pushes to  {uri}")))
}
