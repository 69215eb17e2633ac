//! How each of the real programs is made: seven Go modules and a Python environment.
//!
//! Must not decide whether anything is built; that is the toolbox's.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program built from one of the modules in `tools/`.
pub(super) struct GoProgram {
    recipe: &'static Recipe,
    path: PathBuf,
}

struct Recipe {
    module: &'static str,
    program: &'static str,
    package: &'static str,
    /// The linker's `-X`: without it a program built from source doesn't know its
    /// own version.
    stamp: &'static str,
}

static RECIPES: [Recipe; 7] = [
    Recipe {
        module: "aws-vault",
        program: "aws-vault",
        package: "github.com/99designs/aws-vault/v7",
        stamp: "main.Version=v7.2.0",
    },
    Recipe {
        module: "terragrunt-1.1.3",
        program: "terragrunt",
        package: "github.com/gruntwork-io/terragrunt",
        stamp: "github.com/gruntwork-io/terragrunt/internal/version.Version=v1.1.3",
    },
    Recipe {
        module: "terragrunt-0.55.1",
        program: "terragrunt",
        package: "github.com/gruntwork-io/terragrunt",
        stamp: "github.com/gruntwork-io/go-commons/version.Version=v0.55.1",
    },
    Recipe {
        module: "opentofu-1.11.0",
        program: "tofu",
        package: "github.com/opentofu/opentofu/cmd/tofu",
        stamp: "github.com/opentofu/opentofu/version.dev=no",
    },
    Recipe {
        module: "saml2aws",
        program: "saml2aws",
        package: "github.com/versent/saml2aws/v2/cmd/saml2aws",
        stamp: "main.Version=2.36.19",
    },
    // A version from before `aws-sso login`: whatever needs a session signs in by itself.
    Recipe {
        module: "aws-sso-cli",
        program: "aws-sso",
        package: "github.com/synfinatic/aws-sso-cli/cmd/aws-sso",
        stamp: "main.Version=1.17.0",
    },
    // Our own, in the place of the AWS provider.
    Recipe {
        module: "terraform-provider-aws",
        program: "terraform-provider-aws_v5.0.0",
        package: ".",
        stamp: "main.version=5.0.0",
    },
];

impl Recipe {
    fn folder(&self) -> PathBuf {
        here().join("tools").join(self.module)
    }
}

impl GoProgram {
    /// aws-vault, terragrunt 1.1.3, terragrunt 0.55.1, tofu, saml2aws, aws-sso-cli and the provider, below `root`.
    pub(super) fn all(root: &Path) -> Result<[Self; 7], String> {
        let [a, b, c, d, e, f, g] = RECIPES.each_ref().map(|recipe| {
            let mut files = vec![recipe.folder().join("go.mod"), recipe.folder().join("go.sum")];
            files.extend(Some(recipe.folder().join("main.go")).filter(|file| file.exists()));
            let key = key_of(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>(), recipe.stamp)?;
            Ok::<_, String>(Self { recipe, path: root.join(format!("{}-{key}", recipe.module)).join(recipe.program) })
        });
        Ok([a?, b?, c?, d?, e?, f?, g?])
    }

    pub(super) fn is_built(&self) -> bool {
        self.path.exists()
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    pub(super) fn build(&self) -> Result<(), String> {
        let folder = self.path.parent().expect("a program lies in its folder");
        make_anew(folder, self.recipe.module)?;
        // Moved into place when whole, so a killed build leaves nothing that looks built.
        let unfinished = folder.join("unfinished");
        let mut go = Command::new("go");
        go.args(["build", "-mod=readonly", "-buildvcs=false", "-ldflags"])
            .arg(format!("-X {}", self.recipe.stamp))
            .arg("-o")
            .arg(&unfinished)
            .arg(self.recipe.package);
        go.current_dir(self.recipe.folder()).env("GOWORK", "off").env_remove("GOFLAGS");
        run(&mut go)?;
        fs::rename(&unfinished, &self.path)
            .map_err(|e| format!("`{}` cannot be put in place: {e}", self.path.display()))
    }
}

/// A Python environment with what `requirements.txt` lists.
pub(super) struct Venv {
    folder: PathBuf,
}

impl Venv {
    pub(super) fn at(root: &Path) -> Result<Self, String> {
        let key = key_of(&[&requirements()], "")?;
        Ok(Self { folder: root.join(format!("venv-{key}")) })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.folder.join("complete").exists()
    }

