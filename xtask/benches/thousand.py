"""How much memory `apply-all` needs for many units, on stand-ins: each in an account of its own, or several in an account,
each in a region of its own.

usage: cargo build --package xtask && cargo build --manifest-path xtask/standins/Cargo.toml --target-dir .xtask/target
       python3 xtask/benches/thousand.py [UNITS [ACCOUNTS]]

By hand, on Linux: a thousand units take some four minutes.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

n_units = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
n_accounts = int(sys.argv[2]) if len(sys.argv) > 2 else n_units
built = pathlib.Path(__file__).resolve().parents[2] / ".xtask/target/debug"
standin = built / "xtask-standin"
IMAGES = {"ecs-deploy-runner": "1", "kaniko": "2"}


def changed(path, change):
    path.write_text(change(path.read_text()))


def lay_out(top):
    repo, world = top / "infrastructure-live", top / "world"
    for name in ("home", "tmp", "infrastructure-live/.git"):
        (top / name).mkdir(parents=True)
    subprocess.run([standin, "sample", "--into", repo], check=True)
    accounts = json.loads((repo / "accounts.json").read_text())
    dev = accounts["dev"]
    for n in range(n_accounts - len(accounts)):
        name, account = f"team-{n:04d}", f"2{n:011d}"
        accounts[name] = dict(dev, id=account)
        shutil.copytree(repo / "dev", repo / name)
        changed(repo / name / "account.hcl", lambda text: text.replace('"dev"', f'"{name}"').replace(dev["id"], account))
    (repo / "accounts.json").write_text(json.dumps(accounts))
    home, n_regions = "us-east-1", -(-n_units // n_accounts)
    further = [(f"eu-west-{n}", name) for n in range(1, n_regions) for name in accounts][: n_units - n_accounts]
    for region, name in further:
        shutil.copytree(repo / name / home, repo / name / region)
        changed(repo / name / region / "region.hcl", lambda text: text.replace(home, region))
    profiles = [f"--profile=your-{name}={account['id']}" for name, account in accounts.items()]
    subprocess.run([standin, "world", "--into", world, "--repo", repo, *profiles], check=True)
    for tool in ("aws", "aws-vault", "infrastructure-deployer", "terraform", "terragrunt"):
        shutil.copy(standin, world / "bin" / tool)
    ecr = world / "accounts" / accounts["shared"]["id"] / "ecr.json"
    images = json.loads(ecr.read_text())
    for name, digit in IMAGES.items():
        image = {"imageTags": ["v1.3.0"], "imageDigest": "sha256:" + digit * 64, "imageSizeInBytes": 1,
                 "imagePushedAt": "2026-01-02T03:04:05.678000+00:00"}
        images["us-east-1"].setdefault(name, []).append(image)
    ecr.write_text(json.dumps(images))
    changed(repo / "common.hcl", lambda text: text.replace('"v0.52.1"', '"v1.3.0"'))
    return repo, world


def peak(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: int(kb) // 1024 for name, kb in re.findall(r"(VmHWM|RssAnon):\s+(\d+) kB", status)}


with tempfile.TemporaryDirectory() as folder:
    top = pathlib.Path(folder).resolve()
    repo, world = lay_out(top)
    sts = subprocess.Popen([standin, "sts", "--world", world], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = sts.stdout.readline().split()[1]
    settings = {"profile": "your-{account}", "terraform-binary": "terraform", "endpoint-url": f"http://127.0.0.1:{port}"}
    lines = [f'{name} = "{value}"\n' for name, value in settings.items()]
    (repo / "Cargo.toml").write_text("[workspace.metadata.xtask]\n" + "".join(lines))
    env = {"PATH": str(world / "bin"), "HOME": str(top / "home"), "TMPDIR": str(top / "tmp"), "XTASK_REHEARSAL": str(world)}
    began = time.monotonic()
    words = ["apply-all", "--yes", "--waves=all", "--jobs=8", "--allow=full-disk"]
    run = subprocess.Popen([built / "xtask", *words], cwd=repo, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seen = {}
    for line in run.stderr:
        try:
            seen = peak(run.pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
        if re.match(r"(Units|Planned|Finished|error)", line):
            print(f"{time.monotonic() - began:6.0f} s  {seen.get('VmHWM')} MB at most, {seen.get('RssAnon')} MB now   {line.strip()[:60]}", flush=True)
    _, status, used = os.wait4(run.pid, 0)
    print(f"{time.monotonic() - began:6.0f} s  {used.ru_maxrss // 1024} MB at most, exit code {os.waitstatus_to_exitcode(status)}")
    sts.stdin.close()
    sts.wait()
