//! The socket that the host connects to: a unix socket in a directory of its own, or a TCP port of the loopback.

#[cfg(unix)]
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::connection::Plain;
use super::environment::Environment;
use super::handshake::Socket;

/// A listening socket. A unix socket's file is deleted when it is dropped.
pub(super) struct Listener {
    kind: Kind,
    socket: Socket,
}

enum Kind {
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        /// Goes, with the socket in it, when the listener does.
        _directory: PrivateDirectory,
    },
    Tcp(TcpListener),
}

impl Listener {
    pub(super) fn bind(environment: &Environment) -> io::Result<Self> {
        #[cfg(unix)]
        if !environment.tcp {
            return Self::unix(&environment.socket_dir);
        }
        Self::tcp(environment.ports.clone())
    }

    /// A unix socket that only this user can reach. Its path is short: macOS takes no more than 104 bytes.
    #[cfg(unix)]
    fn unix(parent: &Path) -> io::Result<Self> {
        let directory = PrivateDirectory::create(parent)?;
        directory.remove_abandoned(parent);
        let path = directory.path.join(SOCKET);
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("listening on {}: {error}", path.display()),
            )
        };
        let listener = UnixListener::bind(&path).map_err(named)?;
        Ok(Self {
            socket: Socket::Unix(path),
            kind: Kind::Unix {
                listener,
                _directory: directory,
            },
        })
    }

    /// The first free port of the range.
    fn tcp(ports: std::ops::RangeInclusive<u16>) -> io::Result<Self> {
        for port in ports.clone() {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match std::net::TcpListener::bind(address) {
                Ok(listener) => {
                    listener.set_nonblocking(true)?;
                    let listener = TcpListener::from_std(listener)?;
                    return Ok(Self {
                        socket: Socket::Tcp(listener.local_addr()?),
                        kind: Kind::Tcp(listener),
                    });
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                    ) => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("listening on {address}: {error}"),
                    ));
                }
            }
        }
        let (first, last) = (ports.start(), ports.end());
        Err(io::Error::other(format!(
            "no port from PLUGIN_MIN_PORT {first} to PLUGIN_MAX_PORT {last} is free"
        )))
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) async fn accept(&self) -> io::Result<Plain> {
        match &self.kind {
            #[cfg(unix)]
            Kind::Unix { listener, .. } => Ok(Plain::Unix(listener.accept().await?.0)),
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Delayed acknowledgements would cost the first call 40 ms.
                stream.set_nodelay(true)?;
                Ok(Plain::Tcp(stream))
            }
        }
    }
}

/// The socket's name in its directory.
#[cfg(unix)]
const SOCKET: &str = "s";

/// A file beside the socket, locked as long as the process lives.
#[cfg(unix)]
const LOCK: &str = "lock";

/// A directory that only this user can enter, and that goes with all its content when it is dropped; that of a killed
/// process, when the next one starts.
#[cfg(unix)]
struct PrivateDirectory {
    path: PathBuf,
    _lock: Option<File>,
}

#[cfg(unix)]
impl PrivateDirectory {
    fn create(parent: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let pid = std::process::id();
        // A killed process with the same number may have left its directory behind.
        for attempt in 0..1000 {
            let path = parent.join(format!("plugin-{pid}-{attempt}"));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    // Where files cannot be locked, nobody takes it for abandoned, either.
                    let lock = File::create(path.join(LOCK)).ok();
                    let lock = lock.filter(|lock| lock.try_lock().is_ok());
                    return Ok(Self { path, _lock: lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("making {}: {error}", path.display()),
                    ));
                }
            }
        }
        Err(io::Error::other(format!(
            "{} is full of plugin-{pid} directories",
            parent.display()
        )))
    }

    /// Removes what killed processes of this user left. A directory with a socket was locked before, so an open lock
    /// says that its process is gone.
    fn remove_abandoned(&self, parent: &Path) {
        use std::os::unix::fs::MetadataExt;
        let Ok(own) = self.path.metadata() else {
            return;
        };
        for entry in parent.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let named = entry.file_name().to_string_lossy().starts_with("plugin-");
            // In /tmp, what is another user's may be anything.
            let abandoned = named
                && path != self.path
                && entry
                    .metadata()
                    .is_ok_and(|found| found.is_dir() && found.uid() == own.uid())
                && path.join(SOCKET).exists()
                && File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
            if abandoned {
                // Another process may be at it, too.
                let _ = std::fs::remove_dir_all(&path);
            }
        }
    }
}

#[cfg(unix)]
impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // Left behind, it harms nobody: the next one takes another name.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_unix_socket_is_private_and_goes_with_its_listener() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let listener = Listener::unix(parent.path()).unwrap();
        let second = Listener::unix(parent.path()).unwrap();
        let Socket::Unix(path) = listener.socket().clone() else {
            panic!("not a unix socket")
        };
        assert_ne!(second.socket(), listener.socket());
        let mode = path
            .parent()
            .unwrap()
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        drop((listener, second));
        assert_eq!(parent.path().read_dir().unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_killed_process_left_goes_with_the_next_start() {
        let parent = tempfile::tempdir().unwrap();
        let killed = parent.path().join("plugin-1-0");
        let starting = parent.path().join("plugin-2-0");
        let elses = parent.path().join("plugin-dir-of-another-program");
        for directory in [&killed, &starting, &elses] {
            std::fs::create_dir(directory).unwrap();
        }
        std::fs::write(killed.join(SOCKET), "").unwrap();
        std::fs::write(killed.join(LOCK), "").unwrap();
        std::fs::write(starting.join(LOCK), "").unwrap();
        std::fs::write(elses.join(SOCKET), "").unwrap();
        let running = Listener::unix(parent.path()).unwrap();
        let _second = Listener::unix(parent.path()).unwrap();
        let Socket::Unix(socket) = running.socket() else {
            panic!("not a unix socket")
        };
        assert!(socket.exists());
        assert!(!killed.exists());
        assert!(starting.exists() && elses.exists());
    }

    #[tokio::test]
    async fn tcp_takes_the_first_free_port_of_the_range() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(
            Listener::tcp(port..=port)
                .is_err_and(|error| error.to_string().contains("PLUGIN_MIN_PORT"))
        );
        drop(taken);
        let listener = Listener::tcp(port..=port).unwrap();
        assert_eq!(
            listener.socket(),
            &Socket::Tcp((Ipv4Addr::LOCALHOST, port).into())
        );
    }
}
