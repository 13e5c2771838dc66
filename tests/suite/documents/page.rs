//! A folder in which the blocks of one document are run, in their order.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nas_assay::report::lint::Declaration;
use nas_assay::spec::parse_spec;

use super::super::common::{Bench, MICRO, with_micro_stages};
use super::super::readme::python;
use super::blocks::{Code, Kind, Needs};
use super::example::stands_in;
use super::output;
use super::setup;
use super::shell::{self, Line};

/// Programs that a line may start besides ours: what every Unix has.
const USUAL: &[&str] =
    &["cat", "cp", "cut", "diff", "echo", "grep", "head", "ls", "mkdir", "mv", "rm", "sed", "sort", "tail", "wc"];

/// What a run of blocks has at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The program alone.
    Alone,
    /// The data root, too, and a Python that has pandas.
    WithData,
}

/// The folder of a document.
pub struct Page<'a> {
    name: &'a str,
    mode: Mode,
    bench: Bench,
    folder: PathBuf,
    settings: Vec<(String, String)>,
    /// Whether the present block has the data root, and a Python that has pandas.
    has_data: bool,
    has_python: bool,
    /// The last whole spec, as text. Before there is one, parts belong to the carried spec.
    spec: Option<String>,
    /// What the last console block printed.
    printed: Option<String>,
}

/// Runs all blocks of a document. What is wrong comes with its file and line.
pub fn run(name: &str, codes: &[Code], mode: Mode) -> Vec<String> {
    let mut page = Page::new(name, mode);
    let wrong = codes.iter().filter_map(|code| Some((code.line, page.take(code).err()?)));
    wrong.map(|(line, error)| format!("{name}:{line}: {error}")).collect()
}

impl<'a> Page<'a> {
    fn new(name: &'a str, mode: Mode) -> Self {
        let bench = Bench::new();
        let folder = bench.path("page");
        for (file, text) in super::files::of_every_page() {
            bench.write(&format!("page/{file}"), text);
        }
        if mode == Mode::WithData {
            let found = python();
            for name in ["python", "python3"] {
                let path =
                    bench.write(&format!("programs/{name}"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", found.display()));
                make_program(&path);
            }
        }
        Self {
            name,
            mode,
            bench,
            folder,
            settings: Vec::new(),
            has_data: false,
            has_python: false,
            spec: None,
            printed: None,
        }
    }

    /// Does with a block what its kind asks for.
    fn take(&mut self, code: &Code) -> Result<(), String> {
        if let Some(file) = &code.file {
            self.bench.write(&format!("page/{file}"), &code.text);
        }
        self.has_data = self.mode == Mode::WithData && code.kind.sees_data();
        self.has_python = self.mode == Mode::WithData && code.kind.sees_python();
        match code.kind {
            Kind::Console { exit, needs } => {
                self.printed = None;
                let mut printed = String::new();
                for line in shell::lines(&code.text) {
                    let done = match needs {
                        Needs::Nothing => self.line(&line, exit, &mut printed),
                        Needs::Data | Needs::Python if self.mode == Mode::WithData => {
                            self.line(&line, exit, &mut printed)
                        }
                        Needs::Data | Needs::Python | Needs::Time => self.parse(&line),
                        Needs::Others => setup::known(&line.text),
                    };
                    done.map_err(|error| format!("{error}\n(line {} of the block)", line.offset + 1))?;
                }
                if needs == Needs::Nothing || self.mode == Mode::WithData {
                    self.printed = Some(printed);
                }
                Ok(())
            }
            // What a block that was not run, or that failed, has not printed is not compared.
            Kind::Output => self.printed.take().map_or(Ok(()), |printed| output::check(&code.text, &printed)),
            Kind::Spec => {
                self.spec = Some(code.text.clone());
                self.plan(&code.text)
            }
            Kind::Part => {
                let carried =
                    || nas_assay::carried::SPECS.iter().find(|(name, _)| *name == MICRO).map(|(_, text)| *text);
                let spec = self.spec.as_deref().or_else(carried).unwrap_or_default();
                parse_spec(&format!("{spec}\n{}", code.text), self.name).map(drop).map_err(|error| error.to_string())
            }
            Kind::Declaration => Declaration::parse(&code.text, self.name).map(drop).map_err(|error| error.to_string()),
            Kind::Cargo => toml::from_str::<toml::Table>(&code.text).map(drop).map_err(|error| error.to_string()),
            Kind::Json => {
                serde_json::from_str::<serde_json::Value>(&code.text).map(drop).map_err(|error| error.to_string())
            }
            Kind::Example(folder) => stands_in(&super::root().join(folder), &code.text),
            Kind::PythonRun if self.mode == Mode::WithData => {
                let path = self.bench.write("block.py", &code.text);
                let ran = self.shell(&format!("python '{}'", path.display()), &mut String::new());
                ran.map_err(|error| format!("the Python ends with an error:\n{error}"))
            }
            Kind::PythonRun | Kind::DocTest | Kind::PackageTest | Kind::Plain => Ok(()),
        }
    }

    /// Runs a line. `cd` and `export` hold for the lines after it.
    fn line(&mut self, line: &Line, exit: i32, printed: &mut String) -> Result<(), String> {
        let programs = shell::programs(&line.text)?;
        match programs.first().map(Vec::as_slice) {
            Some([cd, folder]) if cd == "cd" => {
                self.folder.push(folder);
                return if self.folder.is_dir() { Ok(()) } else { Err(format!("there is no folder `{folder}`")) };
            }
            Some([export, setting]) if export == "export" => {
                let (name, value) = setting.split_once('=').ok_or_else(|| format!("`{setting}` sets nothing"))?;
                self.settings.push((name.to_owned(), value.to_owned()));
                return Ok(());
            }
            _ => {}
        }
        for words in &programs {
            if !self.has_python && words.iter().any(|word| word.starts_with("python")) {
                return Err("not every machine has Python: a block with it is `console,python`".to_owned());
            }
            let ours = ["nas-assay", "python", "python3"].contains(&words[0].as_str());
            if !ours && !USUAL.contains(&words[0].as_str()) {
                return Err(format!("`{}` is not ours: a block with it is `console,setup`", words[0]));
            }
            if let [_, command, name, ..] = words.as_slice()
                && ["run", "report"].contains(&command.as_str())
                && name == MICRO
                && !words.iter().any(|word| word == "--dry-run" || word == "--store")
            {
                with_micro_stages(&self.folder.join(".nas-assay"));
            }
        }
        let before = printed.len();
        let code = self.shell_code(&line.text, printed);
        let said = &printed[before..];
        if code == exit {
            Ok(())
        } else {
            Err(format!("`{}` ends with exit code {code}, not {exit}:\n{said}", line.text))
        }
    }

    fn shell(&self, command: &str, printed: &mut String) -> Result<(), String> {
        let code = self.shell_code(command, printed);
        if code == 0 { Ok(()) } else { Err(format!("exit code {code}:\n{printed}")) }
    }

    /// Has a shell run a command, and adds what it prints, errors and all, in the order of a terminal.
    fn shell_code(&self, command: &str, printed: &mut String) -> i32 {
        let program = self.bench.command(&[]).get_program().to_owned();
        let ours = Path::new(&program).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.bench.path("programs"), ours].into_iter().chain(std::env::split_paths(&path));
        let log = self.bench.path("printed");
        let file = std::fs::File::create(&log).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.folder).env("PATH", std::env::join_paths(folders).unwrap());
        shell.env("NO_COLOR", "1").env_remove("NAS_ASSAY_DATA").env_remove("NAS_ASSAY_INSTRUCTION_SET");
        if self.has_data {
            shell.env("NAS_ASSAY_DATA", nas_assay_testing::data_root());
        }
        shell.envs(self.settings.iter().map(|(name, value)| (name, value)));
        shell.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let status = shell.status().unwrap();
        printed.push_str(&String::from_utf8_lossy(&std::fs::read(log).unwrap()));
        status.code().unwrap_or(-1)
    }

