//! The provider under test: boxes on a shelf in memory, with everything that a resource can have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use framework::testing::Harness;
use framework::wait::{self, Poll};
use framework::{
    AnyDataSource, AnyEphemeralResource, AnyFunction, AnyResource, Applied, Change, Context,
    DataSource, Diagnostic, Diagnostics, EphemeralResource, Function, FunctionError, Keep, Model,
    MoveSource, Opened, Provider, Resource, Result, Text, Timeouts, Update, Value, path, text,
};
use serde_json::{Value as Json, json};

/// What is on the shelf, seen by tests too.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    pub boxes: Arc<Mutex<BTreeMap<String, Stored>>>,
    /// Secrets that were handed over.
    pub secrets: Arc<Mutex<Vec<String>>>,
    /// What updates and deletes remembered.
    pub memories: Arc<Mutex<Vec<String>>>,
    /// Renewals and closings of keys.
    pub keys: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub label: String,
    pub lasts: String,
    pub owner: String,
    pub rules: Vec<(String, i64)>,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation} failed: {code}")]
pub struct ShelfError {
    operation: &'static str,
    code: &'static str,
}

/// Configures the shelf.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Who owns the boxes.
    #[attr(required)]
    pub owner: Value<String>,
}

pub struct ShelfProvider(pub Shelf);

pub struct Client {
    shelf: Shelf,
    owner: String,
}

impl Provider for ShelfProvider {
    const NAME: &'static str = "shelf";
    const ADDRESS: &'static str = "registry.terraform.io/example/shelf";
    const VERSION: &'static str = "0.0.0";
    type Config = Config;
    type Client = Client;

    async fn configure(&self, config: Config) -> Result<Option<Client>> {
        Ok(config.owner.into_known().map(|owner| Client {
            shelf: self.0.clone(),
            owner,
        }))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Client>>> {
        vec![ShelfBox.boxed()]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Client>>> {
        vec![Count.boxed()]
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource<Client>>> {
        vec![Key.boxed()]
    }

    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        vec![Join.boxed()]
    }
}

/// A harness over a fresh shelf.
pub async fn harness() -> (Harness<ShelfProvider>, Shelf) {
    let shelf = Shelf::default();
    (
        Harness::new(ShelfProvider(shelf.clone()), json!({"owner": "me"})).await,
        shelf,
    )
}

pub struct ShelfBox;

/// A rule of a box.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// What it is about.
    #[attr(required)]
    pub prefix: Value<String>,
    /// How many days it takes.
    #[attr(optional, computed, default = 30)]
    pub days: Value<i64>,
}

/// A box on the shelf.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct BoxModel {
    /// The name of the box.
    #[attr(required, replaces, validate = lower_case)]
    pub name: Value<String>,
    /// The label on the box.
    #[attr(optional, computed, default = "none")]
    pub label: Value<String>,
    /// How long the box lasts.
    #[attr(optional)]
    pub lasts: Value<Text<text::Duration>>,
    /// Rules of the box.
    #[attr(optional)]
    pub rules: Value<Vec<Rule>>,
    /// The combination of the lock.
    #[attr(optional, write_only, sensitive)]
    pub secret_wo: Value<String>,
    /// Raise it to set the combination again.
    #[attr(optional)]
    pub secret_wo_version: Value<i64>,
    /// How long operations may take.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The id of the box.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// Who owns the box.
    #[attr(computed)]
    pub owner: Value<String>,
    /// How often the box was changed.
    #[attr(computed)]
    pub changes: Value<i64>,
}

fn lower_case(name: &str) -> std::result::Result<(), String> {
    if name.chars().any(char::is_uppercase) {
        Err("write it in lower case".to_owned())
    } else {
        Ok(())
    }
}

/// The shelf never answers about what is stuck.
async fn ask_about(name: &str) {
    if name == "stuck" {
        std::future::pending::<()>().await;
    }
}

