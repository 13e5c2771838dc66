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

import atexit
import inspect
import json
import math
import os
import queue
import runpy
import select
import shlex
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
_elsewhere: list[Callable[..., Any]] = []
"""The estimators of imported modules: the file that was started has to have its own."""
_collecting = False
_run_anew = False
"""Whether the file is run for the second time. Then its end is not the end of the program."""

EXAMPLE = """\
    import nas_assay

    @nas_assay.estimator
    def score(network, batch):
        return ...  # a number"""
"""What a file with an estimator has at least."""


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
    if not callable(function):
        raise TypeError(
            f"nas_assay.estimator is written above a function, and got {function!r}; "
            "its only option is raw, as in @nas_assay.estimator(raw=True)"
        )
    if _collecting:
        _registered.append(_Registered(function, raw))
    elif _is_asked():
        if function.__module__ == "__main__" and sys.argv and sys.argv[0]:
            serve_file(sys.argv[0])
        _elsewhere.append(function)
    elif function.__module__ == "__main__" and sys.argv and sys.argv[0] and sys.stderr.isatty():
        sys.stderr.write(f"nas_assay: {_how_to_judge(function.__name__, sys.argv[0])}\n")
    return function


def _how_to_judge(name: str, file: str) -> str:
    """What to do with a file that was started by hand."""
    command = shlex.quote(f"python {shlex.quote(file)}")
    return f"{file} has the estimator {name}; judge it with: nas-assay verify --command {command}"


def _is_asked() -> bool:
    return os.environ.get(ASKED) == "1"


def _at_exit() -> None:
    """Says what is missing if the program ends and has not even read what ``nas-assay`` asks."""
    if _run_anew or hasattr(sys, "last_type") or not _has_unread_question():
        return  # It was a worker, or an exception has said why it ends, or nobody asks.
    sys.stderr.write(f"nas_assay: {_what_is_missing(sys.argv[0] if sys.argv else '')}\n")
    sys.stderr.flush()
    os._exit(1)


def _has_unread_question() -> bool:
    if sys.platform == "win32":
        return False
    import fcntl
    import termios

    try:
        # The program may be slower than this process. It writes a first line, or hangs up.
        select.select([0], [], [], 2.0)
        waiting = fcntl.ioctl(0, termios.FIONREAD, bytes(4))
    except (OSError, ValueError):
        return False
    return int.from_bytes(waiting, sys.byteorder) > 0


def _what_is_missing(path: str) -> str:
    """Advice for a file that was started as a worker and has no estimator."""
    name = Path(path).name or "the program"
    if _elsewhere:
        function = _elsewhere[0]
        module = sys.modules.get(function.__module__)
        file = getattr(module, "__file__", None) or function.__module__
        return (
            f"the estimator {_name(function)} is in {file}, and nas-assay started {name}.\n"
            f'Name the file with the estimator: --command "python {file}"'
        )
    return (
        f"{name} ended without an estimator: it has defined no function with the decorator "
        "@nas_assay.estimator.\n"
        f"Write the decorator above the function that gives the score:\n\n{EXAMPLE}"
    )


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


if _is_asked():
    atexit.register(_at_exit)


def serve_file(path: str | os.PathLike[str]) -> None:
    """Answers the questions of ``nas-assay`` with the estimator of a file, and ends the process.

    The file is run anew from its beginning to its end, so that everything below the estimator is
    there.
    """
    global _run_anew
    _run_anew = True
    conversation = _Conversation()
    code = 1
    try:
        conversation.run(_find(os.fspath(path)))
        code = 0
    except WorkerError as error:
        sys.stderr.write(f"nas_assay: {error}\n")
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _find(path: str) -> _Registered:
    global _collecting
    _collecting = True
    try:
        runpy.run_path(path, run_name=Path(path).stem)
    finally:
        _collecting = False
    name = Path(path).name
    if not _registered:
        raise WorkerError(
            f'{name} has an estimator below `if __name__ == "__main__":` or in a similar place.\n'
            "This package runs the file a second time under another name, and then finds none.\n"
            "Move the function with its decorator to the top level of the file."
        )
    if len(_registered) > 1:
        names = ", ".join(_name(found.function) for found in _registered)
        raise WorkerError(
            f"{name} has {len(_registered)} estimators, and a file must have one: {names}.\n"
            "Keep the decorator @nas_assay.estimator above one of them. "
            "Give the others files of their own."
        )
    _check_parameters(_registered[0])
    return _registered[0]


NAMED = ("architecture", "space", "seed", "description")
"""The further parameters that a function may have."""


def _check_parameters(registered: _Registered) -> None:
    """Raises ``WorkerError`` if the function cannot be called as an estimator is."""
    given = ("exchange",) if registered.raw else ("network", "batch")
    try:
        # That of the function that is called; another that it wraps may have other parameters.
        signature = inspect.signature(registered.function, follow_wrapped=False)
        wanted = inspect.signature(registered.function).parameters
    except (TypeError, ValueError):
        return  # It does not say what it takes.
    extra = {name: None for name in NAMED if name in wanted}
    try:
        signature.bind(*given, **extra)
    except TypeError as error:
        name = _name(registered.function)
        raise WorkerError(
            f"the estimator is declared as {name}{signature}, and cannot be called: {error}.\n"
            f"Write def {name}({', '.join(given)}):\n"
            f"After these it may have parameters with the names {', '.join(NAMED)}."
        ) from None


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
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise WorkerError(
            "PyTorch is not installed in this Python. Install it: pip install torch\n"
            "Or write @nas_assay.estimator(raw=True): the function then gets NumPy arrays."
        ) from None

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
    except WorkerError as error:
        return {"error": f"{_name(function)}: {error}"}
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
            raise WorkerError("it returned an empty dictionary; return a number")
        (_, score), *rest = value.items()
        details = {str(name): _number(number) for name, number in rest}
        return {"score": _number(score), "details": details}
    return {"score": _number(value)}


def _number(value: Any) -> float | str:
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        text = repr(value)
        shown = "None" if value is None else f"{type(value).__name__} {text[:60]}"
        raise WorkerError(
            f"it returned {shown}; return one number, or a dictionary of numbers, the score first"
        ) from None
    return number if math.isfinite(number) else str(number)
