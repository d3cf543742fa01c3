"""A browser that notes what no page of ours may do: ask elsewhere, break its policy, open a box, run what it shows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, HttpCredentials, Locator, Page, Playwright

from tests.e2e.strangers import CANARY

IS_SMOKE = bool(os.environ.get("SMOKE"))
"""Whether a part is enough: ``make e2e-smoke``."""
TELEPHONE, DESK = 360, 1280
"""Widths of windows, in pixels."""
Scheme = Literal["light", "dark"]
_LOOKS: tuple[tuple[int, Scheme], ...] = (
    (TELEPHONE, "dark"),
    (DESK, "light"),
    (TELEPHONE, "light"),
    (DESK, "dark"),
)
LOOKS = _LOOKS[:2] if IS_SMOKE else _LOOKS
"""In which windows, and with which colours, each page is looked at."""
_HANDS = ((TELEPHONE, False), (DESK, True), (TELEPHONE, True), (DESK, False))
HANDS = _HANDS[:2] if IS_SMOKE else _HANDS
"""In which windows a reader goes about, and whether with JavaScript."""
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # whatever happens, it stays on this machine
)
PATIENCE_MS = 60_000
"""How long a page may take: on a machine that is busy with other things, too."""

CONTACT = "demo@example.org"
"""Whom the pages of the demo world offer to write to."""
_SEEN = """
([canary, contact]) => {
    const known = new Map([[null, ""]])
    const live = window[canary] === undefined ? [] : ["it ran"]
    for (const element of document.querySelectorAll("*")) {  // from the root on: what is around it is known
        const names = element.getAttributeNames()
        known.set(element, known.get(element.parentElement) + "/" + [element.localName, ...names.sort()].join(" "))
        if (element.matches("link[rel=original]")) continue  // what is named there is never asked
        for (const name of names) {
            if (name.startsWith("on") || ["style", "srcdoc", "ping", "srcset"].includes(name))
                live.push(element.localName + " " + name)
            if (!["href", "xlink:href", "src", "action", "formaction", "data", "poster"].includes(name)) continue
            const led = new URL(element.getAttribute(name), document.baseURI)
            if (led.origin !== location.origin && !(led.protocol === "mailto:" && led.pathname === contact))
                live.push(element.localName + " leads elsewhere")
        }
    }
    known.delete(null)
    return [[...new Set(known.values())], live, document.documentElement.textContent]
}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a page."""

    shapes: set[str]
    """Each element, by its name, the names of its attributes, and those around it."""
    live: list[str]
    """What could run or lead away; empty: nothing."""
    text: str
    """All of it, with single spaces."""


@dataclass(slots=True)
class Reader:
    """A tab of a browser, with what its pages did that they may not."""

    tab: Page
    address: str
    """Of the server that is read."""
    also: tuple[str, ...] = ()
    """Of servers that its links may lead to."""
    asked_elsewhere: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    """What the content security policy had to forbid, and errors of scripts."""
    boxes: list[str] = field(default_factory=list)
    """Dialogs, other tabs and downloads."""

    def open(self, path: str) -> int:
        """Open a page of the server; return its status."""
        answer = self.tab.goto(self.address + path)
        assert answer
        return int(answer.status)

    def follow(self, link: Locator) -> None:
        """Click on a link or button; return when the page that it leads to is there."""
        with self.tab.expect_navigation():
            link.click()

    def look_for_reposts(self, text: str) -> None:
        """Paste a text into the box of the page that is open, and have it looked for."""
        self.tab.get_by_label("Paste a text").fill(text)
        self.follow(self.tab.get_by_role("button", name="Look for it"))

    def take(self, link: Locator) -> bytes:
        """Click on a link to a file; return what is in it."""
        with self.tab.expect_download() as coming:
            link.click()
        self.boxes.remove("a download")
        return Path(coming.value.path()).read_bytes()

    def offences(self) -> list[str]:
        """Return what was done that no page may do; empty: nothing."""
        return [*self.asked_elsewhere, *self.reports, *self.boxes]

    def seen(self) -> Seen:
        """Return what is in the page."""
        shapes, live, text = self.tab.evaluate(_SEEN, [CANARY, CONTACT])
        return Seen(set(shapes), live, " ".join(text.split()))

    def overflow_px(self) -> int:
        """Return by how much the page is wider than its window."""
        return int(
            self.tab.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


def launched(playwright: Playwright) -> Browser:
    """Return the browser of this machine; nothing is downloaded."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise RuntimeError(
            "There is no Chromium here. On Debian and Ubuntu: apt install chromium; or: CHROMIUM=PROGRAM"
        )
    return playwright.chromium.launch(executable_path=program, args=list(FLAGS))


@contextmanager
def reader(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    scheme: Scheme = "light",
    has_javascript: bool = True,
    bypass_csp: bool = False,
    also: tuple[str, ...] = (),
    who: tuple[str, str] | None = None,
) -> Iterator[Reader]:
    """Open a tab that nothing else shares anything with.

    Args:
        browser: In which.
        address: Of the server that is read.
        width: Of the window, in pixels.
        scheme: What the reader prefers.
        has_javascript: Whether the browser runs scripts.
        bypass_csp: Whether it lets tools look into pages.
        also: Addresses of servers that links may lead to.
        who: The name and password that the reader gives where they are asked; None: none.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        java_script_enabled=has_javascript,
        bypass_csp=bypass_csp,
        http_credentials=HttpCredentials(username=who[0], password=who[1]) if who else None,
    )
    context.set_default_timeout(PATIENCE_MS)
    made = Reader(context.new_page(), address, also)

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            made.reports.append(ascii(message.text))

    def boxed(dialog: Any) -> None:
        made.boxes.append("a dialog")
        dialog.dismiss()

    context.on("request", lambda asked: _note_elsewhere(made, asked.url))
    context.on("page", lambda _: made.boxes.append("another tab"))
    made.tab.on("console", heard)
    made.tab.on("pageerror", lambda error: made.reports.append(ascii(str(error))))
    made.tab.on("dialog", boxed)
    made.tab.on("download", lambda _: made.boxes.append("a download"))
    try:
        yield made
    finally:
        context.close()


def _note_elsewhere(reading: Reader, url: str) -> None:
    if not url.startswith(tuple(f"{address}/" for address in (reading.address, *reading.also))):
        reading.asked_elsewhere.append(ascii(url))
