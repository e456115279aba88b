//! Against a model: whatever is appended, taken, acknowledged, and however often the process dies in between, a spool
//! is a queue.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::super::Spool;
use super::{Room, drain, numbers, sized};

#[derive(Clone, Debug)]
enum Step {
    Append {
        records: u64,
        letters: usize,
    },
    Take {
        records_max: usize,
        acknowledge: bool,
    },
    Restart,
    /// As a crash within `write` would: half a frame at the end.
    Tear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..6u64, 0..20_000usize).prop_map(|(records, letters)| Step::Append { records, letters }),
        (1..9usize, any::<bool>())
            .prop_map(|(records_max, acknowledge)| Step::Take { records_max, acknowledge }),
        Just(Step::Restart),
        Just(Step::Tear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spool_is_a_queue_over_any_restarts(steps in prop::collection::vec(step(), 1..40)) {
        let room = Room::new();
        let mut spool = Some(room.open());
        let mut queue = VecDeque::new();
        let mut sent = None;
        let mut next = 0;
        for step in steps {
            let open = spool.take().unwrap();
            spool = Some(match step {
                Step::Append { records, letters } => {
                    let batch: Vec<_> = (next..next + records).map(|number| sized(number, letters)).collect();
                    if open.append(&batch).is_ok() {
                        queue.extend(next..next + records);
                        next += records;
                    }
                    open
                }
                Step::Take { records_max, acknowledge } => {
                    let batch = open.next_batch(records_max, 64 << 10).unwrap();
                    prop_assert_eq!(batch.is_some(), !queue.is_empty());
                    if let Some(batch) = batch {
                        let taken = numbers(&batch);
                        let expected: Vec<u64> = queue.iter().copied().take(taken.len()).collect();
                        prop_assert_eq!(&taken, &expected);
                        let again = (batch.token(), taken.clone());
                        if let Some(sent) = sent.take() {
                            prop_assert_eq!(&again, &sent, "what may have been sent is sent as it was");
                        }
                        if acknowledge {
                            open.acknowledge(&batch, batch.before);
                            queue.drain(..taken.len());
                        } else {
                            sent = Some(again);
                        }
                    }
                    open
                }
                Step::Restart => restart(open, &room),
                Step::Tear => {
                    drop(open);
                    let newest = room.files("segment").pop().unwrap();
                    let mut bytes = std::fs::read(&newest).unwrap();
                    bytes.extend([200, 0, 0, 0, 1, 2, 3, 4, b'{']);
                    std::fs::write(&newest, bytes).unwrap();
                    room.open()
                }
            });
            let open = spool.as_ref().unwrap();
            prop_assert_eq!(open.depth().records, queue.len() as u64);
        }
        let open = restart(spool.unwrap(), &room);
        prop_assert_eq!(drain(&open), Vec::from(queue));
        prop_assert!(room.files("broken").is_empty());
        prop_assert_eq!(room.files("segment").len(), 1);
    }
}

fn restart(spool: Spool, room: &Room) -> Spool {
    drop(spool);
    room.open()
}
