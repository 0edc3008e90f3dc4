//! What does not fit does not compile, and the message names the sizes.
//!
//! That the programs in `ui` do not compile is tested by every run, by doctests in `src/ui.rs`. Here are the messages:
//! those beside the programs are the words of one compiler, without its component `rust-src`, so they are compared only
//! where [`COMPARE`] is set. `TRYBUILD=overwrite` writes them anew for another compiler.

// Other targets are built here but run elsewhere, where there is no compiler.
#![cfg(target_arch = "x86_64")]

use std::ffi::OsStr;
use std::path::Path;
use std::{env, fs};

use femto_tests::log::say;
use femto_tests::ui::MUST_NOT_COMPILE;

/// The environment variable that says that this is the compiler whose messages stand in `ui`.
const COMPARE: &str = "FEMTO_UI";

#[test]
fn the_messages_are_the_expected_ones() {
    if env::var_os(COMPARE).is_some() {
        trybuild::TestCases::new().compile_fail("ui/*.rs");
    } else {
        say(&format!("the compiler's messages were not compared: {COMPARE} is not set"));
    }
}

/// Written anew for another compiler, the messages must still name what does not fit.
#[test]
fn the_messages_name_the_sizes() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let cases: [(&str, &[&str]); 7] = [
        ("bias_does_not_match", &["size of 5", "size of 4"]),
        ("bytes_do_not_match", &["four for each number", "Dense<1, 1>", "4>"]),
        ("dropout_leaves_nothing", &["below 100 percent", "Dropout::<4, 100>"]),
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
    let listed: Vec<&str> = cases.map(|(case, _)| case).into();
    assert_eq!(listed, MUST_NOT_COMPILE, "the programs that are doctests, and those whose messages are looked at");
    let files = fs::read_dir(&ui).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> = files.filter(|path| path.extension() == Some(OsStr::new("rs"))).collect();
    programs.sort();
    let expected: Vec<_> = listed.iter().map(|case| ui.join(case).with_extension("rs")).collect();
    assert_eq!(programs, expected, "the files in `ui`, and those that are tested");
}
