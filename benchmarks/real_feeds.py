"""Compare what discover.read_feed finds in real feeds with the entries that a reference states.

    python benchmarks/real_feeds.py FOLDER

FOLDER holds feeds.jsonl and feeds/*.gz. A line of feeds.jsonl describes one feed: file, format, feed_link (the site it
names), and entries, each with id, title, link and date (ISO 8601, in UTC) as another reader saw them.

Printed is a row a feed with a difference, then the sum. Every stated entry that was not found, every discovery that no
entry states, and every title or date that differs needs a reason that this script verifies in the feed or in what the
reader said of it; exit 1 when one has none, or when a feed raises.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aggregator import discover
from aggregator.discover import claims, markup
from aggregator.model import Announcement, Discovery

NOWHERE = "http://feed.example/"
"""The address of a feed that names no site."""


def main(folder: Path) -> int:
    """Print the table; return the exit code."""
    feeds = [json.loads(line) for line in (folder / "feeds.jsonl").read_text(encoding="utf-8").splitlines()]
    stated = found = unexplained = raised = 0
    reasons: Counter[str] = Counter()
    slowest = 0.0
    print(f"{'feed':32} {'format':10} {'stated':>6} {'found':>6}  differences")
    for feed in feeds:
        url = claims.address(str(feed.get("feed_link") or ""), None) or NOWHERE
        body = gzip.decompress((folder / "feeds" / feed["file"]).read_bytes())
        started = time.process_time()
        try:
            announcement = discover.read_feed(body, url=url)
        except Exception as error:  # that none does is what is measured
            raised += 1
            print(f"{feed['file']:32} {feed['format']:10} RAISED {error!r}")
            continue
        slowest = max(slowest, time.process_time() - started)
        stated += len(feed["entries"])
        found += len(announcement.discoveries)
        differences = Counter(compare(feed, announcement, url, markup.decode(body)))
        reasons.update(differences)
        unexplained += sum(count for reason, count in differences.items() if reason.startswith("NO REASON"))
        if differences:
            words = "; ".join(f"{count} {reason}" for reason, count in sorted(differences.items()))
            counts = f"{len(feed['entries']):6} {len(announcement.discoveries):6}"
            print(f"{feed['file']:32} {feed['format']:10} {counts}  {words}")
    print(f"\n{len(feeds)} feeds, {raised} raised, {stated} entries stated, {found} found, slowest {slowest:.2f} CPU s")
    for reason, count in reasons.most_common():
        print(f"{count:6}  {reason}")
    print(f"{unexplained:6}  differences without a reason")
    return 1 if unexplained or raised else 0


def compare(feed: dict[str, Any], announcement: Announcement, url: str, text: str) -> Iterable[str]:
    """Yield the reason of each difference, in words; "NO REASON ..." where there is none."""
    found = {discovery.url: discovery for discovery in announcement.discoveries}
    originals = originals_behind_feedburner(text)
    said = " ".join(announcement.problems)
    seen: set[str] = set()
    for number, entry in enumerate(feed["entries"]):
        address = claims.address(entry["link"] or "", url)
        if number >= discover.MAX_ITEMS and "were read" in said:
            yield "over the limit"
        elif address in seen:
            yield "duplicate address"
        elif address in found:
            seen.add(address)
            yield from claimed(entry, found[address], text)
        elif originals.get(address or "") in found:
            seen.add(originals[str(address)])
            yield "the original address, which the feed names beside FeedBurner's"
            yield from claimed(entry, found[originals[str(address)]], text)
        elif not found and ("not a feed" in said or "no feed" in said):
            yield "not a feed"
        elif address is None:
            elsewhere = claims.address(entry["id"] or "", None)
            if elsewhere in found:
                seen.add(str(elsewhere))
                yield "address taken from its id"
            elif "without an address" in said:
                yield "no address"
            else:
                yield f"NO REASON: {entry['title']!r} has no address, and no problem says so"
        else:
            yield f"NO REASON: {address} was not found"
    for address in found.keys() - seen:
        yield f"NO REASON: {address} is not stated"


def originals_behind_feedburner(text: str) -> dict[str, str]:
    """Return the feedburner:origLink of each link, as the text of the feed has them, one of each an item."""
    originals = {}
    for item in re.findall(r"<(?:item|entry)\b.*?</(?:item|entry)>", text, re.DOTALL):
        original = re.search(r"<feedburner:origLink>([^<]+)<", item)
        if original and (address := claims.address(html.unescape(original[1]), None)):
            links = re.findall(r"""<link>([^<]+)<|<link\b[^>]*href=["']([^"']+)""", item)
            for link in (claims.address(html.unescape(a or b), None) for a, b in links):
                originals[link or ""] = address
    return originals


def claimed(entry: dict[str, Any], discovery: Discovery, text: str) -> Iterable[str]:
    """Yield the reasons why title and date differ from what is stated."""
    title = claims.plain(entry["title"] or "")
    if discovery.claimed_title != title:
        yield f"NO REASON: title {discovery.claimed_title!r}, stated {title!r}"
    at = claims.instant(entry["date"] or "")
    if at not in (discovery.claimed_at, discovery.claimed_updated_at):
        if entry["date"] and at is None:
            yield "date that is not plausible"
        elif at is None:
            yield "date that only we could read"
        elif re.search(re.escape(entry["date"]) + r"(?:\.\d+)?\s*[+-](?!00:?00)\d\d:?\d\d", text):
            yield "date whose offset from UTC the reference left out"
        else:
            yield f"NO REASON: date {discovery.claimed_at}, stated {at}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
