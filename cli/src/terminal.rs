//! Output to the terminal. Work continues if a line cannot be printed.
//!
//! Names of files may hold any character. [`shown`] and [`one_line`] escape those that would change the terminal or
//! break a line, and no line is printed with other control characters than the ends of its own lines.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write, stderr, stdout};
use std::path::Path;

/// Prints a line to standard output. A closed pipe is not an error.
pub(crate) fn print_line(line: &str) -> io::Result<()> {
    print_bytes((escaped(line, |character| !matches!(character, '\n' | '\t')).into_owned() + "\n").as_bytes())
}

/// Writes bytes to standard output as they are. A closed pipe is not an error.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    match stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Prints a line to standard error, and ignores errors.
pub(crate) fn eprint_line(line: &str) {
    let _ = writeln!(stderr(), "{}", escaped(line, |character| !matches!(character, '\n' | '\t')));
}

/// The text of a path, in one line: control characters are escaped as in `\n`, and bytes that are not UTF-8 as in
/// `\xff`.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&one_line(chunk.valid()));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Text with every control character escaped, ends of lines included.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| true)
}

/// Escapes those control characters, and those that change the direction of writing, for which `is_escaped` is true.
fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let changes_terminal = |character: char| {
        (character.is_control()
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'))
            && is_escaped(character)
    };
    if !text.contains(changes_terminal) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if changes_terminal(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(one_line("a\n\u{1b}[31mé 🎵\u{202e}"), "a\\n\\u{1b}[31mé 🎵\\u{202e}");
        assert_eq!(escaped("a\n\tb\r", |character| character == '\r'), "a\n\tb\\r");
        assert_eq!(shown(Path::new("a b/é.wav")), "a b/é.wav");
        #[cfg(unix)]
        {
            let bytes = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"a\xff\xe2\x82.wav");
            assert_eq!(shown(Path::new(bytes)), "a\\xff\\xe2\\x82.wav");
        }
    }
}
