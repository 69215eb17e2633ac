//! SHA-256, as the usual tools write it: in lowercase hexadecimal.

use std::io::{self, Read};
use std::path::Path;

use ring::digest::{Context, SHA256, digest};

/// The hash of bytes.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(digest(&SHA256, bytes.as_ref()).as_ref())
}

/// The hash of a file.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut file = crate::model::regular::open(path)?;
    let mut buffer = [0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => context.update(&buffer[..n]),
        }
    }
    Ok(hex(context.finish().as_ref()))
}

/// Bytes in lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn sha256_is_written_as_the_usual_tools_write_it() {
        const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        fs::write(&path, "").unwrap();
        assert_eq!(sha256_of(&path).unwrap(), OF_NOTHING);
        assert_eq!(sha256(""), OF_NOTHING);
    }
}