    /// Parses what a line has our program do, and plans a spec that it names.
    fn parse(&self, line: &Line) -> Result<(), String> {
        for words in shell::programs(&line.text)? {
            if words[0] != "nas-assay" {
                if ["cd", "export", "python", "python3"].contains(&words[0].as_str())
                    || USUAL.contains(&words[0].as_str())
                {
                    continue;
                }
                setup::known(&words.join(" "))?;
                continue;
            }
            nas_assay::cli::check_arguments(&words).map_err(|error| format!("`{}`: {error}", line.text))?;
            if let [_, command, spec, ..] = words.as_slice()
                && ["run", "plan"].contains(&command.as_str())
                && (nas_assay::carried::SPECS.iter().any(|(name, _)| name == spec) || self.folder.join(spec).is_file())
            {
                self.planned(spec)?;
            }
        }
        Ok(())
    }

    /// Plans a spec of the document.
    fn plan(&self, text: &str) -> Result<(), String> {
        parse_spec(text, self.name).map_err(|error| error.to_string())?;
        // It lies in the page's folder, since its files do.
        let path = self.folder.join("spec-of-the-page.toml");
        std::fs::write(&path, text).unwrap();
        let planned = self.planned("spec-of-the-page.toml");
        std::fs::remove_file(path).unwrap();
        planned
    }

    /// Has the program plan a spec. Without a data root it may miss data, and nothing else.
    fn planned(&self, spec: &str) -> Result<(), String> {
        let mut printed = String::new();
        let store = self.bench.path("planned");
        let words = ["nas-assay", "run", spec, "--dry-run", "--store", store.to_str().unwrap()];
        let code = self.shell_code(&shlex::try_join(words).unwrap(), &mut printed);
        let lacks_data = code == 5 && !self.has_data;
        if code == 0 || lacks_data { Ok(()) } else { Err(format!("`{spec}` cannot be planned:\n{printed}")) }
    }
}

fn make_program(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
