//! What the settings say about building images: the table `build` for all of them, a table `image` for each.

use toml_edit::{Item, TableLike};

use super::read::Reader;
use crate::model::{Failure, ImageName, Tag, is_secret_name};

/// What is the same for all builds: options of `infrastructure-deployer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// How long it waits, such as `2h0m0s`.
    pub max_wait_time: Option<String>,
    /// Units of CPU of the task.
    pub task_cpu: Option<String>,
    /// Mebibytes of memory of the task.
    pub task_memory: Option<String>,
    /// `EC2` or `FARGATE`.
    pub launch_type: Option<String>,
    /// Name or ARN of the invoker, where the runner has another name than `ecs-deploy-runner`.
    pub invoker_function_id: Option<String>,
    /// The unit whose runner builds, by its path.
    pub unit: Option<String>,
}

/// What the settings say about one image: one of the two, or a further one that `build-images` builds when asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSettings {
    /// Its name.
    pub name: String,
    /// The git repository of the Dockerfile.
    pub dockerfile_repo: Option<String>,
    /// The folder in it.
    pub context_path: Option<String>,
    /// The Dockerfile, where it is not the folder's `Dockerfile`.
    pub dockerfile_path: Option<String>,
    /// The name of the ECR repository, beside that of kaniko; for a further image only.
    pub ecr_repository: Option<String>,
    /// The tag of a further image, whose releases are not those of terraform-aws-ci.
    pub tag: Option<Tag>,
    /// Arguments of the build, by name.
    pub build_args: Vec<(String, String)>,
    /// `id=VARIABLE` each; `None` leaves it at the token for GitHub.
    pub env_secrets: Option<Vec<String>>,
    /// Whether the repository's own build script is left alone.
    pub ignores_script: bool,
}

/// The keys of the table `build`, sorted.
const BUILD_KEYS: [&str; 6] =
    ["invoker-function-id", "launch-type", "max-wait-time", "task-cpu", "task-memory", "unit"];
/// The keys of a table `image`, sorted.
const IMAGE_KEYS: [&str; 9] = [
    "build-args",
    "context-path",
    "dockerfile-path",
    "dockerfile-repo",
    "ecr-repository",
    "env-secrets",
    "name",
    "script",
    "tag",
];

impl Reader<'_> {
    pub(super) fn build(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("build", "a table", item) };
        let mut options = BuildOptions::default();
        for (key, item) in table.iter() {
            let name = format!("build.{key}");
            match key {
                "max-wait-time" => options.max_wait_time = self.string(&name, item),
                "task-cpu" => options.task_cpu = self.number(&name, item),
                "task-memory" => options.task_memory = self.number(&name, item),
                "unit" => options.unit = self.string(&name, item),
                "invoker-function-id" => options.invoker_function_id = self.string(&name, item),
                "launch-type" => match item.as_str() {
                    Some(known @ ("EC2" | "FARGATE")) => options.launch_type = Some(known.to_owned()),
                    _ => self.wrong(&name, "`EC2` or `FARGATE`", item),
                },
                _ => self.unknown(&name, item, &BUILD_KEYS),
            }
        }
        self.settings.build = options;
    }

    pub(super) fn images(&mut self, item: &Item) {
        let tables: Vec<&dyn TableLike> = match (item.as_array_of_tables(), item.as_array()) {
            (Some(tables), _) => tables.iter().map(|table| table as &dyn TableLike).collect(),
            (None, Some(array)) if array.iter().all(|value| value.is_inline_table()) => {
                array.iter().filter_map(|value| value.as_inline_table()).map(|table| table as &dyn TableLike).collect()
            }
            _ => return self.wrong("image", "tables, each under `[[workspace.metadata.xtask.image]]`", item),
        };
        for table in tables {
            if let Some(image) = self.image(table, item) {
                self.settings.images.push(image);
            }
        }
    }

    fn image(&mut self, table: &dyn TableLike, whole: &Item) -> Option<ImageSettings> {
        let mut image = ImageSettings::default();
        for (key, item) in table.iter() {
            let name = format!("image.{key}");
            match key {
                "name" => image.name = self.string(&name, item).unwrap_or_default(),
                "dockerfile-repo" => image.dockerfile_repo = self.string(&name, item),
                "context-path" => image.context_path = self.string(&name, item),
                "dockerfile-path" => image.dockerfile_path = self.string(&name, item),
                "ecr-repository" => image.ecr_repository = self.string(&name, item),
                "tag" => match item.as_str().map(str::parse) {
                    Some(Ok(tag)) => image.tag = Some(tag),
                    _ => self.wrong(&name, "a docker tag", item),
                },
                "script" => match item.as_bool() {
                    Some(is_read) => image.ignores_script = !is_read,
                    None => self.wrong(&name, "`true` or `false`", item),
                },
                "env-secrets" => image.env_secrets = self.strings(&name, item),
                "build-args" => self.build_args(&name, item, &mut image),
                _ => self.unknown(&name, item, &IMAGE_KEYS),
            }
        }
        let is_known = image.name.parse::<ImageName>().is_ok();
        let refusal = match () {
            () if image.name.is_empty() => Some("a table `image` has no `name`".to_owned()),
            () if !is_file_name(&image.name) => Some(format!("`{}` is no name for an image", image.name)),
            () if self.settings.images.iter().any(|other| other.name == image.name) => {
                Some(format!("there are two tables `image` for `{}`", image.name))
            }
            () if is_known && image.ecr_repository.is_some() => {
                Some(format!("`ecr-repository` of `{}` is what the units say", image.name))
            }
            () if is_known && image.tag.is_some() => {
                Some(format!("the tag of `{}` is the argument of the command", image.name))
            }
            () if !is_known && (image.dockerfile_repo.is_none() || image.context_path.is_none()) => {
                Some(format!("`image` `{}` needs `dockerfile-repo` and `context-path`", image.name))
            }
            () => None,
        };
        let Some(what) = refusal else { return Some(image) };
        let place = self.place(table.get("name").or(Some(whole)));
        self.failures.push(Failure::refused(what).at(place));
        None
    }

    fn build_args(&mut self, name: &str, item: &Item, image: &mut ImageSettings) {
        let Some(table) = item.as_table_like() else { return self.wrong(name, "a table", item) };
        for (key, item) in table.iter() {
            let name = format!("{name}.{key}");
            if is_secret_name(key) {
                let what = format!("`{name}` would put a secret on a command line");
                let place = self.place(Some(item));
                self.failures.push(Failure::refused(what).at(place).hint("use `env-secrets = [\"ID=VARIABLE\"]`"));
            } else if let Some(value) = self.string(&name, item) {
                image.build_args.push((key.to_owned(), value));
            }
        }
    }

    fn number(&mut self, key: &str, item: &Item) -> Option<String> {
        match item.as_integer().filter(|number| *number > 0) {
            Some(number) => Some(number.to_string()),
            None => {
                self.wrong(key, "a whole number of 1 or more", item);
                None
            }
        }
    }

    fn unknown(&mut self, key: &str, item: &Item, keys: &[&str]) {
        let place = self.place(Some(item));
        let hint = format!("there are {}", keys.join(", "));
        self.failures.push(Failure::refused(format!("`{key}` is not a setting")).at(place).hint(hint));
    }
}

