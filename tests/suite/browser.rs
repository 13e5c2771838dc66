//! Tests of the pages in a browser: no messages on the console, nothing wider than the window, enough contrast, and a picture that is not
//! empty.
//!
//! The browser is headless Chromium: the program that `NAS_ASSAY_CHROMIUM` names, or the first of the usual names on the path. Not every
//! machine has one, so these tests are ignored by default.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::{Bench, TINY};

/// Names of Chromium on the path.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The width of a narrow phone, and that of a desktop.
const WIDTHS: [u32; 2] = [360, 1280];

/// The headings in the report of a record that has all analyses.
const PARTS: [&str; 10] = [
    "Ranks",
    "Against the baselines",
    "Variants",
    "Agreement between estimators",
    "Over epochs",
    "From seed to seed",
    "Bias by complexity",
    "Bias by operation",
    "Cost against quality",
    "Architectures",
];

/// A script of the page around the frame. It inspects the page in the frame and writes the result into its own body.
const INSPECT: &str = include_str!("inspect.js");

struct Browser {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Browser {
    fn find() -> Self {
        let named = std::env::var_os("NAS_ASSAY_CHROMIUM").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        let program = named.or_else(|| found.into_iter().find(|candidate| candidate.is_file()));
        let program = program.unwrap_or_else(|| panic!("no browser was found: set NAS_ASSAY_CHROMIUM to its path"));
        Self { program, folder: tempfile::tempdir().unwrap() }
    }

