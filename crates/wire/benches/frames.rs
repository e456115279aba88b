//! What it costs to cut a stream into frames.

use std::hint::black_box;

use wire::compose;
use wire::{backend, split_frame};
use yardstick::{Case, Result};

const ROWS: u32 = 1_000;

/// Longer than any frame here.
const LIMIT: u32 = 1 << 30;

fn main() -> Result<()> {
    let small = rows(ROWS, &[4, 4, 4, 84]);
    let wide = rows(ROWS, &[8; 40]);
    let large = rows(1, &[16 << 20]);
    let fields = rows(ROWS, &[4, 4, 4, 84]);
    let cases = vec![
        Case::new("1,000 rows of 4 columns, 119 bytes", "frame", ROWS, move || split(&small)),
        Case::new("1,000 rows of 40 columns, 487 bytes", "frame", ROWS, move || split(&wide)),
        Case::new("one row of 16 MiB", "frame", 1, move || split(&large)),
        Case::new("1,000 rows of 4 columns, and their values", "frame", ROWS, move || read(&fields)),
    ];
    yardstick::run("wire", cases)
}

fn split(stream: &[u8]) {
    let mut rest = black_box(stream);
    while let Ok(Some((frame, behind))) = split_frame(rest, LIMIT) {
        black_box(frame);
        rest = behind;
    }
}

fn read(stream: &[u8]) {
    let mut rest = black_box(stream);
    while let Ok(Some((frame, behind))) = split_frame(rest, LIMIT) {
        if let Ok(row) = backend::DataRow::read(frame.body) {
            row.for_each(|value| {
                let _ = black_box(value);
            });
        }
        rest = behind;
    }
}

/// So many DataRows, with values of these lengths.
fn rows(count: u32, lengths: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..count {
        compose::frame(&mut out, backend::tag::DATA_ROW, |out| {
            out.extend_from_slice(&(lengths.len() as u16).to_be_bytes());
            for length in lengths {
                out.extend_from_slice(&length.to_be_bytes());
                out.resize(out.len() + *length as usize, b'x');
            }
        });
    }
    out
}
