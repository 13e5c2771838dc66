"""The notebook and the code in the README work as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from nas_assay import ProgramError, program, run

PACKAGE = Path(__file__).resolve().parents[1]
NOTEBOOK = PACKAGE / "examples" / "judge_my_proxy.ipynb"
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python,package\n(.*?)```", README, flags=re.DOTALL)
NETWORK = PACKAGE.parent / "fixtures" / "pytorch" / "nb201-stand-alone-0.safetensors"


def has_program() -> bool:
    try:
        program()
    except ProgramError:
        return False
    return True


needs_program = pytest.mark.skipif(
    not has_program(), reason="the program nas-assay is not installed"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in. ``python`` is the one that runs the tests, with this package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE))
    beside = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", beside + os.pathsep + os.environ["PATH"])
    return tmp_path


def calls_the_program(code: str) -> bool:
    return "verify(" in code


def test_the_readme_has_code() -> None:
    assert len(BLOCKS) >= 4
    assert sum(map(calls_the_program, BLOCKS)) == 1


@pytest.mark.parametrize("code", [code for code in BLOCKS if not calls_the_program(code)])
def test_code_of_the_readme_runs(code: str, folder: Path) -> None:
    if NETWORK.is_file():
        shutil.copy(NETWORK, folder / "network.safetensors")
    elif "network.safetensors" in code:
        pytest.skip("no fixtures: not in the repository")
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


@needs_program
def test_tables_of_the_readme_are_made() -> None:
    pytest.importorskip("pandas")
    record = run(["run", spec_of_baselines()])
    texts = [row["architecture"] for row in record["panels"][0]["architectures"]]
    names: dict[str, Any] = {"__name__": "readme"}
    names["scores"] = {text: float(place) for place, text in enumerate(texts)}
    (code,) = filter(calls_the_program, BLOCKS)
    exec(compile(code, "README.md", "exec"), names)
    assert {"params", "mine"} <= set(names["table"]["estimator"])


@needs_program
def test_the_estimator_of_the_readme_of_the_project_is_judged() -> None:
    text = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    ((name, code),) = re.findall(r"```python,file=(\S+)\n(.*?)```", text, flags=re.DOTALL)
    Path(name).write_text(code, encoding="utf-8")
    assert f'nas-assay verify --command "python {name}"' in text
    (row,) = run(["verify", "--command", f"python {name}", "--space", "nb201"])["spaces"]
    assert row["architectures"] > 10 and abs(row["tau_b"]) <= 1


def spec_of_baselines() -> str:
    Path("baselines.toml").write_text(
        "name = 'baselines'\nspace = 'nb201'\n[images.synthetic]\ntrain = 64\nvalidation = 16\n"
        "[truth.trained]\ntable = 'nb201-micro'\nverify = 0\n"
        "[zero-shot]\nnetwork = { channels = 4, cells = 1 }\n"
        "[panels.all]\nestimators = ['params']\n[criteria]\nresamples = 20\n"
    )
    return "baselines.toml"


@needs_program
def test_the_example_is_the_estimator_that_it_says_it_is() -> None:
    def judged(*how: str) -> Any:
        (row,) = run(["verify", *how, "--space", "nb201"])["spaces"]
        return row

    shutil.copy(PACKAGE / "examples" / "my_grad_norm.py", "my_grad_norm.py")
    ours, theirs = judged("--command", "python my_grad_norm.py"), judged("--estimator", "grad_norm")
    assert ours["architectures"] == theirs["architectures"]
    # In single precision, two scores that are nearly equal may change places.
    assert ours["tau_b"] == pytest.approx(theirs["tau_b"], abs=0.01)


@needs_program
def test_the_notebook_runs_from_its_first_to_its_last_cell(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas")
    shown: list[str] = []
    display = types.ModuleType("IPython.display")
    display.IFrame = lambda path, **_: shown.append(path)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        code = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [] and cell["execution_count"] is None
        if code.startswith("%%writefile "):
            first, rest = code.split("\n", 1)
            Path(first.split()[1]).write_text(rest + "\n", encoding="utf-8")
        else:
            exec(compile(code, NOTEBOOK.name, "exec"), names)
    assert set(names["table"].index) == {"params", "synflow", "jacob_cov", "my_proxy"}
    assert names["table"]["kendall.tau_b"].notna().all()
    assert shown == ["report.html"]
    assert "my_proxy" in (folder / "report.html").read_text(encoding="utf-8")
