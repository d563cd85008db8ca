//! Nanoseconds a row of the forest's evaluators and of LightGBM's, on one thread, for one trained model.
//!
//! `cargo run --release -p uu-model --example forest_speed -- [trees] [leaves] [features]`
#![expect(clippy::print_stdout, reason = "prints a table")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;

use uu_forest::{Forest, Scratch};
use uu_lightgbm::{Booster, Parameters, TrainingSet, train};

const TRAINING_ROWS: usize = 50_000;
const ROWS: usize = 4_096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let trees = arguments.next().unwrap_or(300);
    let leaves = arguments.next().unwrap_or(31);
    let width = arguments.next().unwrap_or(20);

    let cells = uniform(TRAINING_ROWS * width);
    let labels: Vec<f32> = (0..TRAINING_ROWS).map(|row| label(&cells, row, width)).collect();
    let names: Vec<String> = (0..width).map(|column| format!("f{column}")).collect();
    let parameters = Parameters { num_iterations: trees as u32, num_leaves: leaves as u32, learning_rate: 0.05, ..Parameters::default() };
    let set = TrainingSet::new(&cells, &names, &labels)?;
    let text = train(&set, &parameters, &mut |_, _| ControlFlow::Continue(()))?;

    let started = Instant::now();
    let forest = Forest::from_lightgbm_text(text.as_str())?;
    let parsed = started.elapsed();
    let bytes = postcard::to_allocvec(&forest)?;
    let started = Instant::now();
    let forest_again: Forest = postcard::from_bytes(&bytes)?;
    println!("{} trees, {leaves} leaves, {width} features", forest_again.num_trees());
    println!("text {} B, parsed in {parsed:?}; compact {} B, loaded in {:?}", text.as_str().len(), bytes.len(), started.elapsed());

    let columns: Vec<Vec<f64>> = (0..width).map(|column| cells[column * TRAINING_ROWS..][..ROWS].to_vec()).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let rows: Vec<f64> = (0..ROWS).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    let booster = Booster::from_text(&text, 1)?;
    let mut scratch = Scratch::new();
    let mut out = vec![0.0; ROWS];

    let reference = best(ROWS, || {
        black_box(booster.predict(&rows).unwrap_or_default());
    });
    report("LightGBM, one thread", reference, reference);
    report(
        "one row",
        best(ROWS, || {
            for row in rows.chunks_exact(width) {
                black_box(forest.predict_row(black_box(row), &mut scratch));
            }
        }),
        reference,
    );
    report("one row, after 1 MB of other memory", cold_row(&forest, &rows, width), reference);
    report(
        "block",
        best(ROWS, || {
            forest.predict_block(black_box(&views), &mut out, &mut scratch);
        }),
        reference,
    );

    let few = 8;
    let explained = best(few, || {
        black_box(booster.predict_contributions(&rows[..few * width]).unwrap_or_default());
    });
    report("LightGBM, contributions", explained, explained);
    let mut contributions = vec![0.0; width];
    report(
        "contributions",
        best(few, || {
            for row in rows.chunks_exact(width).take(few) {
                forest.contributions_row(black_box(row), &mut contributions, &mut scratch);
            }
        }),
        explained,
    );
    Ok(())
}

fn report(what: &str, nanoseconds: f64, reference: f64) {
    println!("{what:<40} {nanoseconds:>12.0} ns/row {:>8.1} x", reference / nanoseconds);
}

/// The best of several runs, in nanoseconds a row.
fn best(rows: usize, mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_nanos() as f64
    };
    (0..15).map(time).fold(f64::INFINITY, f64::min) / rows as f64
}

/// One row at a time, with the caches used by something else in between.
fn cold_row(forest: &Forest, rows: &[f64], width: usize) -> f64 {
    let mut scratch = Scratch::new();
    let mut other = vec![1_u8; 1 << 20];
    let mut times: Vec<u128> = rows
        .chunks_exact(width)
        .map(|row| {
            other.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
            black_box(&mut other);
            let started = Instant::now();
            black_box(forest.predict_row(black_box(row), &mut scratch));
            started.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2] as f64
}

fn uniform(count: usize) -> Vec<f64> {
    let mut state = 1_u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let u = (state >> 11) as f64 / (1_u64 << 53) as f64;
            if u < 0.1 { f64::NAN } else { u }
        })
        .collect()
}

fn label(cells: &[f64], row: usize, width: usize) -> f32 {
    let at = |column: usize| {
        let value = cells[(column % width) * TRAINING_ROWS + row];
        if value.is_nan() { 0.4 } else { value }
    };
    let sum: f64 = (0..width).map(|column| (at(column) * (3.0 + column as f64)).sin() * at(column + 1)).sum();
    sum as f32
}
