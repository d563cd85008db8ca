//! The section on the chosen model.

use super::super::chart::{Chart, linear, log};
use super::super::numbers::{count, figure, fixed, or_dash, percent, signed};
use super::super::page::{Section, Table};
use super::errors;
use crate::{Ablation, ChosenSection, Explained, Importance, LearningPoint, Miss, PartialDependence, Reliability, Residuals};

/// Inputs whose dependence is drawn.
const DRAWN: usize = 6;

pub(super) fn section(chosen: &ChosenSection) -> Section {
    let mut section = Section::new("chosen", "The chosen model");
    section.text(format!("{}, judged on sites that the estimating model never saw: each fold's by the model without it.", chosen.model));
    learning(&mut section, &chosen.learning_curve);
    residuals(&mut section, &chosen.residuals);
    importance(&mut section, &chosen.importance);
    explained(&mut section, &chosen.explained);
    dependence(&mut section, &chosen.partial_dependence);
    misses(&mut section, &chosen.misses);
    calibration(&mut section, chosen);
    ablations(&mut section, &chosen.ablations);
    section
}

fn learning(section: &mut Section, points: &[LearningPoint]) {
    section.heading("Learning curve");
    section.text("Trained on growing shares of the sites outside the first fold, judged on that fold: whether more data would help.");
    let curve = |figure: fn(&LearningPoint) -> f64| points.iter().map(move |point| (point.rows as f64, figure(point)));
    let chart = Chart::new("RMSLE by rows trained on", log("rows"), linear("RMSLE")).lines("RMSLE", curve(|point| point.errors.rmsle));
    section.chart(chart.height(300));
    let rows = points.iter().map(|point| {
        let errors = &point.errors;
        vec![count(point.rows), count(point.sites), percent(errors.median_ape), fixed(errors.rmsle), figure(errors.mae)]
    });
    section.table(Table::new("Learning curve", ["rows", "sites", "median APE", "RMSLE", "MAE"]).texts(0).rows(rows));
}

fn residuals(section: &mut Section, residuals: &Residuals) {
    section.heading("Residuals");
    section.text(format!(
        "Natural logarithms of the truth over the estimate on {} rows: above zero, the estimate was too low. Median {}, standard deviation {}; a median \
         near zero means that as many estimates are too high as too low.",
        count(residuals.rows),
        signed(residuals.shape.median),
        fixed(residuals.shape.sd)
    ));
    section.chart(
        residuals
            .histogram
            .as_ref()
            .map(|histogram| Chart::new("Residuals", linear("ln (truth / estimate)"), linear("rows")).histogram(histogram)),
    );
    let pairs = || residuals.sample.iter();
    let ends = pairs()
        .flat_map(|point| [point.actual, point.estimated])
        .fold((f64::INFINITY, 1.0), |(low, high): (f64, f64), value| (low.min(value.max(1.0)), high.max(value)));
    let scatter = Chart::new("Estimated against true users (a sample of the rows)", log("true users"), log("estimated users"))
        .points("site-months", pairs().map(|point| (point.actual, point.estimated)))
        .guide("no error", [(ends.0, ends.0), (ends.1, ends.1)]);
    section.chart((!residuals.sample.is_empty()).then(|| scatter.height(480)));
    let against = pairs().map(|point| (point.estimated, (point.actual / point.estimated).ln()));
    let chart = Chart::new("Residuals against the estimate", log("estimated users"), linear("ln (truth / estimate)"));
    section.chart(chart.points("site-months", against));
    let names: Vec<String> = residuals.by_estimate.iter().map(|(name, _)| name.clone()).collect();
    let shapes: Vec<_> = residuals.by_estimate.iter().map(|(_, shape)| shape).collect();
    let title = "Residuals by tenths of the estimate (5, 25, 50, 75 and 95 %)";
    section.chart(Chart::new(title, linear("ln (truth / estimate)"), linear("estimated users")).boxes(&names, &shapes));
    let rows = residuals.by_estimate.iter().map(|(name, shape)| {
        let figures = [shape.q05, shape.q25, shape.median, shape.q75, shape.q95].map(signed);
        let mut row = vec![name.clone(), count(shape.count)];
        row.extend(figures);
        row
    });
    section.table(Table::new(title, ["estimated users", "rows", "5 %", "25 %", "median", "75 %", "95 %"]).rows(rows));
}