/// Notes what the private state says by now.
fn remember(cx: &Context<Client>, verb: &str) -> Result<()> {
    let made: Option<String> = cx.private().get("made")?;
    let going: Option<bool> = cx.private().get("going")?;
    cx.client()?.shelf.memories.lock().unwrap().push(format!(
        "{verb}: made {}, going {}",
        made.unwrap_or_default(),
        going.unwrap_or_default()
    ));
    Ok(())
}

fn put(client: &Client, model: &mut BoxModel) -> Result<()> {
    let name = model.name.get()?.clone();
    let rules = model
        .rules
        .known()
        .into_iter()
        .flatten()
        .map(|rule| Ok((rule.prefix.get()?.clone(), *rule.days.get()?)));
    let stored = Stored {
        label: model.label.get()?.clone(),
        // The shelf has its own way of writing durations.
        lasts: model
            .lasts
            .known()
            .map(ToString::to_string)
            .unwrap_or_default(),
        owner: client.owner.clone(),
        rules: rules.collect::<Result<_>>()?,
    };
    if let Some(secret) = model.secret_wo.known() {
        client.shelf.secrets.lock().unwrap().push(secret.clone());
    }
    client
        .shelf
        .boxes
        .lock()
        .unwrap()
        .insert(name.clone(), stored);
    model.id = format!("box/{name}").into();
    model.owner = client.owner.clone().into();
    Ok(())
}

impl Resource for ShelfBox {
    const NAME: &'static str = "shelf_box";
    const VERSION: i64 = 2;
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = BoxModel;

    fn label(&self, model: &BoxModel) -> Option<String> {
        model.name.known().cloned()
    }

    fn validate(&self, config: &BoxModel, diagnostics: &mut Diagnostics) {
        if config.secret_wo.is_known() && config.secret_wo_version.is_null() {
            diagnostics.error_at(
                path!("secret_wo_version"),
                "Missing version",
                "a secret needs a version beside it",
            );
        }
    }

    /// On the shelf, `_` is as good as `-`.
    fn respell(&self, cx: &Context<Client>, prior: &BoxModel, wanted: &mut BoxModel) -> Result<()> {
        if let (Some(before), Some(after)) = (prior.name.known(), wanted.name.known())
            && before != after
            && before.replace('_', "-") == after.replace('_', "-")
        {
            cx.client()?;
            wanted.name = prior.name.clone();
        }
        if wanted.label.known().is_some_and(|label| label == "respell") {
            wanted.label = "another".into();
        }
        Ok(())
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<BoxModel>) -> Result<()> {
        cx.private().set("planned", &true)?;
        let Some(planned) = &mut change.planned else {
            cx.private().set("going", &true)?;
            change.diagnostics.warning("Going", "the box goes away");
            return Ok(());
        };
        ask_about(planned.name.known().map_or("", String::as_str)).await;
        if let Some(client) = cx.client_if_known() {
            planned.owner = client.owner.clone().into();
        }
        let (mut again, mut mistaken) = (false, false);
        match planned.label.known().map(String::as_str) {
            Some("rename") => planned.name = "another".into(),
            Some("panic") => panic!("the label is panic"),
            Some("again") => again = true,
            Some("mistaken") => mistaken = true,
            _ => {}
        }
        if again && change.is_update() {
            change.replace(path!("label"));
        }
        if mistaken {
            change.replace(path!("tag"));
        }
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, mut plan: BoxModel) -> Applied<BoxModel> {
        let client = cx.client()?;
        assert_eq!(cx.private().get::<bool>("planned")?, Some(true));
        if plan.label.known().is_some_and(|label| label == "refused") {
            Err(ShelfError {
                operation: "PutBox",
                code: "Refused",
            })?;
        }
        put(client, &mut plan)?;
        plan.changes = 0.into();
        match plan.label.get()?.as_str() {
            "half" => Err(ShelfError {
                operation: "LockBox",
                code: "Jammed",
            })
            .keep(&plan)?,
            "unknown" => plan.changes = Value::Unknown,
            "slow" => {
                let deadline = cx.deadline(&plan.timeouts, Duration::from_hours(1));
                let waited = wait::until(cx, deadline, "the box to dry", async || {
                    Ok(Poll::<()>::Pending("wet".into()))
                });
                waited.await.keep(&plan)?;
            }
            _ => {}
        }
        cx.private().set("made", "by create")?;
        Ok(plan)
    }

