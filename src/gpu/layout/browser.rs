//! The shaders in Chromium, whose compiler of WGSL refuses some texts that naga accepts, such as `a * b >> c`.
//!
//! A pipeline takes up to a second, and there are more than a thousand. So Chromium compiles every text, and for each
//! shader only a set of pipelines in which every pair of override values occurs, and every value with every text.
//! `POLYPHASE_SHADERS=all` compiles every pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use polyphase_checks::skips::{say, skipped};
use serde_json::{Value, json};

use super::compilers::{constants, module, texts};
use super::shader::Variant;

/// Values of the overrides of a variant. The keys are sorted, and the numbers whole.
type Constants = BTreeMap<String, i64>;

#[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
fn whole_constants(variant: Variant) -> Constants {
    constants(variant).into_iter().map(|(name, value)| (name, value as i64)).collect()
}

/// Pairs of an override and its value, two at a time.
fn pairs(constants: &Constants) -> BTreeSet<[(&String, &i64); 2]> {
    let values: Vec<_> = constants.iter().collect();
    let with_later = |(index, &first)| values[index..].iter().map(move |&second| [first, second]);
    values.iter().enumerate().flat_map(with_later).collect()
}

/// Chooses greedily a few cases that together contain every pair of values found in any case.
fn covering(all: &BTreeSet<Constants>) -> Vec<&Constants> {
    let mut left: BTreeSet<_> = all.iter().flat_map(pairs).collect();
    let mut chosen = Vec::new();
    while !left.is_empty() {
        let new_pairs = |case: &&Constants| pairs(case).intersection(&left).count();
        let Some(best) = all.iter().max_by_key(new_pairs) else { break };
        let covered = pairs(best);
        left.retain(|pair| !covered.contains(pair));
        chosen.push(best);
    }
    chosen
}

#[test]
fn coverings_have_every_pair_and_few_cases() {
    let case = |index: i64| {
        let digits = [("A", index % 3), ("B", index / 3 % 2), ("C", index / 6 % 2), ("D", index / 12)];
        digits.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Constants>()
    };
    let all: BTreeSet<_> = (0..36).map(case).collect();
    let chosen = covering(&all);
    let all_pairs: BTreeSet<_> = all.iter().flat_map(pairs).collect();
    assert_eq!(chosen.iter().flat_map(|case| pairs(case)).collect::<BTreeSet<_>>(), all_pairs);
    assert!((9..=12).contains(&chosen.len()), "{} of {} cases", chosen.len(), all.len());
}

/// Every text, with the pipelines to compile.
fn modules() -> Vec<Value> {
    let texts: Vec<_> = texts().into_iter().collect();
    let mut cases: BTreeMap<&str, BTreeSet<Constants>> = BTreeMap::new();
    for (index, ((_, entry_point), variants)) in (0..).zip(&texts) {
        let with_text = |&variant| {
            let mut constants = whole_constants(variant);
            constants.insert(TEXT.to_owned(), index);
            constants
        };
        cases.entry(entry_point).or_default().extend(variants.iter().map(with_text));
    }
    let mut pipelines = vec![Vec::new(); texts.len()];
    let chosen = |cases| if every_pipeline() { BTreeSet::iter(cases).collect() } else { covering(cases) };
    for mut case in cases.values().flat_map(chosen).cloned() {
        let text = case.remove(TEXT).and_then(|index| usize::try_from(index).ok()).expect("it was inserted");
        pipelines[text].push(case);
    }
    let all = texts.iter().zip(&pipelines);
    all.map(|(((source, entry_point), _), pipelines)| described(source, entry_point, pipelines)).collect()
}

fn every_pipeline() -> bool {
    std::env::var("POLYPHASE_SHADERS").is_ok_and(|shaders| shaders == "all")
}

/// Name under which the number of a text stands among the overrides.
const TEXT: &str = "text";

/// A text with its bindings and pipelines.
fn described(source: &str, entry_point: &str, pipelines: &[Constants]) -> Value {
    let (module, _) = module(source);
    let mut groups: BTreeMap<u32, Vec<Value>> = BTreeMap::new();
    for (_, variable) in module.global_variables.iter() {
        let Some(at) = &variable.binding else { continue };
        let ty = match variable.space {
            naga::AddressSpace::Uniform => "uniform",
            naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => "storage",
            naga::AddressSpace::Storage { .. } => "read-only-storage",
            space => panic!("{space:?} has no binding"),
        };
        groups.entry(at.group).or_default().push(json!({ "binding": at.binding, "type": ty }));
    }
    json!({
        "source": source,
        "entryPoint": entry_point,
        "groups": groups.values().collect::<Vec<_>>(),
        "pipelines": pipelines,
    })
}

fn browser() -> Option<PathBuf> {
    let folders: Vec<_> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Opens the page, and returns the findings that its script logs.
fn opened(browser: &Path, folder: &Path, page: &Path) -> Value {
    // With a debugging port the browser stays open. It writes the console of the page to stderr.
    let mut child = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"])
        .args(["--enable-features=Vulkan", "--enable-logging=stderr", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the browser starts");
    let log = BufReader::new(child.stderr.take().expect("it is piped"));
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            let logged = |word| line.split_once(word)?.1.split("END").next();
            if let Some(found) = logged("FOUND") {
                let _ = sender.send(found.to_owned());
            } else if let Some(progress) = logged("PROGRESS") {
                say(progress);
            }
        }
    });
    let minutes = if every_pipeline() { 60 } else { 5 };
    let found = receiver.recv_timeout(Duration::from_secs(60 * minutes));
    child.kill().expect("it was started here");
    child.wait().expect("it was started here");
    reader.join().expect("it does not panic");
    let found = percent_decoded(&found.expect("the script logs its findings"));
    serde_json::from_str(&found).expect("JSON")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex: Vec<u8> = if byte == b'%' { rest.by_ref().take(2).collect() } else { Vec::new() };
        let decoded = std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(decoded.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes 34 s on two cores.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn chromium_compiles_every_shader() {
    let Some(browser) = browser() else { return skipped("POLYPHASE_REQUIRE_BROWSER", "browser") };
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/compile.html");
    let template = std::fs::read_to_string(template).expect("the page");
    let script = format!("const modules = {};", Value::from(modules()).to_string().replace("</", "<\\/"));
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("compile.html");
    std::fs::write(&page, template.replace("const modules = [];", &script)).expect("written");

    let result = opened(&browser, folder.path(), &page);
    assert_eq!(result["problem"], Value::Null);
    let found: Vec<_> = result["found"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(found.is_empty(), "{} problems:\n{}", found.len(), found.join("\n"));
    assert!(result["pipelines"].as_u64().is_some_and(|count| count >= 9), "{result}");
    say(&format!("Chromium compiled {} pipelines in {:.0} s", result["pipelines"], result["seconds"]));
}
