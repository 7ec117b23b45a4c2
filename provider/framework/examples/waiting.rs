//! A provider whose objects take their time: it asks for a file by writing a request, and waits until somebody answers.

use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use framework::wait::{self, Poll};
use framework::{
    AnyDataSource, AnyResource, Applied, Context, DataSource, Keep, Model, Provider, Resource,
    Result, Timeouts, Value, serve,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Asks for files.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Config {}

/// A file that another program writes when it finds a request for it.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct AnswerModel {
    /// Where the file will be. The request is beside it, with `.request` added to its name.
    #[attr(required, replaces)]
    path: Value<String>,
    /// What the answer is.
    #[attr(computed)]
    content: Value<String>,
    /// How long to wait.
    #[attr(optional)]
    timeouts: Value<Timeouts>,
}

struct Answer;

impl Resource for Answer {
    const NAME: &'static str = "waiting_answer";
    type Client = ();
    type Model = AnswerModel;

    async fn create(&self, cx: &Context<()>, mut plan: AnswerModel) -> Applied<AnswerModel> {
        let path = plan.path.get()?.clone();
        let deadline = cx.deadline(&plan.timeouts, Duration::from_mins(5));
        fs::write(format!("{path}.request"), "please")?;
        // From here on there is something to clean up: whatever fails keeps it in the state.
        plan.content = Value::Null;
        let what = format!("{path} to be written");
        let answer = wait::until(cx, deadline, &what, async || {
            Ok(match read(&path)? {
                Some(content) => Poll::Ready(content),
                None => Poll::Pending("the request is not answered".to_owned()),
            })
        });
        plan.content = answer.await.keep(&plan)?.into();
        Ok(plan)
    }

    async fn read(&self, _cx: &Context<()>, mut state: AnswerModel) -> Result<Option<AnswerModel>> {
        state.content = read(state.path.get()?)?.into();
        Ok(Some(state))
    }

    async fn delete(&self, _cx: &Context<()>, state: AnswerModel) -> Result<()> {
        match fs::remove_file(format!("{}.request", state.path.get()?)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        }
    }

    async fn import(&self, _cx: &Context<()>, id: &str) -> Result<AnswerModel> {
        Ok(AnswerModel {
            path: id.into(),
            ..AnswerModel::default()
        })
    }
}

fn read(path: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        content => content.map(Some),
    }
}

/// What a server says until it hangs up.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct SpeechModel {
    /// Where the server listens.
    #[attr(required)]
    address: Value<String>,
    /// What it said.
    #[attr(computed)]
    content: Value<String>,
}

struct Speech;

impl DataSource for Speech {
    const NAME: &'static str = "waiting_speech";
    type Client = ();
    type Model = SpeechModel;

    async fn read(&self, _cx: &Context<()>, mut config: SpeechModel) -> Result<SpeechModel> {
        let mut server = TcpStream::connect(config.address.get()?).await?;
        let mut content = String::new();
        server.read_to_string(&mut content).await?;
        config.content = content.into();
        Ok(config)
    }
}

struct Waiting;

impl Provider for Waiting {
    const NAME: &'static str = "waiting";
    const ADDRESS: &'static str = "registry.terraform.io/example/waiting";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = Config;
    type Client = ();

    async fn configure(&self, _config: Config) -> Result<Option<()>> {
        Ok(Some(()))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![Answer.boxed()]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<()>>> {
        vec![Speech.boxed()]
    }
}

fn main() -> ExitCode {
    serve(Waiting)
}
