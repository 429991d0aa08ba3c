//! Compiles Patron's services without a system protoc, and keeps their descriptors for reflection and JSON.

use std::{env, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = "../../proto";
    let files = [
        "patron/ingest/v1/ingest_service.proto",
        "patron/ingest/v1/dead_letter_service.proto",
        "patron/ingest/v1/identity_service.proto",
        "patron/customer/v1/customer_service.proto",
        "patron/customer/v1/identity_feed_service.proto",
        "patron/definition/v1/apply_service.proto",
        "patron/definition/v1/definition_service.proto",
        "patron/segment/v1/segment_service.proto",
        "patron/segment/v1/membership_feed_service.proto",
        "patron/customer/v1/export_service.proto",
        "patron/admin/v1/admin_service.proto",
        "patron/admin/v1/verify_service.proto",
        "patron/admin/v1/rebuild_service.proto",
        "patron/admin/v1/checkpoint_service.proto",
    ];
    println!("cargo:rerun-if-changed={root}");
    let descriptors = protox::compile(files, [root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".")
        .codec_path("crate::codec::CheckedCodec")
        .extern_path(".patron.journal.v1", "::types::record")
        .compile_fds(descriptors)?;
    Ok(())
}
