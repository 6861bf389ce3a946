//! Tests of the repository's documents: links lead somewhere, commands parse, environment variables are documented, and
//! versions agree. Rust examples are tested where `doctest` stands in `lib.rs` of the library and of polyphase-audio,
//! Python's in `python/tests`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use polyphase_checks::seeds::repository;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser as Markdown, Tag, TagEnd};

use crate::Cli;

/// Files of the repository with one of these extensions, without what was built or installed.
fn files(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let left_out = |name: &str| {
        name != ".github" && name.len() > 1 && name.starts_with('.')
            || ["target", "node_modules", "pkg", "dist"].contains(&name)
    };
    let entries = walkdir::WalkDir::new(repository().canonicalize().expect("the repository")).into_iter();
    let entries = entries.filter_entry(|entry| !left_out(&entry.file_name().to_string_lossy()));
    let paths = entries.filter_map(Result::ok).map(walkdir::DirEntry::into_path);
    let paths =
        paths.filter(|path| path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)));
    paths.filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

fn documents() -> Vec<(PathBuf, String)> {
    let documents = files(&["md"]);
    assert!(documents.len() > 8, "{}", documents.len());
    documents
}

fn events(text: &str) -> impl Iterator<Item = Event<'_>> {
    Markdown::new_ext(text, Options::ENABLE_TABLES)
}

/// Anchors of a document's headings, as GitHub forms them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading = None;
    for event in events(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::End(TagEnd::Heading(_)), Some(heading)) => {
                let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                anchors.insert(kept.collect::<String>().to_lowercase().replace(' ', "-"));
            }
            _ => {}
        }
    }
    anchors
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut count = 0;
    for (path, text) in documents() {
        for event in events(&text) {
            let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else { continue };
            if dest_url.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{}: {dest_url} does not exist", path.display());
            if !anchor.is_empty() {
                let headings = anchors(&fs::read_to_string(&target).expect("a document"));
                assert!(headings.contains(anchor), "{}: {dest_url} is none of {headings:?}", path.display());
            }
        }
    }
    assert!(count > 20, "{count}");
}

/// Commands of a document's `sh` blocks, and those of the program within its sentences, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut block: Option<String> = None;
    for event in events(text) {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))), _) if &*language == "sh" => {
                block = Some(String::new());
            }
            (Event::Text(text), Some(block)) => block.push_str(&text),
            (Event::End(TagEnd::CodeBlock), _) => {
                // A backslash joins a line to the next.
                lines.extend(block.take().unwrap_or_default().replace("\\\n", "").lines().map(str::to_owned));
            }
            (Event::Code(code), _) if code.starts_with("polyphase ") && !code.contains(['=', '…']) => {
                lines.push(code.to_string());
            }
            _ => {}
        }
    }
    let split = |line: &String| shlex::split(line).unwrap_or_else(|| panic!("unbalanced quotes: {line}"));
    let separates = |word: &String| ["|", "&&", ">", "<"].contains(&word.as_str());
    let words = lines.iter().map(split);
    words.flat_map(|words| words.split(separates).map(<[String]>::to_vec).collect::<Vec<_>>()).collect()
}

/// Asserts that the arguments of the program are accepted. An option or a command alone may stand for its use.
fn check_program(arguments: &[String], what: &str) {
    match Cli::try_parse_from(std::iter::once("polyphase").chain(arguments.iter().map(String::as_str))) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {}
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument && arguments.len() == 1 => {}
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Asserts that a script, an example, a bench or a test that a command names exists.
fn check_files(words: &[String], what: &str) {
    for pair in words.windows(2) {
        let (option, name) = (&pair[0], &pair[1]);
        let paths = match option.as_str() {
            "--example" => ["", "audio/", "burn/"].map(|member| format!("{member}examples/{name}.rs")).to_vec(),
            "--bench" => vec![format!("benches/{name}.rs")],
            "--test" => vec![format!("tests/{name}/main.rs")],
            "python3" | "python" | "bash" | "sh" if !name.starts_with('-') => vec![name.clone()],
            _ => continue,
        };
        assert!(paths.iter().any(|path| repository().join(path).exists()), "{what}: there is none of {paths:?}");
    }
}

#[test]
fn commands_are_accepted() {
    let mut count = 0;
    for (path, text) in documents() {
        for words in commands(&text) {
            let what = format!("{}: {}", path.display(), words.join(" "));
            check_files(&words, &what);
            let of_cargo = words.starts_with(&["cargo".to_owned(), "run".to_owned()])
                && words.iter().any(|word| word == "polyphase-cli");
            let arguments = match words.first().map(String::as_str) {
                Some("polyphase") => &words[1..],
                Some("cargo") if of_cargo => words.split(|word| word == "--").nth(1).unwrap_or_default(),
                _ => continue,
            };
            check_program(arguments, &what);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// Names of environment variables of this project.
fn variables(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices("POLYPHASE_").map(|(start, _)| &text[start..]);
    let names = starts.map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap_or(rest));
    names.filter(|name| !name.ends_with('_')).collect()
}

#[test]
fn environment_variables_are_in_the_table() {
    let contributing = fs::read_to_string(repository().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    let documented = variables(&contributing);
    let sources = files(&["rs", "py", "js", "ts", "sh", "yml"]);
    let used: BTreeSet<_> = sources.iter().flat_map(|(_, text)| variables(text)).collect();
    let missing: Vec<_> = used.difference(&documented).collect();
    assert!(missing.is_empty() && used.len() > 10, "{missing:?} of {used:?}");
}

/// Versions that a manifest gives itself and the packages of this project.
fn versions(manifest: &Path) -> Vec<String> {
    let text = fs::read_to_string(manifest).expect("a manifest");
    let own =
        |line: &&str| line.starts_with("version = ") || line.starts_with("polyphase") && line.contains("version = ");
    let version =
        |line: &str| line.split("version = \"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    text.lines().filter(own).filter_map(version).collect()
}

#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    for (manifest, count) in [("Cargo.toml", 3), ("burn/Cargo.toml", 2)] {
        let versions = versions(&repository().join(manifest));
        assert!(versions.len() == count && versions.iter().all(|found| found == version), "{manifest}: {versions:?}");
    }
    let read = |name: &str| fs::read_to_string(repository().join(name)).expect("a document");
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## "));
    assert!(newest.is_some_and(|heading| heading.split(' ').next() == Some(version)), "{newest:?}");
    assert!(read("web/js/package.json").contains(&format!("\"version\": \"{version}\"")), "web/js/package.json");
    let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    assert!(read("README.md").contains(&format!("polyphase = \"{minor}\"")), "README.md: polyphase = \"{minor}\"");
}