    pub(super) fn install(&self) -> Result<(), String> {
        make_anew(&self.folder, "venv")?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&self.folder))?;
        run(Command::new(self.program("python3"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements()))?;
        let marker = self.folder.join("complete");
        fs::write(&marker, "").map_err(|e| format!("`{}` cannot be written: {e}", marker.display()))
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The authority that moto's proxy signs its certificates with.
    pub(super) fn ca_crt(&self) -> Result<PathBuf, String> {
        let lib = self.folder.join("lib");
        let pythons = fs::read_dir(&lib).map_err(|e| format!("`{}` cannot be read: {e}", lib.display()))?;
        pythons
            .filter_map(|python| Some(python.ok()?.path().join("site-packages/moto/moto_proxy/ca.crt")))
            .find(|path| path.exists())
            .ok_or_else(|| format!("moto in `{}` has no certificate for its proxy", self.folder.display()))
    }
}

/// Version 2 of the AWS CLI from the packages of Debian, unpacked beside the other programs: there is no other registry that
/// has it.
pub(super) struct AwsCli2 {
    folder: PathBuf,
}

/// The package, and what it imports.
const PACKAGES: [&str; 17] = [
    "awscli",
    "python3-awscrt",
    "python3-cffi-backend",
    "python3-colorama",
    "python3-cryptography",
    "python3-dateutil",
    "python3-distro",
    "python3-docutils",
    "python3-jmespath",
    "python3-prompt-toolkit",
    "python3-pygments",
    "python3-roman",
    "python3-ruamel.yaml",
    "python3-ruamel.yaml.clib",
    "python3-six",
    "python3-urllib3",
    "python3-wcwidth",
];

impl AwsCli2 {
    pub(super) fn at(root: &Path) -> Self {
        Self { folder: root.join("awscli-2") }
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join("aws")
    }

    /// Downloads and unpacks it, and has it tell its version.
    pub(super) fn install(&self) -> Result<(), String> {
        make_anew(&self.folder, "awscli")?;
        run(Command::new("apt-get").args(["download", "--quiet"]).args(PACKAGES).current_dir(&self.folder))?;
        let files =
            fs::read_dir(&self.folder).map_err(|e| format!("`{}` cannot be read: {e}", self.folder.display()))?;
        for file in
            files.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "deb"))
        {
            run(Command::new("dpkg").arg("-x").arg(&file).arg(self.folder.join("root")))?;
        }
        // It finds itself, since the folder may be linked into another checkout.
        let text = "\
#!/usr/bin/python3
import os, runpy, sys
root = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'root/usr')
sys.path.insert(0, root + '/lib/python3/dist-packages')
runpy.run_path(root + '/bin/aws', run_name='__main__')
";
        let unfinished = self.folder.join("unfinished");
        super::operator::script(&unfinished, text);
        run(Command::new(&unfinished).arg("--version"))?;
        fs::rename(&unfinished, self.program())
            .map_err(|e| format!("`{}` cannot be put in place: {e}", self.program().display()))
    }
}

/// The folder of these tests.
pub(super) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real")
}

fn requirements() -> PathBuf {
    here().join("requirements.txt")
}

fn key_of(files: &[&Path], more: &str) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    more.hash(&mut hasher);
    for file in files {
        fs::read(file).map_err(|e| format!("`{}` cannot be read: {e}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Makes an empty folder and removes what was made from earlier sources.
fn make_anew(folder: &Path, prefix: &str) -> Result<(), String> {
    let root = folder.parent().expect("a program's folder lies in the root");
    let failed = |e: std::io::Error| format!("`{}` cannot be cleared: {e}", folder.display());
    for entry in fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name.to_string_lossy().rsplit_once('-').is_some_and(|(stem, _)| stem == prefix) {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    fs::create_dir(folder).map_err(failed)
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("`{shown}` cannot be started: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.lines().collect();
    let tail = lines[lines.len().saturating_sub(5)..].join("\n");
    Err(format!("`{shown}` failed ({}):\n{tail}", output.status))
}
