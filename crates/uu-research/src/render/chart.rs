//! Charts as plotly.js takes them: traces and a layout. Colours come from the page, so that they follow its theme.

use serde_json::{Value, json};

use crate::Histogram;

/// One chart.
pub(super) struct Chart {
    /// What it shows, also for those who cannot see it.
    pub(super) title: String,
    pub(super) data: Value,
    pub(super) layout: Value,
    /// Whether two of its kind stand side by side where there is room.
    pub(super) is_half: bool,
}

/// An axis: its title, and whether it is logarithmic.
#[derive(Clone, Copy)]
pub(super) struct Axis<'a> {
    title: &'a str,
    is_log: bool,
}

/// An axis of plain numbers.
pub(super) fn linear(title: &str) -> Axis<'_> {
    Axis { title, is_log: false }
}

/// A logarithmic axis.
pub(super) fn log(title: &str) -> Axis<'_> {
    Axis { title, is_log: true }
}

impl Axis<'_> {
    fn json(self) -> Value {
        let kind = if self.is_log { "log" } else { "-" };
        json!({"title": {"text": self.title}, "type": kind, "automargin": true, "exponentformat": "SI"})
    }
}

impl Chart {
    pub(super) fn new(title: impl Into<String>, x: Axis<'_>, y: Axis<'_>) -> Self {
        Self { title: title.into(), data: json!([]), layout: json!({"xaxis": x.json(), "yaxis": y.json(), "height": 380}), is_half: false }
    }

    /// A layout entry of plotly's own.
    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self.layout[key] = value;
        self
    }

    /// Lets it stand beside another.
    pub(super) fn half(self) -> Self {
        Self { is_half: true, ..self.height(280) }
    }

    pub(super) fn height(self, pixels: usize) -> Self {
        self.with("height", json!(pixels))
    }

    fn push(mut self, trace: Value) -> Self {
        if let Value::Array(traces) = &mut self.data {
            traces.push(trace);
        }
        self
    }

    pub(super) fn lines(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        self.push(json!({"type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y}))
    }

    /// A thin dashed line to compare with.
    pub(super) fn guide(self, name: &str, points: [(f64, f64); 2]) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        self.push(json!({"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": {"dash": "dash", "width": 1}}))
    }

    pub(super) fn points(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let marker = json!({"size": 4, "opacity": 0.5});
        self.push(json!({"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker}))
    }

    /// Points whose colour is a third number, from low to high.
    pub(super) fn coloured_points(self, x: &[f64], y: &[f64], colours: &[f64], title: &str) -> Self {
        let bar = json!({"title": {"text": title}, "thickness": 10, "tickvals": [0, 1], "ticktext": ["low", "high"]});
        let marker = json!({"size": 4, "opacity": 0.6, "color": colours, "colorscale": "Viridis", "cmin": 0, "cmax": 1, "showscale": true,
            "colorbar": bar});
        self.push(json!({"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "showlegend": false}))
    }

    pub(super) fn bars(self, name: &str, names: &[String], values: &[f64]) -> Self {
        self.push(json!({"type": "bar", "name": name, "x": names, "y": values}))
    }

    /// Bars that lie, the first one on top: for long names.
    pub(super) fn lying_bars(self, name: &str, names: &[String], values: &[f64]) -> Self {
        let chart = self.push(json!({"type": "bar", "orientation": "h", "name": name, "y": names, "x": values}));
        chart.first_on_top(names.len())
    }

    fn first_on_top(mut self, rows: usize) -> Self {
        self.layout["yaxis"]["autorange"] = json!("reversed");
        self.layout["yaxis"]["type"] = json!("category");
        self.layout["height"] = json!((120 + 26 * rows).max(240));
        self
    }

    /// Values with their intervals, one row for each name, the first one on top.
    pub(super) fn intervals(self, name: &str, names: &[String], values: &[f64], ends: &[(f64, f64)]) -> Self {
        let above: Vec<f64> = values.iter().zip(ends).map(|(value, (_, high))| high - value).collect();
        let below: Vec<f64> = values.iter().zip(ends).map(|(value, (low, _))| value - low).collect();
        let error = json!({"type": "data", "symmetric": false, "array": above, "arrayminus": below, "thickness": 1.5});
        let chart = self.push(json!({"type": "scatter", "mode": "markers", "name": name, "y": names, "x": values, "error_x": error}));
        chart.first_on_top(names.len())
    }

    pub(super) fn histogram(self, histogram: &Histogram) -> Self {
        let centres: Vec<f64> = histogram.edges.windows(2).map(|edges| f64::midpoint(edges[0], edges[1])).collect();
        let width = histogram.edges[1] - histogram.edges[0];
        self.push(json!({"type": "bar", "x": centres, "y": histogram.counts, "width": width, "showlegend": false}))
            .with("bargap", json!(0.02))
            .half()
    }

    /// A square of numbers between -1 and 1.
    pub(super) fn square(title: &str, names: &[String], values: &[Vec<Option<f64>>]) -> Self {
        let texts: Vec<Vec<String>> =
            values.iter().map(|row| row.iter().map(|value| value.map_or(String::new(), |value| format!("{value:.2}"))).collect()).collect();
        let trace = json!({"type": "heatmap", "x": names, "y": names, "z": values, "zmin": -1, "zmax": 1, "colorscale": "RdBu", "reversescale": true,
            "text": texts, "texttemplate": "%{text}", "hovertemplate": "%{y} / %{x}: %{z:.3f}<extra></extra>", "colorbar": {"thickness": 10}});
        Self::new(title, linear(""), linear("")).push(trace).first_on_top(names.len() + 6)
    }

    /// Which inputs are missing (columns) in which pattern (rows).
    pub(super) fn missing_map(title: &str, columns: &[String], rows: &[String], missing: &[Vec<u8>]) -> Self {
        let trace = json!({"type": "heatmap", "x": columns, "y": rows, "z": missing, "zmin": 0, "zmax": 1, "showscale": false, "xgap": 2, "ygap": 2,
            "colorscale": [[0, "#3b82c4"], [1, "#d9d2c3"]], "hovertemplate": "%{x} in %{y}: %{z}<extra></extra>"});
        Self::new(title, linear(""), linear("rows")).push(trace).first_on_top(rows.len())
    }

    /// Boxes from quantiles, one for each name.
    pub(super) fn boxes(self, names: &[String], shapes: &[&crate::Summary]) -> Self {
        let pick = |value: fn(&crate::Summary) -> f64| -> Vec<f64> { shapes.iter().map(|shape| value(shape)).collect() };
        let trace = json!({"type": "box", "orientation": "h", "y": names, "lowerfence": pick(|s| s.q05), "q1": pick(|s| s.q25),
            "median": pick(|s| s.median), "q3": pick(|s| s.q75), "upperfence": pick(|s| s.q95), "showlegend": false});
        self.push(trace).first_on_top(names.len())
    }
}