    async fn read(&self, cx: &Context<Client>, mut state: BoxModel) -> Result<Option<BoxModel>> {
        let name = state.name.get()?;
        let found = cx.client()?.shelf.boxes.lock().unwrap().get(name).cloned();
        let Some(stored) = found else {
            if state.label.known().is_some_and(|label| label == "nailed") {
                cx.warn(
                    "the nails are still there",
                    format!("pull those of {name} out"),
                );
            }
            return Ok(None);
        };
        ask_about(&stored.label).await;
        state.label = stored.label.clone().into();
        state.lasts = match stored.lasts.as_str() {
            "" => Value::Null,
            // As the shelf writes it, not as the user did.
            text => {
                let lasts: text::Duration = text.parse()?;
                Text::from(lasts).into()
            }
        };
        state.owner = stored.owner.clone().into();
        state.id = format!("box/{}", state.name.get()?).into();
        if state.changes.is_null() {
            state.changes = 0.into();
        }
        if !stored.rules.is_empty() {
            let rules = stored.rules.iter().map(|(prefix, days)| Rule {
                prefix: prefix.as_str().into(),
                days: (*days).into(),
            });
            state.rules = rules.collect::<Vec<_>>().into();
        }
        Ok(Some(state))
    }

    async fn update(&self, cx: &Context<Client>, change: Update<BoxModel>) -> Applied<BoxModel> {
        let Update { prior, mut plan } = change;
        if plan.label.known().is_some_and(|label| label == "refused") {
            Err(ShelfError {
                operation: "PutBox",
                code: "Refused",
            })?;
        }
        remember(cx, "update")?;
        put(cx.client()?, &mut plan)?;
        plan.changes = (prior.changes.get()? + 1).into();
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: BoxModel) -> Result<()> {
        if state.label.known().is_some_and(|label| label == "nailed") {
            Err(ShelfError {
                operation: "RemoveBox",
                code: "Nailed",
            })?;
        }
        remember(cx, "delete")?;
        cx.client()?
            .shelf
            .boxes
            .lock()
            .unwrap()
            .remove(state.name.get()?);
        Ok(())
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<BoxModel> {
        ask_about(id).await;
        let Some(name) = id.strip_prefix("box/") else {
            return Err(Diagnostic::error("", format!("{id:?} is not box/<name>")).into());
        };
        Ok(BoxModel {
            name: name.into(),
            ..BoxModel::default()
        })
    }

    fn upgrade(&self, version: i64, mut state: Json) -> Result<Json> {
        if version != 1 {
            return Err(
                Diagnostic::error("", format!("version {version} was never released")).into(),
            );
        }
        let title = state["title"].take();
        state["name"] = title;
        Ok(state)
    }

    fn move_state(&self, from: &MoveSource) -> Result<Option<BoxModel>> {
        if from.type_name != "attic_crate" {
            return Ok(None);
        }
        let name = from.state["crate_name"].as_str().map(str::to_owned);
        let changes = if from.state["sealed"] == true {
            Value::Unknown
        } else {
            Value::Null
        };
        Ok(Some(BoxModel {
            name: name.into(),
            changes,
            ..BoxModel::default()
        }))
    }
}

pub struct Count;

/// Counts boxes.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct CountModel {
    /// Only boxes whose name begins so.
    #[attr(optional)]
    pub prefix: Value<String>,
    /// How long to look.
    #[attr(optional)]
    pub patience: Value<Text<text::Duration>>,
    /// How many there are.
    #[attr(computed)]
    pub count_of_boxes: Value<i64>,
}

impl DataSource for Count {
    const NAME: &'static str = "shelf_count";
    type Client = Client;
    type Model = CountModel;

