//! The page.

use askama::Template;
use serde_json::json;

use super::page::{Block, Page};

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

/// plotly.js with the traces of cartesian charts, as it is published.
const PLOTLY: &str = include_str!("../../templates/plotly/plotly-cartesian.min.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Report<'a> {
    page: &'a Page,
    style: &'a str,
    /// plotly.js.
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
    let report = Report { page, style: STYLE, library: PLOTLY, script: SCRIPT, charts: &charts };
    report.render().expect("writing to a string cannot fail")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

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
    fn the_library_is_as_published_and_ends_no_element() {
        let checksum = hex::encode(Sha256::digest(PLOTLY));
        assert!(include_str!("../../templates/plotly/README.md").contains(&checksum), "the file's checksum is {checksum}");
        assert!(!PLOTLY.contains("</script") && !PLOTLY.contains("<!--"));
    }
}
