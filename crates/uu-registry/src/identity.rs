//! The identity of a store: random, kept in the database, and repeated beside the bytes that belong to it. Neither is then taken for another's, and a
//! database that was lost not for that of a new store.
//!
//! It has a file (or an object) of its own, since releases that do not know it read nothing but a number in the file `format`.

use crate::objects::{LocalFolder, Objects};
use crate::random::bytes;
use crate::{Location, RegistryError};

/// Holds the identity, in the folder and in the object store.
pub(crate) const MARK: &str = "identity";

const IDENTITY_BYTES: usize = 16;

/// The longest part of a mark that is quoted.
const MOST_QUOTED: usize = 80;

/// What distinguishes a store from every other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity(String);

impl Identity {
    pub(crate) fn new() -> Result<Self, RegistryError> {
        Ok(Self(hex::encode(bytes::<IDENTITY_BYTES>()?)))
    }

    /// The identity that a text holds; `None` where it holds nothing.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().take(MOST_QUOTED).collect();
        (!text.is_empty()).then_some(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The places of a store beside its database, each of which has a mark.
pub(crate) struct Places<'a> {
    folder: Option<Objects>,
    objects: &'a Objects,
}

/// The mark of each place, in their order.
pub(crate) struct Marks {
    pub(crate) found: Vec<Option<Identity>>,
    /// Why the object store could not be asked: it is away, or refuses.
    pub(crate) unreachable: Option<RegistryError>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(location: &Location, objects: &'a Objects) -> Self {
        let folder = location.uses_folder().then(|| Objects::Local(LocalFolder::new(&location.store)));
        Self { folder, objects }
    }

    /// The folder, where it is used, and the object store, where there is one.
    fn all(&self) -> impl Iterator<Item = &Objects> {
        let remote = Some(self.objects).filter(|objects| matches!(objects, Objects::Remote(_)));
        self.folder.iter().chain(remote)
    }

    /// Where artifacts and batches are.
    pub(crate) fn objects(&self) -> &Objects {
        self.objects
    }

    pub(crate) async fn marks(&self) -> Result<Marks, RegistryError> {
        let mut marks = Marks { found: Vec::new(), unreachable: None };
        for place in self.all() {
            match place.read_mark(MARK).await {
                Ok(text) => marks.found.push(text.as_deref().and_then(Identity::of)),
                Err(error @ (RegistryError::Unavailable { .. } | RegistryError::Objects { .. })) => marks.unreachable = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok(marks)
    }

    /// Writes the mark of every place that has another one or none.
    pub(crate) async fn mark(&self, identity: &Identity) -> Result<(), RegistryError> {
        for place in self.all() {
            let found = place.read_mark(MARK).await?.as_deref().and_then(Identity::of);
            if found.as_ref() != Some(identity) {
                place.write(MARK, format!("{}\n", identity.as_str()).as_bytes()).await?;
            }
        }
        Ok(())
    }

    /// Writes a mark that is no database's into every place that has none: what stands there stays damaged until something is restored.
    pub(crate) async fn mark_as_lost(&self) -> Result<(), RegistryError> {
        for place in self.all() {
            if place.read_mark(MARK).await?.as_deref().and_then(Identity::of).is_none() {
                place.write(MARK, format!("{}\n", Identity::new()?.as_str()).as_bytes()).await?;
            }
        }
        Ok(())
    }
}

impl Marks {
    /// The first mark there is.
    pub(crate) fn first(&self) -> Option<&Identity> {
        self.found.iter().flatten().next()
    }

    /// A mark that is not that of `identity`.
    pub(crate) fn other_than(&self, identity: &Identity) -> Option<&Identity> {
        self.found.iter().flatten().find(|found| *found != identity)
    }

    /// Whether every place has the mark of `identity`.
    pub(crate) fn prove(&self, identity: &Identity) -> bool {
        self.unreachable.is_none() && self.found.iter().all(|found| found.as_ref() == Some(identity))
    }
}
