//! Compiles Patron's services without a system protoc, and keeps their descriptors for reflection and JSON.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use prost::Message as _;
use prost_types::FileDescriptorSet;

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
        .compile_fds(descriptors.clone())?;
    encoded(descriptors, &out)
}

/// `CustomerService` once more, for a server that has customers at hand as they were encoded: only the messages of its look-ups
/// are others, and those are written by hand.
fn encoded(mut descriptors: FileDescriptorSet, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    const PACKAGES: [&str; 3] = ["patron.customer.v1", "patron.journal.v1", "google.protobuf"];
    descriptors.file.retain(|file| {
        PACKAGES.contains(&file.package())
            && (file.service.is_empty() || file.name() == "patron/customer/v1/customer_service.proto")
    });
    let out = out.join("encoded");
    fs::create_dir_all(&out)?;
    let by_hand =
        ["GetCustomerRequest", "GetCustomerResponse", "BatchGetCustomersRequest", "BatchGetCustomersResponse"];
    let builder = tonic_prost_build::configure()
        .build_client(false)
        .out_dir(out)
        .codec_path("crate::codec::CheckedCodec")
        .extern_path(".patron.journal.v1", "::types::record")
        .extern_path(".patron.customer.v1", "crate::customer::v1");
    let builder = by_hand.into_iter().fold(builder, |builder, name| {
        builder.extern_path(format!(".patron.customer.v1.{name}"), format!("crate::encoded::{name}"))
    });
    builder.compile_fds(descriptors)?;
    Ok(())
}
