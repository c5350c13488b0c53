"""Code that one engine compiled saves the next its compiling, and what is wrong with it costs no answer."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.engine import kubelet
from tests.engine.compiled import loaded, packed
from tests.engine.containers import Pod
from tests.engine.differences import Command
from tests.engine.engine import Engine
from tests.engine.fleet import Engines, Replicas
from tokenfleet.plan.serving.engine.process import COMPILED_PATH

AOT_CODE = "vllm/torch_compile_cache/torch_aot_compile/*/rank_0_0/model"
# What vLLM 0.32.0 logs (vllm/compilation/decorators.py).
LOADED, SAVED = "Directly load AOT compilation from path", "saved AOT compiled function to"
GIVEN_UP = "Compiling model again due to a load failure"
# As torch.__version__ stands in what it saved, and one of the same length.
TORCH, OTHER_TORCH = rb"2\.\d+\.\d+\+[a-z]+\d+", rb"1.00.0+cu000"

_COMPILES: Mapping[str, str | None] = {"--enforce-eager": None}
_AS_RENDERED: Mapping[str, str | None] = {}
_NO_EXTENSION: Mapping[str, str | None] = {"--worker-extension-cls": None}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an engine without a set compiled, as a node has it, and what it answered."""

    cache: Path
    answer: str
    log: str


class Starts:
    """Engines that compile, one after another in the same folders."""

    def __init__(self, engines: Engines, pod: Pod) -> None:
        self._engines, self._pod = engines, pod

    def ready(
        self,
        prepare: Callable[[Command], object],
        arguments: Mapping[str, str | None] = _AS_RENDERED,
    ) -> Engine:
        """An engine that has passed its startup probe; ``prepare`` is given its empty folders."""
        engine = self._engines.start(
            self._pod, arguments={**_COMPILES, **arguments}, place="compiling", prepare=prepare
        )
        return kubelet.await_ready(engine, self._pod)


@pytest.fixture(scope="module")
def starts(engines: Engines, replicas: Replicas) -> Starts:
    """Starts of the dev stack's model."""
    return Starts(engines, replicas.pod)


@pytest.fixture(scope="module")
def made(starts: Starts, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A set, and the engine that made it."""
    cache = tmp_path_factory.mktemp("node")
    engine = starts.ready(lambda _: None)
    answer = _answer(engine)
    packed(_compiled(engine.command), cache)
    engine.stop()
    return Made(cache=cache, answer=answer, log=_log(engine))


@pytest.fixture
def left() -> Iterator[list[Engine]]:
    """Engines of a test, ended after it: the next has their folders."""
    found: list[Engine] = []
    yield found
    for engine in found:
        engine.stop()


def test_an_engine_without_a_set_compiles(made: Made) -> None:
    assert SAVED in made.log
    assert LOADED not in made.log


def test_an_engine_with_the_set_answers_the_same_and_compiles_nothing(
    made: Made, starts: Starts, left: list[Engine]
) -> None:
    states: list[str] = []
    engine = starts.ready(lambda command: states.append(loaded(made.cache, command)))
    left.append(engine)
    assert states == ["loaded"]
    assert LOADED in _log(engine)
    assert not re.search(f"{SAVED}|{GIVEN_UP}", _log(engine))
    assert _answer(engine) == made.answer


def test_without_our_extension_vllm_cannot_load_what_it_saved(
    made: Made, starts: Starts, left: list[Engine]
) -> None:
    """Where this fails, a newer vLLM can, and userdata/compiled_code.py has done its work."""
    engine = starts.ready(lambda command: loaded(made.cache, command), _NO_EXTENSION)
    left.append(engine)
    assert GIVEN_UP in _log(engine)
    assert "finalize_loading" in _log(engine)


def _cut(code: bytes) -> bytes:
    return code[: len(code) // 2]


def _of_another_torch(code: bytes) -> bytes:
    changed, count = re.subn(TORCH, lambda found: OTHER_TORCH[: len(found[0])], code)
    assert count
    return changed


@pytest.mark.parametrize("spoil", [_cut, _of_another_torch])
def test_code_that_cannot_be_used_is_compiled_again(
    spoil: Callable[[bytes], bytes], made: Made, starts: Starts, left: list[Engine]
) -> None:
    def prepare(command: Command) -> None:
        assert loaded(made.cache, command) == "loaded"
        (code,) = _compiled(command).glob(AOT_CODE)
        code.write_bytes(spoil(code.read_bytes()))

    engine = starts.ready(prepare)
    left.append(engine)
    assert GIVEN_UP in _log(engine)
    assert SAVED in _log(engine)
    assert _answer(engine) == made.answer


def test_a_set_of_another_cpu_never_reaches_an_engine(
    made: Made, starts: Starts, left: list[Engine], tmp_path: Path
) -> None:
    """It would serve numbers that are none: its vectors have another length."""
    proc = tmp_path / "proc"
    proc.mkdir()
    here = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    other = re.sub(r"(?m)^(flags|Features)(\s*:.*)$", r"\1\2 another", here)
    (proc / "cpuinfo").write_text(other, encoding="utf-8")
    states: list[str] = []

    def prepare(command: Command) -> None:
        states.append(loaded(made.cache, command, proc))
        assert not _compiled(command).exists()

    engine = starts.ready(prepare)
    left.append(engine)
    assert states == ["mismatch"]
    assert SAVED in _log(engine)


def _compiled(command: Command) -> Path:
    return Path(command.sandbox.paths(COMPILED_PATH))


def _log(engine: Engine) -> str:
    return engine.log.read_text(encoding="utf-8", errors="replace")


def _answer(engine: Engine) -> str:
    """What it says, the likeliest each time."""
    answer = httpx2.post(
        f"{engine.url}/v1/completions",
        headers={"Authorization": f"Bearer {engine.key}"},
        json={"model": engine.model, "prompt": "one, two,", "max_tokens": 16, "temperature": 0},
        timeout=60,
    )
    text: str = answer.raise_for_status().json()["choices"][0]["text"]
    return text
