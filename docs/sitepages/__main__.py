"""Build the site: ``python -m sitepages``, as ``make docs`` does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sitepages.build import OUT, WORK, build

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sitepages", description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=OUT, help="where the site goes")
    parser.add_argument("--work", type=Path, default=WORK, help="what is kept between builds")
    given = parser.parse_args()
    sys.exit(build(given.out, given.work))
