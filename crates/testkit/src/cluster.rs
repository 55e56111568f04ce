//! A PostgreSQL cluster to throw away, made by the distribution's own `initdb` and `pg_ctl`.
//!
//! Test runners give each test a process of its own, and a cluster takes a second to start: so one
//! is shared by all processes that run at the same time. Each holds a shared lock on a file; a
//! reaper waits until nobody does, stops the server and removes the folder. The lock of a process
//! that panics or is killed is gone with it, and so the cluster is never left behind.

mod standby;

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// How a commit reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production.
    Full,
    /// Not at all: quick, for tests that crash no server.
    None,
}

/// A running cluster. It is stopped and removed once every process that uses it has ended.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    _used: File,
}

impl Cluster {
    /// The cluster that all tests share; it loses what a crash of the machine would take.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            // Another working copy has a cluster of its own.
            let place = env!("CARGO_MANIFEST_DIR").bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
            Self::at(
                &std::env::temp_dir().join(format!("tacenda-pg-{place:016x}")),
                Durability::None,
            )
        })
    }

    /// A cluster of the caller's own, which it may crash.
    ///
    /// # Panics
    /// As [`Cluster::shared`].
    #[must_use]
    pub fn own(durability: Durability) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tacenda-pg-{}-{n}", std::process::id());
        Self::at(&std::env::temp_dir().join(name), durability)
    }

    fn at(folder: &Path, durability: Durability) -> Self {
        let used = loop {
            fs::create_dir_all(folder).expect("a folder for the cluster");
            let used = File::create(folder.join("used")).expect("a lock file");
            used.lock_shared().expect("a lock");
            // The reaper may have removed the folder while we waited.
            if same_file(&used, &folder.join("used")) {
                break used;
            }
        };
        let starting = File::create(folder.join("starting")).expect("a lock file");
        starting.lock().expect("a lock");
        let port_file = folder.join("port");
        let port = match fs::read_to_string(&port_file).ok().and_then(|port| port.parse().ok()) {
            Some(port) if is_ready(port) => port,
            _ => {
                let port = start(folder, durability);
                fs::write(&port_file, port.to_string()).expect("the port's file");
                port
            }
        };
        Self { folder: folder.to_owned(), port, _used: used }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database, as the superuser `postgres`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// A name that no other test uses, for a schema or a database.
    #[must_use]
    pub fn unique_name(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// A new database; answers with its URL.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        let name = self.unique_name();
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Runs statements with `psql`; answers with what they print, without headers.
    ///
    /// # Panics
    /// If one fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(tool("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url(database))
            .output()
            .expect("psql");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Stops the server as a crash would, and starts it again.
    ///
    /// # Panics
    /// If it does not come back.
    pub fn crash(&self) {
        ctl(&self.folder, &["stop", "-m", "immediate"]);
        ctl(&self.folder, &["start", "-w", "-t", "60", "-l", &log(&self.folder)]);
    }

    /// Stops the server in good order.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stop(&self) {
        ctl(&self.folder, &["stop", "-m", "fast", "-w", "-t", "60"]);
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        ctl(&self.folder, &["start", "-w", "-t", "60", "-l", &log(&self.folder)]);
    }

    /// Where the server keeps its files.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

const fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

#[cfg(unix)]
fn same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (open, there) = (open.metadata(), fs::metadata(path));
    open.is_ok_and(|open| there.is_ok_and(|there| open.ino() == there.ino()))
}

