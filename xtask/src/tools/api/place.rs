//! Where the services are: AWS's own endpoints by region, or the one that stands for all of AWS.

use crate::model::Region;
use crate::tools::env::{self, Env};

/// A service that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Ecr,
    Ecs,
    Lambda,
}

/// The partitions by how their regions begin, with the domain of their endpoints and of those that have an IPv6 address, too;
/// whatever begins otherwise is in the last (<https://docs.aws.amazon.com/general/latest/gr/rande.html>).
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("", "amazonaws.com", "api.aws"),
];

impl Service {
    /// The name that requests are signed for.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::Ecs => "ecs",
            Self::Lambda => "lambda",
        }
    }

    /// Scheme and host in a region, by the variables that choose among AWS's endpoints; `AWS_ENDPOINT_URL` stands for all of
    /// them (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>).
    pub(super) fn endpoint(self, region: &Region, vars: &Env) -> String {
        if let Some(own) = env::text(vars, "AWS_ENDPOINT_URL") {
            return own.trim_end_matches('/').to_owned();
        }
        let of_region = |(start, ..): &&(&str, &str, &str)| region.as_str().starts_with(start);
        let (_, domain, dualstack) = PARTITIONS.iter().find(of_region).expect("every name begins with nothing");
        let is_dualstack = env::is_true(vars, env::USE_DUALSTACK);
        // ECR has its registries at `dkr.ecr`, and its operations beside them.
        let api = if self == Self::Ecr && !is_dualstack { "api." } else { "" };
        let fips = if env::is_true(vars, env::USE_FIPS) { "-fips" } else { "" };
        let domain = if is_dualstack { dualstack } else { domain };
        format!("https://{api}{}{fips}.{region}.{domain}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As botocore resolves them.
    #[test]
    fn every_partition_has_its_endpoints_of_each_kind() {
        for (region, fips, dualstack, ecr, lambda) in [
            ("eu-central-1", "", "", "api.ecr.eu-central-1.amazonaws.com", "lambda.eu-central-1.amazonaws.com"),
            ("us-east-1", "true", "", "api.ecr-fips.us-east-1.amazonaws.com", "lambda-fips.us-east-1.amazonaws.com"),
            ("us-east-1", "", "True", "ecr.us-east-1.api.aws", "lambda.us-east-1.api.aws"),
            ("us-east-1", "true", "true", "ecr-fips.us-east-1.api.aws", "lambda-fips.us-east-1.api.aws"),
            ("us-east-1", "false", "0", "api.ecr.us-east-1.amazonaws.com", "lambda.us-east-1.amazonaws.com"),
            (
                "us-gov-west-1",
                "true",
                "",
                "api.ecr-fips.us-gov-west-1.amazonaws.com",
                "lambda-fips.us-gov-west-1.amazonaws.com",
            ),
            ("cn-north-1", "", "", "api.ecr.cn-north-1.amazonaws.com.cn", "lambda.cn-north-1.amazonaws.com.cn"),
            (
                "cn-north-1",
                "",
                "true",
                "ecr.cn-north-1.api.amazonwebservices.com.cn",
                "lambda.cn-north-1.api.amazonwebservices.com.cn",
            ),
            ("eusc-de-east-1", "", "", "api.ecr.eusc-de-east-1.amazonaws.eu", "lambda.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "", "true", "ecr.us-iso-east-1.api.aws.ic.gov", "lambda.us-iso-east-1.api.aws.ic.gov"),
            ("us-isob-east-1", "", "", "api.ecr.us-isob-east-1.sc2s.sgov.gov", "lambda.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", "", "", "api.ecr.eu-isoe-west-1.cloud.adc-e.uk", "lambda.eu-isoe-west-1.cloud.adc-e.uk"),
            (
                "us-isof-south-1",
                "true",
                "",
                "api.ecr-fips.us-isof-south-1.csp.hci.ic.gov",
                "lambda-fips.us-isof-south-1.csp.hci.ic.gov",
            ),
        ] {
            let vars = Env::from([(env::USE_FIPS.into(), fips.into()), (env::USE_DUALSTACK.into(), dualstack.into())]);
            let region = region.parse().unwrap();
            let found = [Service::Ecr, Service::Lambda].map(|service| service.endpoint(&region, &vars));
            assert_eq!(found, [ecr, lambda].map(|host| format!("https://{host}")), "{region} {fips} {dualstack}");
        }
    }

    #[test]
    fn endpoint_of_the_settings_stands_for_all() {
        let vars = Env::from([
            ("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:5000/".into()),
            (env::USE_FIPS.into(), "true".into()),
        ]);
        assert_eq!(Service::Ecs.endpoint(&"us-iso-east-1".parse().unwrap(), &vars), "http://127.0.0.1:5000");
    }
}
