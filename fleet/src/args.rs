//! The command line, and the environment beside it.

use std::{
    io::Write as _,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    apply::{self, Wanted},
    fleet_file::Fleet,
    journal,
    lock::Lock,
    look,
    outcome::{Outcome, Report},
    sha256,
    status::{self, Standing},
    stop::Stop,
    summary::Allowed,
    table,
    tenants::Tenant,
    workspace::{Mode, Programs, Session},
};

const FILE: &str = "fleet.yaml";

/// There is something to do.
const DIFFERS: u8 = 2;

const AFTERWORD: &str = "\
A usual day:
  dataplane-fleet plan                       what would change, a line per tenant
  dataplane-fleet apply                      apply these plans, wave by wave
  dataplane-fleet apply --resume RUN         go on after a stop
  dataplane-fleet drift                      what others changed
  dataplane-fleet status                     who is on which commit
  dataplane-fleet journal --tenant acme      who changed what

Exit codes: 0 all is well and nothing differs; 1 a tenant failed, was refused or was not started, or nothing could be
done; 2 all is well and something differs (`plan`, `drift`, `status`).

Ctrl-C once, SIGTERM or a terminal that is gone: nobody new is started, and each running terraform is asked to end, which
it does after the resource it is at. Ctrl-C twice: they are killed.";

/// Plans and applies one Terraform root for many tenants, each with a state of its own, in waves that stop at the first
/// failures. `fleet.yaml` says which tenants and waves there are; everything else is terraform's.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = AFTERWORD)]
pub struct Args {
    /// The fleet's description.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = FILE
    )]
    file: PathBuf,
    /// Print one JSON document in place of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    programs: Programs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plan every tenant, save the plans for `apply`, and sum them up.
    Plan(PlanArgs),
    /// Apply the saved plans wave by wave.
    Apply(ApplyArgs),
    /// Look for what was changed outside of Terraform (plan -refresh-only).
    Drift(SelectionArgs),
    /// Say by the journal who is on which root, who was destroyed, and who left without that. Nobody is asked.
    Status,
    /// Print who changed what, or verify that the record is whole.
    Journal(JournalArgs),
}

/// Who is meant; all, where nothing is said.
#[derive(Debug, clap::Args)]
struct SelectionArgs {
    /// Only this tenant (repeat for more).
    #[arg(long, value_name = "NAME")]
    tenant: Vec<Tenant>,
    /// Only this wave (repeat for more).
    #[arg(long, value_name = "NAME")]
    wave: Vec<String>,
    /// So many tenants at once, whatever the waves say.
    #[arg(long, short, value_name = "N")]
    parallelism: Option<NonZeroUsize>,
}

/// What is asked for beside the usual.
#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Destroy all that the tenants have. They must be named.
    #[arg(long, requires = "tenant")]
    destroy: bool,
    /// Let a protected resource be deleted or replaced; `acme:*` for all of acme's (repeat for more).
    #[arg(long, value_name = "TENANT:ADDRESS")]
    allow_destroy: Vec<Allowed>,
}

#[derive(Debug, clap::Args)]
struct PlanArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, clap::Args)]
struct ApplyArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// Go on with a run that stopped, for those that it was for, and destroy if it did: who is done in it is left out,
    /// who failed is planned anew.
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,
    /// Plan each tenant anew and apply that unseen, whatever `plan` saved.
    #[arg(long)]
    replan: bool,
    /// Who changes, for the journal. By default the CI's user, else user@host
    #[arg(long, env = "FLEET_ACTOR", value_name = "WHO")]
    actor: Option<String>,
}

#[derive(Debug, clap::Args)]
struct JournalArgs {
    /// Only what concerns this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<Tenant>,
    /// Check that each line follows from the one before.
    #[arg(long)]
    verify: bool,
    /// With --verify: a hash that an earlier run printed, which must be among the lines.
    #[arg(long, value_name = "HASH", requires = "verify")]
    head: Option<String>,
}

#[derive(Debug, Serialize)]
struct Printed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal_head: Option<&'a str>,
    tenants: &'a [Report],
}