    /// Opens a page. Returns stdout of the browser, and the messages on the console of the page.
    fn open(&self, page: &Path, dark: bool, arguments: &[&str]) -> (String, Vec<String>) {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        // The color scheme for media queries: 0 is dark, 1 is light.
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        let output = Command::new(&self.program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"])
            .args(["--no-first-run", "--disable-extensions", "--virtual-time-budget=2000", &profile, &scheme])
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap_or_else(|error| panic!("failed to start {}: {error}", self.program.display()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let console = log.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
        (String::from_utf8_lossy(&output.stdout).into_owned(), console)
    }

    /// Inspects a page in a frame of a given width.
    fn inspect(&self, page: &str, width: u32, dark: bool) -> Findings {
        // A window cannot be as narrow as a phone, but a frame inside it can.
        let host = format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"/><meta name=\"color-scheme\" content=\"light dark\"/></head><body>\
             <iframe id=\"page\" style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{}\"></iframe><pre id=\"found\"></pre>\
             <script>{INSPECT}</script></body></html>",
            page.replace('&', "&amp;").replace('"', "&quot;")
        );
        let path = self.folder.path().join("host.html");
        fs::write(&path, host).unwrap();
        let (document, console) = self.open(&path, dark, &["--window-size=1400,1000", "--dump-dom"]);
        let found = document.split("<pre id=\"found\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap();
        let found = serde_json::from_str(found).unwrap_or_else(|error| panic!("{error}: {found:?}"));
        Findings { found, console }
    }

    /// A screenshot of a page.
    fn photograph(&self, page: &str, size: [u32; 2], dark: bool) -> Vec<u8> {
        let (path, picture) = (self.folder.path().join("page.html"), self.folder.path().join("page.png"));
        fs::write(&path, page).unwrap();
        let (window, to) =
            (format!("--window-size={},{}", size[0], size[1]), format!("--screenshot={}", picture.display()));
        self.open(&path, dark, &[&window, &to]);
        fs::read(picture).unwrap()
    }
}

/// The result of the inspection of a page.
struct Findings {
    found: serde_json::Value,
    console: Vec<String>,
}

impl Findings {
    fn list(&self, key: &str) -> Vec<String> {
        self.found[key].as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
    }

    fn is_dark(&self) -> bool {
        self.found["dark"].as_bool().unwrap()
    }

    /// All problems that were found.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = self.console.clone();
        if self.found["scrollWidth"].as_f64() > self.found["width"].as_f64() {
            complaints.push(format!("the page is {} wide", self.found["scrollWidth"]));
        }
        for key in ["wide", "scrolling", "faint", "nameless"] {
            complaints.extend(self.list(key).into_iter().map(|item| format!("{key}: {item}")));
        }
        complaints
    }
}

/// The pages of a record: its report, the same report with all parts unfolded, a leaderboard with several columns, and its lints.
fn pages() -> Vec<(&'static str, String)> {
    let bench = Bench::new();
    let several = "'deiso'\nseeds = [20, 2020]\ncheckpoints = [1, 2]";
    let tiny = TINY
        .replace("epochs = 8", "epochs = 3\n")
        .replace("'deiso'", several)
        .replace("[one-shot]", "[one-shot]\nevery-checkpoint = true");
    bench.write("tiny.toml", tiny + "[variants.gaussian.zero-shot]\ninput = 'gaussian'\n");
    bench.run(&["run", "tiny.toml", "--quiet"]).exits(0);
    let mut arguments = vec!["leaderboard".to_owned(), "--all".to_owned(), "--format".to_owned(), "html".to_owned()];
    let record: serde_json::Value =
        serde_json::from_str(&bench.run(&["show", "latest", "--json"]).exits(0).stdout).unwrap();
    for space in ["nb101", "nb301", "nds_resnet", "nds_resnext_a"] {
        let mut other = record.clone();
        other["space"] = space.into();
        other["name"] = format!("{space}-micro").into();
        bench.write(&format!("{space}.json"), other.to_string());
        arguments.extend(["--record".to_owned(), format!("{space}.json")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = bench.run(&["report", "latest", "--format", "html"]).exits(0).stdout;
    for part in PARTS {
        assert!(report.contains(&format!(">{part}</h3>")), "the report has no part `{part}`");
    }
    // Folded parts have no size, so their problems are found only if they are unfolded.
    let unfolded = report.replace("<details>", "<details open>");
    let lint =
        bench.run(&["lint", "latest", "--format", "html"]).exits(3).stdout.replace("<details>", "<details open>");
    let board = bench.run(&arguments).exits(0).stdout;
    vec![("report", report), ("report-unfolded", unfolded), ("leaderboard", board), ("lint", lint)]
}

#[test]
#[ignore = "needs Chromium: cargo test -- --include-ignored"]
fn pages_have_no_problems_on_a_phone_and_on_a_desktop_in_light_and_in_dark() {
    let browser = Browser::find();
    for (name, page) in pages() {
        for width in WIDTHS {
            for dark in [false, true] {
                let findings = browser.inspect(&page, width, dark);
                assert_eq!(findings.found["width"], width, "the frame has the wrong width");
                assert_eq!(findings.is_dark(), dark, "{name}");
                let complaints = findings.complaints();
                assert!(complaints.is_empty(), "{name}, {width} px, dark: {dark}:\n{}", complaints.join("\n"));
                let shown = findings.found["contents"].as_bool();
                assert!(shown.is_none_or(|shown| shown == (width > 960)), "{name}, {width} px: contents {shown:?}");
                if width > 960 && name == "report" {
                    // The first screen has the title, what the record says, and the top of the first table.
                    for part in ["title", "said", "heading"] {
                        let end = findings.found["ends"][part].as_f64();
                        assert!(end.is_some_and(|end| end < 800.0), "{part} ends at {end:?}");
                    }
                }
            }
        }
        for dark in [false, true] {
            let size = [1280, 1600];
            let picture = browser.photograph(&page, size, dark);
            let blank = browser.photograph("<!DOCTYPE html><title>blank</title>", size, dark);
            assert!(picture.starts_with(b"\x89PNG"), "{name}");
            assert!(
                picture.len() > 5 * blank.len(),
                "{name}: {} bytes, and {} for a blank page",
                picture.len(),
                blank.len()
            );
            if let Some(folder) = std::env::var_os("NAS_ASSAY_SCREENSHOTS") {
                fs::write(
                    Path::new(&folder).join(format!("{name}-{}.png", if dark { "dark" } else { "light" })),
                    picture,
                )
                .unwrap();
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium: cargo test -- --include-ignored"]
fn problems_of_a_page_are_found() {
    let browser = Browser::find();
    let page = |body: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><title>x</title></head>\
             <body style=\"margin:0;background:#fff;color:#111\">{body}</body></html>"
        )
    };
    let complaints = |body: &str| browser.inspect(&page(body), 360, false).complaints().join("\n");
    assert_eq!(complaints("<p>all is well</p>"), "");
    assert_eq!(complaints("<div style=\"overflow-x:auto\"><p style=\"width:900px\">scrolls by itself</p></div>"), "");
    for (body, complaint) in [
        ("<p style=\"width:400px\">wide</p>", "the page is 400 wide"),
        ("<p style=\"width:400px\">wide</p>", "wide: p"),
        ("<p style=\"color:#999\">faint</p>", "faint: p"),
        ("<svg viewBox=\"0 0 1 1\" role=\"img\"></svg>", "nameless: svg"),
        ("<table><tr><td>x</td></tr></table>", "nameless: table"),
        (
            "<div class=\"scroll\" style=\"overflow-x:auto\"><table class=\"stack\"><caption>x</caption><tr><td style=\"min-width:900px\">x</td></tr></table></div>",
            "scrolling: table.stack",
        ),
        ("<script>console.error('heard')</script>", "heard"),
        ("<script>missing()</script>", "missing is not defined"),
    ] {
        let found = complaints(body);
        assert!(found.contains(complaint), "`{complaint}` is not in `{found}` for {body}");
    }
}
