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
