//! Every plain string of any file can be replaced, or the edit is refused; nothing else changes.
#![no_main]

use hcl_resolve::literals::literals;
use hcl_resolve::parse::parse_bytes;
use hcl_resolve::splice::{literal_at, splice};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = parse_bytes("fuzz.hcl", bytes) else { return };
    for literal in literals(&body).into_iter().take(8) {
        for value in ["v1.2.3", "a\"b\\${c}%{d}\n\u{1}", ""] {
            let Ok(spliced) = splice("fuzz.hcl", bytes, literal.span, value) else { continue };
            let new_len = spliced.len() - (bytes.len() - literal.span.len());
            let new = literal.span.start..literal.span.start + new_len;
            assert_eq!(spliced[..new.start], bytes[..new.start]);
            assert_eq!(spliced[new.end..], bytes[literal.span.end..]);
            let after = parse_bytes("fuzz.hcl", &spliced).expect("it was proven to parse");
            assert_eq!(literal_at(&after, &new), Some(value));
        }
    }
});
