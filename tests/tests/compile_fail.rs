//! What does not fit does not compile, and the message names the sizes.
//!
//! The expected messages, beside the programs in `ui`, are those of the stable compiler that continuous integration
//! uses; `TRYBUILD=overwrite` writes them anew for another one.

// Other targets are built here but run elsewhere, where there is no compiler.
#![cfg(target_arch = "x86_64")]

use std::fs;
use std::path::Path;

#[test]
fn what_does_not_fit_does_not_compile() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

/// Written anew for another compiler, the messages must still name what does not fit.
#[test]
fn the_messages_name_the_sizes() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let cases: [(&str, &[&str]); 6] = [
        ("bias_does_not_match", &["size of 5", "size of 4"]),
        ("bytes_do_not_match", &["four for each number", "Dense<1, 1>", "4>"]),
        ("input_does_not_match", &["size of 2", "size of 3"]),
        ("layers_do_not_match", &["size of 128", "size of 127"]),
        ("moments_do_not_match", &["expected `1`, found `2`"]),
        ("product_does_not_match", &["size of 70", "size of 71"]),
    ];
    for (case, parts) in cases {
        let message = fs::read_to_string(ui.join(case).with_extension("stderr")).unwrap();
        for part in parts {
            assert!(message.contains(part), "{case}: the message does not say {part:?}:\n{message}");
        }
    }
    let programs = fs::read_dir(&ui)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "rs"));
    assert_eq!(programs.count(), cases.len(), "a program without its sizes in this list");
}
