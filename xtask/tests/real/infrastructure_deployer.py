"""`infrastructure-deployer` as far as its public documentation goes, on the test's AWS.

The program itself is private. This one takes the documented flags and refuses all
others. What the runner does far away it does here and now, with the credentials
that it was given: it pushes an image of nothing but a few annotations, and only to
the registry of their account; to plan it starts a task in the runner's cluster,
which plans nothing and is then stopped.
"""

import datetime
import hashlib
import json
import re
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

VALUED = {
    "--aws-region",
    "--invoker-function-id",
    "--log-level",
    "--max-wait-time",
    "--task-cpu",
    "--task-launch-type",
    "--task-memory",
}
OPTIONS = {
    "--build-arg",
    "--context-path",
    "--docker-image-tag",
    "--dockerfile-path",
    "--env-secret",
    "--ref",
    "--repo",
    "--sha",
}
PLAN_OPTIONS = {
    "--binary": r"terragrunt|terraform|tofu",
    "--command": r"plan|plan-all|validate|validate-all",
    "--command-args": r".*",
    "--deploy-path": r"[\w./-]+",
    "--force-https": r"true|false",
    "--ref": r"[\w./-]+",
    "--repo": r"(https://|git@).+\.git",
}
# What there is in the git repository.
REFS = {"main"}
REPOS = re.compile(r"https://github\.com/gruntwork-io/terraform-aws-ci(\.git)?")
CONTEXTS = {
    "modules/ecs-deploy-runner/docker/deploy-runner",
    "modules/ecs-deploy-runner/docker/kaniko",
}
IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([a-z0-9/_-]+):([\w][\w.-]{0,127})")
EMPTY = "sha256:" + hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    pass


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def log(level, message):
    print(f'time="{now():%Y-%m-%dT%H:%M:%SZ}" level={level} msg={json.dumps(message)}', file=sys.stderr, flush=True)


def task_log(message):
    print(f"[ecs-deploy-runner][{now():%Y-%m-%dT%H:%M:%S+0000}] {message}", flush=True)


def read_flags(words):
    """The flags of the program itself, those in front of the `--`."""
    flags = {}
    words = iter(words)
    for word in words:
        if word not in VALUED:
            raise Refused(f"flag provided but not defined: {word.replace('--', '-', 1)}")
        flags[word] = next(words, None)
        if flags[word] is None:
            raise Refused(f"flag needs an argument: {word.replace('--', '-', 1)}")
    if not flags.get("--aws-region"):
        raise Refused("The flag --aws-region is required")
    return flags


def read_options(words):
    """The options of the script, which the invoker function checks."""
    options = {}
    words = iter(words)
    for word in words:
        if word not in OPTIONS and word != "--idempotent":
            raise Refused(f"OptionNotInAllowedOptionsError: Option {word} is not in the provided list")
        if word == "--idempotent":
            continue
        value = next(words, None)
        if not value:
            raise Refused("IndexError: pop from an empty deque")
        options.setdefault(word, []).append(value)
    for option in ("--repo", "--ref", "--context-path", "--docker-image-tag"):
        if option not in options:
            raise Refused(f"required option {option} was not provided")
    if not all(REPOS.fullmatch(repo) for repo in options["--repo"]):
        raise Refused("OptionRegexRestrictedError: Provided value for option repo does not match regex")
    if not set(options["--context-path"]) <= CONTEXTS:
        raise Refused(f"ERROR: no such folder in the repository: {options['--context-path'][0]}")
    if options.get("--env-secret") != ["github-token=GITHUB_OAUTH_TOKEN"]:
        raise Refused("You must pass a GitHub PAT: cat: can't open '/kaniko/secrets/github-token'")
    if not all(re.fullmatch(r"[a-z_]+=.+", arg) for arg in options.get("--build-arg", [])):
        raise Refused("a build argument has the form name=value")
    return options


