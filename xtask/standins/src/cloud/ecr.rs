//! Images, as ECR keeps them in the repositories of an account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest;
use crate::keys;
use crate::partition;
use crate::refusal::Outcome;
use crate::store;
use crate::world::World;

/// `ecr.json`: images by repository by region.
pub(crate) type Repositories = BTreeMap<String, BTreeMap<String, Vec<Image>>>;

/// An image in a repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    pub(crate) image_tags: Vec<String>,
    pub(crate) image_digest: String,
    /// Seconds since 1970.
    pub(crate) image_pushed_at: f64,
    pub(crate) image_size_in_bytes: u64,
}

/// Where an image lies: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
}

impl Place {
    /// Reads a place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, path) = text.split_once('/')?;
        let (repository, tag) = path.rsplit_once(':')?;
        let (account, host) = host.split_once(".dkr.ecr.")?;
        let (region, domain) = host.split_once('.')?;
        let whole =
            keys::is_account(account) && domain == partition::domain(region) && !repository.is_empty() && is_tag(tag);
        let own = |text: &str| text.to_owned();
        whole.then(|| Self { account: own(account), region: own(region), repository: own(repository), tag: own(tag) })
    }
}

/// Whether Docker takes a text as a tag.
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// Reads all of an account.
pub(crate) fn read(world: &World, account: &str) -> Outcome<Repositories> {
    store::read(&world.service(account, "ecr"))
}

/// What came of a push.
pub(crate) enum Pushed {
    /// The image is new.
    New { digest: String },
    /// There was an image with this tag, and it was left alone.
    There { digest: String },
    /// The repository does not exist.
    NoRepository,
}

/// Pushes an image, unless there is one with its tag.
pub(crate) fn push(world: &World, place: &Place) -> Outcome<Pushed> {
    store::update(&world.service(&place.account, "ecr"), |all: &mut Repositories| {
        let Some(images) = all.get_mut(&place.region).and_then(|region| region.get_mut(&place.repository)) else {
            return Ok(Pushed::NoRepository);
        };
        if let Some(there) = images.iter().find(|image| image.image_tags.contains(&place.tag)) {
            return Ok(Pushed::There { digest: there.image_digest.clone() });
        }
        let name = format!("{}/{}:{}", place.account, place.repository, place.tag);
        let digest = format!("sha256:{}", digest::hex(&name, 64));
        images.push(Image {
            image_tags: vec![place.tag.clone()],
            image_digest: digest.clone(),
            image_pushed_at: Moment::now().epoch(),
            image_size_in_bytes: 412_345_678,
        });
        Ok(Pushed::New { digest })
    })
}

/// Creates a repository that isn't there yet.
pub(crate) fn create(world: &World, account: &str, region: &str, repository: &str) -> Outcome {
    store::update(&world.service(account, "ecr"), |all: &mut Repositories| {
        all.entry(region.to_owned()).or_default().entry(repository.to_owned()).or_default();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_are_whole_or_nothing() {
        let place = Place::parse("100000000002.dkr.ecr.us-east-1.amazonaws.com/team/kaniko:v1.3.0").unwrap();
        assert_eq!((place.repository.as_str(), place.tag.as_str()), ("team/kaniko", "v1.3.0"));
        for bad in [
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko",
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko:",
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko:-x",
            "2.dkr.ecr.us-east-1.amazonaws.com/kaniko:v1",
            "kaniko:v1",
            "100000000002.dkr.ecr.cn-north-1.amazonaws.com/kaniko:v1",
        ] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
