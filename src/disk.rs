//! The only code that calls fsync and rename.
//!
//! `object_store`'s local file system writes a temporary file and links it into place without ever
//! calling fsync, so after a power cut a Delta commit may name files that are empty. [`DurableStore`]
//! keeps its reads and replaces its writes: file synced before it becomes visible, folder synced after.
//! Crash tests count and stop its operations through [`CrashPoint`].

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// Stops every disk operation after the n-th, as a power cut would.
///
/// The default never stops. Tests set it with [`CrashPoint::after`].
#[derive(Clone, Debug, Default)]
pub struct CrashPoint(Option<Arc<AtomicI64>>);

impl CrashPoint {
    /// Lets `n` operations through and fails all later ones.
    pub fn after(n: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(n))))
    }

    fn pass(&self) -> io::Result<()> {
        match &self.0 {
            Some(left) if left.fetch_sub(1, Ordering::SeqCst) <= 0 => {
                Err(io::Error::other("stopped by a crash point"))
            }
            _ => Ok(()),
        }
    }
}

/// Makes a file's content durable.
pub fn sync_content(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// Makes the entries of a folder durable.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Writes a small file so that after a crash it holds either its old or its new content.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let staged = staging_path(path);
    let mut file = File::create(&staged)?;
    file.write_all(content)?;
    file.sync_all()?;
    rename(&staged, path)
}

/// Renames within one file system and makes the new name durable.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that renames"
)]
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    match to.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Removes a file so that it does not come back after a crash.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    match path.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Creates a folder that only its owner may enter, with its parents.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn staging_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    // The marker `#` is the one that `object_store` uses and leaves out of listings.
    name.push(format!("#{}", uuid::Uuid::new_v4().simple()));
    PathBuf::from(name)
}

/// A local object store whose every successful write has reached the disk.
#[derive(Debug)]
pub struct DurableStore {
    inner: LocalFileSystem,
    crash: CrashPoint,
}

impl DurableStore {
    /// Opens the store over the root of the local file system.
    pub fn new(crash: CrashPoint) -> Self {
        Self {
            inner: LocalFileSystem::new(),
            crash,
        }
    }

    fn check(&self) -> Result<()> {
        self.crash.pass().map_err(generic)
    }
}

impl std::fmt::Display for DurableStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DurableStore({})", self.inner)
    }
}

fn generic(source: io::Error) -> Error {
    Error::Generic {
        store: "DurableStore",
        source: source.into(),
    }
}

fn put_durably(path: &Path, payload: &PutPayload, mode: &PutMode) -> Result<()> {
    let dir = path
        .parent()
        .ok_or_else(|| generic(io::Error::other("a path without a folder")))?;
    if !dir.exists() {
        create_private_dir(dir).map_err(generic)?;
        dir.parent().map_or(Ok(()), sync_dir).map_err(generic)?;
    }
    let staged = staging_path(path);
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&staged)?;
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_all()
    })();
    let placed = written.and_then(|()| match mode {
        PutMode::Create => std::fs::hard_link(&staged, path),
        _ => rename(&staged, path),
    });
    if !matches!(mode, PutMode::Overwrite) || placed.is_err() {
        // The staged name is only a second name by now; a leftover is harmless and never listed.
        drop(std::fs::remove_file(&staged));
    }
    match placed {
        Ok(()) => sync_dir(dir).map_err(generic),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Err(Error::AlreadyExists {
            path: path.display().to_string(),
            source: source.into(),
        }),
        Err(source) => Err(generic(source)),
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(
        &self,
        location: &StorePath,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.check()?;
        let path = self.inner.path_to_filesystem(location)?;
        let put =
            tokio::task::spawn_blocking(move || put_durably(&path, &payload, &opts.mode)).await;
        put.map_err(|e| generic(io::Error::other(e)))??;
        self.check()?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &StorePath,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check()?;
        let path = self.inner.path_to_filesystem(location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(DurableUpload { inner, path }))
    }

    async fn get_opts(&self, location: &StorePath, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<StorePath>>,
    ) -> BoxStream<'static, Result<StorePath>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &StorePath,
        to: &StorePath,
        options: CopyOptions,
    ) -> Result<()> {
        self.check()?;
        self.inner.copy_opts(from, to, options).await?;
        let path = self.inner.path_to_filesystem(to)?;
        sync_file(path).await
    }
}

async fn sync_file(path: PathBuf) -> Result<()> {
    let synced = tokio::task::spawn_blocking(move || {
        File::open(&path)?.sync_all()?;
        path.parent().map_or(Ok(()), sync_dir)
    });
    synced
        .await
        .map_err(|e| generic(io::Error::other(e)))?
        .map_err(generic)
}

/// A multipart upload that is synced before it counts as complete.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        sync_file(self.path.clone()).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
