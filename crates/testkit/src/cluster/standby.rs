//! A standby of a cluster, and its promotion.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Cluster, ctl, give_away, is_ready, log, reap, run, server_tool};

impl Cluster {
    /// A standby that this cluster feeds over the loopback. Its name there, for
    /// `synchronous_standby_names`, is `standby`.
    ///
    /// # Panics
    /// If it cannot be made or does not start.
    #[must_use]
    pub fn standby(&self) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tacenda-pg-{}-standby-{n}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the standby");
        let used = File::create(folder.join("used")).expect("a lock file");
        used.lock_shared().expect("a lock");
        give_away(&folder);
        let data = folder.join("data");
        let from = self.port.to_string();
        let copied = run(server_tool("pg_basebackup")
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &from])
            .args(["-X", "stream", "-c", "fast", "-R", "--no-sync", "-D"])
            .arg(&data));
        assert!(copied, "pg_basebackup failed");
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let settings = format!(
            "port = {port}\nunix_socket_directories = '{}'\ncluster_name = 'standby'\n\
             hot_standby_feedback = on\nwal_receiver_status_interval = 1\n\
             wal_retrieve_retry_interval = '200ms'\n",
            folder.display()
        );
        let config = File::options().append(true).open(data.join("postgresql.conf"));
        config.and_then(|mut file| file.write_all(settings.as_bytes())).expect("its settings");
        reap(&folder);
        ctl(&folder, &["start", "-w", "-t", "60", "-l", &log(&folder)]);
        assert!(is_ready(port), "the standby did not start: see {}", log(&folder));
        Self { folder, port, _used: used }
    }

    /// Makes a standby a server of its own.
    ///
    /// # Panics
    /// If it is none.
    pub fn promote(&self) {
        ctl(&self.folder, &["promote", "-w", "-t", "60"]);
    }

    /// Stops the server as a crash would, for good.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn kill(&self) {
        ctl(&self.folder, &["stop", "-m", "immediate"]);
    }
}
