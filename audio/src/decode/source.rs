//! symphonia's view of an [`Input`].

use symphonia::core::io::MediaSource;

use crate::source::Input;

impl MediaSource for Input {
    fn is_seekable(&self) -> bool {
        self.seekable().get()
    }

    fn byte_len(&self) -> Option<u64> {
        self.spliced_len()
    }
}