fn importance(section: &mut Section, importance: &[Importance]) {
    section.heading("What each input is worth");
    section.text(
        "How much the RMSLE grows when an input's values are dealt out anew among held-out rows. Inputs that go together stand in for each other, so their \
         worth is shared; visits count twice, since an estimate is visits over visits per user.",
    );
    let names: Vec<String> = importance.iter().map(|input| input.input.clone()).collect();
    let growths: Vec<f64> = importance.iter().map(|input| input.rmsle_growth).collect();
    let ranges: Vec<(f64, f64)> = importance.iter().map(|input| input.rmsle_range).collect();
    let chart = Chart::new("Permutation importance (least and greatest of the deals)", linear("growth of RMSLE"), linear(""));
    section.chart(chart.intervals("growth", &names, &growths, &ranges));
    let rows = importance.iter().map(|input| {
        let (low, high) = input.rmsle_range;
        let range = format!("{} to {}", signed(low), signed(high));
        vec![input.input.clone(), count(input.rows), signed(input.rmsle_growth), range, format!("{:+.1}", input.median_ape_growth * 100.0)]
    });
    let header = ["input", "rows", "growth of RMSLE", "of the deals", "growth of median APE, points"];
    section.table(Table::new("Permutation importance", header).rows(rows));
}

fn explained(section: &mut Section, explained: &Explained) {
    section.heading("What estimates are made of");
    section.text(format!(
        "Every estimate is a base times one factor for each input, exactly (Shapley values over the trees). {} held-out rows; a factor of 1, whose \
         logarithm is 0, changes nothing.",
        count(explained.rows.len())
    ));
    let rows = explained.influences.iter().map(|influence| {
        vec![influence.input.clone(), format!("x {:.2}", influence.mean_size.exp()), format!("x {}", figure(influence.greatest_factor))]
    });
    section.table(Table::new("How much each input moves an estimate", ["input", "usual factor", "greatest factor"]).rows(rows));
    if let Some(chart) = swarm(explained) {
        section.chart(chart);
    }
    for influence in explained
        .influences
        .iter()
        .filter(|influence| explained.rows.iter().any(|row| row.values.contains_key(&influence.input)))
        .take(DRAWN)
    {
        let name = &influence.input;
        let points = explained.rows.iter().filter_map(|row| Some((*row.values.get(name)?, row.log_factors.get(name)?.exp())));
        let axis = if name == "bounce_rate" { linear(name) } else { log(name) };
        section.chart(Chart::new(format!("Factor of {name} by its value"), axis, log("factor")).points("estimates", points).half());
    }
}

/// All factors, one band for each input, coloured by how large the input is among its values.
fn swarm(explained: &Explained) -> Option<Chart> {
    let names: Vec<&String> = explained.influences.iter().map(|influence| &influence.input).collect();
    let (mut x, mut y, mut colours) = (Vec::new(), Vec::new(), Vec::new());
    for (band, name) in names.iter().enumerate() {
        let mut values: Vec<f64> = explained.rows.iter().filter_map(|row| row.values.get(*name).copied()).collect();
        values.sort_by(f64::total_cmp);
        for (index, row) in explained.rows.iter().enumerate() {
            let Some(factor) = row.log_factors.get(*name) else { continue };
            let place = row
                .values
                .get(*name)
                .map_or(0.5, |value| values.partition_point(|other| other < value) as f64 / values.len().max(1) as f64);
            x.push(*factor);
            // Spread within the band, the same way each time the page is rendered.
            y.push(band as f64 + ((index * 37 % 101) as f64 / 101.0 - 0.5) * 0.7);
            colours.push(place);
        }
    }
    let ticks: Vec<usize> = (0..names.len()).collect();
    let mut chart =
        Chart::new("Logarithms of the factors, each dot an estimate; colour: how large the input is", linear("ln factor"), linear(""))
            .coloured_points(&x, &y, &colours, "input")
            .height(140 + 50 * names.len());
    chart.layout["yaxis"]["tickvals"] = serde_json::json!(ticks);
    chart.layout["yaxis"]["ticktext"] = serde_json::json!(names);
    chart.layout["yaxis"]["autorange"] = serde_json::json!("reversed");
    (!x.is_empty()).then_some(chart)
}

fn dependence(section: &mut Section, dependence: &[PartialDependence]) {
    section.heading("Partial dependence");
    section.text("The geometric mean of the estimates of held-out rows as one input is set to a value and all others stay.");
    for input in dependence {
        let axis = if input.is_log { log(&input.input) } else { linear(&input.input) };
        let points = input.points.iter();
        let title = format!("Estimate by {}", input.input);
        section.chart(
            Chart::new(title, axis, log("users")).lines("estimated users", points.clone().map(|point| (point.value, point.users))).half(),
        );
        let ratios: Vec<(f64, f64)> = points.filter_map(|point| Some((point.value, point.visits_per_user?))).collect();
        let title = format!("Visits per user by {}", input.input);
        section.chart(
            (!ratios.is_empty()).then(|| Chart::new(title, axis, linear("visits per user")).lines("visits per user", ratios).half()),
        );
    }
}

