//! Who takes part. The tier's own namespace is the internet: the emulated cloud and the control plane are there, it has routes to
//! everybody, and passes on what they send each other.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Site, free_port},
    control_plane::ControlPlane,
    flyte::BUCKET,
    forwarder::{self, End, Forwarder},
    issuer::Issuer,
    node::{
        firewall::{self, Inbound},
        namespace::{self, Namespace, Plug},
        network,
        private_link::PrivateLink,
    },
    process::Process,
};
use anyhow::{Context as _, Result};
use serde_json::json;

/// The API server, as its cloud says it.
pub const API: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 60, 0, 10)), 6443);

/// The load balancer before it, which the customer publishes.
pub const BALANCER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 60, 1, 10)), 443);

/// The vendor's private endpoint, in the vendor's network.
pub const ENDPOINT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 70, 0, 5)), 443);

/// From where the private link comes to the load balancer.
pub const LINK: &str = "10.60.2.5";

/// Where the parties meet the internet.
const CUSTOMER: &str = "10.251.1.2";
pub const VENDOR: &str = "10.251.2.2";
pub const STRANGER: &str = "10.251.3.2";

const START: Duration = Duration::from_secs(30);

/// How long somebody tries to connect: a dropped packet is sent anew after one second.
const PATIENCE: Duration = Duration::from_secs(3);

pub struct Parties {
    pub control_plane: ControlPlane,
    pub account: Account,
    pub front: Front,
    link: Option<PrivateLink>,
    balancer: Option<Process>,
    pub cluster: Cluster,
    _window: Window,
    pub stranger: Namespace,
    pub vendor: Namespace,
    producer: Namespace,
    pub customer: Namespace,
    directory: PathBuf,
    _emulators: Emulators,
}

/// By which the tests look into the customer's cluster and play its pods, without a packet through the firewall.
struct Window {
    _ours: Forwarder,
    _theirs: Process,
}

impl Window {
    fn open(directory: &Path, customer: &Namespace, port: u16) -> Result<Self> {
        let socket = directory.join("window.sock");
        let inside = SocketAddr::from(([127, 0, 0, 1], port));
        let from = End::Unix(socket.clone());
        let theirs = forwarder::command(&customer.path(), &from, &End::Tcp(inside))?;
        let mut theirs = Process::start("window", theirs, &directory.join("window.log"))?;
        theirs.ready(START, || socket.exists())?;
        Ok(Self {
            _ours: Forwarder::start(&inside.to_string(), End::Unix(socket))?,
            _theirs: theirs,
        })
    }
}

impl Parties {
    pub fn start(directory: &Path) -> Result<Self> {
        let customer = Namespace::new("customer", directory)?;
        let producer = Namespace::new("link", directory)?;
        let vendor = Namespace::new("vendor", directory)?;
        let stranger = Namespace::new("stranger", directory)?;
        for (party, device, internet, address) in [
            (&customer, "customer", "10.251.1.1", CUSTOMER),
            (&vendor, "vendor", "10.251.2.1", VENDOR),
            (&stranger, "stranger", "10.251.3.1", STRANGER),
        ] {
            namespace::join(
                &Plug {
                    namespace: None,
                    device,
                    address: &format!("{internet}/24"),
                },
                &Plug {
                    namespace: Some(party),
                    device: "internet",
                    address: &format!("{address}/24"),
                },
            )?;
            party.default_route(internet)?;
        }
        namespace::join(
            &Plug {
                namespace: Some(&customer),
                device: "link",
                address: "10.60.2.1/24",
            },
            &Plug {
                namespace: Some(&producer),
                device: "customer",
                address: &format!("{LINK}/24"),
            },
        )?;
        producer.default_route("10.60.2.1")?;
        customer.own(&API.ip().to_string())?;
        customer.own(&BALANCER.ip().to_string())?;
        vendor.own(&ENDPOINT.ip().to_string())?;
        // Everybody knows the way to everybody, so that it is the firewalls that stop who is stopped.
        for (network, by) in [("10.60.0.0/16", CUSTOMER), ("10.70.0.0/16", VENDOR)] {
            namespace::run(None, "ip", &["route", "add", network, "via", by])?;
        }
        guard(&customer, &vendor)?;

        let emulators = Emulators::start_in(&directory.join("aws"))?;
        let front = Front::start_at(&emulators, &format!("{}:0", network::ADDRESS))?;
        let account = Account::new(&front);
        let window = Window::open(directory, &customer, API.port())?;
        let cluster = Cluster::start_in(
            &directory.join("cluster"),
            Site {
                token_review: Some(front.token_review()),
                network: Some(customer.path()),
                port: Some(API.port()),
                names: vec![API.ip().to_string()],
                ..Site::default()
            },
        )?;
        front.trust(Issuer::of(&cluster)?);
        on_eks(&account)?;
        front.host_on_eks_at("prod", &cluster, &format!("https://{API}"))?;
        let bucket = json!({ "Bucket": BUCKET, "CreateBucketConfiguration": { "LocationConstraint": account.region } });
        account.call("s3", "create_bucket", &bucket)?;
        let address = format!("{}:{}", network::ADDRESS, free_port()?);
        let control_plane = ControlPlane::start(&address, Issuer::of(&cluster)?)?;
        let mut parties = Self {
            control_plane,
            account,
            front,
            link: None,
            balancer: None,
            cluster,
            _window: window,
            stranger,
            vendor,
            producer,
            customer,
            directory: directory.to_path_buf(),
            _emulators: emulators,
        };
        parties.balance_to(API)?;
        parties.link()?;
        Ok(parties)
    }

