//! The other partitions of AWS, from the files to the proof: China and the one of the US government.

use std::fs;
use std::path::Path;

use super::sandbox::{Sandbox, files_below};

const PARTITIONS: [(&str, &str, &str); 2] =
    [("cn-north-1", "aws-cn", "amazonaws.com.cn"), ("us-gov-west-1", "aws-us-gov", "amazonaws.com")];

/// Moves the sample into another region: its folders, and the regions, registries and ARNs in its files.
pub(super) fn move_to(repo: &Path, region: &str) {
    let Some((_, partition, domain)) = PARTITIONS.iter().find(|(known, ..)| *known == region) else { return };
    for account in fs::read_dir(repo).unwrap().flatten() {
        let old = account.path().join("us-east-1");
        if old.is_dir() {
            fs::rename(&old, account.path().join(region)).unwrap();
        }
    }
    for file in files_below(repo) {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("us-east-1", region).replace("arn:aws:", &format!("arn:{partition}:"));
        fs::write(file, text.replace(".amazonaws.com/", &format!(".{domain}/"))).unwrap();
    }
}

#[test]
fn update_of_another_partition_is_built_moved_applied_and_proven_there() {
    for (region, partition, domain) in PARTITIONS {
        let sandbox = Sandbox::in_region(region);
        let units = sandbox.xtask(["units", "--format=json"]).run().exits(0).json();
        let units = units["units"].as_array().unwrap();
        assert!(units.len() == 6 && units.iter().all(|unit| unit["region"] == region), "{units:?}");

        sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0).says(&format!("shared in {region}"));
        let log = sandbox.log();
        let builds = log.of("infrastructure-deployer");
        let (argv, other) = (builds[0].argv(), builds[1].argv());
        for argv in [&argv, &other] {
            assert_eq!(argv[..2], ["--aws-region", region]);
            let target = argv.iter().find(|word| word.contains(".dkr.ecr.")).unwrap();
            assert!(target.starts_with(&format!("100000000002.dkr.ecr.{region}.{domain}/")), "{target}");
        }

        sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(0);
        sandbox.xtask(["apply-all", "--yes"]).run().exits(0).says("6 of 6 units");
        assert_eq!(sandbox.log().applied().len(), 6);
        sandbox.xtask(["verify"]).run().exits(0).says("13 task definitions at v1.3.0, digests match ECR");
        let log = sandbox.log();
        let asked = log.asked();
        assert!(!asked.is_empty() && asked.iter().all(|asked| asked.region() == region), "{asked:?}");

        let said = sandbox.xtask(["doctor", "v1.3.0"]).run().exits(0);
        assert!(
            said.out.contains(&format!("dev        100000000004   arn:{partition}:sts::100000000004:")),
            "{said:?}"
        );
        sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(0).says("nothing to apply in 6 units");
    }
}

#[test]
fn registry_of_another_partition_than_its_region_is_refused() {
    let sandbox = Sandbox::in_region("cn-north-1");
    sandbox.edit("common.hcl", "amazonaws.com.cn/kaniko", "amazonaws.com/kaniko");
    let said = sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3);
    said.says("amazonaws.com.cn");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn task_that_is_left_of_another_partition_is_asked_for_and_stopped_there() {
    for (region, partition, _) in PARTITIONS {
        let sandbox = Sandbox::in_region(region).fault("build:timeout");
        let build = || sandbox.xtask(["build-images", "v1.3.0", "--image=kaniko"]);
        let arn = format!("arn:{partition}:ecs:{region}:100000000002:task/ecs-deploy-runner/");
        let stop = format!("aws ecs stop-task --region {region} --task {arn}");
        build().run().exits(1).says(&stop);
        build().run().exits(3).says("an earlier build of image `kaniko` is still at work");
    }
}
