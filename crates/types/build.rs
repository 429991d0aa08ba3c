//! Compiles the journal's record messages, which are domain types, without a system protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = "../../proto";
    let files = [
        "patron/journal/v1/touchpoint.proto",
        "patron/journal/v1/identity_decision.proto",
        "patron/journal/v1/definition.proto",
        "patron/journal/v1/envelope.proto",
    ];
    println!("cargo:rerun-if-changed={root}/patron/journal");
    let descriptors = protox::compile(files, [root])?;
    // Ordered maps: the encoded bytes of equal messages are equal, which the content hash relies on.
    prost_build::Config::new().btree_map(["."]).compile_fds(descriptors)?;
    Ok(())
}
