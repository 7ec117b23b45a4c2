//! A network namespace within the tier's own: one party, with addresses and a firewall of its own. It ends with the process that
//! holds it, and its cables with it.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Process};

const START: Duration = Duration::from_secs(30);

/// A party's network.
pub struct Namespace {
    holder: Process,
}

/// One end of a cable: a device in a namespace, or in the tier's own, with an address and its prefix.
pub struct Plug<'a> {
    pub namespace: Option<&'a Namespace>,
    pub device: &'a str,
    pub address: &'a str,
}

impl Namespace {
    pub fn new(name: &str, directory: &Path) -> Result<Self> {
        let mut command = process::command("unshare");
        command.args(["--net", "--", "sleep", "infinity"]);
        let log = directory.join(format!("{name}.log"));
        let mut holder = Process::start(name, command, &log)?;
        let ours = fs::read_link("/proc/self/ns/net")?;
        let path = format!("/proc/{}/ns/net", holder.id());
        holder.ready(START, || {
            fs::read_link(&path).is_ok_and(|theirs| theirs != ours)
        })?;
        let namespace = Self { holder };
        namespace.run("ip", &["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// What names it to programs that are started in it.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.holder.id()))
    }

    /// Runs a program in it to its end, which must be a good one; its standard output.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        run(Some(self), program, arguments)
    }

    /// Gives it an address that no cable leads to by itself.
    pub fn own(&self, address: &str) -> Result<()> {
        let address = format!("{address}/32");
        self.run("ip", &["address", "add", &address, "dev", "lo"])
            .map(drop)
    }

    /// Sends what is for nobody it knows to this address.
    pub fn default_route(&self, by: &str) -> Result<()> {
        self.run("ip", &["route", "add", "default", "via", by])
            .map(drop)
    }

    /// Where it takes connections, but for those of its own loopback addresses.
    pub fn listeners(&self) -> Result<BTreeSet<String>> {
        let listed = self.run("ss", &["-H", "-l", "-t", "-u", "-n"])?;
        Ok(listed
            .lines()
            .filter_map(|line| line.split_whitespace().nth(4))
            .filter(|address| !address.starts_with("127.") && !address.starts_with("[::1]"))
            .map(str::to_owned)
            .collect())
    }

    /// Whether it takes connections at an address.
    pub fn takes(&self, address: SocketAddr) -> bool {
        let address = address.to_string();
        self.listeners()
            .is_ok_and(|listeners| listeners.contains(&address))
    }
}

/// Lays a cable between two parties.
pub fn join(near: &Plug<'_>, far: &Plug<'_>) -> Result<()> {
    let far_namespace = far
        .namespace
        .context("the far end of a cable is in a namespace of its own")?;
    let holder = far_namespace.holder.id().to_string();
    let add = [
        "link",
        "add",
        "name",
        near.device,
        "type",
        "veth",
        "peer",
        "name",
        far.device,
        "netns",
        &holder,
    ];
    run(near.namespace, "ip", &add)?;
    for plug in [near, far] {
        let up = ["link", "set", "dev", plug.device, "up"];
        let address = ["address", "add", plug.address, "dev", plug.device];
        for arguments in [&address[..], &up[..]] {
            run(plug.namespace, "ip", arguments)?;
        }
    }
    Ok(())
}

/// Runs a program in a namespace, or in the tier's own.
pub fn run(namespace: Option<&Namespace>, program: &str, arguments: &[&str]) -> Result<String> {
    let network = namespace.map(Namespace::path);
    let mut command: Command = process::command_in(network.as_deref(), program);
    let output = command
        .args(arguments)
        .output()
        .with_context(|| format!("starting {program}: run acceptance/setup/install.sh node"))?;
    if !output.status.success() {
        bail!(
            "{program} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a port of the loopback address takes connections in a network, or in ours.
pub fn takes_at_home(network: Option<&Path>, port: u16) -> bool {
    let Some(network) = network else {
        return TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    };
    let mut command = process::command_in(Some(network), "ss");
    let listed = command
        .args(["-H", "-l", "-t", "-n", &format!("sport = :{port}")])
        .output();
    listed.is_ok_and(|listed| !listed.stdout.is_empty())
}
