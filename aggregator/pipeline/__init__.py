"""The way in: collect (network to archive) and derive (archive to catalogue and index).

    collecting  a pass: each source's lane says what to ask for next; every answer is archived, and only then read
    lanes       what to ask one source next: a visit, or all that it ever had
    feeds       which feed to try, and where it has moved to
    lists       which sitemap or list page to read, and where others may be
    showing     what pages show beside their text, where it is to be kept
    deriving    what an entry of the archive says: captures, announcements, articles, matches
    reading     what its pages say: read by workers, or when their day was closed
    belonging   whose a page is
    reposting   who waits is compared with all others, and what that bears on is settled
    rematching  all articles compared at once, in pieces
    line        what the one writer of a home may do: crawl, bring in, catch up, close days, index
    learning    which lines the pages of a source share: once, as an event of the archive
    opening     how it becomes that: the lock, what a kill left behind
    rebuilding  all of it again from the archive, aside, and then in the place of the old

A bad page, feed or source is counted and named; it never ends a run. A full disk or a damaged store does.
"""

from aggregator.pipeline.collecting import BATCH
from aggregator.pipeline.deriving import MAX_HOPS
from aggregator.pipeline.hosts import MAX_AT_ONCE
from aggregator.pipeline.lanes import MAX_PAGES, MAX_RUN_S, VISIT, Scope
from aggregator.pipeline.line import MAX_BACKFILL_PAGES, Pipeline
from aggregator.pipeline.opening import opened
from aggregator.pipeline.rebuilding import rebuild

__all__ = [
    "BATCH",
    "MAX_AT_ONCE",
    "MAX_BACKFILL_PAGES",
    "MAX_HOPS",
    "MAX_PAGES",
    "MAX_RUN_S",
    "VISIT",
    "Pipeline",
    "Scope",
    "opened",
    "rebuild",
]
