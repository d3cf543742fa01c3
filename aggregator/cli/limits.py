"""Every limit of the program, gathered from the rooms that keep it."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator import (
    archive,
    bulk,
    citations,
    concordance,
    curves,
    dedupe,
    discover,
    embeddings,
    extract,
    pipeline,
    query,
    reuse,
    search,
    sources,
    urls,
    wire,
    words,
)
from aggregator.archive import fixity
from aggregator.catalogue import FRESH, MAX_ATTEMPTS
from aggregator.citations import manifest
from aggregator.dedupe import signs
from aggregator.extract import requisites
from aggregator.fetch import limits as fetch
from aggregator.index import MAX_EXPANSIONS
from aggregator.pipeline import deriving, lanes, showing
from aggregator.replay.addresses import MAX_ADDED_CHARS, MAX_LOOKED_FOR
from aggregator.search import in_context, saved
from aggregator.search.answering import MAX_LOOKED_AT
from aggregator.web import limits


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: what it is called, its value, and what happens beyond it."""

    name: str
    value: float
    unit: str
    beyond: str


LIMITS = (
    Limit("fetch.connect", fetch.CONNECT_S, "s", "the address fails and is tried again in a later run"),
    Limit("fetch.addresses", fetch.MAX_ADDRESSES, "addresses", "the other addresses of a host are not tried"),
    Limit("fetch.idle", fetch.IDLE_S, "s", "the answer is kept as far as it came, marked incomplete"),
    Limit("fetch.total", fetch.TOTAL_S, "s", "the answer is kept as far as it came, marked incomplete"),
    Limit("fetch.hops", deriving.MAX_HOPS, "redirects", "the address fails"),
    Limit("fetch.encoded", fetch.MAX_BYTES, "bytes", "the answer is kept as far as it came, marked incomplete"),
    Limit("fetch.decoded", wire.MAX_DECODED_BYTES, "bytes", "the page fails; its capture is kept"),
    Limit(
        "fetch.ratio", wire.MAX_RATIO, ": 1", "above 1 MiB: the page fails as a decompression bomb; its capture is kept"
    ),
    Limit("fetch.members", wire.MAX_MEMBERS, "gzip members", "the page fails; its capture is kept"),
    Limit("fetch.retry-after", fetch.MAX_RETRY_AFTER_S, "s", "a host that asks for more is left alone for this long"),
    Limit("fetch.patience", fetch.PATIENCE_S, "s", "a page of a host that wants a longer pause waits for a later run"),
    Limit("fetch.crawl-delay", fetch.MAX_CRAWL_DELAY_S, "s", "a longer crawl-delay is kept at this"),
    Limit("url.length", urls.MAX_URL_CHARS, "characters", "the address is not followed"),
    Limit("feed.items", discover.MAX_ITEMS, "items", "the rest of the feed is not read"),
    Limit("feed.length", discover.MAX_FEED_CHARS, "characters", "the rest of the feed is not read"),
    Limit("feed.tags", discover.MAX_TAGS, "tags", "the rest of the feed is not read"),
    Limit("front.feeds", discover.MAX_FEEDS, "feeds", "the others that a front page announces are not tried"),
    Limit("listing.length", discover.MAX_PAGE_CHARS, "characters", "the rest of the list page is not read"),
    Limit("listing.links", discover.MAX_LINKS, "links", "the rest of the list page is not read"),
    Limit("sitemap.length", discover.MAX_SITEMAP_BYTES, "bytes", "the rest of the sitemap is not read"),
    Limit("robots.length", fetch.MAX_ROBOTS_BYTES, "bytes", "the rest of robots.txt is not read"),
    Limit(
        "robots.beside", fetch.MAX_ROBOTS_BESIDE_BYTES, "bytes", "a host that only has pictures is not asked for them"
    ),
    Limit("robots.sitemaps", discover.MAX_ROBOTS_SITEMAPS, "sitemaps", "the others that robots.txt names are not read"),
    Limit("sitemap.addresses", discover.MAX_ADDRESSES, "addresses", "the rest of the sitemap is not read"),
    Limit("listing.depth", lanes.MAX_DEPTH, "pages", "older list pages are not followed in this run"),
    Limit("backfill.lists", lanes.MAX_LISTS, "list pages", "further lists of the back-catalogue are not read"),
    Limit("list.rows", discover.MAX_ROWS, "entries", "the rest of the list is not read"),
    Limit("run.pages", lanes.MAX_PAGES, "pages a source", "the rest is read in the next run"),
    Limit("run.time", lanes.MAX_RUN_S, "s a source", "the rest is read in the next run"),
    Limit("run.at-once", pipeline.MAX_AT_ONCE, "sources", "the others wait; never two requests to one host"),
    Limit("page.attempts", MAX_ATTEMPTS, "failures", "the address is given up until it is announced as edited"),
    Limit("archive.file", archive.MAX_FILE_BYTES, "bytes", "the WARC file is sealed and another begun"),
    Limit("import.record", archive.MAX_BLOCK_BYTES, "bytes", "the record is kept, but only its beginning is read"),
    Limit("import.growth", archive.MAX_GROWTH, ": 1", "above 1 GiB: the rest of the imported file is not read"),
    Limit("import.problems", archive.MAX_PROBLEMS, "problems", "the rest of the imported file is not read"),
    Limit("import.noted", archive.MAX_NOTED, "problems", "the others are counted, not listed"),
    Limit("import.wacz-files", archive.MAX_ENTRIES, "files", "the other files in a WACZ are not read"),
    Limit("verify.findings", fixity.MAX_FINDINGS, "findings a file", "the others of that file are counted"),
    Limit("verify.decoded", fixity.MAX_DECODED_BYTES, "bytes", "a payload digest of an encoded body is not compared"),
    Limit(
        "worker.cpu",
        extract.MAX_READING_CPU_S,
        "s of a processor",
        "the page is not read, and said so; its capture is kept",
    ),
    Limit("worker.wall", extract.MAX_READING_S, "s", "the page is not read, and said so; its capture is kept"),
    Limit(
        "worker.memory",
        extract.MAX_READING_BYTES,
        "bytes of address space",
        "the page is not read, and said so; its capture is kept",
    ),
    Limit("worker.pages", extract.MAX_READINGS, "pages", "another worker takes its place"),
    Limit(
        "bulk.tries",
        bulk.MAX_TRIES,
        "tries",
        "the pages of a stretch of the archive are read by the program itself, and it says so",
    ),
    Limit("page.depth", extract.MAX_DEPTH, "elements inside one another", "what lies deeper is flattened"),
    Limit("page.elements", extract.MAX_ELEMENTS, "elements", "the rest of the page is not read, and said to be"),
    Limit("page.attributes", extract.MAX_ATTRIBUTES, "attributes an element", "the others are not read"),
    Limit("page.linked-data", extract.MAX_LINKED_DATA_CHARS, "characters", "a longer block of JSON-LD is not read"),
    Limit("page.document", extract.MAX_DOCUMENT_PAGES, "pages", "the rest of a PDF is not read, and said to be"),
    Limit("page.posts", extract.MAX_POSTS, "posts", "the rest of a page of several posts is not read apart"),
    Limit("title.length", extract.MAX_TITLE_CHARS, "characters", "the title is cut"),
    Limit(
        "reposts.holders", reuse.FEW, "articles", "of more that hold a phrase, the first are compared on its account"
    ),
    Limit("reposts.versions", dedupe.MAX_VERSIONS, "versions", "of an article edited more often, the first and newest"),
    Limit("reposts.length", words.MAX_COMPARED_CHARS, "characters", "the rest of the text is not compared"),
    Limit(
        "reposts.diff",
        dedupe.MAX_COMPARED_PAIRS,
        "pairs of words",
        "a part of two texts that has more is shown as changed, all of it, and said to be",
    ),
    Limit(
        "translations.length",
        signs.MAX_COMPARED_CHARS,
        "characters",
        "the rest of a text is not looked at for translations",
    ),
    Limit("embeddings.words", embeddings.VOCABULARY, "words a language", "the rest of the file is not read"),
    Limit("embeddings.dimensions", embeddings.MAX_DIMENSIONS, "dimensions", "the word vectors are refused"),
    Limit("embeddings.line", embeddings.MAX_LINE_BYTES, "bytes", "the word vectors are refused"),
    Limit("sources.yaml", sources.MAX_BYTES, "bytes", "the file is refused"),
    Limit("query.length", query.MAX_QUERY_CHARS, "characters", "the query is refused"),
    Limit("query.terms", query.MAX_TERMS, "words", "the rest of the query is ignored, and said to be"),
    Limit("query.depth", query.MAX_DEPTH, "brackets within brackets", "those further in are left out, and said to be"),
    Limit(
        "query.expansions", MAX_EXPANSIONS, "words", "a prefix or a misspelt word stands for the most frequent of them"
    ),
    Limit("page.size", search.MAX_PAGE, "hits", "the rest is on the next page"),
    Limit("page.reread", MAX_LOOKED_AT, "articles", "while parts of texts are withdrawn, older ones are not found"),
    Limit("search.name", saved.MAX_NAME_CHARS, "characters", "a longer name is refused; nothing is saved"),
    Limit("kwic.lines", in_context.MAX_LINES, "lines", "the places in older articles are left out, and said to be"),
    Limit("kwic.context", concordance.CONTEXT_CHARS, "characters a side", "what stands further away is left out"),
    Limit("curve.periods", curves.MAX_PERIODS, "months or years", "older ones are only in the sum, and said to be"),
    Limit("citation.abstract", citations.MAX_ABSTRACT_CHARS, "characters", "the rest of a text is not in its citation"),
    Limit("manifest.length", manifest.MAX_BYTES, "bytes", "the manifest is refused"),
    Limit("manifest.articles", manifest.MAX_ARTICLES, "articles", "the manifest is refused"),
    Limit("pages.address", limits.MAX_ADDRESS_BYTES, "bytes", "the page is refused"),
    Limit("pages.values", limits.MAX_VALUES, "sources or languages", "the page is refused"),
    Limit("pages.offset", limits.MAX_OFFSET, "hits", "the page is refused, and not linked to"),
    Limit("pages.pasted", limits.MAX_PASTED_BYTES, "bytes", "the text is refused"),
    Limit("pages.export-looked-at", limits.EXPORT_LOOKED_AT, "articles", "the page says that it looked no further"),
    Limit("pages.export-looked-at-all", limits.MAX_EXPORT_LOOKED_AT, "articles", "likewise, when all were asked for"),
    Limit("pages.feed", limits.FEED_ENTRIES, "entries", "older news are not in a feed"),
    Limit("pages.feed-looked-at", limits.FEED_LOOKED_AT, "candidates", "older news are not looked for"),
    Limit("pages.feed-compared", limits.FEED_COMPARED_CHARS, "characters", "a feed names the page that tells the edit"),
    Limit("pages.feed-shown", limits.FEED_DIFF_CHARS, "characters", "of an edit, a feed does not show the rest"),
    Limit("pages.pairs", limits.PAIRS, "pairs of a family", "the others are only counted"),
    Limit("pages.rows", limits.ROWS, "articles of a family", "the others are only counted"),
    Limit("pages.passages", limits.PASSAGES, "passages a pair", "shorter ones are only counted"),
    Limit("pages.whole", limits.WHOLE, "articles", "of the others that have a pasted text only passages are beside it"),
    Limit("pages.folded", limits.FOLDED_CHARS, "characters", "what is not shared between two passages is folded"),
    Limit(
        "pages.versions",
        limits.VERSIONS,
        "versions",
        "the list of them is folded, and the line has a point for several",
    ),
    Limit("pages.turns", limits.TURNS, "times", "earlier ones at which an article was not there are not told"),
    Limit("pages.new-hits", limits.NEW_HITS, "articles", "the other new hits of a saved search are only counted"),
    Limit("pages.newest", limits.NEWEST, "articles", "older ones are not on the first page"),
    Limit(
        "pages.pace", limits.AT_ONCE, f"answers at once, then {limits.A_SECOND:g} a second", "whoever asks has to wait"
    ),
    Limit("pages.costly", limits.COSTLY, "answers", "one that may read many texts counts for so many of the pace"),
    Limit("pages.runs", limits.RUNS, "runs of a source", "older ones are not shown"),
    Limit("pages.trial", limits.TRIAL_S, "s", "a source that is tried is asked for nothing more; what came is shown"),
    Limit("pages.trial-again", limits.TRIAL_AGAIN_S, "s", "a host is not asked by a trial again before"),
    Limit("pages.context", limits.CONTEXT_LINES, "places a page", "the others are on the next pages"),
    Limit("requisites.page", requisites.MAX_REQUISITES, "pictures and style sheets a page", "the others are not kept"),
    Limit("requisites.hosts", requisites.MAX_HOSTS, "other hosts a page", "what is at others is not kept"),
    Limit("requisites.helping", lanes.MAX_HELPING, "new hosts a visit", "the others are asked in the next visit"),
    Limit("requisites.length", fetch.MAX_REQUISITE_BYTES, "bytes", "the picture or style sheet is not kept, and noted"),
    Limit("requisites.sum", showing.MAX_SHOWN_BYTES, "bytes a page", "the others are not kept, and noted"),
    Limit("requisites.read", requisites.MAX_PAGE_BYTES, "bytes", "of a longer page nothing is kept but itself"),
    Limit("requisites.tags", requisites.MAX_TAGS, "tags", "of a page with more nothing is kept but itself"),
    Limit("requisites.fresh", FRESH.days, "days", "what was had more recently is not asked for again"),
    Limit("copies.looked-for", MAX_LOOKED_FOR, "addresses a page", "the others count as not held, and are not shown"),
    Limit("copies.links", MAX_ADDED_CHARS, "characters", "the other links of an archived copy lead nowhere"),
)