def read_plan(words):
    """The options of `infrastructure-deploy-script` as the planner takes them."""
    options = {}
    words = iter(words)
    for word in words:
        if word not in PLAN_OPTIONS:
            raise Refused(f"OptionNotInAllowedOptionsError: Option {word} is not in the provided list")
        value = next(words, None)
        if not value:
            raise Refused("IndexError: pop from an empty deque")
        if not re.fullmatch(PLAN_OPTIONS[word], value):
            name = word.removeprefix("--")
            raise Refused(f"OptionRegexRestrictedError: Provided value for option {name} ({value}) does not match regex")
        options[word] = value
    for option in ("--ref", "--binary", "--command"):
        if option not in options:
            raise Refused(f"required option {option} was not provided")
    return options


def plan(options, runner, session):
    ecs = session.client("ecs")
    started = ecs.run_task(cluster=runner, taskDefinition=f"{runner}-terraform-planner", launchType="FARGATE")
    arn = started["tasks"][0]["taskArn"]
    log("info", f"Waiting for ECS task {arn} to start")
    log("info", f"Deployment ECS Task {arn} has started. Streaming logs.")
    try:
        if options["--ref"] not in REFS:
            task_log(f"error: pathspec '{options['--ref']}' did not match any file(s) known to git")
            raise Refused("exit status 1")
        task_log(f"Running {options['--binary']} plan in {options.get('--deploy-path', '.')}")
    finally:
        ecs.stop_task(cluster=runner, task=arn, reason="Essential container in task exited")
    log("info", f"ECS task {arn} completed with exit code 0")


def push(image, options, session, account):
    match = IMAGE.fullmatch(image)
    if not match:
        raise Refused(f"invalid reference format: {image}")
    registry, region, repository, tag = match.groups()
    if registry != account:
        raise Refused(f"denied: account {account} is not authorized to perform: ecr:InitiateLayerUpload on {image}")
    ecr = session.client("ecr", region_name=region)
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        task_log(f"{image} exists already as {found['imageDetails'][0]['imageDigest']}: nothing to build")
        return
    except ecr.exceptions.ImageNotFoundException:
        pass
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 0, "digest": EMPTY},
        "layers": [],
        "annotations": {
            "org.opencontainers.image.ref.name": options["--context-path"][0],
            "org.opencontainers.image.version": options["--ref"][0],
            "org.opencontainers.image.description": " ".join(options.get("--build-arg", [])),
        },
    }
    put = ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest))
    task_log(f"pushed {image}@{put['image']['imageId']['imageDigest']}")


def main(argv):
    if argv in (["--version"], ["-v"]):
        print("infrastructure-deployer version v1.3.0")
        return
    if "--" not in argv:
        raise Refused("the container, the script and its arguments come after `--`")
    at = argv.index("--")
    flags = read_flags(argv[:at])
    asked = argv[at + 1 : at + 3]
    if asked not in (
        ["docker-image-builder", "build-docker-image"],
        ["terraform-planner", "infrastructure-deploy-script"],
    ):
        raise Refused(f"ScriptNotFoundError: no such container and script: {' '.join(asked)}")

    session = boto3.Session(region_name=flags["--aws-region"])
    account = session.client("sts").get_caller_identity()["Account"]
    function = flags.get("--invoker-function-id", "ecs-deploy-runner-invoker")
    log("info", f"Invoking Lambda function {function} to trigger deployment.")
    if asked[0] == "terraform-planner":
        options = read_plan(argv[at + 3 :])
        log("info", f"Successfully invoked Lambda function {function}")
        return plan(options, function.removesuffix("-invoker"), session)
    options = read_options(argv[at + 3 :])
    log("info", f"Successfully invoked Lambda function {function}")
    task = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:32]
    arn = f"arn:aws:ecs:{flags['--aws-region']}:{account}:task/ecs-deploy-runner/{task}"
    log("info", f"Waiting for ECS task {arn} to start")
    log("info", f"Deployment ECS Task {arn} has started. Streaming logs.")
    for image in options["--docker-image-tag"]:
        push(image, options, session, account)
    log("info", f"ECS task {arn} completed with exit code 0")


try:
    main(sys.argv[1:])
except (Refused, BotoCoreError, ClientError) as error:
    print(f"ERROR: {error}\nERROR: Deployment failed\nERROR: exit status 1", file=sys.stderr)
    sys.exit(1)
