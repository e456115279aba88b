//! What the programs need of the kernel's stack. Before Linux 6.13 all functions that are in use at once have 512 bytes together
//! (verifier.c, `check_max_stack_depth`); this kernel may take what an older one refuses.

use std::collections::{BTreeMap, BTreeSet};

use aya_obj::Object;
use aya_obj::generated::bpf_insn;
use picket_agent::load::embedded;

/// `MAX_BPF_STACK` (filter.h).
const STACK_BYTES_MAX: usize = 512;

/// What a function takes is a multiple of this (verifier.c, `round_up_stack_depth`).
const FRAME_BYTES: usize = 32;

/// `BPF_JMP | BPF_CALL`, and in `src_reg` that it is a function of the program (`BPF_PSEUDO_CALL`).
const CALL: u8 = 0x85;
const PSEUDO_CALL: u8 = 1;

/// `BPF_ALU64 | BPF_MOV | BPF_X` and `BPF_ALU64 | BPF_ADD | BPF_K`.
const MOVE: u8 = 0xbf;
const ADD: u8 = 0x07;

/// The register that has the end of the stack.
const FRAME: u8 = 10;

/// A function of a program: how much it takes itself, and whom it calls, by where these begin.
#[derive(Default)]
struct Taken {
    bytes: usize,
    calls: BTreeSet<usize>,
}

/// All functions of a linked program, by where they begin.
fn functions(program: &[bpf_insn]) -> BTreeMap<usize, Taken> {
    let called = |(at, instruction): (usize, &bpf_insn)| {
        let is_call = instruction.code == CALL && instruction.src_reg() == PSEUDO_CALL;
        is_call.then(|| (at + 1).checked_add_signed(instruction.imm as isize).unwrap())
    };
    let starts = program.iter().enumerate().filter_map(called);
    let mut functions: BTreeMap<usize, Taken> = starts.map(|start| (start, Taken::default())).collect();
    functions.insert(0, Taken::default());
    let mut before: Option<&bpf_insn> = None;
    for (at, instruction) in program.iter().enumerate() {
        let (_, function) = functions.range_mut(..=at).next_back().unwrap();
        function.calls.extend(called((at, instruction)));
        let is_of_frame = before.is_some_and(|before| {
            (before.code, before.src_reg(), before.dst_reg()) == (MOVE, FRAME, instruction.dst_reg())
        });
        // Loads have the address in the second register, stores in the first.
        let offset = match instruction.code {
            ADD if is_of_frame => instruction.imm,
            code if code & 7 == 1 && instruction.src_reg() == FRAME => instruction.off.into(),
            code if matches!(code & 7, 2 | 3) && instruction.dst_reg() == FRAME => instruction.off.into(),
            _ => 0,
        };
        function.bytes = function.bytes.max(offset.min(0).unsigned_abs() as usize);
        before = Some(instruction);
    }
    functions
}

/// How much the function that begins here takes with all that it calls.
fn together(functions: &BTreeMap<usize, Taken>, start: usize) -> usize {
    let taken = &functions[&start];
    let below = taken.calls.iter().map(|called| together(functions, *called)).max();
    taken.bytes.max(1).next_multiple_of(FRAME_BYTES) + below.unwrap_or(0)
}

#[test]
fn what_is_in_use_at_once_has_room_on_every_kernel() {
    let mut object = Object::parse(embedded().unwrap()).unwrap();
    let sections = object.functions.keys().map(|(section, _)| *section).collect();
    object.relocate_calls(&sections).unwrap();
    let taken: BTreeMap<&str, usize> = object
        .programs
        .iter()
        .map(|(name, program)| {
            let functions = functions(&object.functions[&program.function_key()].instructions);
            (name.as_str(), together(&functions, 0))
        })
        .collect();
    assert!(taken["connect_unix"] > 256, "it is not measured: {taken:?}");
    let too_large: Vec<_> = taken.iter().filter(|(_, bytes)| STACK_BYTES_MAX < **bytes).collect();
    assert!(too_large.is_empty(), "{too_large:?} of {taken:?}");
}
