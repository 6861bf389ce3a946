//! Files of inputs and outputs. Every operation on them passes here, where tests can make each of them fail.

mod fault;
mod temporary;

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

pub use temporary::{Temporary, remove_live, remove_stale};

/// An open file.
#[derive(Debug)]
pub struct File(fs::File);

impl File {
    /// Opens a file to read.
    pub fn open(path: &Path) -> io::Result<Self> {
        fault::gate("open")?;
        fs::File::open(path).map(Self)
    }

    /// Opens a file to add to its end, which may have to be looked at before; it is made if it is not there.
    pub fn append(path: &Path) -> io::Result<Self> {
        fault::gate("open to append")?;
        fs::File::options().read(true).append(true).create(true).open(path).map(Self)
    }

    /// A file without a name, which is gone when it is closed.
    pub fn nameless(folder: &Path) -> io::Result<Self> {
        fault::gate("create without a name")?;
        tempfile::tempfile_in(folder).map(Self)
    }

    /// Size, kind and times of the file.
    pub fn metadata(&self) -> io::Result<Metadata> {
        fault::gate("metadata")?;
        self.0.metadata()
    }

    /// Waits until everything written is on the disk.
    pub fn sync_all(&self) -> io::Result<()> {
        fault::gate("sync")?;
        self.0.sync_all()
    }

    /// The file beneath, for what this type does not offer: locks, and whether it can be sought.
    pub fn as_std(&self) -> &fs::File {
        &self.0
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fault::gate("read")?;
        self.0.read(buffer)
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fault::gate("write")?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        fault::gate("seek")?;
        self.0.seek(position)
    }
}

/// What the names of all begin with that is kept beside the outputs.
const PREFIX: &str = ".polyphase-";

/// Whether a file of that name is no output, but something that is kept beside them.
pub fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Makes a folder, and those above it.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fault::gate("create a folder")?;
    fs::create_dir_all(folder)
}
