//! Generates readers of the journal's records other than the one that the product uses, to be measured beside it.

use std::{error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../proto";
    let files = ["patron/journal/v1/touchpoint.proto", "patron/journal/v1/envelope.proto"];
    println!("cargo:rerun-if-changed={root}/patron/journal");
    let descriptors = protox::compile(files, [root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let [shared, borrowed] = ["shared", "borrowed"].map(|name| out.join(name));
    fs::create_dir_all(&shared)?;
    fs::create_dir_all(&borrowed)?;
    let set = out.join("records.binpb");
    let encoded = descriptors.encode_to_vec();
    // Written anew, it would be newer than this run, and everything be built again.
    if fs::read(&set).ok().as_ref() != Some(&encoded) {
        fs::write(&set, encoded)?;
    }
    buffa_build::Config::new()
        .descriptor_set(set)
        .files(&files)
        .lazy_views(true)
        .out_dir(borrowed)
        .include_file("records.rs")
        .compile()?;
    prost_build::Config::new().btree_map(["."]).bytes(["."]).out_dir(shared).compile_fds(descriptors)?;
    Ok(())
}
