//! Embeds the kernel programs where they are built: `cargo xtask ebpf`, or the object that `PICKET_EBPF_OBJECT` names.

use std::env;
use std::path::{Path, PathBuf};

/// Where `cargo xtask ebpf` puts them, seen from this package.
const BUILT: &str = "../ebpf/target/bpfel-unknown-none/release/picket-ebpf";
const VARIABLE: &str = "PICKET_EBPF_OBJECT";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kernel_programs)");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let object = match (env::var_os(VARIABLE), env::var_os("CARGO_MANIFEST_DIR")) {
        (Some(named), _) => PathBuf::from(named),
        (None, Some(package)) => Path::new(&package).join(BUILT),
        (None, None) => return,
    };
    if object.is_file() {
        println!("cargo::rerun-if-changed={}", object.display());
        println!("cargo::rustc-env=PICKET_EBPF_EMBEDDED={}", object.display());
        println!("cargo::rustc-cfg=kernel_programs");
    } else if let Some(exists) = object.ancestors().find(|folder| folder.exists()) {
        // A file that is not there counts as changed at each build; the folder that will hold it does not.
        println!("cargo::rerun-if-changed={}", exists.display());
    }
}
