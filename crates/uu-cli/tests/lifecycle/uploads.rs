//! Deliveries that are meant to do harm.

use std::io::Write;
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::place::{Backend, Place};
use crate::server::{Answer, Server, read_answer, say};

const HEADER: &[u8] = b"date,site,source,visits,unique_users\n";
const GOOD: &[u8] = b"2024-01,a.com,panel,1000,500\n";
const BAD: &[u8] = b"2024-01,a.com,panel,-1000,500\n";

/// Memory a refusal may cost beyond what the server held before.
const MOST_GROWTH: u64 = 200 << 20;

/// How much of each harm.
struct Sizes {
    body: u64,
    bomb: u64,
    rows: usize,
}

pub(crate) fn some(backend: &Backend) {
    hostile(backend, &Sizes { body: 300 << 20, bomb: 64 << 20, rows: 300_000 });
}

pub(crate) fn many(backend: &Backend) {
    hostile(backend, &Sizes { body: 1 << 30, bomb: 8 << 30, rows: 10_000_000 });
}

fn hostile(backend: &Backend, sizes: &Sizes) {
    let place = Place::with_two_versions(backend);
    let (before, rows_allowed) = (place.objects(), (sizes.rows / 2).to_string());
    let temporary = place.folder.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let server = Server::with(&place, &[("UU_RETRAINING__ROWS", &rows_allowed), ("TMPDIR", temporary.to_str().unwrap())]);
    let at_first = server.most_bytes();
    let gzip = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        pieces.for_each(|piece| encoder.write_all(piece).unwrap());
        encoder.finish().unwrap()
    };
    let many = |row: &'static [u8]| std::iter::once(HEADER).chain(std::iter::repeat_n(row, sizes.rows));

    let announced = stream(&server, Some(sizes.body));
    assert_eq!(announced.status, 413, "a large body, announced: {}", announced.body);
    let chunked = stream(&server, None);
    assert_eq!(chunked.status, 413, "a body without an end: {}", chunked.body);
    let post = |query: &str, body: &[u8]| server.ask("POST", &format!("/retrain{query}"), "text/csv", body);
    let zeros = vec![0; 1 << 20];
    let bomb = gzip(&mut std::iter::repeat_n(zeros.as_slice(), (sizes.bomb >> 20) as usize));
    let answer = post("", &bomb);
    assert!([400, 413].contains(&answer.status), "a bomb of {} bytes: {}", bomb.len(), answer.body);
    let rows = gzip(&mut many(GOOD));
    let answer = post("", &rows);
    assert!(answer.status == 413 && answer.body.contains("rows are taken"), "a bomb of good rows: {}", answer.body);
    let answer = post("", &rows[..rows.len() / 2]);
    assert!([400, 413].contains(&answer.status), "half an archive: {}", answer.body);
    let bad = gzip(&mut many(BAD));
    let answer = post("", &bad);
    assert!(answer.status == 422 && answer.body.contains("out_of_range"), "bad rows: {}", answer.body);
    let answer = post("?skipBadRows=true", &bad);
    assert_eq!(answer.status, 413, "bad rows, left out: {}", answer.body);
    let answer = post("?skipBadRows=true", &[HEADER, BAD, BAD].concat());
    assert!(answer.status == 422 && answer.body.contains("none of the 2 rows"), "nothing but bad rows: {}", answer.body);
    let cut = cut_off(&server);
    assert!(cut.is_none_or(|answer| answer.status == 400), "a body that ends in the middle");

    let grown = server.most_bytes() - at_first;
    say(&format!("refusals cost {} MiB at most", grown >> 20));
    assert!(grown < MOST_GROWTH, "{} MiB", grown >> 20);
    let registry = place.registry();
    assert!(registry.jobs(10).unwrap().is_empty() && registry.batches().unwrap().is_empty());
    assert_eq!(place.objects().len(), before.len(), "nothing is kept");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "nothing is left in the temporary folder");
    assert_eq!(server.answering(), "v0001");
}

/// Sends rows until they are refused: of an announced length, or in chunks that never end.
fn stream(server: &Server, announced: Option<u64>) -> Answer {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let length = announced.map_or("Transfer-Encoding: chunked".to_owned(), |length| format!("Content-Length: {length}"));
    let head = format!(
        "POST /retrain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\nConnection: close\r\n{length}\r\n\r\n",
        server.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let reader = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || read_answer(reader));
    let rows = GOOD.repeat((1 << 20) / GOOD.len());
    loop {
        let chunk = if announced.is_some() { rows.clone() } else { [format!("{:x}\r\n", rows.len()).as_bytes(), &rows, b"\r\n"].concat() };
        // A server that has answered takes no more.
        if stream.write_all(&chunk).is_err() {
            break;
        }
        if answer.is_finished() {
            break;
        }
    }
    answer.join().unwrap().expect("the refusal arrives")
}

/// A sender that goes away in the middle.
fn cut_off(server: &Server) -> Option<Answer> {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!(
        "POST /retrain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n",
        server.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&[HEADER, GOOD, b"2024-02,b.c"].concat()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    read_answer(stream)
}