    async fn read(&self, cx: &Context<Client>, mut config: CountModel) -> Result<CountModel> {
        let prefix = config.prefix.known().cloned().unwrap_or_default();
        ask_about(&prefix).await;
        let boxes = cx.client()?.shelf.boxes.lock().unwrap();
        let count = boxes
            .keys()
            .filter(|name| name.starts_with(&prefix))
            .count();
        config.count_of_boxes = i64::try_from(count)?.into();
        config.patience = config.patience.map(|patience| Text::from(*patience));
        Ok(config)
    }
}

pub struct Key;

/// A key to the shelf.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct KeyModel {
    /// Whose key it is.
    #[attr(required)]
    pub name: Value<String>,
    /// The key.
    #[attr(computed, sensitive)]
    pub key: Value<String>,
}

/// When keys are renewed for the first time.
pub fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

impl EphemeralResource for Key {
    const NAME: &'static str = "shelf_key";
    type Client = Client;
    type Model = KeyModel;

    async fn open(&self, cx: &Context<Client>, mut config: KeyModel) -> Result<Opened<KeyModel>> {
        let name = config.name.get()?.clone();
        ask_about(&name).await;
        cx.private().set("name", &name)?;
        config.key = format!("{}:{name}", cx.client()?.owner).into();
        Ok(Opened {
            result: config,
            renew_at: Some(noon()),
        })
    }

    async fn renew(&self, cx: &Context<Client>) -> Result<Option<SystemTime>> {
        let renewals = cx.private().get::<u32>("renewals")?.unwrap_or_default() + 1;
        cx.private().set("renewals", &renewals)?;
        let name: Option<String> = cx.private().get("name")?;
        cx.client()?
            .shelf
            .keys
            .lock()
            .unwrap()
            .push(format!("renew {} {renewals}", name.unwrap_or_default()));
        Ok(Some(noon() + Duration::from_secs(u64::from(renewals) * 60)))
    }

    async fn close(&self, cx: &Context<Client>) -> Result<()> {
        let deadline = wait::Deadline::after(Duration::from_mins(1));
        wait::until(cx, deadline, "the key to come back", async || {
            Ok(Poll::Ready(()))
        })
        .await?;
        let name: Option<String> = cx.private().get("name")?;
        cx.client()?
            .shelf
            .keys
            .lock()
            .unwrap()
            .push(format!("close {}", name.unwrap_or_default()));
        Ok(())
    }
}

pub struct Join;

/// What to join.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct JoinArguments {
    /// How often the separator is repeated.
    #[attr(required, validate = positive)]
    pub times: Value<i64>,
    /// What stands between the parts.
    #[attr(optional)]
    pub separator: Value<String>,
    /// The parts.
    #[attr(required, variadic)]
    pub parts: Value<Vec<Text<text::Duration>>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators take references"
)]
fn positive(times: &i64) -> std::result::Result<(), String> {
    if *times > 0 {
        Ok(())
    } else {
        Err("must be more than 0".to_owned())
    }
}

impl Function for Join {
    const NAME: &'static str = "join_durations";
    const SUMMARY: &'static str = "Joins durations";
    const DESCRIPTION: &'static str = "Joins durations in their shortest form.";
    type Arguments = JoinArguments;
    type Output = String;

    fn call(&self, arguments: JoinArguments) -> std::result::Result<String, FunctionError> {
        let separator = arguments.separator.into_known().unwrap_or_default();
        let parts: Vec<String> = arguments
            .parts
            .known()
            .into_iter()
            .flatten()
            .map(|part| (**part).to_string())
            .collect();
        assert!(
            !parts.iter().any(|part| part == "13h"),
            "thirteen is unlucky"
        );
        if parts.is_empty() {
            return Err(FunctionError::argument(2, "at least one part is needed"));
        }
        let times = usize::try_from(arguments.times.into_known().unwrap_or(1))?;
        Ok(parts.join(&separator.repeat(times)))
    }
}
