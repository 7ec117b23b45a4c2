//! A whole provider: it manages text files on the machine that runs Terraform.

use std::process::ExitCode;
use std::{fs, io};

use framework::{
    AnyResource, Applied, Context, Model, Provider, Resource, Result, Update, Value, serve,
};

/// Manages text files.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Config {}

/// A text file.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct FileModel {
    /// Where the file is.
    #[attr(required, replaces)]
    path: Value<String>,
    /// What is in it.
    #[attr(optional, computed, default = "")]
    content: Value<String>,
    /// How many bytes it has.
    #[attr(computed)]
    size: Value<i64>,
}

struct File;

impl Resource for File {
    const NAME: &'static str = "minimal_file";
    type Client = ();
    type Model = FileModel;

    async fn create(&self, _cx: &Context<()>, mut plan: FileModel) -> Applied<FileModel> {
        let content = plan.content.get()?;
        fs::write(plan.path.get()?, content)?;
        plan.size = i64::try_from(content.len())?.into();
        Ok(plan)
    }

    async fn read(&self, _cx: &Context<()>, mut state: FileModel) -> Result<Option<FileModel>> {
        let content = match fs::read_to_string(state.path.get()?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            content => content?,
        };
        state.size = i64::try_from(content.len())?.into();
        state.content = content.into();
        Ok(Some(state))
    }

    async fn update(&self, cx: &Context<()>, change: Update<FileModel>) -> Applied<FileModel> {
        Resource::create(self, cx, change.plan).await
    }

    async fn delete(&self, _cx: &Context<()>, state: FileModel) -> Result<()> {
        match fs::remove_file(state.path.get()?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        }
    }

    async fn import(&self, _cx: &Context<()>, id: &str) -> Result<FileModel> {
        Ok(FileModel {
            path: id.into(),
            ..FileModel::default()
        })
    }
}

struct Minimal;

impl Provider for Minimal {
    const NAME: &'static str = "minimal";
    const ADDRESS: &'static str = "registry.terraform.io/example/minimal";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = Config;
    type Client = ();

    async fn configure(&self, _config: Config) -> Result<Option<()>> {
        Ok(Some(()))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![File.boxed()]
    }
}

fn main() -> ExitCode {
    serve(Minimal)
}
