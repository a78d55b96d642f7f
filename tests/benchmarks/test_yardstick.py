"""The yardsticks run where they can, and say why where they cannot."""

from pathlib import Path

import pytest

from deepparticle.benchmarks import yardstick
from deepparticle.benchmarks.results import Outcome
from deepparticle.benchmarks.runs import add_contenders
from deepparticle.benchmarks.timing import Contender
from deepparticle.benchmarks.yardstick import (
    CompilerMissingError,
    Roofline,
    matrix_product,
    matrix_vector,
)

needs_compiler = pytest.mark.skipif(yardstick.compiler() is None, reason="no C compiler")


@needs_compiler
def test_the_roofline_compiles_runs_and_leaves_nothing() -> None:
    with Roofline() as roofline:
        folder = roofline.program(16).parent
        assert folder.is_dir()
        # Ten steps at least; one of them can take no millisecond.
        elapsed = roofline.contender(16).measure(10)
        assert 0.0 < elapsed.wall < 1.0
        assert 0.0 < roofline.contender(16, copies=2).measure(10).wall < 1.0
    assert not folder.exists()


@needs_compiler
def test_a_program_is_compiled_once() -> None:
    with Roofline() as roofline:
        assert roofline.program(8) is roofline.program(8)


def test_without_a_compiler_the_roofline_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yardstick, "compiler", lambda: None)
    outcome = Outcome()
    contenders: list[Contender] = []
    with Roofline() as roofline:
        with pytest.raises(CompilerMissingError, match="no C compiler"):
            roofline.program(64)
        added = add_contenders(
            outcome, "P1", contenders, "roofline.c", lambda: roofline.contender(64)
        )
    assert not added
    assert not contenders
    (omission,) = outcome.omissions
    assert not omission.failed
    assert omission.why.startswith("no C compiler")


@needs_compiler
def test_a_compiler_that_refuses_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'roofline.c: unknown flag' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(yardstick, "compiler", lambda: str(broken))
    with Roofline() as roofline, pytest.raises(CompilerMissingError, match="unknown flag"):
        roofline.program(64)


@pytest.mark.parametrize("contender", [matrix_product(5, 8), matrix_vector(8)])
def test_products_are_timed(contender: Contender) -> None:
    assert contender.measure(3).wall > 0.0


def test_a_fault_is_not_hidden_as_an_omission() -> None:
    outcome = Outcome()

    def broken() -> Contender:
        raise ZeroDivisionError("a fault")

    assert not add_contenders(outcome, "P1", [], "jax", broken)
    assert outcome.omissions[0].failed
    assert outcome.omissions[0].why == "ZeroDivisionError: a fault"
