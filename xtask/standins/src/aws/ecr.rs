//! `aws ecr describe-images`.

use serde_json::{Value, json};

use super::args::{Call, usage};
use super::{keys, service_error};
use crate::cloud::ecr::{self, Place};
use crate::partition;
use crate::refusal::Outcome;
use crate::store;
use crate::world::{Inject, World};

const OPERATION: &str = "DescribeImages";

/// How many images ECR puts on a page.
const PAGE: usize = 100;

/// Describes the images of a repository, or those asked for; one that isn't there is an error.
pub(super) fn describe_images(world: &World, call: &Call) -> Outcome<Value> {
    let region = call.region()?;
    let wanted = wanted(call)?;
    let keys = keys(world, OPERATION)?;
    // The CLI asks again by itself, so often in all; this AWS has an answer at the fifth time.
    let n_tries = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    if world.injects(&Inject::AlwaysBusyEcr) || (world.injects(&Inject::BusyEcr) && n_tries < 5) {
        let message = format!("Rate exceeded (reached max retries: {})", n_tries - 1);
        return Err(service_error(OPERATION, "ThrottlingException", &message));
    }
    let registry = call.value("registry-id").unwrap_or(&keys.account);
    let repository = call.value("repository-name").unwrap_or_default();
    if registry != keys.account || world.injects(&Inject::DeniedEcr) {
        return Err(service_error(
            OPERATION,
            "AccessDeniedException",
            &format!(
                "User: {} is not authorized to perform: ecr:DescribeImages on resource: \
                 arn:{}:ecr:{region}:{registry}:repository/{repository} because no resource-based policy allows the \
                 ecr:DescribeImages action",
                keys.arn(world),
                partition::of(&region)
            ),
        ));
    }
    if world.injects(&Inject::Idempotent) {
        for tag in &wanted {
            let (account, region) = (registry.to_owned(), region.clone());
            ecr::push(world, &Place { account, region, repository: repository.to_owned(), tag: tag.clone() })?;
        }
    }
    let all = ecr::read(world, registry)?;
    let images = all.get(&region).and_then(|region| region.get(repository)).ok_or_else(|| {
        service_error(
            OPERATION,
            "RepositoryNotFoundException",
            &format!("The repository with name '{repository}' does not exist in the registry with id '{registry}'"),
        )
    })?;
    for tag in &wanted {
        if !images.iter().any(|image| image.image_tags.iter().any(|there| there == tag)) {
            return Err(service_error(
                OPERATION,
                "ImageNotFoundException",
                &format!(
                    "The image with imageId {{imageDigest:'null', imageTag:'{tag}'}} does not exist within the repository \
                     with name '{repository}' in the registry with id '{registry}'"
                ),
            ));
        }
    }
    let asked_for = |image: &&ecr::Image| wanted.is_empty() || image.image_tags.iter().any(|tag| wanted.contains(tag));
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
pub(super) fn repository_policy(world: &World, call: &Call) -> Outcome<Value> {
    let operation = "GetRepositoryPolicy";
    let region = call.region()?;
    let keys = keys(world, operation)?;
    let repository = call.value("repository-name").unwrap_or_default();
    let error = |code: &str| service_error(operation, code, &format!("it went wrong with repository `{repository}`"));
    if world.injects(&Inject::DeniedEcr) || call.value("registry-id").is_some_and(|id| id != keys.account) {
        return Err(error("AccessDeniedException"));
    }
    if !ecr::read(world, &keys.account)?.get(&region).is_some_and(|there| there.contains_key(repository)) {
        return Err(error("RepositoryNotFoundException"));
    }
    let policies: Option<Value> = store::read_if_there(&world.service(&keys.account, "ecr-policies"))?;
    let policy = match policies.as_ref().and_then(|policies| policies.get(repository)) {
        Some(Value::Null) => return Err(error("RepositoryPolicyNotFoundException")),
        Some(policy) => policy.clone(),
        None => json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }] }),
    };
    Ok(json!({ "registryId": keys.account, "repositoryName": repository, "policyText": policy.to_string() }))
}

/// The tags in `--image-ids imageTag=TAG …`.
fn wanted(call: &Call) -> Outcome<Vec<String>> {
    let tag = |id: &String| {
        let tag = id.strip_prefix("imageTag=").filter(|tag| !tag.is_empty()).map(str::to_owned);
        tag.ok_or_else(|| usage(&format!("Error parsing parameter '--image-ids': `{id}` is no imageTag=TAG")))
    };
    call.values("image-ids").iter().map(tag).collect()
}
