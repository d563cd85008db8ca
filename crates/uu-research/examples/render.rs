//! Renders a report again from its figures: `cargo run --example render -- report.json FOLDER`.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [figures, folder] = arguments.as_slice() else { return Err("expected `report.json FOLDER`".into()) };
    let study: uu_research::Study = serde_json::from_slice(&std::fs::read(figures)?)?;
    uu_research::write(&study, Path::new(folder))?;
    Ok(())
}
