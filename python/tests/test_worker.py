"""Estimators of a file answer the questions of the program."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_assay import Exchange, Network, Tensor
from nas_assay.exchange import write
from nas_assay.worker import _numbers

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
PACKAGE = Path(__file__).resolve().parents[1]
WRITE = (PACKAGE.parent / "docs" / "src" / "write.md").read_text(encoding="utf-8")


def network_file(path: Path) -> Path:
    """A small network of NAS-Bench-201 with random weights and four images."""
    from nas_assay.torch import network

    skeleton = {"channels": 4, "cells": 1, "classes": 10, "resolution": 8, "cell_affine": True}
    description = Network("nb201", CELL, "stand-alone", skeleton, ())
    weights = {
        name: parameter.detach().numpy()
        for name, parameter in network(description).named_parameters()
    }
    tensors = tuple(Tensor(name, weight.shape) for name, weight in weights.items())
    described = Network("nb201", CELL, "stand-alone", skeleton, tensors)
    images = np.random.default_rng(1).normal(size=(4, 3, 8, 8)).astype(np.float32)
    labels = np.arange(4, dtype=np.int64)
    write(path, Exchange(described, weights, images, labels, None))
    return path


def talk(
    folder: Path, text: str, lines: list[dict[str, Any]], *, hangs: bool = False
) -> tuple[list[Any], str, int]:
    """Runs a file as a worker: its answers, its stderr, and its exit code."""
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(text))
    with (folder / "stderr").open("w+", encoding="utf-8") as stderr:
        worker = subprocess.Popen(
            [sys.executable, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            env={**os.environ, "NAS_ASSAY_WORKER": "1", "PYTHONPATH": str(PACKAGE)},
        )
        assert worker.stdin is not None and worker.stdout is not None
        answers = []
        for place, line in enumerate(lines):
            worker.stdin.write(json.dumps(line) + "\n")
            worker.stdin.flush()
            # The program hangs up after the last question, if it is one that takes long.
            if not hangs or place + 1 < len(lines):
                answer = worker.stdout.readline()
                if not answer:
                    break
                answers.append(json.loads(answer))
        worker.stdin.close()
        code = worker.wait(timeout=120)
        answers += [json.loads(line) for line in worker.stdout]
        stderr.seek(0)
        return answers, stderr.read(), code


def hello() -> dict[str, Any]:
    return {"nas-assay": 1, "estimator": "mine", "threads": 1, "more": None}


def question(number: int, file: Path) -> dict[str, Any]:
    return {
        "id": number,
        "file": str(file),
        "architecture": CELL,
        "space": "nb201",
        "seed": "18446744073709551615",
        "more": [1],
    }


def test_a_function_answers_with_what_is_below_it(tmp_path: Path) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = """
        import nas_assay

        @nas_assay.estimator
        def score(network, batch, seed, space):
            print("a print does no harm")
            return {"score": helper(network, batch), "seed": seed % 2, "space": len(space)}

        def helper(network, batch):
            assert network.training
            assert batch.images.shape == (4, 3, 8, 8) and batch.labels.tolist() == [0, 1, 2, 3]
            return sum(parameter.numel() for parameter in network.parameters())

        if __name__ == "__main__":
            raise SystemExit("a worker is not the main program")
    """
    answers, stderr, code = talk(tmp_path, text, [hello(), question(1, file), question(2, file)])
    assert code == 0
    assert answers[0] == {"ready": 1}
    assert [answer["id"] for answer in answers[1:]] == [1, 2]
    assert answers[1]["details"] == {"seed": 1.0, "space": 5.0}
    assert answers[1]["score"] == answers[2]["score"] > 1000
    assert stderr.count("a print does no harm") == 2


def test_without_pytorch_a_function_gets_the_file(tmp_path: Path) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = """
        import sys
        import nas_assay

        @nas_assay.estimator(raw=True)
        def score(exchange, architecture):
            assert "torch" not in sys.modules
            assert exchange.logits is None and exchange.description.architecture == architecture
            return float(sum(abs(weight).sum() for weight in exchange.weights.values()))
    """
    answers, _, code = talk(tmp_path, text, [hello(), question(7, file)])
    assert code == 0 and answers[1]["id"] == 7 and answers[1]["score"] > 0


def test_an_exception_is_an_answer_with_its_place(tmp_path: Path) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = """
        import nas_assay

        @nas_assay.estimator(raw=True)
        def score(exchange):
            return 1 / 0
    """
    answers, stderr, code = talk(tmp_path, text, [hello(), question(1, file)])
    assert code == 0
    assert answers[1] == {"id": 1, "error": "ZeroDivisionError: division by zero (mine.py, line 6)"}
    assert "Traceback" in stderr


def test_a_long_exception_is_cut(tmp_path: Path) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = """
        import functools
        import nas_assay

        def fails(exchange, sign):
            raise ValueError(sign * 100000)

        score = nas_assay.estimator(raw=True)(functools.wraps(fails)(lambda e: fails(e, "x")))
    """
    answers, _, code = talk(tmp_path, text, [hello(), question(1, file)])
    assert code == 0
    assert answers[1]["error"].startswith("ValueError: xxx")
    assert answers[1]["error"].endswith(" ... (mine.py, line 6)")
    assert len(answers[1]["error"]) < 4100


NO_DECORATOR = """
    import nas_assay

    def score(network, batch):
        return 1
"""
TWO = """
    import nas_assay

    @nas_assay.estimator
    def one(network, batch):
        return 1

    @nas_assay.estimator
    def two(network, batch):
        return 2
"""
BELOW_MAIN = """
    import nas_assay

    if __name__ == "__main__":
        @nas_assay.estimator
        def score(network, batch):
            return 1