/// What is printed of an apply beside its tenants.
struct Run<'a> {
    name: &'a str,
    head: Option<&'a str>,
    go_on: &'a str,
}

impl Args {
    pub fn run(self) -> Result<ExitCode> {
        let Self {
            file,
            json,
            programs,
            command,
        } = self;
        let fleet = Fleet::read(&file)?;
        match command {
            Command::Status => print_status(&fleet, json),
            Command::Journal(arguments) => print_journal(&fleet, arguments, json),
            Command::Plan(arguments) => {
                let ChangeArgs {
                    selection,
                    destroy,
                    allow_destroy,
                } = arguments.change;
                let waves = selection.of(&fleet, &allow_destroy)?;
                let mode = Mode::changing(destroy);
                let reports = in_session(fleet, programs, async |session| {
                    look::plan(session, waves, mode, allow_destroy).await
                })?;
                print_reports(&reports, None, json)?;
                Ok(code(&reports))
            }
            Command::Drift(selection) => {
                let waves = selection.of(&fleet, &[])?;
                let reports = in_session(fleet, programs, async |session| {
                    look::drift(session, waves).await
                })?;
                print_reports(&reports, None, json)?;
                Ok(code(&reports))
            }
            Command::Apply(arguments) => arguments.run(&file, fleet, programs, json),
        }
    }
}

impl SelectionArgs {
    fn of(self, fleet: &Fleet, allowed: &[Allowed]) -> Result<Vec<crate::waves::Wave>> {
        let waves = fleet.selected(&self.tenant, &self.wave, self.parallelism)?;
        for allowed in allowed {
            let meant = waves.iter().flat_map(|wave| &wave.tenants);
            ensure!(
                meant.into_iter().any(|tenant| tenant == allowed.tenant()),
                "--allow-destroy names tenant {}, who is not among those of this call",
                allowed.tenant()
            );
        }
        Ok(waves)
    }
}

impl ApplyArgs {
    fn run(self, file: &Path, fleet: Fleet, programs: Programs, json: bool) -> Result<ExitCode> {
        let Self {
            change,
            resume,
            replan,
            actor,
        } = self;
        let named = change.selection.tenant.clone();
        let waves = change.selection.of(&fleet, &change.allow_destroy)?;
        let wanted = Wanted {
            resume: resume.is_some(),
            run: resume.unwrap_or_else(new_run),
            actor: actor.unwrap_or_else(who_runs_this),
            named,
            replan,
            destroy: change.destroy,
            allowed: change.allow_destroy,
        };
        let run = wanted.run.clone();
        let go_on = go_on(file, &wanted);
        let (reports, head) = in_session(fleet, programs, async |session| {
            apply::apply(session, waves, wanted).await
        })?;
        let run = Run {
            name: &run,
            head: head.as_deref(),
            go_on: &go_on,
        };
        print_reports(&reports, Some(&run), json)?;
        Ok(code(&reports))
    }
}

/// Does something with the fleet locked and interrupts heard.
fn in_session<T>(
    fleet: Fleet,
    programs: Programs,
    work: impl AsyncFnOnce(Arc<Session>) -> Result<T>,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async {
        let session = Session::new(fleet, programs, Stop::on_signals()?)?;
        let _lock = Lock::take(&session.folder)?;
        work(Arc::new(session)).await
    })
}

fn code(reports: &[Report]) -> ExitCode {
    if !reports.iter().all(|report| report.outcome.is_well()) {
        ExitCode::FAILURE
    } else if reports.iter().any(|report| report.outcome.differs()) {
        DIFFERS.into()
    } else {
        ExitCode::SUCCESS
    }
}

