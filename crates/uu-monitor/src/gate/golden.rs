//! The golden requests: few, fixed, and at the edges where a model goes wrong first.

use uu_core::{Category, Field, Month, Record};

/// A request: months of one site.
pub(super) struct Request {
    pub(super) name: &'static str,
    pub(super) months: Vec<Record>,
}

/// What is known of a month.
#[derive(Clone, Copy, Default)]
struct Known {
    visits: Option<f64>,
    rank: Option<f64>,
    pages_per_visit: Option<f64>,
    bounce_rate: Option<f64>,
    avg_visit_duration: Option<f64>,
    category: Option<&'static str>,
    site: Option<&'static str>,
    source: Option<&'static str>,
    unique_users: Option<f64>,
}

impl Known {
    fn visits(visits: f64) -> Self {
        Self { visits: Some(visits), ..Self::default() }
    }

    /// A site as most are.
    fn all() -> Self {
        Self {
            visits: Some(1_250_000.0),
            rank: Some(35_000.0),
            pages_per_visit: Some(3.4),
            bounce_rate: Some(52.0),
            avg_visit_duration: Some(190.0),
            category: Some("Travel_and_Tourism"),
            site: Some("example.com"),
            ..Self::default()
        }
    }

    fn in_month(self, month: u32) -> Record {
        let mut record = Record {
            site: self.site.map(Box::from),
            source: self.source.map(Box::from),
            category: self.category.and_then(|name| Category::from_name(name).ok()),
            ..Record::unknown(Month::new(2024, month).expect("a month of a year"))
        };
        let numbers = [
            (Field::Visits, self.visits),
            (Field::Rank, self.rank),
            (Field::PagesPerVisit, self.pages_per_visit),
            (Field::BounceRate, self.bounce_rate),
            (Field::AvgVisitDuration, self.avg_visit_duration),
            (Field::UniqueUsers, self.unique_users),
        ];
        for (field, value) in numbers {
            record.set_number(field, value).expect("a golden request keeps the bounds of its fields");
        }
        record
    }
}

/// Every golden request. One that is added makes the gate stricter for all later models; none is ever taken away.
pub(super) fn requests() -> Vec<Request> {
    let all = Known::all();
    let single: [(&'static str, Known); 19] = [
        ("everything known", all),
        ("nothing known", Known::default()),
        ("visits alone", Known::visits(1e6)),
        ("no visits", Known::visits(0.0)),
        ("part of a visit", Known::visits(0.5)),
        ("one visit", Known::visits(1.0)),
        ("visits with a fraction", Known::visits(1_000.7)),
        ("the most visits", Known::visits(1e12)),
        ("rank alone", Known { rank: Some(1_000.0), ..Known::default() }),
        ("the first rank", Known { rank: Some(1.0), ..all }),
        ("the last rank and no visits", Known { rank: Some(1e10), visits: None, ..all }),
        (
            "one page a visit, all bounce",
            Known { pages_per_visit: Some(1.0), bounce_rate: Some(100.0), avg_visit_duration: Some(0.0), ..all },
        ),
        ("the deepest visits", Known { pages_per_visit: Some(1_000.0), bounce_rate: Some(0.0), avg_visit_duration: Some(86_400.0), ..all }),
        ("category alone", Known { category: Some("Sports/Soccer"), ..Known::default() }),
        ("host name alone", Known { site: Some("some-shop24.co.uk"), ..Known::default() }),
        ("a host name that is none", Known { site: Some("."), ..all }),
        ("a source nobody knows", Known { source: Some("a source nobody knows"), ..all }),
        ("known users, unknown visits", Known { visits: None, unique_users: Some(5e6), ..all }),
        ("a small site, rank and visits at odds", Known { visits: Some(40.0), rank: Some(12.0), ..all }),
    ];
    let mut requests: Vec<Request> = single.into_iter().map(|(name, known)| Request { name, months: vec![known.in_month(5)] }).collect();
    let known = |users: f64| Known { unique_users: Some(users), ..all };
    let without_visits = Known { visits: None, ..all };
    requests.push(Request {
        name: "months of a loyal site, some known",
        months: vec![known(90_000.0).in_month(1), known(95_000.0).in_month(2), all.in_month(3), without_visits.in_month(4)],
    });
    requests.push(Request {
        name: "months of a fleeting site, some known",
        months: vec![known(1_249_000.0).in_month(1), known(1_250_000.0).in_month(2), all.in_month(3), without_visits.in_month(4)],
    });
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_says_what_it_is_meant_to_say() {
        let requests = requests();
        assert_eq!(requests.len(), 21);
        let full = &requests[0].months[0];
        assert!(full.category.is_some() && full.visits.is_some() && full.rank.is_some() && full.bounce_rate.is_some());
        let deepest = requests.iter().find(|request| request.name == "the deepest visits").unwrap();
        assert_eq!(deepest.months[0].number(Field::PagesPerVisit), Some(1_000.0));
        assert!(requests.iter().find(|request| request.name == "category alone").unwrap().months[0].category.is_some());
    }
}