"""
ELSEWHERE = "from other_file import score"
ONE_PARAMETER = """
    import nas_assay

    @nas_assay.estimator
    def score(network, *, seed, width):
        return 1
"""
NO_FUNCTION = """
    import nas_assay

    @nas_assay.estimator("mine")
    def score(network, batch):
        return 1
"""


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (NO_DECORATOR, "ended without an estimator"),
        (TWO, "has 2 estimators, and a file must have one"),
        (BELOW_MAIN, "Move the function with its decorator to the top level"),
        (ELSEWHERE, "Name the file with the estimator"),
        (ONE_PARAMETER, "cannot be called"),
        (NO_FUNCTION, "its only option is raw"),
    ],
)
def test_a_file_that_is_no_worker_says_what_to_write(
    tmp_path: Path, text: str, advice: str
) -> None:
    (tmp_path / "other_file.py").write_text(
        "import nas_assay\n\n@nas_assay.estimator\ndef score(network, batch):\n    return 1\n"
    )
    answers, stderr, code = talk(tmp_path, text, [hello()])
    assert (answers, code) == ([], 1)
    assert advice in stderr
    assert ("Traceback" in stderr) == (text == NO_FUNCTION)
    # The book names these messages, and says what to do.
    assert text == NO_FUNCTION or f"`{advice}`" in WRITE


def test_advice_names_what_to_write(tmp_path: Path) -> None:
    _, stderr, _ = talk(tmp_path, NO_DECORATOR, [hello()])
    assert "@nas_assay.estimator\n    def score(network, batch):" in stderr
    _, stderr, _ = talk(tmp_path, ONE_PARAMETER, [hello()])
    assert "Write def score(network, batch):" in stderr
    _, stderr, _ = talk(tmp_path, TWO, [hello()])
    assert "one, two." in stderr


def test_a_program_that_ends_for_a_reason_gets_no_further_advice(tmp_path: Path) -> None:
    answers, stderr, code = talk(tmp_path, "import nas_assay\n\nopen('no-such-file')\n", [hello()])
    assert (answers, code) == ([], 1)
    assert "no-such-file" in stderr and "decorator" not in stderr


def test_a_worker_of_its_own_may_import_the_package(tmp_path: Path) -> None:
    text = """
        import json
        import sys
        import nas_assay

        sys.stdin.readline()
        print(json.dumps({"ready": 1}), flush=True)
    """
    assert talk(tmp_path, text, [hello()]) == ([{"ready": 1}], "", 0)


def test_without_pytorch_the_advice_is_to_install_it(tmp_path: Path) -> None:
    text = """
        import sys
        import nas_assay

        sys.modules["torch"] = None

        @nas_assay.estimator
        def score(network, batch):
            return 1
    """
    answers, stderr, code = talk(tmp_path, text, [hello()])
    assert (answers, code) == ([], 1)
    assert "pip install torch" in stderr and "raw=True" in stderr and "Traceback" not in stderr


@pytest.mark.parametrize(
    ("value", "shown"),
    [("None", "None"), ("[1, 2]", "list [1, 2]"), ("{}", "an empty dictionary")],
)
def test_what_is_no_number_is_named(tmp_path: Path, value: str, shown: str) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = f"""
        import nas_assay

        @nas_assay.estimator(raw=True)
        def score(exchange):
            return {value}
    """
    answers, _, code = talk(tmp_path, text, [hello(), question(1, file)])
    assert code == 0
    assert answers[1]["error"].startswith(f"score: it returned {shown}; return ")


def test_a_worker_whose_program_is_gone_ends_in_the_middle_of_a_score(tmp_path: Path) -> None:
    file = network_file(tmp_path / "a.safetensors")
    text = """
        import time
        import nas_assay

        @nas_assay.estimator(raw=True)
        def score(exchange):
            time.sleep(600)
    """
    answers, _, code = talk(tmp_path, text, [hello(), question(1, file)], hangs=True)
    assert (answers, code) == ([{"ready": 1}], 1)


def test_by_hand_a_file_is_a_plain_program(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import nas_assay\n\n@nas_assay.estimator\ndef score(network, batch):\n    return 3\n\n"
        "print(score(None, None))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "NAS_ASSAY_WORKER"}
    environment["PYTHONPATH"] = str(PACKAGE)
    done = subprocess.run(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
        check=True,
    )
    assert done.stdout == "3\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, {"score": 1.0}),
        (float("nan"), {"score": "nan"}),
        (np.float32(0.5), {"score": 0.5}),
        ({"b": 1, "a": -np.inf}, {"score": 1.0, "details": {"a": "-inf"}}),
    ],
)
def test_numbers_are_plain(value: Any, expected: dict[str, Any]) -> None:
    assert _numbers(value) == expected


def test_a_file_that_is_started_by_hand_says_how_it_is_judged(tmp_path: Path) -> None:
    """On a terminal alone: a program that starts it reads its stderr."""
    (tmp_path / "my score.py").write_text(
        "import nas_assay\n\n\n@nas_assay.estimator\ndef score(network, batch):\n    return 1.0\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "NAS_ASSAY_WORKER"}
    command = [sys.executable, "my score.py"]
    started = {"cwd": tmp_path, "env": {**environment, "PYTHONPATH": str(PACKAGE)}}
    terminal, end = pty.openpty()
    assert subprocess.run(command, stderr=end, check=False, **started).returncode == 0  # type: ignore[call-overload]
    said = os.read(terminal, 1000).decode()
    assert "my score.py has the estimator score; judge it with: nas-assay verify --command" in said
    assert said.rstrip().endswith("""'python '"'"'my score.py'"'"''""")
    quiet = subprocess.run(command, capture_output=True, check=False, **started)  # type: ignore[call-overload]
    assert (quiet.returncode, quiet.stderr) == (0, b"")
