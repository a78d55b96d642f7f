"""Three lessons as apps, in a real browser: a slider moves, and the numbers follow."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.browser import chromium

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = [pytest.mark.lessons, pytest.mark.timeout(300)]

PATIENCE = 120_000  # milliseconds, for a machine that has much to do


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@contextmanager
def served(number: int, log: Path) -> Iterator[str]:
    """The address at which a lesson is served to this machine only, until the test is over."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-P", "-m", "deepparticle", "lessons", str(number)]
    command += ["--headless", "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MPLBACKEND": "Agg"},
            start_new_session=True,
        )
    try:
        start = time.monotonic()
        while time.monotonic() - start < PATIENCE / 1000:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


def text_of(page: Any) -> str:
    return str(page.locator("body").inner_text())


def settled(page: Any) -> str:
    """The text of a page that has had the same text for two seconds, every cell having run."""
    last, since = text_of(page), time.monotonic()
    while time.monotonic() - since < 2.0:
        page.wait_for_timeout(250)
        if text_of(page) != last:
            last, since = text_of(page), time.monotonic()
    return last


@pytest.mark.parametrize("number", [2, 3, 8])
def test_a_slider_moves_and_the_numbers_follow(browser: Any, number: int, tmp_path: Path) -> None:
    lesson = find_lesson(number)
    with served(number, tmp_path / "log") as address:
        page = browser.new_context(viewport={"width": 1100, "height": 1400}).new_page()
        page.set_default_timeout(PATIENCE)
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address, wait_until="load")
        page.get_by_role("heading", level=1).wait_for()
        page.locator("img").first.wait_for()
        sliders = page.get_by_role("slider")
        sliders.first.wait_for()
        page.get_by_role("button", name="Show the answer").first.wait_for()
        before = settled(page)

        place = sliders.first.get_attribute("aria-valuenow")
        sliders.first.focus()
        for _ in range(3):
            page.keyboard.press("ArrowLeft")
        page.wait_for_function("text => document.body.innerText !== text", arg=before)
        assert sliders.first.get_attribute("aria-valuenow") != place
        changed = set(settled(page).split()) - set(before.split())
        assert any(any(letter.isdigit() for letter in word) for word in changed), changed

        assert page.locator(".katex-error").count() == 0
        assert "marimo-error" not in page.content()
        assert said == []
        local = (address, "data:", "blob:", address.replace("http", "ws"))
        assert [url for url in asked if not url.startswith(local)] == []
        page.context.close()
    assert lesson.title.split()[0] in before.lower()


def test_the_app_shows_what_the_notebook_computes(browser: Any, tmp_path: Path) -> None:
    values = {"forth": 1.0}  # four steps of a quarter below the 2 at which the slider stands
    _, found = find_lesson(3).run(values)
    expected = f"{found['law'].correlations[0, 1]:.3f}"
    with served(3, tmp_path / "log") as address:
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address, wait_until="load")
        slider = page.get_by_role("slider").first
        slider.wait_for()
        page.locator("table").first.wait_for()
        assert expected not in settled(page)
        slider.focus()
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        page.get_by_text(expected).first.wait_for()
        page.get_by_role("button", name="Show the answer").first.click()
        answer = page.get_by_role("region", name="Show the answer").first
        answer.get_by_text("different histories").wait_for()
        page.context.close()
