//! What Flyte's client says of its runs, and what has to be so.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// What became of the runs, as the client says it.
pub(super) struct Told {
    pub(super) runs: Value,
    /// The resource of the run whose pod was evicted.
    pub(super) evicted: Value,
    pub(super) account: String,
}

impl Told {
    pub(super) fn check(&self) -> Result<()> {
        self.leaf()?;
        self.role()?;
        self.parent()?;
        self.sidecar()?;
        self.flaky()?;
        self.failing()?;
        self.timed_out()?;
        self.aborted()?;
        self.asking()?;
        self.deployed()?;
        self.recovered()?;
        self.greedy()?;
        self.sprawling()?;
        self.evicted()
    }

    /// A task without children returns its result.
    fn leaf(&self) -> Result<()> {
        self.succeeded("leaf", 1, &json!([42]))
    }

    /// The pods of tasks have the user role, and no key.
    fn role(&self) -> Result<()> {
        let role = format!("arn:aws:iam::{}:role/userflyterole", self.account);
        self.succeeded("role", 1, &json!([role]))
    }

    /// A parent adds up what its children returned.
    fn parent(&self) -> Result<()> {
        self.succeeded("parent", 1, &json!([12]))
    }

    /// The pod of a template runs whole, and ends with its primary container.
    fn sidecar(&self) -> Result<()> {
        self.succeeded("sidecar", 1, &json!(["hello from beside"]))
    }

    /// A task that fails once is tried again, and then returns its result.
    fn flaky(&self) -> Result<()> {
        self.succeeded("flaky", 2, &json!([1]))
    }

    /// A task that fails is tried as often as it says, and its error is told.
    fn failing(&self) -> Result<()> {
        let told = &self.runs["failing"];
        ensure!(
            told["phase"] == "FAILED" && told["attempts"] == 3,
            "the failing task: {told}"
        );
        let error = told["error"].as_str().unwrap_or_default();
        ensure!(
            error.contains("this task always fails"),
            "the error: {error}"
        );
        Ok(())
    }

    fn timed_out(&self) -> Result<()> {
        let told = &self.runs["timed_out"];
        ensure!(told["phase"] == "TIMED_OUT", "the task without end: {told}");
        Ok(())
    }

    fn aborted(&self) -> Result<()> {
        let told = &self.runs["aborted"];
        ensure!(told["phase"] == "ABORTED", "the aborted task: {told}");
        Ok(())
    }

    /// A task waits for two conditions: one is answered by the client, the other by nobody in time.
    fn asking(&self) -> Result<()> {
        self.succeeded("asking", 1, &json!(["3 nobody"]))
    }

    /// A task that was deployed is run by its name, and calls another by its name.
    fn deployed(&self) -> Result<()> {
        self.succeeded("deployed", 1, &json!([42]))
    }

    /// A run that recovers another does not do again what succeeded there.
    fn recovered(&self) -> Result<()> {
        let expected = json!({
            "phase": "SUCCEEDED", "attempts": 1, "outputs": [8], "before": "FAILED", "children": ["RECOVERED"],
        });
        let told = &self.runs["recovered"];
        ensure!(*told == expected, "recovered came out as {told}");
        Ok(())
    }

    /// The kernel ends what takes more memory than its limit, and that is the task's own fault.
    fn greedy(&self) -> Result<()> {
        self.failed_by_itself("greedy", "OOMKilled")
    }

    /// The kubelet evicts what writes more than its limit, and that is the task's own fault.
    fn sprawling(&self) -> Result<()> {
        self.failed_by_itself("sprawling", "Evicted")
    }

    /// A pod that somebody evicts is made anew, and it does not count as an attempt.
    fn evicted(&self) -> Result<()> {
        self.succeeded("evicted", 1, &json!([7]))?;
        let status = &self.evicted["status"];
        ensure!(
            status["systemFailures"] == 1 && status.to_string().contains("EvictionByEvictionAPI"),
            "the evicted task: {status}"
        );
        Ok(())
    }

    fn failed_by_itself(&self, run: &str, code: &str) -> Result<()> {
        let told = &self.runs[run];
        ensure!(
            told["phase"] == "FAILED"
                && told["attempts"] == 1
                && told["code"] == code
                && told["kind"] == "KIND_USER",
            "{run} came out as {told}, and not as failed with {code}"
        );
        Ok(())
    }

    fn succeeded(&self, run: &str, attempts: u32, outputs: &Value) -> Result<()> {
        let expected = json!({ "phase": "SUCCEEDED", "attempts": attempts, "outputs": outputs });
        ensure!(
            self.runs[run] == expected,
            "{run} came out as {}, not as {expected}",
            self.runs[run]
        );
        Ok(())
    }
}
