"""Every page, light and dark, on a telephone and on a desk: whom it keeps out, whether it fits, whether it is HTML."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from tests.e2e.conftest import Served
from tests.e2e.pages import PAGES, Page
from tests.e2e.reading import IS_SMOKE, LOOKS, Reader, Scheme, reader

HERE = Path(__file__).parent
NODE = HERE.parent.parent / "build/e2e-node/node_modules"
SOME = tuple(
    page for page in PAGES if page.name in "hits article changes family pasted timeline sources export".split()
)
"""Pages of each kind."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""WCAG 2.2 AA, in the words of axe-core."""
_AXE = """
async (rules) => {
    const said = await axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]})
    return [said.passes.length, said.violations.flatMap(
        (one) => one.nodes.map((node) => `${one.id}: ${node.target}: ${node.any.map((each) => each.message)}`))]
}
"""


def shown(reading: Reader, page: Page, world: Served) -> None:
    """Open a page and see that it is the one that is meant."""
    status = reading.open(page.path(world.known))
    assert status == page.status
    if page.is_pasted:
        reading.look_for_reposts(world.known.pasted)
    assert page.holds in reading.seen().text


@pytest.fixture(params=SOME if IS_SMOKE else PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Page:
    assert isinstance(request.param, Page)
    return request.param


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_page_keeps_nobody_out(browser: Browser, world: Served, page: Page, width: int, scheme: Scheme) -> None:
    with reader(browser, world.address, width=width, scheme=scheme, bypass_csp=True) as reading:
        shown(reading, page, world)
        reading.tab.evaluate((NODE / "axe-core/axe.min.js").read_text(encoding="utf-8"))
        passed, violations = reading.tab.evaluate(_AXE, list(RULES))

    assert passed > 5
    assert violations == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_page_fits_its_window_and_asks_nobody_else(
    browser: Browser, world: Served, page: Page, width: int, scheme: Scheme
) -> None:
    with reader(browser, world.address, width=width, scheme=scheme) as reading:
        shown(reading, page, world)
        if folder := os.environ.get("SHOTS"):
            reading.tab.screenshot(path=Path(folder) / f"{page.name}-{width}-{scheme}.png", full_page=True)

        assert reading.overflow_px() <= 0
        assert reading.offences() == []


def test_every_page_is_html(world: Served, tmp_path: Path) -> None:
    for page in PAGES:
        method, data = ("POST", {"text": world.known.pasted}) if page.is_pasted else ("GET", None)
        answer = requests.request(method, world.address + page.path(world.known), data=data, timeout=60)
        assert answer.status_code == page.status
        (tmp_path / f"{page.name}.html").write_bytes(answer.content)
    program: list[str | Path] = [
        NODE / ".bin/html-validate",
        "--config",
        HERE / "htmlvalidate.json",
        "--formatter",
        "json",
        "*.html",
    ]
    said = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)

    complaints = [
        f"{Path(one['filePath']).name}:{each['line']}: {each['ruleId']}: {each['message'][:200]}"
        for one in json.loads(said.stdout)
        for each in one["messages"]
    ]
    assert complaints == []
    assert said.returncode == 0, said.stderr


def test_what_a_page_may_not_do_is_noticed(browser: Browser, world: Served) -> None:
    with reader(browser, world.address) as reading:
        reading.open("/")
        assert reading.seen().live == []
        reading.tab.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://elsewhere.example/'}))")
        for name in ("b", "div"):
            made = f"Object.assign(document.createElement('{name}'), {{textContent: 'x'}})"
            reading.tab.evaluate(f"const made = {made}; made.setAttribute('style', '1'); document.body.append(made)")

        seen = reading.seen()
        assert len(seen.live) == 3
        assert reading.reports
        assert "/html lang/body/b style" in seen.shapes
