//! Running Patron: what is refused at start and with which remedy, an orderly end, health, and a disk that fills up.
#![cfg(test)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use tests::process::{Server, command, up, wait_a_little};

/// Standard error of a `patron up` that must not come up.
fn refused(mut up: Command) -> String {
    let mut child = up.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("came up and stayed up");
        }
        wait_a_little();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "came up: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn get(http: &str, path: &str) -> String {
    let address = http.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn generate_into(server: &Server, touchpoints: &str) {
    server.ask(&[
        "generate",
        "--seed",
        "5",
        "--customers",
        "200",
        "--touchpoints",
        touchpoints,
        "--server",
        &server.grpc,
    ]);
}

#[test]
fn a_taken_port_is_named_and_no_data_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("one")).unwrap();
    let mut second = up(&dir.path().join("two"));
    second.env("PATRON_GRPC_ADDR", server.grpc.trim_start_matches("http://"));
    let said = refused(second);
    assert!(said.contains("grpc.addr") && said.contains("PATRON_GRPC_ADDR"), "{said}");
    assert!(!dir.path().join("two/journal").exists());
}

#[test]
fn a_data_directory_in_use_is_refused_and_the_other_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let said = refused(up(dir.path()));
    assert!(said.contains("in use") && said.contains(dir.path().to_str().unwrap()), "{said}");
    generate_into(&server, "100");
}

#[test]
fn bad_configuration_names_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("patron.toml");
    for (text, key) in [
        ("[journl]\n", "journal"),
        ("[journal]\npartitions = 0\n", "journal.partitions"),
        ("[log]\nfilter = 5\n", "filter"),
    ] {
        std::fs::write(&file, text).unwrap();
        let mut bad = up(dir.path());
        bad.arg("--config").arg(&file);
        let said = refused(bad);
        assert!(said.contains(key), "{text}: {said}");
    }
    let mut open = up(dir.path());
    open.env("PATRON_GRPC_ADDR", "0.0.0.0:7700");
    let said = refused(open);
    assert!(said.contains("grpc.addr") && said.contains("loopback"), "{said}");
}

#[test]
fn sigterm_ends_orderly_and_the_next_start_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    generate_into(&server, "2000");
    let before = server.digest();
    assert_eq!(server.terminate().code(), Some(0));
    // The state is thrown away: it must come back from the journal alone.
    std::fs::remove_dir_all(dir.path().join("generations")).unwrap();
    let server = Server::start(dir.path()).unwrap();
    assert_eq!(server.digest()["state"], before["state"]);
}

#[test]
fn sigterm_during_an_open_stream_ends_too_and_nothing_accepted_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let (grpc, touchpoints) = (server.grpc.clone(), "150000");
    let arguments = ["generate", "--seed", "8", "--touchpoints", touchpoints, "--server", &grpc, "--rate", "20000"];
    let mut sending = command(&arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
    while server.ask(&["status", "--output", "json"]).matches("\"touchpoints\"").count() == 0 {
        wait_a_little();
    }
    assert_eq!(server.terminate().code(), Some(0));
    let server = Server::start_with(dir.path(), &[("PATRON_GRPC_ADDR", grpc.trim_start_matches("http://"))]).unwrap();
    assert!(sending.wait().unwrap().success());
    let digest = server.digest();
    let other = tempfile::tempdir().unwrap();
    let undisturbed = Server::start(other.path()).unwrap();
    undisturbed.ask(&["generate", "--seed", "8", "--touchpoints", touchpoints, "--server", &undisturbed.grpc]);
    assert_eq!(digest["state"], undisturbed.digest()["state"]);
}

#[test]
fn health_and_metrics_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    generate_into(&server, "500");
    server.caught_up();
    assert!(get(&server.http, "/livez").starts_with("HTTP/1.1 200"));
    assert!(get(&server.http, "/readyz").starts_with("HTTP/1.1 200"));
    let metrics = get(&server.http, "/metrics");
    let accepted = metrics.lines().find(|line| line.starts_with("patron_ingest_accepted_total")).unwrap_or_default();
    assert!(accepted.ends_with(" 500"), "{metrics}");
    let folded = ["touchpoints", "copies", "conflicts"].map(|what| {
        let name = format!("patron_projector_{what}_total ");
        let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
        count.unwrap_or_else(|| panic!("no {name}in {metrics}")).parse::<u64>().unwrap()
    });
    assert_eq!(folded.iter().sum::<u64>(), 500, "each counted once, when it is written: {folded:?}");
}

#[test]
fn a_journal_cut_below_what_the_state_has_applied_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[("PATRON_JOURNAL_PARTITIONS", "1")]).unwrap();
    generate_into(&server, "2000");
    server.caught_up();
    assert!(server.terminate().success());
    let segment =
        files(&dir.path().join("journal")).into_iter().max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let length = segment.metadata().unwrap().len();
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(length / 2).unwrap();
    let mut cut = up(dir.path());
    cut.env("PATRON_JOURNAL_PARTITIONS", "1");
    let said = refused(cut);
    assert!(said.contains("state and the journal do not fit") && said.contains("restore"), "{said}");
}

