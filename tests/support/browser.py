"""A headless Chromium for tests, with the network cut.

Where there is no browser, or Playwright is not installed, a test is skipped and says why; with
``DEEPPARTICLE_BROWSER=required`` in the environment, as in CI, it fails instead.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing(reason: str) -> None:
    """Skip the test for this reason, or fail it where a browser is required."""
    if os.environ.get("DEEPPARTICLE_BROWSER") == "required":
        pytest.fail(f"{reason}, and DEEPPARTICLE_BROWSER=required")
    pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright's, closed at the end."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing(f"no browser is installed ({', '.join(PROGRAMS)})")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (the extra docs)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
