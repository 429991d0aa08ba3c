//! Whether a journal's normal form of identifiers is the one that this process is told to write and to ask in.

use anyhow::bail;
use types::normal_form::NORMALISER_VERSION;

/// Compares what the journal says of itself, version and region, with the configured region. `elsewhere` is the setting by which
/// another journal is chosen.
///
/// # Errors
/// What differs, with the remedy.
pub(super) fn compare((version, held): (u32, &str), wanted: &str, elsewhere: &str) -> anyhow::Result<()> {
    if version > NORMALISER_VERSION {
        bail!(
            "its identifiers are in normal form {version}, and this Patron knows {NORMALISER_VERSION}; start a Patron that is as \
             new as the one that wrote it"
        );
    }
    if held != wanted {
        bail!(
            "its phone numbers were read with identity.phone_region = \"{held}\", but now it is \"{wanted}\": the same numbers \
             would become other identifiers; set identity.phone_region = \"{held}\", or choose another {elsewhere} and \
             publish anew"
        );
    }
    Ok(())
}