fn misses(section: &mut Section, misses: &[Miss]) {
    section.heading("Worst misses");
    section
        .text("The greatest factors between estimate and truth, either way: where to look for wrong labels and for what no input tells.");
    let rows = misses.iter().map(|miss| {
        let inside = miss.low <= miss.actual && miss.actual <= miss.high;
        vec![
            miss.site.clone().unwrap_or_else(|| "(no site)".to_owned()),
            miss.month.clone(),
            miss.category.clone().unwrap_or_else(|| "(unknown)".to_owned()),
            figure(miss.visits),
            figure(miss.actual),
            figure(miss.estimated),
            format!("{} to {}", figure(miss.low), figure(miss.high)),
            format!("x {}", figure(miss.factor)),
            if inside { "yes" } else { "no" }.to_owned(),
        ]
    });
    let header = ["site", "month", "category", "visits", "true users", "estimate", "90 % interval", "estimate / truth", "within"];
    section.table(Table::new("Worst misses", header).texts(3).rows(rows));
}

fn calibration(section: &mut Section, chosen: &ChosenSection) {
    let evaluation = &chosen.evaluation;
    section.heading("Calibration");
    section.text(format!(
        "How many truths the {} intervals hold, and how wide they are (as a share of the estimate), from the training on all development sites: each site \
         was estimated by stages and calibrated by scores of other sites.",
        percent(evaluation.level)
    ));
    let by_level = |figure: fn(&Reliability) -> f64| chosen.reliability.iter().map(move |level| (level.level, figure(level)));
    let curve = Chart::new("Coverage by level", linear("level"), linear("coverage"))
        .lines("observed", by_level(|level| level.intervals.coverage))
        .guide("as it should be", [(0.5, 0.5), (1.0, 1.0)]);
    section.chart(curve.half());
    let width = Chart::new("Median relative width by level", linear("level"), linear("width / estimate"));
    section.chart(width.lines("width", by_level(|level| level.intervals.median_relative_width)).half());
    let levels = chosen.reliability.iter().map(|level| {
        let intervals = &level.intervals;
        vec![percent(level.level), count(intervals.rows), percent(intervals.coverage), format!("{:.2}", intervals.median_relative_width)]
    });
    section.table(Table::new("Held-out intervals of each level", ["level", "rows", "coverage", "width"]).texts(0).rows(levels));
    for (title, groups) in
        [("missing pattern", &evaluation.by_pattern), ("top category", &evaluation.by_category), ("size", &evaluation.by_size)]
    {
        if groups.is_empty() {
            continue;
        }
        let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let values: Vec<f64> = groups.iter().map(|group| group.intervals.coverage).collect();
        let ends: Vec<(f64, f64)> = groups
            .iter()
            .map(|group| {
                let (share, rows) = (group.intervals.coverage, group.intervals.rows as f64);
                let error = 2.0 * (evaluation.level * (1.0 - evaluation.level) / rows).sqrt();
                (share - error, share + error)
            })
            .collect();
        let chart = Chart::new(format!("Coverage by {title}, with two standard errors"), linear("coverage"), linear(""));
        let line = serde_json::json!([{"type": "line", "x0": evaluation.level, "x1": evaluation.level, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"dash": "dash", "width": 1, "color": "gray"}}]);
        section.chart(chart.intervals("coverage", &names, &values, &ends).with("shapes", line));
    }
    section.table(errors::groups("By the inputs that are known", "known inputs", &evaluation.by_pattern));
    section.table(errors::groups("All rows that know at least these inputs, the others hidden", "shown inputs", &evaluation.by_mask));
    section.table(errors::groups("By tenths of true users", "unique users", &evaluation.by_size));
    section.table(errors::groups("By top category", "category", &evaluation.by_category));
    section.table(errors::groups("By source", "source", &evaluation.by_source));
    if let Some(share) = evaluation.falling_steps {
        section.text(format!("With 10 % more visits, all else as it is, {} of the estimates fall by over 2 %.", percent(share)));
    }
}

fn ablations(section: &mut Section, ablations: &[Ablation]) {
    section.heading("Fewer inputs");
    if ablations.is_empty() {
        section.text("Too few rows know all inputs that were learned, so that nothing can be said of hiding some.");
        return;
    }
    section.text(
        "The one model with inputs hidden, on the same held-out rows each time: those that know all of them. Nothing is fitted anew.",
    );
    let rows = ablations.iter().map(|ablation| {
        let errors = &ablation.errors;
        vec![
            ablation.name.clone(),
            ablation.shown.clone(),
            count(errors.rows),
            percent(errors.median_ape),
            fixed(errors.rmsle),
            figure(errors.mae),
            or_dash(errors.r2, fixed),
            percent(ablation.intervals.coverage),
            format!("{:.2}", ablation.intervals.median_relative_width),
        ]
    });
    let header = ["inputs", "shown", "rows", "median APE", "RMSLE", "MAE", "R2", "90 % coverage", "width"];
    section.table(Table::new("Fewer inputs", header).texts(2).rows(rows));
    let names: Vec<String> = ablations.iter().map(|ablation| ablation.name.clone()).collect();
    let values: Vec<f64> = ablations.iter().map(|ablation| ablation.errors.median_ape * 100.0).collect();
    section.chart(Chart::new("Median absolute percentage error with fewer inputs", linear("percent"), linear("")).lying_bars(
        "median APE",
        &names,
        &values,
    ));
}
