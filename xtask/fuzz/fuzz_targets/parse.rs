//! Any bytes are parsed, or refused with a place in them.
#![no_main]

use hcl_resolve::literals::literals;
use hcl_resolve::parse::parse_bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse_bytes("fuzz.hcl", bytes) {
        Ok(body) => {
            for literal in literals(&body) {
                assert!(bytes.get(literal.span.clone()).is_some(), "a span lies outside the file");
            }
        }
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
    let _ = std::str::from_utf8(bytes).map(|text| {
        let _ = hcl_resolve::json::parse(text);
        let _ = hcl_resolve::yaml::parse(text);
    });
});
