//! The page.

use askama::Template;
use serde_json::json;

use super::page::{Block, Page};

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Report<'a> {
    page: &'a Page,
    style: &'a str,
    /// plotly.js, as elements.
    library: &'a str,
    script: &'a str,
    /// Traces and layouts in the order of the charts.
    charts: &'a str,
}

/// The page as one text that needs nothing beside it.
pub(super) fn html(page: &Page) -> String {
    let blocks = page.sections.iter().flat_map(|section| &section.blocks);
    let charts = blocks.filter_map(|block| match block {
        Block::Chart(chart) => Some(json!({"data": chart.data, "layout": chart.layout})),
        _ => None,
    });
    // Names of sites are among the texts: no text may end the element it stands in.
    let charts = json!(charts.collect::<Vec<_>>()).to_string().replace('<', "\\u003c");
    let report = Report { page, style: STYLE, library: &library(), script: SCRIPT, charts: &charts };
    report.render().expect("writing to a string cannot fail")
}

/// The first element of the sources that the crate embeds: plotly.js. What follows is MathJax, two megabytes that no chart here uses.
fn library() -> String {
    let sources = plotly::Plot::offline_js_sources();
    let end = "</script>";
    let first = sources.find(end).map_or(sources.len(), |place| place + end.len());
    sources[..first].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::chart::{Chart, linear};
    use crate::render::page::{Section, Table};

    #[test]
    fn what_users_name_things_cannot_become_elements() {
        let name = "</script><img src=x onerror=alert(1)>".to_owned();
        let mut section = Section::new("one", "One");
        section.table(Table::new("names", ["site"]).rows([vec![name.clone()]]));
        section.text(name.clone());
        section.chart(Chart::new(name.clone(), linear("x"), linear("y")).bars(&name, std::slice::from_ref(&name), &[1.0]));
        let page = Page { title: name.clone(), provenance: name.clone(), summary: vec![name.clone()], sections: vec![section] };
        assert!(!html(&page).contains(&name));
    }

    #[test]
    fn the_library_is_whole_and_alone() {
        let library = library();
        assert!(library.starts_with("<script") && library.ends_with("</script>"));
        assert!(library.contains("plotly.js v") && library.len() > 1_000_000);
        assert_eq!(library.matches("</script>").count(), 1);
    }
}
