//! Images of ECR, its policies and its passwords.

use serde_json::{Value, json};

use super::{Answer, Call, Fault};
use crate::cloud::ecr::{self, Place};
use crate::docker;
use crate::partition;
use crate::store;
use crate::world::Inject;

/// How many images ECR puts on a page.
const PAGE: usize = 100;

/// Describes the images of a repository, or those asked for; one that isn't there is an error.
pub(super) fn describe_images(call: &Call<'_>) -> Answer {
    let (world, region) = (call.world, &call.region);
    let wanted = wanted(call)?;
    if world.injects(&Inject::AlwaysBusyEcr)
        || (world.injects(&Inject::BusyEcr) && world.first_time(&format!("busy-ecr-{}", call.keys.account))?)
    {
        return Err(Fault::new("ThrottlingException", "Rate exceeded"));
    }
    let registry = call.input["registryId"].as_str().unwrap_or(&call.keys.account);
    let repository = call.text("repositoryName");
    if registry != call.keys.account || world.injects(&Inject::DeniedEcr) {
        return Err(Fault::new(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: ecr:DescribeImages on resource: \
                 arn:{}:ecr:{region}:{registry}:repository/{repository} because no resource-based policy allows the \
                 ecr:DescribeImages action",
                call.keys.arn(world),
                partition::of(region)
            ),
        ));
    }
    if world.injects(&Inject::Idempotent) {
        for tag in &wanted {
            let (account, region) = (registry.to_owned(), region.clone());
            ecr::push(world, &Place { account, region, repository: repository.to_owned(), tag: (*tag).to_owned() })?;
        }
    }
    let all = ecr::read(world, registry)?;
    let images = all.get(region).and_then(|region| region.get(repository)).ok_or_else(|| {
        Fault::new(
            "RepositoryNotFoundException",
            format!("The repository with name '{repository}' does not exist in the registry with id '{registry}'"),
        )
    })?;
    for tag in &wanted {
        if !images.iter().any(|image| image.image_tags.iter().any(|there| there == tag)) {
            return Err(Fault::new(
                "ImageNotFoundException",
                format!(
                    "The image with imageId {{imageDigest:'null', imageTag:'{tag}'}} does not exist within the repository \
                     with name '{repository}' in the registry with id '{registry}'"
                ),
            ));
        }
    }
    let asked_for =
        |image: &&ecr::Image| wanted.is_empty() || image.image_tags.iter().any(|tag| wanted.contains(&tag.as_str()));
    // Who asks for no image by name gets the first page of all.
    let details = images.iter().filter(asked_for).take(PAGE).map(|image| {
        json!({
            "registryId": registry,
            "repositoryName": repository,
            "imageDigest": image.image_digest,
            "imageTags": image.image_tags,
            "imageSizeInBytes": image.image_size_in_bytes,
            "imagePushedAt": image.image_pushed_at,
            "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        })
    });
    let mut answer = json!({ "imageDetails": details.collect::<Vec<_>>() });
    if wanted.is_empty() && images.len() > PAGE {
        answer["nextToken"] = "rehearsal".into();
    }
    Ok(answer)
}

/// The policy of a repository: what `accounts/ID/ecr-policies.json` has for it, null for none; otherwise one that lets every
/// account pull, as the Reference Architecture's repositories have it for all of its accounts.
pub(super) fn repository_policy(call: &Call<'_>) -> Answer {
    let (world, account, repository) = (call.world, &call.keys.account, call.text("repositoryName"));
    let error = |code: &str| Fault::new(code, format!("it went wrong with repository `{repository}`"));
    if world.injects(&Inject::DeniedEcr) || call.input["registryId"].as_str().is_some_and(|id| id != account) {
        return Err(error("AccessDeniedException"));
    }
    if !ecr::read(world, account)?.get(&call.region).is_some_and(|there| there.contains_key(repository)) {
        return Err(error("RepositoryNotFoundException"));
    }
    let policies: Option<Value> = store::read_if_there(&world.service(account, "ecr-policies"))?;
    let policy = match policies.as_ref().and_then(|policies| policies.get(repository)) {
        Some(Value::Null) => return Err(error("RepositoryPolicyNotFoundException")),
        Some(policy) => policy.clone(),
        None => json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }] }),
    };
    Ok(json!({ "registryId": account, "repositoryName": repository, "policyText": policy.to_string() }))
}

/// The password for docker, by which its stand-in knows the account.
pub(super) fn token(call: &Call<'_>) -> Value {
    let account = &call.keys.account;
    let token = base64(format!("AWS:{}", docker::password(account)).as_bytes());
    let endpoint = format!("https://{account}.dkr.ecr.{}.{}", call.region, partition::domain(&call.region));
    json!({ "authorizationData": [{
        "authorizationToken": token,
        "expiresAt": 4_070_908_800_u64,
        "proxyEndpoint": endpoint,
    }] })
}

/// Base64 as in RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for n in 0..4 {
            let letter = LETTERS[(all >> (18 - 6 * n)) as usize % 64];
            text.push(if n > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

/// The tags in `imageIds`.
fn wanted<'a>(call: &'a Call<'_>) -> Result<Vec<&'a str>, Fault> {
    let ids = call.input["imageIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tag = |id: &'a Value| {
        let tag = id["imageTag"].as_str().filter(|tag| !tag.is_empty());
        tag.ok_or_else(|| Fault::new("InvalidParameterException", "an image without a tag"))
    };
    ids.iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(super::base64(bytes.as_bytes()), text);
        }
    }
}
