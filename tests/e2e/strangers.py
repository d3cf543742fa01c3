"""What strangers write to have it run: thirty strings of our own, and those of a folder that HOSTILE names.

A folder has ``strings/naughty.jsonl``, ``export/cells.jsonl`` (an object with ``s`` a line),
``html/tokenizer_inputs.jsonl`` (with ``input``) and ``made/feed/xss_titles.xml``. What is read there is never printed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

CANARY = "strangers_ran"
"""What our own strings set if they run."""
_RUN = f"window.{CANARY}=1"
OURS = (
    f"<script>{_RUN}</script>",
    f"</title><script>{_RUN}</script>",
    f"</textarea><script>{_RUN}</script>",
    f"--><script>{_RUN}</script><!--",
    f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
    f"<img src=x onerror={_RUN}>",
    f'"><img src=x onerror="{_RUN}">',
    f"'><img src=x onerror='{_RUN}'>",
    f"<svg onload={_RUN}>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    f"</svg><script>{_RUN}</script>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_RUN}>",
    f'" autofocus onfocus="{_RUN}" x="',
    f"' autofocus onfocus='{_RUN}' x='",
    f"<details open ontoggle={_RUN}>",
    f"<iframe srcdoc='<script>parent.{CANARY}=1</script>'></iframe>",
    "<iframe src=//elsewhere.example/></iframe>",
    f"<object data='data:text/html,<script>{_RUN}</script>'></object>",
    "<embed src=//elsewhere.example/x.swf>",
    f"<a href='javascript:{_RUN}'>read on</a>",
    f"javascript:{_RUN}",
    "//elsewhere.example/path",
    "<link rel=stylesheet href=//elsewhere.example/a.css><style>@import '//elsewhere.example/b.css';</style>",
    "<meta http-equiv=refresh content='0;url=//elsewhere.example/'><base href=//elsewhere.example/>",
    "<form action=//elsewhere.example/><input name=q><button>Search</button></form>",
    "<mark>marked</mark> &lt;script&gt; &#60;b&#62; <b>bold</b> &amp;lt;i&amp;gt;",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "\u202egnirts a fo dne eht\u202c \u2066turned\u2069 \u061c\u200f\u200e",
    "a\x00b\x08c\x1b[31md\x7fe\x85f\ud800g\ufffeh\u2028i",
    "W" * 300 + " " + "مرحبا" * 40 + " " + "長" * 200 + " Z̷̛̘̈́a̴͔͊l̸̰̈́g̶̣̑o",
)
TOGETHER = 20
"""Of the many short ones of a tokenizer, so many are written as one."""


def strings() -> list[str]:
    """Return ours and, if there is a folder, all of it."""
    folder = os.environ.get("HOSTILE")
    return [*OURS, *(_given(Path(folder)) if folder else ())]


def _given(folder: Path) -> Iterator[str]:
    for name in ("strings/naughty.jsonl", "export/cells.jsonl"):
        yield from _lines(folder / name, "s")
    feed = (folder / "made/feed/xss_titles.xml").read_text(encoding="utf-8")
    yield from (unescape(title) for title in re.findall("<title>(.*?)</title>", feed, re.DOTALL))
    short = list(_lines(folder / "html/tokenizer_inputs.jsonl", "input"))
    for start in range(0, len(short), TOGETHER):
        yield " ".join(short[start : start + TOGETHER])


def _lines(path: Path, key: str) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)[key]
