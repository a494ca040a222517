//! stub
use std::{io, path::{Path, PathBuf}, sync::Arc, future::Future};
use aws_smithy_async::time::SharedTimeSource;
#[derive(Debug)] pub struct Store;
#[derive(Debug, thiserror::Error)] pub enum OpenError { #[error("in use")] InUse { dir: PathBuf } }
#[derive(Debug)] pub struct Announcement;
impl Store { pub fn open(_: &Path, _: SharedTimeSource) -> Result<Arc<Store>, OpenError> { Ok(Arc::new(Store)) } pub fn announce(&self, _: &str) -> io::Result<Announcement> { Ok(Announcement) } }
pub fn served_at(_: &Path) -> Option<String> { None }
pub async fn serve(_: tokio::net::TcpListener, _: Arc<Store>, _: impl Future<Output = ()> + Send + 'static) -> io::Result<()> { Ok(()) }
