//! Objects in a store that speaks the S3 protocol.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart};
use url::Url;

use super::Found;
use crate::error::failed;
use crate::{RegistryError, Timestamp};

/// Bytes of one request of an upload; larger objects are uploaded in parts.
const PART_BYTES: usize = 8 << 20;

/// Parts of one object under way at a time.
const PARTS_AT_ONCE: usize = 4;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long one request may take: a part up, or an object down.
const REQUEST: Duration = Duration::from_secs(120);

/// How long a request that fails is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// What may stand in the query of the URL. Credentials may not: they come from the environment (`AWS_ACCESS_KEY_ID`, ..).
pub(crate) const OPTIONS: [&str; 5] = ["endpoint", "region", "allow_http", "skip_signature", "virtual_hosted_style_request"];

/// A bucket, or the part of it under a prefix.
#[derive(Debug)]
pub(crate) struct Remote {
    store: AmazonS3,
    prefix: String,
}

impl Remote {
    pub(crate) fn open(url: &str) -> Result<Self, RegistryError> {
        // One cryptography library serves the database's connections and these; the second call finds it installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (builder, prefix) = configured(url)?;
        let retry = RetryConfig { max_retries: 3, retry_timeout: RETRY, backoff: BackoffConfig::default() };
        let client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST);
        // The builder takes the option `allow_http` into client options of its own, which the next line would replace.
        let client = client.with_allow_http(allows_http(url));
        let store = builder.with_retry(retry).with_client_options(client).build().map_err(|error| bad(error.to_string()))?;
        Ok(Self { store, prefix })
    }

    pub(crate) async fn write(&self, object: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        if bytes.len() <= PART_BYTES {
            let put = self.store.put(&self.path(object), Bytes::copy_from_slice(bytes).into()).await;
            return put.map(|_| ()).map_err(|error| refused(object, error));
        }
        self.write_from(object, bytes, &mut |_| ()).await
    }

    /// The same for what a reader gives; each piece is told to `seen`.
    pub(crate) async fn write_from(&self, object: &str, mut from: impl Read, seen: &mut dyn FnMut(&[u8])) -> Result<(), RegistryError> {
        let upload = self.store.put_multipart(&self.path(object)).await.map_err(|error| refused(object, error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut piece = vec![0; PART_BYTES];
        let copied = loop {
            if let Err(error) = parts.wait_for_capacity(PARTS_AT_ONCE).await {
                break Err(refused(object, error));
            }
            match from.read(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    seen(&piece[..length]);
                    parts.write(&piece[..length]);
                }
                Err(source) => break Err(RegistryError::Io { action: "read", path: object.into(), source }),
            }
        };
        if let Err(error) = copied {
            // Best effort: a part that is left costs space until the bucket's own rules remove it.
            let _ = parts.abort().await;
            return Err(error);
        }
        parts.finish().await.map(|_| ()).map_err(|error| refused(object, error))
    }

    /// Copies an object into a file, unless it has more than `most` bytes; its length, or `None` where there is no such object.
    pub(crate) async fn copy(&self, object: &str, mut file: &File, most: u64) -> Result<Option<u64>, RegistryError> {
        let found = match self.store.get(&self.path(object)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            other => other.map_err(|error| refused(object, error))?,
        };
        let length = found.meta.size;
        if length > most {
            return Ok(Some(length));
        }
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|error| refused(object, error))? {
            file.write_all(&piece).map_err(|source| failed("write a copy of", object.as_ref(), source))?;
        }
        Ok(Some(length))
    }

    /// The bytes; `None` where there is no such object.
    pub(crate) async fn read(&self, object: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let read = async { self.store.get(&self.path(object)).await?.bytes().await };
        match read.await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            other => other.map(|bytes| Some(bytes.to_vec())).map_err(|error| refused(object, error)),
        }
    }

    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<Found>, RegistryError> {
        let now = Timestamp::now().milliseconds();
        let found: Vec<_> = self.store.list(Some(&self.path(folder))).try_collect().await.map_err(|error| refused(folder, error))?;
        let named = found.into_iter().filter_map(|object| {
            let name = object.location.filename()?.to_owned();
            let age = u64::try_from(now - object.last_modified.timestamp_millis()).unwrap_or_default();
            Some(Found { object: format!("{folder}/{name}"), age: Duration::from_millis(age) })
        });
        Ok(named.collect())
    }

    pub(crate) async fn rename(&self, object: &str, new: &str) -> Result<(), RegistryError> {
        match self.store.copy(&self.path(object), &self.path(new)).await {
            Ok(()) => self.remove(object).await,
            // Another replica was faster.
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(refused(object, error)),
        }
    }

    pub(crate) async fn remove(&self, object: &str) -> Result<(), RegistryError> {
        match self.store.delete(&self.path(object)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(refused(object, error)),
        }
    }

    fn path(&self, object: &str) -> Path {
        Path::from(format!("{}/{object}", self.prefix))
    }
}

/// Reads `s3://bucket/prefix?region=..`.
fn configured(url: &str) -> Result<(AmazonS3Builder, String), RegistryError> {
    let url = Url::parse(url).map_err(|error| bad(error.to_string()))?;
    if url.scheme() != "s3" {
        return Err(bad(format!("the scheme `{}` is not known", url.scheme())));
    }
    let bucket = url.host_str().filter(|bucket| !bucket.is_empty()).ok_or_else(|| bad("it names no bucket".to_owned()))?;
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    for (name, value) in url.query_pairs() {
        let key = name.parse::<AmazonS3ConfigKey>().ok().filter(|_| OPTIONS.contains(&name.as_ref()));
        let key =
            key.ok_or_else(|| bad(format!("`{name}` is not one of the options {}", OPTIONS.map(|name| format!("`{name}`")).join(", "))))?;
        builder = builder.with_config(key, value);
    }
    Ok((builder, url.path().trim_matches('/').to_owned()))
}

fn allows_http(url: &str) -> bool {
    let by_url = Url::parse(url).is_ok_and(|url| url.query_pairs().any(|(name, value)| name == "allow_http" && value == "true"));
    by_url || std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true")
}

fn bad(reason: String) -> RegistryError {
    RegistryError::BadUrl { what: "artifacts URL", expected: "`s3://bucket/prefix`", reason }
}

/// What the store knows of itself it says with a name; the rest is a network that fails or a server that is away.
fn refused(object: &str, error: object_store::Error) -> RegistryError {
    match error {
        object_store::Error::Generic { .. } => RegistryError::Unavailable { what: "object store", source: Some(error.into()) },
        _ => RegistryError::Objects { object: object.to_owned(), source: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("s3://bucket", "")]
    #[case("s3://bucket/some/prefix/", "some/prefix")]
    #[case("s3://bucket/a?region=eu-west-1&endpoint=http://127.0.0.1:9000&allow_http=true", "a")]
    fn a_bucket_and_a_prefix_are_read(#[case] url: &str, #[case] prefix: &str) {
        assert_eq!(configured(url).unwrap().1, prefix);
        assert_eq!(allows_http(url), url.contains("allow_http"));
    }

    #[rstest]
    #[case("s3://", "names no bucket")]
    #[case("ftp://bucket", "`ftp` is not known")]
    #[case("bucket", "relative URL")]
    #[case("s3://bucket?secret_access_key=hunter2", "is not one of the options")]
    fn what_is_no_bucket_is_refused_without_showing_it(#[case] url: &str, #[case] reason: &str) {
        let error = configured(url).unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains("hunter2"), "{error}");
    }
}
