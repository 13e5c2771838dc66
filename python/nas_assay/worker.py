"""Estimators that ``nas-assay`` asks for scores.

>>> import nas_assay
>>> @nas_assay.estimator
... def score(network, batch):
...     logits = network(batch.images)
...     return logits.std().item()

In a file ``my_proxy.py``, this is an estimator that
``nas-assay verify --command "python my_proxy.py"`` judges, and that a spec declares by
``command = ["python", "my_proxy.py"]``. Run by hand, or imported, the file does what it says and
nothing else: the function stays a plain function.

The protocol is described in ``PROTOCOL.md`` of the crate ``nas-assay-external``.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import queue
import runpy
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple, TextIO, TypeVar, Union, overload

from nas_assay.exchange import Exchange, read

PROTOCOL = 1
"""The version of the protocol that this module speaks."""

ASKED = "NAS_ASSAY_WORKER"
"""The variable of the environment by which ``nas-assay`` tells a program that it is a worker."""

Value = Union[float, Mapping[str, float]]
Function = TypeVar("Function", bound=Callable[..., Any])


LONGEST = 4000
"""The text of an exception is cut to so many characters; all of it is in stderr."""


class Batch(NamedTuple):
    """The images of a spec, as tensors."""

    images: Any
    """``torch.Tensor``, shape ``[batch, 3, side, side]``."""
    labels: Any
    """``torch.Tensor``, shape ``[batch]``, 64-bit integers."""


class WorkerError(RuntimeError):
    """The estimator cannot work, or the program does not speak the protocol."""


class _Registered(NamedTuple):
    function: Callable[..., Any]
    raw: bool


_registered: list[_Registered] = []
_collecting = False


@overload
def estimator(function: Function) -> Function: ...


@overload
def estimator(*, raw: bool = False) -> Callable[[Function], Function]: ...


def estimator(function: Any = None, *, raw: bool = False) -> Any:
    """Makes a function the estimator of its file.

    The function gets ``(network, batch)``: a ``torch.nn.Module`` with the weights, in training
    mode, and a :class:`Batch`. With ``raw=True`` it gets an :class:`nas_assay.Exchange`, and
    PyTorch is not needed. It may have further parameters by these names: ``architecture`` and
    ``space`` (texts), ``seed`` (a whole number for random draws, which depends on the seed of the
    weights, the batch and the architecture alone), ``description`` (:class:`nas_assay.Network`).
    It is called for each seed of the weights and each batch; the score is the mean.

    It returns a number, or several by name, the score first. A number may be NaN or infinite: then
    the architecture counts as failed. An exception ends the run, with its text.
    """
    if function is None:
        return lambda decorated: _estimator(decorated, raw=raw)
    return _estimator(function, raw=raw)


def _estimator(function: Callable[..., Any], *, raw: bool) -> Callable[..., Any]:
    asked = os.environ.get(ASKED) == "1"
    if _collecting:
        _registered.append(_Registered(function, raw))
    elif asked and function.__module__ == "__main__" and sys.argv and sys.argv[0]:
        serve_file(sys.argv[0])
    return function


def serve_file(path: str | os.PathLike[str]) -> None:
    """Answers the questions of ``nas-assay`` with the estimator of a file, and ends the process.

    The file is run anew from its beginning to its end, so that everything below the estimator is
    there.
    """
    conversation = _Conversation()
    try:
        found = _find(os.fspath(path))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    conversation.run(found)
    sys.stderr.flush()
    os._exit(0)


def _find(path: str) -> _Registered:
    global _collecting
    _collecting = True
    try:
        runpy.run_path(path, run_name=Path(path).stem)
    finally:
        _collecting = False
    if len(_registered) != 1:
        raise WorkerError(f"{path} has {len(_registered)} estimators, and a file must have one")
    return _registered[0]


class _Conversation:
    """The two pipes. What the estimator prints goes to stderr, and it cannot read the questions."""

    def __init__(self) -> None:
        self._answers: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        questions: TextIO = os.fdopen(os.dup(0), "r", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._busy = threading.Event()
        self._gone = threading.Event()
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, args=(questions,), daemon=True).start()

    def _listen(self, questions: TextIO) -> None:
        for line in questions:
            self._lines.put(line)
        self._gone.set()
        self._lines.put(None)
        self._end_if_alone()

    def _end_if_alone(self) -> None:
        """Ends the process in the middle of a score if nobody waits for the answer any more."""
        if self._busy.is_set() and self._gone.is_set():
            os._exit(1)

    def _say(self, answer: Mapping[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def run(self, registered: _Registered) -> None:
        line = self._lines.get()
        if line is None:
            return
        hello = json.loads(line)
        if hello.get("nas-assay") != PROTOCOL:
            raise WorkerError(f"the program speaks another protocol: {line.strip()}")
        prepare = _prepare_raw if registered.raw else _prepare_torch(int(hello.get("threads", 1)))
        self._say({"ready": PROTOCOL})
        while (line := self._lines.get()) is not None:
            self._busy.set()
            self._end_if_alone()
            question = json.loads(line)
            answer = _answer(registered.function, prepare, question)
            self._busy.clear()
            self._say({"id": question["id"], **answer})


Prepare = Callable[[Exchange], tuple[Any, ...]]


def _prepare_raw(exchange: Exchange) -> tuple[Any, ...]:
    return (exchange,)


def _prepare_torch(threads: int) -> Prepare:
    import torch

    import nas_assay.torch as networks

    torch.set_num_threads(max(1, threads))

    def prepare(exchange: Exchange) -> tuple[Any, ...]:
        return networks.load(exchange), Batch(*networks.batch(exchange))

    return prepare


def _answer(
    function: Callable[..., Any], prepare: Prepare, question: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        exchange = read(question["file"])
        named = {
            "architecture": question["architecture"],
            "space": question["space"],
            "seed": int(question["seed"]),
            "description": exchange.description,
        }
        wanted = inspect.signature(function).parameters
        extra = {name: value for name, value in named.items() if name in wanted}
        return _numbers(function(*prepare(exchange), **extra))
    except Exception as error:
        traceback.print_exc()
        code = getattr(inspect.unwrap(function), "__code__", None)
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if code is not None and frame.filename == code.co_filename
        ]
        at = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        text = f"{type(error).__name__}: {error}"
        return {"error": (text if len(text) <= LONGEST else text[:LONGEST] + " ...") + at}


def _numbers(value: Any) -> dict[str, Any]:
    """A score, or a score and details, as an answer has them."""
    if isinstance(value, Mapping):
        if not value:
            raise WorkerError("the estimator returned no number")
        (_, score), *rest = value.items()
        details = {str(name): _number(number) for name, number in rest}
        return {"score": _number(score), "details": details}
    return {"score": _number(value)}


def _number(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else str(number)
