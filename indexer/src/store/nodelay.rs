//! Statements of more than a segment are sent at once.
//!
//! sqlx 0.9.0 leaves Nagle's algorithm on (transact-rs/sqlx#4335; mended there, not released):
//! the last bytes of a long statement then wait 40 ms for the server's delayed
//! acknowledgement, which costs the ledger half of its rate. It gives nobody its sockets
//! either, so they are found among those of this process. To go with the next release.

use sqlx::postgres::PgConnectOptions;

/// Turns Nagle's algorithm off for all connections of this process to that port. Where the
/// system does not allow it, statements are slower, and nothing else.
#[cfg(target_os = "linux")]
pub fn set(options: &PgConnectOptions) {
    let is_local = options.get_socket().is_some() || options.get_host().starts_with('/');
    if is_local {
        return;
    }
    if let Err(error) = linux::set(options.get_port()) {
        tracing::debug!(%error, "long statements to Postgres may wait for acknowledgements");
    }
}

#[cfg(not(target_os = "linux"))]
pub fn set(_: &PgConnectOptions) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, io, net::SocketAddr, os::fd::OwnedFd};

    use rustix::{
        net::{getpeername, sockopt},
        process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
    };

    /// Of all sockets to a port; an error when none can be reached.
    pub fn set(port: u16) -> io::Result<()> {
        let own = pidfd_open(getpid(), PidfdFlags::empty())?;
        let mut result = Ok(());
        for open in fs::read_dir("/proc/self/fd")?.filter_map(Result::ok) {
            let is_socket = fs::read_link(open.path())
                .is_ok_and(|link| link.to_string_lossy().starts_with("socket:"));
            let number = open.file_name().to_string_lossy().parse();
            let (true, Ok(number)) = (is_socket, number) else {
                continue;
            };
            // Another thread may have closed it meanwhile: then there is nothing to do.
            match pidfd_getfd(&own, number, PidfdGetfdFlags::empty()) {
                Ok(socket) if is_to(&socket, port) => sockopt::set_tcp_nodelay(&socket, true)?,
                Ok(_) => {}
                Err(rustix::io::Errno::BADF) => {}
                Err(error) => result = Err(error.into()),
            }
        }
        result
    }

    fn is_to(socket: &OwnedFd, port: u16) -> bool {
        let peer = getpeername(socket).ok().flatten();
        peer.and_then(|peer| SocketAddr::try_from(peer).ok())
            .is_some_and(|peer| peer.port() == port)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io,
        net::{TcpListener, TcpStream},
    };

    use super::linux;

    #[test]
    fn connections_to_the_port_are_found_and_no_others() -> io::Result<()> {
        let connect = || -> io::Result<_> {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let address = listener.local_addr()?;
            let stream = TcpStream::connect(address)?;
            Ok((listener, stream, address.port()))
        };
        let (_database, to_database, port) = connect()?;
        let (_other, to_other, _) = connect()?;
        linux::set(port)?;
        assert!(to_database.nodelay()?);
        assert!(!to_other.nodelay()?);
        Ok(())
    }
}
