//! The kinds of problems: each with its status, its stable name and its title.

use axum::http::StatusCode;

/// What kind of problem it is: each has one status and one stable `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedBody,
    MalformedRequest,
    Misdirected,
    ForeignOrigin,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Timeout,
    TooLarge,
    UnsupportedMediaType,
    NotAcceptable,
    Conflict,
    Validation,
    TooBusy,
    TooMany,
    Internal,
    NotReady,
    StoreAway,
    StoreFull,
    NoRoom,
}

impl Kind {
    /// All kinds, in their order.
    pub(crate) const ALL: [Self; 21] = [
        Self::MalformedBody,
        Self::MalformedRequest,
        Self::Misdirected,
        Self::ForeignOrigin,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::NotAcceptable,
        Self::Conflict,
        Self::Validation,
        Self::TooBusy,
        Self::TooMany,
        Self::Internal,
        Self::NotReady,
        Self::StoreAway,
        Self::StoreFull,
        Self::NoRoom,
    ];

    /// Its short name: the last part of its `type`.
    pub(crate) fn name(self) -> &'static str {
        let (_, urn, _) = self.parts();
        urn.rsplit(':').next().unwrap_or(urn)
    }

    pub(crate) fn status(self) -> StatusCode {
        self.parts().0
    }

    pub(super) fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedBody => (StatusCode::BAD_REQUEST, "urn:uu-predictor:problem:malformed-body", "the body cannot be read"),
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "urn:uu-predictor:problem:malformed-request", "the request cannot be read"),
            Self::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "urn:uu-predictor:problem:misdirected", "the server has another name"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "urn:uu-predictor:problem:foreign-origin", "another site's page asked"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "urn:uu-predictor:problem:unauthorized", "a token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "urn:uu-predictor:problem:forbidden", "that is not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "urn:uu-predictor:problem:not-found", "no such resource"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "urn:uu-predictor:problem:method-not-allowed", "the resource does not take this method")
            }
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "urn:uu-predictor:problem:not-acceptable", "no such answer format"),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "urn:uu-predictor:problem:timeout", "the request took too long"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "urn:uu-predictor:problem:body-too-large", "the body is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "urn:uu-predictor:problem:unsupported-media-type", "the media type is not supported")
            }
            Self::Conflict => (StatusCode::CONFLICT, "urn:uu-predictor:problem:conflict", "that cannot be done as things stand"),
            Self::Validation => (StatusCode::UNPROCESSABLE_ENTITY, "urn:uu-predictor:problem:validation", "the request breaks rules"),
            Self::TooBusy => (StatusCode::TOO_MANY_REQUESTS, "urn:uu-predictor:problem:too-busy", "the server is busy"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "urn:uu-predictor:problem:too-many-requests", "too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "urn:uu-predictor:problem:internal", "the server failed"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "urn:uu-predictor:problem:not-ready", "no model is in use yet"),
            Self::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "urn:uu-predictor:problem:store-away", "the store cannot be reached"),
            Self::StoreFull => (StatusCode::INSUFFICIENT_STORAGE, "urn:uu-predictor:problem:store-full", "the store is full"),
            Self::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "urn:uu-predictor:problem:no-room", "there is no room for the connection"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_in_their_order() {
        assert!(Kind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert_eq!(Kind::ALL.last(), Some(&Kind::NoRoom));
    }
}
