//! Places to keep state in, each new and empty.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use uu_registry::{Location, Registry, Secret};

use uu_testkit::postgres::Postgres;
use uu_testkit::s3::S3;

#[derive(Clone)]
pub(crate) enum Backend {
    Sqlite,
    Postgres(Arc<Postgres>),
    PostgresAndS3(Arc<Postgres>, Arc<S3>),
}

/// A new and empty place; gone when it is dropped.
pub(crate) struct Fresh {
    pub(crate) location: Location,
    pub(crate) backend: Backend,
    folder: tempfile::TempDir,
}

impl Backend {
    pub(crate) fn fresh(&self) -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let (database_url, artifacts_url) = match self {
            Self::Sqlite => (None, None),
            Self::Postgres(server) => (Some(server.new_database()), None),
            Self::PostgresAndS3(server, s3) => (Some(server.new_database()), Some(s3.new_prefix())),
        };
        Fresh { location: Location { store, database_url: database_url.map(Secret::new), artifacts_url }, backend: self.clone(), folder }
    }
}

impl Fresh {
    pub(crate) fn open(&self) -> Registry {
        Registry::open(&self.location).unwrap()
    }

    /// Another one of the same kind.
    pub(crate) fn another(&self) -> Self {
        self.backend.fresh()
    }

    /// The files of the folder for artifacts, where there is one.
    pub(crate) fn artifacts(&self) -> Option<Vec<PathBuf>> {
        let folder = self.folder.path().join("store/models");
        let files = || std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        self.location.artifacts_url.is_none().then(files)
    }

    /// Puts an object where artifacts are, behind the registry's back.
    pub(crate) fn put_object(&self, name: &str, bytes: &[u8]) {
        match (&self.backend, &self.location.artifacts_url) {
            (Backend::PostgresAndS3(_, s3), Some(url)) => s3.put_under(url, name, bytes),
            _ => {
                let path = self.location.store.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
    }

    /// Does something to the database behind the registry's back; makes it where there is none.
    pub(crate) fn execute(&self, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        runtime.block_on(async {
            match &self.location.database_url {
                None => {
                    std::fs::create_dir_all(&self.location.store).unwrap();
                    let file = self.location.store.join("registry.sqlite");
                    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
                    let mut connection = options.connect().await.unwrap();
                    sqlx::query::<sqlx::Sqlite>(sql).execute(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                }
                Some(url) => {
                    let mut connection = sqlx::PgConnection::connect(url.expose()).await.unwrap();
                    sqlx::query::<sqlx::Postgres>(sql).execute(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                }
            }
        });
    }
}
