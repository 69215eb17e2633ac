//! Any bytes are parsed, or refused with a place in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask_fuzz::repo::hcl::literals::literals;
use xtask_fuzz::repo::hcl::parse::parse_bytes;

fuzz_target!(|bytes: &[u8]| {
    match parse_bytes("fuzz.hcl", bytes) {
        Ok(body) => {
            for literal in literals(&body) {
                assert!(bytes.get(literal.span.clone()).is_some(), "a span lies outside the file");
            }
        }
        Err(fault) => assert!(!fault.failure().to_string().is_empty()),
    }
    let _ = std::str::from_utf8(bytes).map(|text| {
        let _ = xtask_fuzz::repo::json::parse(text);
        let _ = xtask_fuzz::repo::yaml::parse(text);
    });
});
