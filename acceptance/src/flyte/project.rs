//! A project of a test's own: its runs, what was told of them, what goes wrong there.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Fault, Flyte, ORGANIZATION, Side, Task, address::Address};
use crate::wait;

/// The domain of all runs of tests.
const DOMAIN: &str = "development";

/// A project nobody else uses. It must end without a violation: dropping it checks.
pub struct Project {
    pub name: String,
    address: Address,
}

/// An action as the control plane knows it.
#[derive(Clone, Debug)]
pub struct Action {
    pub run: String,
    pub action: String,
    /// Of its resource.
    pub name: String,
    /// `SUCCEEDED`, as the resource's conditions say.
    pub phase: String,
    pub attempts: u64,
    /// What was recorded, in order and each once.
    pub events: Vec<Event>,
    /// Events that came once more.
    pub duplicates: u64,
    pub error: Value,
}

/// An event that an executor reported.
#[derive(Clone, Debug)]
pub struct Event {
    pub attempt: u64,
    pub phase: String,
    /// All of it, in protobuf's JSON.
    pub json: Value,
}

/// What a condition is signalled with.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    Boolean(bool),
    Integer(i64),
}

impl Project {
    /// A fresh project.
    pub fn new(flyte: &Flyte) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::named(flyte, &format!("tests-{serial}"))
    }

    pub fn named(flyte: &Flyte, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            address: flyte.address.clone(),
        }
    }

    /// Where its resources and pods are.
    pub fn namespace(&self) -> String {
        format!("{}-{DOMAIN}", self.name)
    }

    /// Starts a run; its root action is `a0`, and the resource of that `<run>-a0`.
    pub fn run(&self, run: &str, task: &Task) -> Result<()> {
        self.run_with(run, task, &json!({}))
    }

    /// The same with a `RunSpec` in protobuf's JSON.
    pub fn run_with(&self, run: &str, task: &Task, spec: &Value) -> Result<()> {
        let body =
            json!({ "domain": DOMAIN, "run": run, "template": task.template(), "runSpec": spec });
        self.ask(Method::POST, "runs", &body).map(drop)
    }

    /// Asks for a child of an action, as that action's task would.
    pub fn enqueue(&self, run: &str, parent: &str, action: &str, task: &Task) -> Result<()> {
        let body = self.request_for_child(run, parent, action, task);
        self.ask(Method::POST, "enqueue", &body).map(drop)
    }

    /// Asks for a condition of type boolean.
    pub fn enqueue_condition(
        &self,
        run: &str,
        parent: &str,
        action: &str,
        timeout: Option<u32>,
    ) -> Result<()> {
        let mut condition =
            json!({ "name": "approval", "type": { "simple": "BOOLEAN" }, "prompt": "go on?" });
        if let Some(seconds) = timeout {
            condition["timeout"] = json!(format!("{seconds}s"));
        }
        self.enqueue_any(run, parent, action, &json!({ "condition": condition }))
    }

    /// The request by which a task asks for a child, in protobuf's JSON.
    pub fn request_for_child(&self, run: &str, parent: &str, action: &str, task: &Task) -> Value {
        let spec = json!({ "task": { "id": self.task_id(), "spec": { "taskTemplate": task.template() } } });
        self.request_for(run, parent, action, &spec)
    }

    fn enqueue_any(&self, run: &str, parent: &str, action: &str, spec: &Value) -> Result<()> {
        let body = self.request_for(run, parent, action, spec);
        self.ask(Method::POST, "enqueue", &body).map(drop)
    }

    fn request_for(&self, run: &str, parent: &str, action: &str, spec: &Value) -> Value {
        let base = format!(
            "s3://{}/{ORGANIZATION}/{}/{DOMAIN}/{run}/",
            super::BUCKET,
            self.name
        );
        let mut asked = json!({
            "actionId": {
                "run": { "org": ORGANIZATION, "project": self.name, "domain": DOMAIN, "name": run }, "name": action,
            },
            "parentActionName": parent,
            "inputUri": format!("{base}{action}/inputs.pb"),
            "runOutputBase": base,
        });
        for (field, value) in spec.as_object().into_iter().flatten() {
            asked[field] = value.clone();
        }
        json!({ "action": asked })
    }

    fn task_id(&self) -> Value {
        json!({ "org": ORGANIZATION, "project": self.name, "domain": DOMAIN, "name": "tests.child", "version": "1" })
    }

    pub fn abort(&self, run: &str, action: &str) -> Result<()> {
        let body =
            json!({ "domain": DOMAIN, "run": run, "action": action, "reason": "a test asked" });
        self.ask(Method::POST, "aborts", &body).map(drop)
    }

    pub fn signal(&self, run: &str, action: &str, value: Signal) -> Result<()> {
        let primitive = match value {
            Signal::Boolean(value) => json!({ "boolean": value }),
            Signal::Integer(value) => json!({ "integer": value.to_string() }),
        };
        let literal = json!({ "scalar": { "primitive": primitive } });
        let body = json!({ "domain": DOMAIN, "run": run, "action": action, "value": literal });
        self.ask(Method::POST, "signals", &body).map(drop)
    }

    /// Every action, by `run/action`.
    pub fn actions(&self) -> Result<BTreeMap<String, Action>> {
        let found = self.ask(Method::GET, "actions", &Value::Null)?;
        let found = found.as_array().context("a list of actions")?;
        Ok(found
            .iter()
            .map(Action::read)
            .map(|action| (format!("{}/{}", action.run, action.action), action))
            .collect())
    }

    pub fn action(&self, run: &str, action: &str) -> Result<Option<Action>> {
        Ok(self.actions()?.remove(&format!("{run}/{action}")))
    }

    /// The event by which an action has ended, in protobuf's JSON.
    pub fn last_event(&self, run: &str, limit: Duration) -> Result<Value> {
        let mut ended = self.ended(run, limit)?;
        Ok(ended.events.pop().context("an event")?.json)
    }

    /// Waits until a root action has ended: that its resource says so, and that its last event was recorded.
    pub fn ended(&self, run: &str, limit: Duration) -> Result<Action> {
        self.ended_action(run, "a0", limit)
    }

    pub fn ended_action(&self, run: &str, action: &str, limit: Duration) -> Result<Action> {
        let what = format!("the end of {run}/{action} of {}", self.name);
        self.until(&what, run, action, limit, |known| {
            known.is_ended() && known.events.last().is_some_and(Event::is_last)
        })
    }

    /// Waits until an action is as asked.
    pub fn until(
        &self,
        what: &str,
        run: &str,
        action: &str,
        limit: Duration,
        is_so: impl Fn(&Action) -> bool,
    ) -> Result<Action> {
        let waited = wait::until(what, limit, || {
            Ok(self.action(run, action)?.filter(|known| is_so(known)))
        });
        match waited {
            Ok(action) => Ok(action),
            Err(error) => bail!("{error:#}; it is {:?}", self.action(run, action)?),
        }
    }

    /// The names of the pods that were played, each as often as there was one.
    pub fn pods_played(&self) -> Result<Vec<String>> {
        let found = self.ask(Method::GET, "pods", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    pub fn fault(&self, fault: &Fault) -> Result<()> {
        self.ask(Method::POST, "faults", &json!([fault.to_json()]))
            .map(drop)
    }

    /// Holds the nth call that tells of a run at a gate, until that is opened; then it fails.
    pub fn hold_events(&self, run: &str, nth: usize, side: Side, gate: &str) -> Result<()> {
        let answer = json!({
            "kind": "hold", "code": "unavailable", "run": run, "nth": nth, "gate": gate, "after": side == Side::After,
        });
        let fault = json!({ "method": "EventsProxyService/Record", "from": 0, "until": 1_u64 << 50, "answer": answer });
        self.ask(Method::POST, "faults", &json!([fault])).map(drop)
    }

    pub fn clear_faults(&self) -> Result<()> {
        self.ask(Method::DELETE, "faults", &Value::Null).map(drop)
    }

    /// The methods that were called since the last time this was asked, for this project.
    pub fn take_calls(&self) -> Result<Vec<String>> {
        let calls = self.ask(Method::DELETE, "calls", &Value::Null)?;
        Ok(calls
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|call| call["method"].as_str().map(str::to_owned))
            .collect())
    }

    /// What descriptions and lifecycle refused since the last time this was asked.
    pub fn take_violations(&self) -> Result<Vec<String>> {
        let found = self.ask(Method::DELETE, "violations", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    fn ask(&self, method: Method, what: &str, body: &Value) -> Result<Value> {
        self.address
            .ask(method, &format!("_projects/{}/{what}", self.name), body)
    }

    fn check(&self) -> Result<()> {
        let violations = self.take_violations()?;
        ensure!(
            violations.is_empty(),
            "Flyte's control plane would not have it so in {}:\n{}",
            self.name,
            violations.join("\n")
        );
        Ok(())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let checked = self.check();
        // A second panic would end the process and hide the first.
        if let (Err(why), false) = (checked, std::thread::panicking()) {
            panic!("{why:#}");
        }
    }
}

impl Action {
    fn read(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let events = json["events"].as_array().into_iter().flatten();
        Self {
            run: text("run"),
            action: text("action"),
            name: text("name"),
            phase: text("phase"),
            attempts: json["attempts"].as_u64().unwrap_or_default(),
            duplicates: json["duplicates"].as_u64().unwrap_or_default(),
            error: json["errorState"].clone(),
            events: events
                .map(|event| Event {
                    attempt: event["attempt"].as_u64().unwrap_or_default(),
                    phase: event["phase"].as_str().unwrap_or_default().to_owned(),
                    json: event.clone(),
                })
                .collect(),
        }
    }

    pub fn is_ended(&self) -> bool {
        is_end(&self.phase)
    }

    /// The phases of its events: `1 QUEUED`, `1 RUNNING`; those in a row that are alike count once.
    pub fn history(&self) -> Vec<String> {
        let mut history: Vec<String> = self
            .events
            .iter()
            .map(|event| format!("{} {}", event.attempt, event.phase))
            .collect();
        history.dedup();
        history
    }
}

impl Event {
    fn is_last(&self) -> bool {
        is_end(&self.phase)
    }
}

fn is_end(phase: &str) -> bool {
    matches!(
        phase,
        "SUCCEEDED" | "FAILED" | "ABORTED" | "TIMED_OUT" | "RECOVERED"
    )
}
