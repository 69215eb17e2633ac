//! Hex that looks like a digest: the same for the same text, and nothing to rely on for safety.

/// Makes `length` hexadecimal digits of a text, by FNV-1a with as many seeds as it takes.
pub(crate) fn hex(text: &str, length: usize) -> String {
    let mut digits = String::new();
    for seed in 0_u8.. {
        if digits.len() >= length {
            break;
        }
        let hash = [&[seed], text.as_bytes()]
            .concat()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        digits.push_str(&format!("{hash:016x}"));
    }
    digits.truncate(length);
    digits
}

/// Makes an id of the form that UUIDs have.
pub(crate) fn uuid(text: &str) -> String {
    let hex = hex(text, 32);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