fn print_reports(reports: &[Report], run: Option<&Run>, json: bool) -> Result<()> {
    if json {
        return print_json(&Printed {
            run: run.map(|run| run.name),
            journal_head: run.and_then(|run| run.head),
            tenants: reports,
        });
    }
    let mut text = table::summary(reports);
    if let Some(run) = run {
        let Run { name, head, go_on } = run;
        text = format!("{text}run {name}, journal {}\n", head.unwrap_or("empty"));
        // Where nobody's turn came, the journal does not know the run.
        let begun = |report: &Report| report.outcome != Outcome::NotStarted;
        if !reports.iter().all(|report| report.outcome.is_well()) && reports.iter().any(begun) {
            text = format!("{text}to go on once this is mended: {go_on}\n");
        }
    }
    print(&text)
}

fn print_status(fleet: &Fleet, json: bool) -> Result<ExitCode> {
    let found = status::status(fleet)?;
    if json {
        print_json(&found)?;
    } else {
        print(&status::status_table(&found))?;
    }
    let any = |standing| found.iter().any(|status| status.now == standing);
    Ok(if any(Standing::Broken) {
        ExitCode::FAILURE
    } else if [Standing::Behind, Standing::Never, Standing::Left]
        .into_iter()
        .any(any)
    {
        DIFFERS.into()
    } else {
        ExitCode::SUCCESS
    })
}

fn print_journal(fleet: &Fleet, arguments: JournalArgs, json: bool) -> Result<ExitCode> {
    let JournalArgs {
        tenant,
        verify,
        head,
    } = arguments;
    if verify {
        let verified = journal::verify(&fleet.journal, head.as_deref())?;
        if json {
            print_json(&verified)?;
        } else {
            let halves = verified.halves.iter();
            let halves = halves.map(|line| {
                format!("line {line} is half a line, as of a machine that died over it\n")
            });
            print(&format!(
                "{}{} lines follow from each other; the last has the hash {}\n",
                halves.collect::<String>(),
                verified.lines,
                verified.head.as_deref().unwrap_or("of nothing")
            ))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut records = journal::records(&fleet.journal)?;
    records.retain(|record| {
        tenant
            .as_ref()
            .is_none_or(|tenant| record.tenant == *tenant)
    });
    if json {
        print_json(&records)?;
    } else {
        print(&status::journal_table(&records))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(value: &impl Serialize) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("printing")
}

/// The command that goes on with a run. Whom it is for, and whether it destroys, is in the journal.
fn go_on(file: &Path, wanted: &Wanted) -> String {
    let mut command = format!("dataplane-fleet apply --resume {}", wanted.run);
    if file != Path::new(FILE) {
        command = format!("{command} --file {}", file.display());
    }
    if wanted.replan {
        command += " --replan";
    }
    for allowed in &wanted.allowed {
        command = format!("{command} --allow-destroy '{allowed}'");
    }
    command
}

/// A name for a run that sorts by time.
fn new_run() -> String {
    let now = Timestamp::now();
    let unique = sha256::of(format!("{} {}", now.as_nanosecond(), std::process::id()).as_bytes());
    let at = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
    format!("{at}-{}", &unique[..6])
}

/// Who a CI says that it works for, else who is signed in here.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line's own defaults are read from the environment here, and nowhere else"
)]
fn who_runs_this() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_ci = [
        "GITHUB_TRIGGERING_ACTOR",
        "GITHUB_ACTOR",
        "GITLAB_USER_LOGIN",
        "BUILD_USER_ID",
    ];
    of_ci.into_iter().find_map(variable).unwrap_or_else(|| {
        let user = variable("USER").unwrap_or_else(|| "somebody".to_owned());
        let host = rustix::system::uname();
        format!("{user}@{}", host.nodename().to_string_lossy())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn who_is_destroyed_is_named() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        assert!(parse("dataplane-fleet apply --destroy").is_err());
        assert!(parse("dataplane-fleet apply --destroy --tenant acme").is_ok());
        assert!(parse("dataplane-fleet plan --tenant Acme").is_err());
        assert!(parse("dataplane-fleet plan -p 0").is_err());
    }

    #[test]
    fn runs_have_names_of_their_own() {
        let (one, other) = (new_run(), new_run());
        assert_ne!(one, other);
        assert_eq!(one.len(), "20261122T041500Z-0a1b2c".len());
    }
}