#[test]
fn a_damaged_journal_is_refused_with_the_files_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[("PATRON_JOURNAL_PARTITIONS", "1")]).unwrap();
    generate_into(&server, "2000");
    assert!(server.terminate().success());
    let segment =
        files(&dir.path().join("journal")).into_iter().max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&segment, bytes).unwrap();
    let mut damaged = up(dir.path());
    damaged.env("PATRON_JOURNAL_PARTITIONS", "1");
    let said = refused(damaged);
    assert!(said.contains(segment.file_name().unwrap().to_str().unwrap()), "{said}");
}

#[test]
fn state_of_a_newer_format_or_another_key_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Server::start(dir.path()).unwrap().terminate().success());
    let mut other_key = up(dir.path());
    other_key.env("PATRON_HASH_KEY", "another");
    let said = refused(other_key);
    assert!(said.contains("hash key") && said.contains("hash_key"), "{said}");
    // The journal was written with the key too, so deleting the state does not make another key good.
    std::fs::remove_dir_all(dir.path().join("generations")).unwrap();
    let mut other_key = up(dir.path());
    other_key.env("PATRON_HASH_KEY", "another");
    let said = refused(other_key);
    assert!(said.contains("hash key") && said.contains("hash_key"), "{said}");
    newer_state(dir.path());
    let said = refused(up(dir.path()));
    assert!(said.contains("format version") && said.contains("upgrade patron"), "{said}");
}

#[test]
fn another_phone_region_is_refused_with_the_remedy_and_an_older_journal_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let region = |code: &'static str| [("PATRON_IDENTITY_PHONE_REGION", code)];
    assert!(Server::start_with(dir.path(), &region("AT")).unwrap().terminate().success());
    for code in ["", "DE"] {
        // Nor does deleting the state make another one good: partition keys follow from it.
        drop(std::fs::remove_dir_all(dir.path().join("state")));
        let mut other = up(dir.path());
        other.envs(region(code));
        let said = refused(other);
        assert!(said.contains("set identity.phone_region = \"AT\""), "{said}");
    }
    assert!(Server::start_with(dir.path(), &region("at")).unwrap().terminate().success());
    let held = dir.path().join("identifiers.normal_form");
    assert_eq!(std::fs::read_to_string(&held).unwrap(), "2 AT");
    std::fs::write(&held, "3 AT").unwrap();
    let mut older = up(dir.path());
    older.envs(region("AT"));
    assert!(refused(older).contains("normal form 3"));
    // As a journal from before there were normal forms.
    std::fs::remove_file(&held).unwrap();
    assert!(Server::start(dir.path()).unwrap().terminate().success());
    assert_eq!(std::fs::read_to_string(&held).unwrap(), "2");
}

/// A state as a later version might write it.
fn newer_state(data_dir: &Path) {
    std::fs::create_dir_all(data_dir.join("generations")).unwrap();
    let settings =
        store::StoreSettings { sync: true, ..store::StoreSettings::small(store::live_dir(data_dir).unwrap()) };
    let newer = store::Manifest { format_version: store::manifest::FORMAT_VERSION + 1, ..store::Manifest::default() };
    drop(store::Store::open(&settings, &newer).unwrap());
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A file system of its own, so small that it fills up; needs the right to mount.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(dir.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(dir))
    }

    fn enlarge(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=512m"]).arg(self.0.path()).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn a_full_disk_loses_nothing_and_it_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new() else {
        eprintln!("SKIPPED: no right to mount a small file system");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    let path = file.to_str().unwrap();
    assert!(
        command(&["generate", "--seed", "3", "--customers", "500", "--touchpoints", "60000", "--to", path])
            .status()
            .unwrap()
            .success()
    );
    let server = Server::start(disk.0.path()).unwrap();
    let mut import = command(&["import", path]);
    let mut importing = import.env("PATRON_SERVER", &server.grpc).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // Full when less than half a megabyte is left; the import then waits and tries again.
    let mut rounds = 0;
    while room(disk.0.path()) > 512 && importing.try_wait().unwrap().is_none() {
        wait_a_little();
        rounds += 1;
        assert!(rounds < 6_000, "the disk did not fill up");
    }
    assert!(importing.try_wait().unwrap().is_none(), "the import ended before the disk was full");
    let before = server.ask(&["status"]);
    assert!(before.contains("Shards"), "reads go on: {before}");
    disk.enlarge();
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let filled = server.digest();
    let roomy = Server::start(dir.path()).unwrap();
    roomy.ask(&["import", path]);
    assert_eq!(filled["state"], roomy.digest()["state"]);
    drop(server);
}

/// Kilobytes left.
fn room(path: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-k"]).arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().nth(1).and_then(|line| line.trim().parse().ok()).unwrap_or(u64::MAX)
}
