//! Microsoft's Python clients in one long-lived process: starting Python for each call would cost a second.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Caller, TENANT};
use crate::{process, setup};

/// Azure said no.
#[derive(Debug)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refused {}

struct Worker {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

pub(super) fn call(
    caller: &Caller,
    service: &str,
    method: &str,
    parameters: &Value,
) -> Result<Value> {
    let ask = json!({
        "service": service, "method": method, "parameters": parameters, "subscription": caller.subscription,
        "address": address(caller), "authority": caller.authority, "token": caller.token,
    });
    answer(&ask).with_context(|| format!("{service} {method} {parameters}"))
}

/// A token for a scope, as Microsoft's own library gets it by a client assertion.
pub(super) fn token_by(
    through: &Caller,
    client: &str,
    assertion: &str,
    scope: &str,
) -> Result<String> {
    let token = answer(&json!({
        "assertion": assertion, "tenant": TENANT, "client": client, "scope": scope,
        "address": address(through), "authority": through.authority,
    }))?;
    token.as_str().map(str::to_owned).context("a token")
}

fn address(caller: &Caller) -> &str {
    caller.endpoint.trim_start_matches("https://")
}

fn answer(ask: &Value) -> Result<Value> {
    static WORKER: Mutex<Option<Worker>> = Mutex::new(None);
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    if worker.is_none() {
        *worker = Some(start()?);
    }
    let Some(worker) = worker.as_mut() else {
        bail!("no process with Microsoft's clients");
    };
    writeln!(worker.input, "{ask}").context("asking the process with Microsoft's clients")?;
    let mut line = String::new();
    worker.output.read_line(&mut line)?;
    let mut answer: Value =
        serde_json::from_str(&line).context("reading the answer of Microsoft's clients")?;
    if let Some(said) = answer.get("refused") {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        return Err(Refused {
            code: text("code"),
            message: text("message"),
        }
        .into());
    }
    if let Some(why) = answer["broken"].as_str() {
        bail!("{why}");
    }
    Ok(answer["ok"].take())
}

fn start() -> Result<Worker> {
    let mut command = process::command(setup::python("python")?);
    command
        .args(["-c", include_str!("client.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = process::spawn(command).context("starting Microsoft's clients")?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("the process with Microsoft's clients has no pipes");
    };
    Ok(Worker {
        _child: child,
        input,
        output: BufReader::new(output),
    })
}
