//! Schemas that no Rust type has.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Ref, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Days and months as they are best written; other forms are read too.
const DATE: &str = "^[12][0-9]{3}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$";

/// The name of a version.
const VERSION: &str = "^v[0-9]{4,}$";

/// URIs that a re-training reads.
const URI: &str = "^(file:/|s3://).+$";

fn of(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types.iter().cloned()))
}

/// A path, a name or a code.
pub(crate) fn category() -> Object {
    of(&[Type::String, Type::Integer, Type::Null])
        .description(Some("A path `Top/Sub`, a name, or a code; see `/categories`"))
        .examples([serde_json::json!(100), serde_json::json!("Sports/Soccer")])
        .build()
}

/// The month of a row.
pub(crate) fn month() -> Object {
    like(DATE).description(Some("The month, `YYYY-MM-DD` or `YYYY-MM`")).examples(["2018-12"]).build()
}

/// The name of a version, as a property.
pub(crate) fn version() -> Object {
    like(VERSION).description(Some("Its name")).examples(["v0002"]).build()
}

/// A position in a ranking.
pub(crate) fn rank() -> Object {
    of(&[Type::Integer, Type::Null])
        .minimum(Some(1))
        .description(Some("Position in a global ranking, 1 or more; `rank` is the same, and one of both may be given"))
        .build()
}

/// A number as it was given, which may be a text, or as it was filled.
pub(crate) fn given_or_filled() -> Object {
    of(&[Type::Number, Type::String, Type::Null]).description(Some("As given, or filled")).build()
}

/// Unique users, estimated or given.
pub(crate) fn users() -> Object {
    of(&[Type::Number, Type::String])
        .description(Some("The estimate, or the known number as given"))
        .examples([serde_json::json!(420_000)])
        .build()
}

/// Whatever was given.
pub(crate) fn given() -> Object {
    of(&[Type::String, Type::Number, Type::Null]).description(Some("As given; it is never filled")).build()
}

/// The ends of an interval.
pub(crate) fn bounds() -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    ArrayBuilder::new().items(number).min_items(Some(2)).max_items(Some(2)).description(Some("Lower and upper end")).into()
}

/// The same where there may be none.
pub(crate) fn bounds_or_null() -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    let types = SchemaType::from_iter([Type::Array, Type::Null]);
    let array = ArrayBuilder::new().schema_type(types).items(number).min_items(Some(2)).max_items(Some(2));
    array.description(Some("Lower and upper end")).into()
}

/// A file as bytes.
fn file() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}

/// Files of a form.
pub(crate) fn files() -> RefOr<Schema> {
    ArrayBuilder::new().items(file()).min_items(Some(1)).max_items(Some(100)).description(Some("Files of rows")).into()
}

/// An object keyed by date.
fn keyed_by_date<Month: ToSchema>(least: usize, description: &str) -> RefOr<Schema> {
    let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some(DATE)).build();
    let months = AdditionalProperties::RefOr(RefOr::Ref(Ref::from_schema_name(Month::name())));
    let object = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(months)).min_properties(Some(least));
    object.property_names(Some(key)).description(Some(description)).into()
}

/// The schema of an object keyed by date.
macro_rules! keyed {
    ($name:ident, $month:ty, $least:literal, $description:literal) => {
        impl PartialSchema for super::$name {
            fn schema() -> RefOr<Schema> {
                keyed_by_date::<$month>($least, $description)
            }
        }

        impl ToSchema for super::$name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push((<$month>::name().into_owned(), <$month>::schema()));
                <$month>::schemas(schemas);
            }
        }
    };
}

keyed!(
    PredictRequest,
    super::MonthRequest,
    1,
    "Months of one site, keyed by date. `domain`, `source` and `rankSource` may also stand beside the months."
);
keyed!(PredictAnswer, super::MonthAnswer, 0, "Months of one site, keyed by date, filled.");

/// The schema of a text or a file.
macro_rules! text {
    ($(#[$meta:meta])* $name:ident = $schema:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    };
}

fn like(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

text!(
    /// A file as the body of a request or an answer.
    FileBody = file()
);
text!(
    /// A month, or a day of it.
    Date = like(DATE)
);
text!(
    /// The name of a version.
    VersionName = like(VERSION)
);
text!(
    /// A file to learn from: `file:` under one of the configured folders, or `s3:` under `incoming/` of the configured artifact store.
    FileUri = like(URI).min_length(Some(7))
);