#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Makes and starts a cluster, and the reaper that will remove it.
fn start(folder: &Path, durability: Durability) -> u16 {
    let data = folder.join("data");
    if data.exists() {
        // Left by a server that did not come up.
        let _ = run(server_tool("pg_ctl").args(["stop", "-m", "immediate", "-D"]).arg(&data));
        fs::remove_dir_all(&data).expect("to remove an old cluster");
    }
    give_away(folder);
    let made = run(server_tool("initdb")
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data));
    assert!(made, "initdb failed");
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
    let port = port.expect("a free port").port();
    let durable = if durability == Durability::Full { "on" } else { "off" };
    let settings = format!(
        "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
         max_connections = 300\nshared_buffers = '128MB'\nfsync = {durable}\n\
         full_page_writes = {durable}\nmax_wal_size = '512MB'\nmin_wal_size = '32MB'\n",
        folder.display()
    );
    let config = data.join("postgresql.conf");
    let mut file = File::options().append(true).open(config).expect("the server's settings");
    file.write_all(settings.as_bytes()).expect("the server's settings");
    reap(folder);
    ctl(folder, &["start", "-w", "-t", "60", "-l", &log(folder)]);
    assert!(is_ready(port), "the server did not start: see {}", log(folder));
    port
}

/// A shell that outlives us: once nobody holds the lock, and nobody has come back within seconds,
/// it stops the server and removes the folder.
#[expect(clippy::zombie_processes, reason = "it outlives us, and that is its purpose")]
fn reap(folder: &Path) {
    let script = "folder=$1; shift; while [ -e \"$folder/used\" ]; do \
        flock -x \"$folder/used\" true; sleep 4; \
        flock -n -x \"$folder/used\" sh -c 'folder=$1; shift; \"$@\"; mv \"$folder\" \"$folder.gone\"; rm -rf \"$folder.gone\"' \
            reaper \"$folder\" \"$@\"; done";
    let mut stop = server_tool("pg_ctl");
    stop.args(["stop", "-m", "immediate", "-D"]).arg(folder.join("data"));
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", script, "reaper"]).arg(folder);
    command.arg(stop.get_program()).args(stop.get_args()).current_dir("/");
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().expect("setsid");
}

fn log(folder: &Path) -> String {
    folder.join("data").join("server.log").display().to_string()
}

fn ctl(folder: &Path, arguments: &[&str]) {
    let mut command = server_tool("pg_ctl");
    command.args(arguments).arg("-D").arg(folder.join("data"));
    assert!(run(&mut command), "{arguments:?} failed: see {}", log(folder));
}

fn run(command: &mut Command) -> bool {
    // The server must not hold our pipes open.
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_ready(port: u16) -> bool {
    let ready = |_| {
        let mut command = Command::new(tool("pg_isready"));
        let is = run(command.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]));
        if !is {
            thread::sleep(Duration::from_millis(100));
        }
        is
    };
    (0..3).any(ready)
}

/// A program of the distribution.
fn tool(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(folder_of_tools).join(name)
}

fn folder_of_tools() -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output();
    let told = told.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let told = told.map(|folder| PathBuf::from(folder.trim()));
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let has_server = |folder: &PathBuf| folder.join("initdb").exists();
    told.into_iter()
        .chain(folders.into_iter().rev())
        .find(has_server)
        .expect("PostgreSQL is missing: apt-get install postgresql")
}

/// A program of the server, which refuses to run as root.
fn server_tool(name: &str) -> Command {
    match user() {
        None => Command::new(tool(name)),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={user}")).arg(format!("--regid={}", group(user)));
            command.args(["--clear-groups", "--"]).arg(tool(name)).current_dir("/");
            command
        }
    }
}

/// Whom the server runs as, if we are root.
fn user() -> Option<&'static str> {
    match said(Command::new("id").arg("-u"))?.as_str() {
        "0" if said(Command::new("id").args(["-u", "postgres"])).is_some() => Some("postgres"),
        "0" => Some("nobody"),
        _ => None,
    }
}

fn group(user: &str) -> String {
    said(Command::new("id").args(["-gn", user])).expect("a group")
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn give_away(folder: &Path) {
    if let Some(user) = user() {
        let owner = format!("{user}:{}", group(user));
        assert!(run(Command::new("chown").arg(owner).arg(folder)), "chown failed");
    }
}
