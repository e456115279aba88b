//! Replays what fuzzers have found so far: every corpus, every input.

use std::fs;
use std::path::Path;

use fuzz::TARGETS;

#[test]
fn every_input_of_every_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("list {name}: {error}")) {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            // The name of the input stands in the output where it fails.
            println!("{}", path.display());
            target(&input);
            inputs += 1;
        }
        assert!(0 < inputs, "{name} has no corpus");
    }
}
