"""Pictures of the pages for docs/: the demo world after two visits, in the Chromium of this machine.

python -m tests.e2e.pictures docs/pictures
"""

from __future__ import annotations

import base64
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from aggregator import reposts
from aggregator.home import Home
from aggregator.replay import serving as replaying
from aggregator.web.serving import application
from tests.e2e.pages import articles_of, known_in
from tests.e2e.reading import Scheme, launched, reader
from tests.e2e.world import save_searches, visited
from tests.webbed import serving

MAX_BYTES = 150_000
"""Of a picture."""
MAX_HEIGHT = 1_000
"""Of what is shown of a page, in its pixels; the rest is cut off."""
_AS_WEBP = """
async (png) => {
    const image = new Image()
    image.src = "data:image/png;base64," + png
    await image.decode()
    const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height})
    canvas.getContext("2d").drawImage(image, 0, 0)
    return canvas.toDataURL("image/webp", 0.7).split(",")[1]
}
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page."""

    name: str
    address: str
    """With a field of Known in it, or two articles that share most passages."""
    width: int = 1100
    scheme: Scheme = "light"
    is_pasted: bool = False
    """Whether a text is pasted into its box and looked for."""


PICTURES = (
    Picture("search", "/"),
    Picture("hits", "/?q=police"),
    Picture("context", "/context?q=police"),
    Picture("timeline", "/timeline?q=police&words=count"),
    Picture("article", "/articles/{copied}"),
    Picture("changes", "/articles/{copied}/changes"),
    Picture("family", "/articles/{copied}/family"),
    Picture("beside", "/articles/{one}/beside/{other}#r3"),
    Picture("pasted", "/reposts", is_pasted=True),
    Picture("saved", "/saved"),
    Picture("sources", "/sources", scheme="dark"),
    Picture("hits-phone", "/?q=police", width=360),
    Picture("article-phone", "/articles/{arabic}", width=360, scheme="dark"),
)


def sharing(home: Home) -> tuple[str, str]:
    """Return the two articles that share most passages, the one that was first in front."""
    matches = [match for family in reposts.families(home) for match in family.matches]
    most = max(matches, key=lambda match: (len(match.passages), match.a, match.b))
    return (most.a, most.b) if most.first == most.a else (most.b, most.a)


def taken(browser: Browser, address: str, fields: dict[str, str], pasted: str, picture: Picture) -> bytes:
    """Return a picture of a page, as WebP."""
    with reader(browser, address, width=picture.width, scheme=picture.scheme, bypass_csp=True) as reading:
        reading.open(picture.address.format(**fields))
        if picture.is_pasted:
            reading.look_for_reposts(pasted)
        height = int(reading.tab.evaluate("() => document.documentElement.scrollHeight"))
        reading.tab.set_viewport_size({"width": picture.width, "height": min(height, MAX_HEIGHT)})
        reading.tab.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0) }")
        png = reading.tab.screenshot()
        return base64.b64decode(reading.tab.evaluate(_AS_WEBP, base64.b64encode(png).decode()))


def main(folder: Path) -> None:
    """Take all pictures into a folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as root, sync_playwright() as playwright:
        home = visited(Path(root) / "home")
        save_searches(home)
        known = known_in(home, articles_of(home))
        one, other = sharing(home)
        fields = {"copied": known.copied, "arabic": known.arabic, "one": one, "other": other}
        browser = launched(playwright)
        with (
            serving(replaying.application(home)) as copies,
            serving(application(home, copies=copies)) as address,
        ):
            for picture in PICTURES:
                webp = taken(browser, address, fields, known.pasted, picture)
                if len(webp) > MAX_BYTES:
                    raise SystemExit(f"{picture.name}: {len(webp):,} bytes, and {MAX_BYTES:,} are the most.")
                (folder / f"{picture.name}.webp").write_bytes(webp)
                print(f"{picture.name}.webp  {len(webp):,} bytes")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
