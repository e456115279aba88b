//! Explores `fuzz::server_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::server_message(data));
