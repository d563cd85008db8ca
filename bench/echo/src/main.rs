#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// One month of a request; numbers stay as they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Month {
    domain: Option<String>,
    alexa: Option<Number>,
    visits: Option<Number>,
    pages_per_visit: Option<Number>,
    bounce_rate: Option<Number>,
    avg_visit_duration: Option<Number>,
    category: Option<Value>,
}

type Months = BTreeMap<String, Month>;

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("expected an address to listen on, such as `127.0.0.1:5001`")?;
    let listener = tokio::net::TcpListener::bind(&address).await.with_context(|| format!("cannot listen on `{address}`"))?;
    let routes = Router::new().route("/predict", post(|Json(months): Json<Months>| async { Json(months) }));
    axum::serve(listener, routes).await?;
    Ok(())
}
