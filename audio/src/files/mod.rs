//! Input and output files. Every operation on them passes a fail point, at which tests can make it fail.

mod fail_point;
mod temporary;

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use self::fail_point::fail_point;
pub use self::temporary::{Temporary, remove_live, remove_stale};

/// An open file.
#[derive(Debug)]
pub struct File(fs::File);

impl File {
    /// Opens a file to read.
    ///
    /// # Errors
    /// As [`fs::File::open`].
    pub fn open(path: &Path) -> io::Result<Self> {
        fail_point("open")?;
        fs::File::open(path).map(Self)
    }

    /// Opens a file to read it and to append to it, and creates it if it does not exist.
    ///
    /// # Errors
    /// As [`fs::OpenOptions::open`].
    pub fn append(path: &Path) -> io::Result<Self> {
        fail_point("open to append")?;
        fs::File::options().read(true).append(true).create(true).open(path).map(Self)
    }

    /// Creates a file without a name, which is gone when it is closed.
    ///
    /// # Errors
    /// If none can be created in the folder.
    pub fn nameless(folder: &Path) -> io::Result<Self> {
        fail_point("create without a name")?;
        tempfile::tempfile_in(folder).map(Self)
    }

    /// Size, kind and times of the file.
    ///
    /// # Errors
    /// As [`fs::File::metadata`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        fail_point("metadata")?;
        self.0.metadata()
    }

    /// Syncs everything that was written to the disk.
    ///
    /// # Errors
    /// As [`fs::File::sync_all`].
    pub fn sync_all(&self) -> io::Result<()> {
        fail_point("sync")?;
        self.0.sync_all()
    }

    /// The underlying file of the standard library, for locks and the like.
    pub fn as_std(&self) -> &fs::File {
        &self.0
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fail_point("read")?;
        self.0.read(buffer)
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fail_point("write")?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        fail_point("seek")?;
        self.0.seek(position)
    }
}

/// Prefix of the names of temporary files and of the record, which are in the same folder as the outputs.
const PREFIX: &str = ".polyphase-";

/// True for the name of a temporary file or of the record.
pub fn is_internal(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Creates a folder and its parents.
///
/// # Errors
/// As [`fs::create_dir_all`].
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fail_point("create a folder")?;
    fs::create_dir_all(folder)
}

/// Returns the parent folder of a path: `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file that appears under its name when it is complete, or not at all. An existing file is replaced only with
/// `overwrite`.
///
/// # Errors
/// If the file cannot be written, or exists and `overwrite` is false.
pub fn write_whole(path: &Path, bytes: &[u8], overwrite: bool) -> io::Result<()> {
    let temporary = Temporary::new(folder_of(path))?;
    temporary.writer()?.write_all(bytes)?;
    temporary.publish(path, overwrite)
}
