"""Without the extras everything but the compiled backends works, and the tests say so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Finds modules as usual, but for those of the extras: as where they are not installed.
HIDDEN = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"numba", "llvmlite", "jax", "jaxlib", "thrml", "equinox"}:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_the_tests_pass_where_the_extras_are_not_installed(tmp_path: Path) -> None:
    chosen = ["tests/compile", "tests/benchmarks", "tests/docs", "src/deepparticle"]
    command = [sys.executable, "-P", "-c", HIDDEN, "-q", "-o", f"cache_dir={tmp_path}", *chosen]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert "skipped" in result.stdout.splitlines()[-1]