    /// Puts a load balancer before this address, in place of the one of before.
    pub fn balance_to(&mut self, target: SocketAddr) -> Result<()> {
        self.balancer = None;
        let balancer = forwarder::command(
            &self.customer.path(),
            &End::Tcp(BALANCER),
            &End::Tcp(target),
        )?;
        let log = self.directory.join("balancer.log");
        let mut balancer = Process::start("balancer", balancer, &log)?;
        balancer.ready(START, || self.customer.takes(BALANCER))?;
        self.balancer = Some(balancer);
        Ok(())
    }

    /// Sets the firewalls anew, which forget who came.
    pub fn guard(&self) -> Result<()> {
        guard(&self.customer, &self.vendor)
    }

    /// The customer accepts the vendor's connection.
    pub fn link(&mut self) -> Result<()> {
        self.cut();
        self.link = Some(PrivateLink::connect(
            &self.directory,
            (&self.vendor, ENDPOINT),
            (&self.producer, BALANCER),
        )?);
        Ok(())
    }

    /// The customer rejects it.
    pub fn cut(&mut self) {
        self.link = None;
    }
}

/// Who may listen in the customer's network: the API server, on every address, and the load balancer.
pub fn expected_listeners() -> BTreeSet<String> {
    [format!("*:{}", API.port()), BALANCER.to_string()].into()
}

/// What becomes of a connection that a party opens: `connected`, `refused`, `timed out` or `no way`.
pub fn probe(party: &Namespace, address: &str) -> Result<String> {
    let ours = std::env::current_exe().context("asking for the path of this program")?;
    let said = party.run(&ours.display().to_string(), &["reach", address])?;
    Ok(said.trim().to_owned())
}

/// Tries to connect, from where this program runs.
pub fn reach(address: &str) -> Result<&'static str> {
    use std::io::ErrorKind;
    let connected = TcpStream::connect_timeout(&address.parse()?, PATIENCE);
    Ok(match connected.map_err(|error| error.kind()) {
        Ok(_) => "connected",
        Err(ErrorKind::TimedOut) => "timed out",
        Err(ErrorKind::ConnectionRefused) => "refused",
        Err(_) => "no way",
    })
}

/// The customer lets the link in and nobody else, the vendor nobody.
fn guard(customer: &Namespace, vendor: &Namespace) -> Result<()> {
    let only_the_link = Inbound::Only {
        from: LINK,
        to: BALANCER,
    };
    firewall::set(customer, only_the_link)?;
    firewall::set(vendor, Inbound::Nothing)
}

/// The record of the cluster, whose address and authority the front knows.
fn on_eks(account: &Account) -> Result<()> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "eks.amazonaws.com" } },
    ] });
    let role = json!({ "RoleName": "eks", "AssumeRolePolicyDocument": trust.to_string() });
    let role = account.call("iam", "create_role", &role)?["Role"]["Arn"].clone();
    let made = json!({ "name": "prod", "roleArn": role, "resourcesVpcConfig": { "subnetIds": ["subnet-1", "subnet-2"] } });
    account.call("eks", "create_cluster", &made).map(drop)
}
