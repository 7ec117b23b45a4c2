//! boto3 in one long-lived process: starting Python for each call would cost a second.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::Account;
use crate::{process, setup};

/// AWS said no.
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
    account: &Account,
    service: &str,
    operation: &str,
    parameters: &Value,
) -> Result<Value> {
    static WORKER: Mutex<Option<Worker>> = Mutex::new(None);
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    if worker.is_none() {
        *worker = Some(start()?);
    }
    let Some(worker) = worker.as_mut() else {
        bail!("no boto3 process");
    };
    let ask = json!({
        "service": service, "operation": operation, "parameters": parameters,
        "endpoint": account.endpoint, "region": account.region,
        "access_key": account.credentials.access_key, "secret_key": account.credentials.secret_key,
        "session_token": account.credentials.session_token, "bundle": account.bundle,
    });
    writeln!(worker.input, "{ask}").context("asking the boto3 process")?;
    let mut line = String::new();
    worker.output.read_line(&mut line)?;
    let mut answer: Value = serde_json::from_str(&line).context("reading boto3's answer")?;
    if let Some(said) = answer.get("refused") {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        return Err(Refused {
            code: text("code"),
            message: text("message"),
        }
        .into());
    }
    if let Some(why) = answer["broken"].as_str() {
        bail!("{service} {operation}: {why}");
    }
    Ok(answer["ok"].take())
}

fn start() -> Result<Worker> {
    let mut command = process::command(setup::python("python")?);
    command
        .args(["-c", include_str!("boto.py")])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = process::spawn(command).context("starting boto3")?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("the boto3 process has no pipes");
    };
    Ok(Worker {
        _child: child,
        input,
        output: BufReader::new(output),
    })
}
