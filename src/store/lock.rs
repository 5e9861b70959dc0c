//! One process per data folder, held by an advisory lock that dies with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::StoreError;

/// The lock of a data folder; released when dropped.
pub struct FolderLock(#[expect(dead_code, reason = "holding the file holds the lock")] File);

impl FolderLock {
    /// Takes the lock or says that another process has it.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let folder = |source| StoreError::Folder {
            path: dir.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("lock"))
            .map_err(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }
}
