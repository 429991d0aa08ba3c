//! Exports through the real command line, and their manifests.

use std::{fs, path::Path};

use patron::export::Manifest;

use crate::process::Server;

/// Exports into a folder that is not there yet, with more arguments; the manifest, which is the one that was printed.
pub fn export(server: &Server, to: &Path, arguments: &[&str]) -> Manifest {
    let said = server.ask(&[&["export", "--to", to.to_str().expect("UTF-8"), "--output", "json"], arguments].concat());
    let written = fs::read_to_string(to.join("manifest.json")).expect("an export has a manifest");
    assert_eq!(said, written, "what is printed is what is written");
    serde_json::from_str(&written).expect("a manifest")
}

/// That the files beside the manifest are those that it names, as it has them.
pub fn assert_sealed(dir: &Path, manifest: &Manifest) {
    let mut names: Vec<String> = fs::read_dir(dir)
        .expect("it is there")
        .map(|entry| entry.expect("a name").file_name().into_string().expect("UTF-8"))
        .filter(|name| name != "manifest.json")
        .collect();
    names.sort();
    let mut sealed: Vec<String> = manifest.files.iter().map(|file| file.name.clone()).collect();
    sealed.sort();
    assert_eq!(names, sealed);
    for file in &manifest.files {
        let bytes = fs::read(dir.join(&file.name)).expect("it is there");
        assert_eq!((bytes.len() as u64, blake3::hash(&bytes).to_hex().as_str()), (file.bytes, file.blake3.as_str()));
    }
    for (table, rows) in &manifest.rows {
        let of_it = manifest.files.iter().filter(|file| file.table == *table);
        assert_eq!(of_it.map(|file| file.rows).sum::<u64>(), *rows, "{table}");
    }
}
