//! The parts of `polyphase resample` that take what others wrote.

#[path = "../../src/bin/polyphase/resample/paths.rs"]
pub(crate) mod paths;
#[path = "../../src/bin/polyphase/resample/record.rs"]
pub(crate) mod record;
