//! What columns whose values could be anything are seen to hold.

use insta::assert_snapshot;

use super::server::{complete, data_row, ready, row_description};
use super::talk::{Talk, query};

const NOTE: (u32, i16, u32) = (20001, 2, 25);

/// What becomes of these rows of notes, and of the end of their result.
fn rows(talk: &mut Talk, columns: &[(u32, i16, u32)], values: &[&[&str]]) -> Vec<String> {
    talk.client(&query("select note from orders"));
    let mut answer = row_description(columns);
    values.iter().for_each(|row| answer.extend(data_row(row)));
    answer.extend([complete("SELECT 1"), ready(b'I')].concat());
    let told = talk.server(&answer);
    told.lines().filter_map(|line| line.strip_prefix("sighted: ")).map(str::to_owned).collect()
}

fn talk() -> Talk {
    let mut talk = Talk::new();
    talk.add_note_to_orders();
    talk
}

#[test]
fn values_are_counted_once_and_told_behind_their_result() {
    let mut talk = talk();
    talk.client(&query("select note from orders"));
    let answer = [
        row_description(&[NOTE]),
        data_row(&["bob@shop.org"]),
        data_row(&["bob@shop.org"]),
        data_row(&["red"]),
        complete("SELECT 3"),
        ready(b'I'),
    ];
    assert_snapshot!(talk.server(&answer.concat()), @r#"
to client: T[c···N!]
to client instead: D[b***@***.org] D[b***@***.org] D[red]
record 1 completed: 3 rows, 45 bytes, returned public.orders.note, masked public.orders.note
sighted: 2 of column 2
to client: C[SELECT 3] Z[I]
"#);
    assert!(rows(&mut talk, &[NOTE], &[&["bob@shop.org"]]).is_empty(), "it was counted");
    assert_eq!(rows(&mut talk, &[NOTE], &[&["ann@shop.org"]]), ["1 of column 2"]);
}

#[test]
fn where_nothing_is_found_nothing_was_masked() {
    let mut talk = talk();
    talk.client(&query("select note from orders; select note || '' from orders"));
    let note = [row_description(&[NOTE]), data_row(&["red"]), complete("SELECT 1")];
    let computed =
        [row_description(&[(0, 0, 25)]), data_row(&["ann@shop.org"]), complete("SELECT 1"), ready(b'I')];
    assert_snapshot!(talk.server(&[note.concat(), computed.concat()].concat()), @r#"
to client: T[c···N!]
to client instead: D[red]
record 1 completed: 1 rows, 9 bytes, returned public.orders.note
sighted: 1 of column 2
to client: C[SELECT 1] T[c]
to client instead: D[a***@***.org]
record 2 completed: 1 rows, 18 bytes, returned (c), masked (c)
to client: C[SELECT 1] Z[I]
"#);
}

#[test]
fn what_is_computed_or_known_is_not_counted() {
    let mut talk = talk();
    let (computed, known, id) = ((0, 0, 25), (20000, 2, 25), (20001, 1, 23));
    assert!(rows(&mut talk, &[computed, known, id], &[&["a@b.org", "c@d.org", "1"]]).is_empty());
    assert_eq!(rows(&mut talk, &[id, NOTE, NOTE], &[&["1", "a@b.org", "c@d.org"]]), ["2 of column 2"]);
}

#[test]
fn rows_of_somebody_who_may_see_them_pass_untouched() {
    let mut talk = Talk::revealing();
    talk.add_note_to_orders();
    assert!(rows(&mut talk, &[NOTE], &[&["bob@shop.org"]]).is_empty());
}

#[test]
fn a_session_counts_a_hundred_values_of_a_column() {
    let mut talk = talk();
    let values: Vec<String> = (0..150).map(|n| format!("ann{n}@shop.org")).collect();
    let values: Vec<[&str; 1]> = values.iter().map(|value| [value.as_str()]).collect();
    let values: Vec<&[&str]> = values.iter().map(<[&str; 1]>::as_slice).collect();
    assert_eq!(rows(&mut talk, &[NOTE], &values), ["100 of column 2"]);
    assert!(rows(&mut talk, &[NOTE], &[&["bob@shop.org"]]).is_empty());
}
