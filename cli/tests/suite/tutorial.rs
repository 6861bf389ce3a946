//! `polyphase tutorial`: its files, its figures, and its page in a browser.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use polyphase_checks::seeds::repository;
use tempfile::TempDir;

use super::files::{read_npy, read_wav};
use super::pictures::read_png;
use super::{done, files_below, run};
use polyphase_checks::skips::skipped;

#[test]
fn the_tutorial_is_complete_and_its_page_loads_everything() {
    let folder = TempDir::new().unwrap();
    let page = Path::new("tutorial").join("index.html");
    assert_eq!(done(&folder, "tutorial --repeat 1"), format!("open {}\n", page.display()));
    let tutorial = folder.path().join("tutorial");

    // The page refers to every file, and to no others.
    let html = fs::read_to_string(tutorial.join("index.html")).unwrap();
    let mut named: Vec<_> = ["src=\"", "srcset=\"", "href=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()))
        // Leave out links to other sites and within the page.
        .filter(|name| !name.contains([':', '#']))
        .map(str::to_owned)
        .collect();
    named.push("index.html".to_owned());
    named.sort();
    named.dedup();
    assert_eq!(files_below(&tutorial), named);
    assert_eq!(named.len(), 9 + 2 * 9 + 2 * 6 + 2);
    for name in &named {
        if name.ends_with(".png") {
            let size = if name.contains("-filter") { (720, 1560) } else { (800, 560) };
            assert_eq!(read_png(&tutorial.join(name)).0, size, "{name}");
        }
    }

    // The sounds of resampy are equal to its stored output.
    for name in ["kaiser_best", "kaiser_fast"] {
        let wav = read_wav(&tutorial.join(format!("resampy-{}.wav", name.replace('_', "-"))));
        assert_eq!((wav.rate, wav.channels, wav.is_float), (32_000, 1, true));
        let golden = format!("tests/golden/tutorial/resampy_0.2.2_{name}_48000_32000.npy");
        let theirs = read_npy::<f64>(&repository().join(golden));
        assert_eq!(wav.samples.len(), theirs.len());
        assert!(wav.samples.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-7), "{name}");
    }
    let figures: serde_json::Value =
        serde_json::from_slice(&fs::read(tutorial.join("tutorial.json")).unwrap()).unwrap();
    for (index, expected) in [2.0806947e-06, 2.5200759e-05].into_iter().enumerate() {
        let difference = figures["differences"][index]["mean_squared"].as_f64().unwrap();
        approx::assert_relative_eq!(difference, expected, max_relative = 3e-8);
        assert!(html.contains(&format!("{difference:.7e}")));
    }
    assert_eq!(figures["times"]["rows"].as_array().unwrap().len(), 16);

    // An existing tutorial is replaced only with --overwrite.
    let (code, stdout, stderr) = run(&folder, "tutorial --repeat 1");
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1));
    assert!(stderr.contains("sweep.wav: the file already exists: add --overwrite"), "{stderr}");
    fs::write(folder.path().join("file"), "").unwrap();
    let (code, _, stderr) = run(&folder, "tutorial --out file");
    assert!(code == 2 && stderr.starts_with("polyphase: creating the folder file: "), "{stderr}");

    let Some(browser) = browser() else {
        return skipped("POLYPHASE_REQUIRE_BROWSER", "Chromium");
    };
    for width in [390, 1280] {
        let found = opened(&browser, &folder, width);
        assert_eq!(found["errors"], serde_json::json!([]), "at {width} pixels");
        assert_eq!(found["width"], width, "no part of the page is wider than the window");
        let shown = html.matches("<img ").count();
        assert_eq!((found["pictures"].as_u64(), found["sounds"].as_u64()), (Some(shown as u64), Some(12)));
    }
}

fn browser() -> Option<PathBuf> {
    let folders: Vec<_> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Opens the page in a frame of a width, loads all its parts, and returns the findings that the script logs.
fn opened(browser: &Path, folder: &TempDir, width: u32) -> serde_json::Value {
    let outer = format!(
        r#"<!doctype html><iframe src="tutorial/index.html" style="border:0;width:{width}px;height:800px"></iframe><script>
addEventListener("load", async () => {{
  const page = document.querySelector("iframe").contentDocument, errors = [];
  const fails = (element) => errors.push("cannot load " + element.src);
  page.querySelectorAll("details").forEach((details) => details.open = true);
  const pictures = [...page.images], sounds = [...page.querySelectorAll("audio")];
  for (const picture of pictures) {{
    picture.loading = "eager";
    await picture.decode().catch(() => fails(picture));
  }}
  for (const sound of sounds) {{
    if (sound.readyState < 1 && !sound.error) {{
      await new Promise((done) => {{ sound.onloadedmetadata = sound.onerror = done; sound.load(); }});
    }}
    if (!(Math.abs(sound.duration - 1) < 0.01)) fails(sound);
  }}
  const found = {{ width: page.documentElement.scrollWidth, pictures: pictures.length, sounds: sounds.length, errors }};
  console.log("FOUND" + JSON.stringify(found) + "END");
}});
</script>"#
    );
    let outer_path = folder.path().join(format!("outer-{width}.html"));
    fs::write(&outer_path, outer).unwrap();
    // With a debugging port the browser stays open. It writes the console of the page to stderr.
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"])
        .args(["--enable-logging=stderr", "--remote-debugging-port=0", "--window-size=1400,900"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", outer_path.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            if let Some((_, found)) = line.split_once("FOUND") {
                let _ = sender.send(found.split("END").next().unwrap().to_owned());
            }
        }
    });
    let found = receiver.recv_timeout(Duration::from_secs(90));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    serde_json::from_str(&found.expect("the script logs its findings")).unwrap()
}
