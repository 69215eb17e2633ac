//! The partitions of AWS: regions that share nothing with those of others, and whose ARNs begin in another way
//! (<https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>).

/// What the ARNs of a region have after `arn:`.
pub(crate) fn of(region: &str) -> &'static str {
    match region {
        china if china.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The domain of a region's registries.
pub(crate) fn domain(region: &str) -> &'static str {
    if of(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}
