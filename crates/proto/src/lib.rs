//! Generated gRPC types and services of `proto/patron/…/v1`, their descriptors, and protobuf's canonical JSON.
//!
//! Never holds logic: what a message means is its server's. The journal's record messages are `types::record`.

/// One module a package, with the version as a module in it: that is how generated code names the types of other packages.
macro_rules! package {
    ($(#[$doc:meta])* $name:ident, $proto:literal) => {
        $(#[$doc])*
        pub mod $name {
            pub use v1::*;

            /// Version 1.
            #[allow(missing_docs, unreachable_pub, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
            pub mod v1 {
                tonic::include_proto!($proto);
            }
        }
    };
}

package!(/// `patron.ingest.v1`
    ingest, "patron.ingest.v1");
package!(/// `patron.customer.v1`
    customer, "patron.customer.v1");
package!(/// `patron.definition.v1`
    definition, "patron.definition.v1");
package!(/// `patron.segment.v1`
    segment, "patron.segment.v1");
package!(/// `patron.admin.v1`
    admin, "patron.admin.v1");

pub mod codec;
pub mod encoded;
pub mod json;
pub mod mask;

/// The encoded `FileDescriptorSet` of all services, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
