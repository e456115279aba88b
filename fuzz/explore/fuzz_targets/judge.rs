//! Explores `fuzz::judge`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::judge(data));