/// Whether a name can be that of a file and of a lock.
fn is_file_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn read_table(text: &str) -> (super::super::Settings, Vec<String>) {
        let (settings, failures) = read(text, "Cargo.toml");
        (settings.expect("there is a table"), failures.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn options_and_images_are_read() {
        let (settings, failures) = read_table(
            "[workspace.metadata.xtask.build]\nmax-wait-time = '1h'\ntask-cpu = 2048\nlaunch-type = 'EC2'\n\
             [[workspace.metadata.xtask.image]]\nname = 'kaniko'\nscript = false\nbuild-args = { a = 'b' }\n\
             [[workspace.metadata.xtask.image]]\nname = 'steampipe-runner'\ndockerfile-repo = 'r'\ncontext-path = 'c'\n\
             tag = 'v0.3.5'\nenv-secrets = ['x=Y']\n",
        );
        assert!(failures.is_empty(), "{failures:?}");
        assert_eq!(settings.build().max_wait_time.as_deref(), Some("1h"));
        assert_eq!(settings.build().task_cpu.as_deref(), Some("2048"));
        assert!(settings.image("kaniko").is_some_and(|image| image.ignores_script));
        let names: Vec<_> = settings.images().iter().map(|image| image.name.as_str()).collect();
        assert_eq!(names, ["kaniko", "steampipe-runner"]);
    }

    #[test]
    fn what_can_not_be_built_is_said_with_its_line() {
        let table = "[[workspace.metadata.xtask.image]]\n";
        for (text, what) in [
            ("name = 'x'\n", "`image` `x` needs `dockerfile-repo` and `context-path`\n  --> Cargo.toml:2"),
            ("context-path = 'x'\n", "a table `image` has no `name`"),
            ("name = '../x'\n", "`../x` is no name for an image"),
            ("name = 'kaniko'\ntag = 'v1'\n", "the tag of `kaniko` is the argument of the command"),
            ("name = 'kaniko'\necr-repository = 'x'\n", "`ecr-repository` of `kaniko` is what the units say"),
            ("name = 'kaniko'\nkey = 'x'\n", "`image.key` is not a setting\n  --> Cargo.toml:3"),
            ("name = 'kaniko'\nbuild-args = { NPM_TOKEN = 'x' }\n", "`image.build-args.NPM_TOKEN` would put a secret"),
        ] {
            let (_, failures) = read_table(&format!("{table}{text}"));
            assert!(failures.iter().any(|failure| failure.starts_with(what)), "{text}: {failures:#?}");
        }
        let (_, failures) = read_table("[workspace.metadata.xtask.build]\nlaunch-type = 'x'\ntask-cpu = 0\nno = 1\n");
        assert_eq!(failures.len(), 3, "{failures:#?}");
    }
}
