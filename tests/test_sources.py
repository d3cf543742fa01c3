"""sources.yaml: what is understood, what is refused and where, and what the docs say about both."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aggregator import sources
from aggregator.errors import SourcesError
from aggregator.model import Access, ExtractRule, Following, Listing, Settings, Source
from aggregator.sources import KEYS, load, parse
from aggregator.sources.keys import CHILDREN, ENGINES, REQUIRED, Key, Shape

REPOSITORY = Path(__file__).parent.parent
STARTER = REPOSITORY / "aggregator/starter/sources.yaml"
DOCS = REPOSITORY / "docs/reference/sources-yaml.md"
WHERE = Path("sources.yaml")
IN_WORDS = {REQUIRED, "none", "as below", "as in defaults", "the id", "the url", "those robots.txt names", "looked for"}


def following(text: str) -> Following:
    return parse(text, WHERE)


def one(lines: str = "") -> Source:
    """The only source of a file, with these further lines."""
    [found] = following(with_lines(lines)).sources
    return found


def with_lines(lines: str) -> str:
    return "sources:\n- id: a\n  url: http://a.example/\n" + "".join(f"  {line}\n" for line in lines.splitlines())


def complaints(text: str) -> list[str]:
    """What is said about the file: ``line:column: message``."""
    with pytest.raises(SourcesError) as refused:
        parse(text, WHERE)
    return [f"{c.line}:{c.column}: {c.message}" for c in refused.value.complaints]


def complaint(text: str) -> str:
    [only] = complaints(text)
    return only


# --- what is understood ---------------------------------------------------------------------------------------------


def test_an_id_and_an_address_make_a_source() -> None:
    assert one() == Source(id="a", name="a", url="http://a.example/")


def test_every_key_of_a_source_arrives() -> None:
    text = """
        sources:
          - id: cimade
            name: La Cimade
            url: HTTPS://www.LaCimade.org#top
            feeds: [https://www.lacimade.org/feed/, https://www.lacimade.org/rss]
            engine: wordpress
            sitemap: https://www.lacimade.org/sitemap.xml
            listing: {links: h2 a, next: a.older, start: https://www.lacimade.org/archive}
            extract:
              - {content: "#story", valid_until: 2026-03-01}
              - {content: .body, title: h1, date: time, drop: .ad}
            languages: [fr, no]
            aliases: [La CIMADE, Cimade]
            mirrors: [Mirror.Example]
            tags: [ngo]
            every: daily 04:00
            timezone: Europe/Paris
            recheck: false
            pace: 500ms
            robots: ignore
            paused: true
    """
    assert following(text).sources == (
        Source(
            id="cimade",
            name="La Cimade",
            url="https://www.lacimade.org/",
            feeds=("https://www.lacimade.org/feed/", "https://www.lacimade.org/rss"),
            sitemap="https://www.lacimade.org/sitemap.xml",
            listing=Listing(links="h2 a", next="a.older", start="https://www.lacimade.org/archive"),
            extract=(
                ExtractRule(content="#story", valid_until=datetime(2026, 3, 1, tzinfo=UTC)),
                ExtractRule(content=".body", title="h1", date="time", drop=".ad"),
            ),
            languages=("fr", "no"),
            aliases=("la cimade", "cimade"),
            mirrors=("mirror.example",),
            tags=("ngo",),
            engine="wordpress",
            every=time(4),
            timezone="Europe/Paris",
            recheck=False,
            pace_s=0.5,
            obey_robots=False,
            paused=True,
        ),
    )


def test_every_setting_arrives() -> None:
    text = """
        settings:
          contact: archive@library.example
          network: {allow_private: [127.1.0.0/16, "fd00::/8"]}
          min_free: 500MB
          index: whoosh
          catalogue: sqlite
          executor: dask://[fd00::1]:8786/
          archive: ./archive
        sources: []
    """
    assert following(text).settings == Settings(
        contact="archive@library.example",
        allow_private=("127.1.0.0/16", "fd00::/8"),
        min_free_bytes=500_000_000,
        executor="dask://[fd00::1]:8786",
    )


def test_defaults_hold_for_sources_that_do_not_say_otherwise() -> None:
    text = """
        defaults: {every: 2d, pace: 1min, robots: ignore, languages: [fr]}
        sources:
          - {id: quiet, url: http://a.example/}
          - {id: own, url: http://b.example/, every: auto, pace: 0s, robots: obey, languages: []}
    """
    quiet, own = following(text).sources
    assert (quiet.every, quiet.pace_s, quiet.obey_robots, quiet.languages) == (timedelta(days=2), 60, False, ("fr",))
    assert (own.every, own.pace_s, own.obey_robots, own.languages) == (None, 0, True, ())


def test_what_is_commented_out_counts_as_left_out() -> None:
    assert following("settings:\n  # contact: a@b.example\ndefaults:\nsources:\n  # - id: a\n").sources == ()
    assert one("feeds:\n  # - http://a.example/feed") == one()


@pytest.mark.parametrize("key", [k for k in KEYS if k.default not in IN_WORDS], ids=lambda k: k.name)
def test_writing_a_default_out_changes_nothing(key: Key) -> None:
    assert following(file_with(key, key.default)) == following(file_with(key, None))


def file_with(key: Key, value: str | None) -> str:
    """A file with one source and this key in its place, or without it."""
    *groups, word = key.name.split(".")
    written = f"{word}: {value}" if value else ""
    if groups[0] == "sources[]":
        return with_lines("".join(f"{g}: {{" for g in groups[1:]) + written + "}" * (len(groups) - 1))
    return "".join(f"{g}: {{" for g in groups) + written + "}" * len(groups) + "\n" + with_lines("")


def test_the_same_file_means_the_same_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load(REPOSITORY / "sources.yaml")
    monkeypatch.setattr(sources, "_LOADER", yaml.SafeLoader)
    assert load(REPOSITORY / "sources.yaml") == expected


# --- what is refused, and where -------------------------------------------------------------------------------------

KEY_CASES = [
    ("feed: x", "4:3: 'feed' is not a key here; did you mean 'feeds'?"),
    ("contact: x", "4:3: 'contact' is not a key here; it belongs in settings.contact"),
    ("pace: 5s\npace: 6s", "5:3: 'pace' is given twice, first in line 4"),
    ("<<: {}", "4:3: merge keys (<<) are not used here: write the keys out"),
    ("[x]: y", "4:3: a key is one word"),
    ("listing: {next: a}", "4:12: links is missing. Selects the links to articles, or elements that hold one."),
    ("listing: h2 a", "4:12: listing is a group of keys: links, next, start; write `listing: {links: …}`"),
    ("name:", "4:8: name: there is no value: write text, or leave the key out"),
    ("name: [x]", "4:9: name: one value is expected here"),
    ("name: 161", "4:9: name: YAML takes this for a number: put it in quotes, '161'"),
    ("name: 2010-02-06", "4:9: name: YAML takes this for a date: put it in quotes, '2010-02-06'"),
    ("tags: [no]", "4:10: tags: YAML takes this for true or false: put it in quotes, 'no'"),
    ('name: "a\\u202Eb"', "4:9: name: the value holds an invisible character, U+202E: remove it"),
    ("feeds: http://x.example/", "4:10: feeds is a list: write [http://x.example/]"),
    ("paused: maybe", "4:11: paused: 'maybe' is neither true nor false: write one of them, without quotes"),
    ("pace: 5", "4:9: pace: 5 has no unit: write one of 5ms 5s 5min 5h 5d 5w"),
    ("pace: 5m", "4:9: pace: '5m' has an unknown unit; possible: ms, s, min, h, d, w"),
    ("pace: 2h", "4:9: pace: 2h is out of range: 0s to 1h"),
    ("every: 999ms", "4:10: every: 999ms is out of range: 1s to 520w"),
    ("every: daily 24:00", "4:10: every: 'daily 24:00' is not a time of day: write it as in 'daily 04:00'"),
    (
        "timezone: Paris",
        "4:13: timezone: 'Paris' is not a time zone such as Europe/Paris; did you mean 'Europe/Paris'?",
    ),
    (
        "every: -5s",
        "4:10: every: '-5s' is not auto, a duration or a time: a whole number and a unit (ms s min h d w)",
    ),
    ("languages: [FR-fr]", "4:15: languages: 'FR-fr' is not a two-letter code such as fr; did you mean 'fr'?"),
    ("robots: obei", "4:11: robots: 'obei' is not possible; did you mean 'obey'?"),
    ("engine: wordpres", "4:11: engine: 'wordpres' is not possible; did you mean 'wordpress'?"),
    ("sitemap: /x", "4:12: sitemap: '/x' is not a web address: write it in full, https://host/path"),
    ("mirrors: [a b]", "4:13: mirrors: 'a b' is not a host name"),
    ("mirrors: [m.example/x]", "4:13: mirrors: 'm.example/x' is more than a host name; did you mean 'm.example'?"),
]

FILE_CASES = [
    ("", "1:1: the file is empty: write at least `sources:`"),
    ("settings: {}", "1:1: sources is missing. The publishers to follow; may be empty."),
    ("just words", "1:1: the file is a group of keys: settings, defaults, sources"),
    ("sources: {a: b}", "1:10: sources is a list of groups of keys: begin each with `- `"),
    (with_lines('extract: "#story"'), "4:12: extract is a group of keys, or a list of them"),
    (
        with_lines('extract: {contents: "#story"}'),
        "4:13: 'contents' is not a key here; did you mean 'content'?",
    ),
    (
        with_lines('extract: [{content: "p >"}]'),
        "4:23: content: 'p >' is not a CSS selector: Expected a selector at position 3",
    ),
    (
        with_lines("extract: [x]"),
        "4:13: each entry of extract is a group of keys: content, title, date, drop, valid_until",
    ),
    ("sources: [a]", f"1:11: each entry of sources is a group of keys: {', '.join(CHILDREN['sources'])}"),
    ("sources: []\nsetings: {}", "2:1: 'setings' is not a key here; did you mean 'settings'?"),
    ("sources: []\n---\nsources: []", "2:1: a second document (---) begins here: the file may hold only one"),
    ("%TAG ! x\n---\nsources: []", "1:1: YAML directives (%...) are not used here: remove the line"),
    ("sources: []\n\tx: y", "2:1: this is not YAML: found character that cannot start any token"),
    ("sources: [\n", "2:1: this is not YAML: did not find expected node content"),
    ('sources:\n  - id: a\n    name: "Foo\n', "3:11: a quotation mark opens here that nothing closes"),
    (
        "sources:\n  - id: a\n    name: Foo: bar\n",
        "3:14: this is not YAML: mapping values are not allowed in this context: a value with a colon",
    ),
    (
        "sources:\n  - id: a\n - id: b\n",
        "3:2: this is not YAML: did not find expected key (while parsing a block mapping): keys of one",
    ),
    ("sources: []\nx: \x07", "2:4: character U+0007 may not stand in this file: remove it"),
    ("sources: []\nx: \ud800", "2:4: character U+D800 may not stand in this file: remove it"),
    ("sources: &a []", "1:10: anchors (&a) are not used here: remove it"),
    ("sources: *a", "1:10: aliases (*a) are not used here: write the value out"),
    ("sources: !!python/name:os.system x", "1:10: tags ('tag:yaml.org,2002:python/name:os.system') are not used"),
    ("sources: " + "[" * 1_000_000, "1:29: nested more than 20 levels deep"),
]

SETTING_CASES = [
    ("index: lucene", "'lucene' is not possible; possible: whoosh, tantivy"),
    ("catalogue: mysql://x/y", "'mysql://x/y' is no catalogue: write sqlite, or the address of a PostgreSQL database"),
    ("catalogue: postgresql://host", "'postgresql://host' is no catalogue"),
    ("catalogue: postgresql://me:secret@host/db", "the address may not hold a password, for this file is archived"),
    ("catalogue: 'postgresql://host/db?password=x'", "the address may not hold a password"),
    ("catalogue: 'postgresql://host/db?options=-c%20x'", "the address may name neither options nor a service"),
    ("executor: dask", "'dask' is not possible: write local, or a scheduler as in 'dask://10.0.0.5:8786'"),
    ("executor: dask://10.0.0.5", "'dask://10.0.0.5' is not possible"),
    ("executor: tcp://10.0.0.5:8786", "'tcp://10.0.0.5:8786' is not possible"),
    ("executor: dask://10.0.0.5:99999", "'dask://10.0.0.5:99999' is not possible"),
    ("archive: s3://x", "'s3://x' is not possible in this version; possible: ./archive"),
    ("min_free: 1000", "1000 has no unit: write one of 1000B 1000kB"),
    ("min_free: 1.5GiB", "'1.5GiB' is not a size: a whole number and a unit"),
    ("contact: Jane", "'Jane' is neither an e-mail address nor a web address"),
    ("network: {allow_private: [127.0.0.1/8]}", "has bits set after its prefix; did you mean '127.0.0.0/8'?"),
    ("network: {allow_private: [loopback]}", "'loopback' is not a network such as 127.1.0.0/16"),
]


@pytest.mark.parametrize(("lines", "expected"), KEY_CASES)
def test_a_mistake_in_a_source_is_named_where_it_stands(lines: str, expected: str) -> None:
    assert complaint(with_lines(lines)) == expected


@pytest.mark.parametrize(("text", "expected"), FILE_CASES, ids=lambda value: value[:30])
def test_a_mistake_in_the_file_is_named_where_it_stands(text: str, expected: str) -> None:
    assert complaint(text).startswith(expected)


@pytest.mark.parametrize(("line", "expected"), SETTING_CASES)
def test_a_refused_setting_says_what_is_possible(line: str, expected: str) -> None:
    said = complaint(f"settings: {{{line}}}\nsources: []")
    assert said.startswith("1:") and expected in said


@pytest.mark.parametrize("selector", ["a[", "::", "h2 >", ":not(" * 400])
def test_a_selector_that_does_not_compile_is_refused(selector: str) -> None:
    said = complaint(with_lines(f"listing:\n  links: '{selector}'"))
    assert said.startswith("5:12: links: ") and "is not a CSS selector" in said


@pytest.mark.parametrize(
    "address",
    ["a.example", "//a.example", "http://", "http://[::1", "javascript:alert(1)", "file:///x", "ftp://a.example"],
)
def test_an_address_must_be_a_whole_web_address(address: str) -> None:
    said = complaint(f"sources:\n- id: a\n  url: '{address}'")
    assert said.startswith("3:8: url: ") and "is not a web address" in said


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    said = complaint("sources:\n- id: a\n  url: https://me:secret@a.example/")
    assert said.startswith("3:8: url: an address may not hold a user name or password")
    assert "secret" not in said


def test_an_id_is_mended_where_it_can_be() -> None:
    said = complaint("sources:\n- id: La Cimade\n  url: http://a.example/")
    assert said.startswith("2:7: id: 'La Cimade' is not an id") and said.endswith("did you mean 'la-cimade'?")


def test_two_sources_with_one_id_are_refused_naming_the_first() -> None:
    text = "sources:\n- {id: a, url: http://a.example/}\n- {id: a, url: http://b.example/}"
    assert complaint(text) == "3:8: id: 'a' is already that of the source in line 2"


def test_two_sources_with_one_address_are_refused_however_it_is_written() -> None:
    text = "sources:\n- {id: a, url: http://a.example/}\n- {id: b, url: 'HTTP://A.example:80#top'}"
    assert complaint(text) == "3:16: url: 'http://a.example/' is already that of the source in line 2"


def test_all_complaints_come_at_once_in_the_order_of_their_lines() -> None:
    text = "defaults: {pace: 5}\nsources:\n- id: &x A\n  urll: http://a.example/\n- {id: b, url: *x, every: 1e3}\nm: 1"
    assert [c.partition(": ")[0] for c in complaints(text)] == ["1:18", "3:3", "3:7", "4:3", "5:16", "5:27", "6:1"]


def test_columns_count_characters_not_bytes() -> None:
    assert complaint("sources: [{name: été, id: a, url: x}]").startswith("1:35: ")


def test_an_alias_bomb_is_refused_without_being_unfolded() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 15))
    said = complaints(bomb + "sources: *a14")
    assert "16:10: aliases (*a14) are not used here: write the value out" in said


def test_a_list_inside_itself_is_refused() -> None:
    said = complaints("sources: &a\n- *a")
    assert [c.partition(": ")[0] for c in said] == ["1:10", "2:3"]


def test_after_200_complaints_the_rest_is_not_looked_at() -> None:
    said = complaints("\n".join(f"k{n}: 1" for n in range(1_000)))
    assert len(said) == 201
    assert said[-1] == "200:1: so much is wrong up to here that the rest was not looked at"


def test_the_python_reader_refuses_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [with_lines(lines) for lines, _ in KEY_CASES] + [text for text, _ in FILE_CASES]
    expected = [[c.partition(": ")[0] for c in complaints(text)] for text in texts]
    monkeypatch.setattr(sources, "_LOADER", yaml.SafeLoader)
    assert [[c.partition(": ")[0] for c in complaints(text)] for text in texts] == expected
    assert complaint('sources: "\\UFFFFFFFF"').startswith("1:1: this is not YAML")


# --- the file itself ------------------------------------------------------------------------------------------------


def said_of(path: Path) -> str:
    with pytest.raises(SourcesError) as refused:
        load(path)
    return str(refused.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    said = said_of(tmp_path / "sources.yaml")
    assert said.startswith(f"{tmp_path}/sources.yaml:1:1: there is no such file")
    assert "`aggregator init`" in said


def test_a_folder_in_its_place_is_no_traceback(tmp_path: Path) -> None:
    assert "the file cannot be read: Is a directory" in said_of(tmp_path)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_another_encoding_is_named_where_it_begins(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "sources.yaml"
    path.write_bytes(mark + "sources:\n# été ".encode() + "Hébergement".encode("latin-1"))
    assert said_of(path) == f"{path}:2:8: byte 0xE9 is not UTF-8: save the file in that encoding"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources: []", encoding="utf-8-sig")
    assert load(path).sources == ()


def test_a_file_over_five_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources: []\n" + "#" * 5_000_000)
    assert said_of(path) == f"{path}:1:1: the file is larger than 5 MB"
    assert complaint("#" * 5_000_001) == "1:1: the file is larger than 5 MB"


def test_a_megabyte_on_one_line_gets_an_answer() -> None:
    assert len(complaints("sources: [" + "a, " * 300_000 + "]")) == 201
    assert complaint("sources: [" + "a, " * 600_000 + "]").endswith("the file holds more than 500,000 keys and values")
    assert "is longer than 2,048 characters" in complaint(with_lines("name: " + "a" * 1_000_000))


# --- for every input ------------------------------------------------------------------------------------------------

FRAGMENTS = [
    *("sources:", "settings:", "- ", "id: ", "url: ", "a", "http://a.example/", "listing: {links: a}", "every: ", "6h"),
    *("\n", "\n  ", "\t", " ", "{", "}", "[", "]", ", ", ": ", "? ", "&a ", "*a", "!!str ", "<<: ", "---\n", "...\n"),
    *("#", '"', "'", "|\n", ">\n", "\\", "%TAG ", "~", "null", "no", "0x1", "\ufeff", "\x85", "\u2028", "é", "\x00"),
]


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        assert isinstance(following(text), Following)
    except SourcesError as e:
        assert e.complaints and all(c.line >= 1 and c.column >= 1 for c in e.complaints)


@given(st.binary())
def test_any_bytes_are_understood_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("home") / "sources.yaml"
    path.write_bytes(raw)
    try:
        assert isinstance(load(path), Following)
    except SourcesError as e:
        assert e.path == path


words = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1).map(str.strip).filter(bool)
addresses = st.from_regex(r"https?://[a-z]{1,9}\.example(:81)?/[a-z]{0,9}(\?[a-e]=[0-9])?", fullmatch=True)
selectors = st.sampled_from(["a", "h2 > a", "a[rel~='next']", ".post:not(.teaser) a", "#main li:nth-child(2n+1)"])


def few(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=3).map(tuple)


settings_ = st.builds(
    Settings,
    contact=st.none() | st.just("a.b+c@d-e.example") | addresses,
    allow_private=few(st.ip_addresses().map(lambda ip: f"{ip}/{ip.max_prefixlen}")),
    min_free_bytes=st.integers(0, 10**12 - 1),
)
rules = st.builds(
    ExtractRule,
    content=st.none() | selectors,
    title=st.none() | selectors,
    date=st.none() | selectors,
    drop=st.none() | selectors,
    valid_until=st.none()
    | st.dates(date(1990, 1, 1)).map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC)),
)
sources_ = st.builds(
    Source,
    id=st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True),
    name=words,
    url=addresses,
    feeds=few(addresses),
    sitemap=st.none() | addresses,
    listing=st.none() | st.builds(Listing, links=selectors, next=st.none() | selectors, start=st.none() | addresses),
    extract=st.lists(rules, max_size=2).map(tuple),
    languages=few(st.from_regex(r"[a-z]{2}", fullmatch=True)),
    aliases=few(words.map(str.lower)),
    mirrors=few(st.from_regex(r"[a-z]{1,9}\.example", fullmatch=True)),
    tags=few(words),
    every=st.none()
    | st.integers(1_000, 10**9).map(lambda ms: timedelta(milliseconds=ms))
    | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    timezone=st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns"]),
    recheck=st.booleans(),
    engine=st.sampled_from(ENGINES.split()),
    pace_s=st.integers(0, 3_600_000).map(lambda ms: ms / 1_000),
    obey_robots=st.booleans(),
    paused=st.booleans(),
)
followings = st.builds(
    Following,
    settings=settings_,
    sources=st.lists(sources_, max_size=4, unique_by=(lambda s: s.id, lambda s: s.url)).map(tuple),
)


@given(followings)
def test_what_is_followed_survives_being_written_down(whole: Following) -> None:
    assert following(written(whole)) == whole


def written(whole: Following) -> str:
    """The file that says so, every key written out."""
    contact = f"contact: {quoted(whole.settings.contact)}, " if whole.settings.contact else ""
    network = f"network: {{allow_private: {quoted(whole.settings.allow_private)}}}"
    lines = [f"settings: {{{contact}{network}, min_free: {whole.settings.min_free_bytes}B}}", "sources:"]
    for source in whole.sources:
        lines += [f"  - id: {quoted(source.id)}", f"    url: {source.url}"]
        for word in ("name", "feeds", "languages", "aliases", "mirrors", "tags", "paused"):
            lines.append(f"    {word}: {quoted(getattr(source, word))}")
        if source.sitemap:
            lines.append(f"    sitemap: {source.sitemap}")
        if source.listing:
            keys = ("links", "next", "start")
            given_keys = {k: getattr(source.listing, k) for k in keys if getattr(source.listing, k) is not None}
            lines.append(f"    listing: {quoted(given_keys)}")
        for rule in source.extract:
            until = {"valid_until": f"{rule.valid_until:%Y-%m-%d}"} if rule.valid_until else {}
            lines += [
                *(["    extract:"] if rule is source.extract[0] else []),
                f"      - {quoted(rule.selectors | until)}",
            ]
        every = "auto"
        if isinstance(source.every, timedelta):
            every = f"{source.every // timedelta(milliseconds=1)}ms"
        elif source.every is not None:
            every = f"daily {source.every:%H:%M}"
        lines += [f"    every: {every}", f"    timezone: {source.timezone}", f"    recheck: {quoted(source.recheck)}"]
        lines += [f"    engine: {source.engine}", f"    pace: {round(source.pace_s * 1_000)}ms"]
        lines.append(f"    robots: {'obey' if source.obey_robots else 'ignore'}")
    return "\n".join(lines)


def quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- the files that come with the program, and the docs -------------------------------------------------------------


def test_the_repository_follows_real_sources() -> None:
    whole = load(REPOSITORY / "sources.yaml")
    assert len(whole.sources) >= 40
    assert {s.id for s in whole.sources} >= {"cimade", "calais-migrant-solidarity", "indymedia-london"}
    assert whole.settings.allow_private == ()


def test_no_two_of_the_repositorys_sources_share_an_alias() -> None:
    aliases = [alias for source in load(REPOSITORY / "sources.yaml").sources for alias in source.aliases]
    assert sorted(aliases) == sorted(set(aliases))


def test_the_file_of_a_new_home_is_valid_and_follows_nothing_yet() -> None:
    assert load(STARTER) == Following(settings=Settings(), sources=())


def test_the_examples_of_a_new_home_hold_when_uncommented() -> None:
    text = re.sub(r"(?m)^  # ", "  ", STARTER.read_text(encoding="utf-8"))
    newswire, memorial, witness = following(text).sources[1:]
    assert newswire.listing and newswire.listing.next == "a.older"
    assert [rule.content for rule in newswire.extract] == ["#story"]
    assert memorial.paused
    assert witness.access is Access.STAFF and witness.no_links


@pytest.mark.parametrize("key", KEYS, ids=lambda k: k.name)
def test_every_key_is_in_the_file_of_a_new_home_with_a_comment(key: Key) -> None:
    line = rf"(?m)^[ #-]*{key.word}:"
    assert re.search(line + ("" if key.kind.shape is Shape.GROUPS else r".*#"), STARTER.read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", KEYS, ids=lambda k: k.name)
def test_every_key_is_in_the_docs(key: Key) -> None:
    row = f"| `{key.name}` | {key.kind.values} | {key.default} | {key.sentence} |"
    assert row in DOCS.read_text(encoding="utf-8").splitlines()


def test_the_docs_name_no_key_that_is_not_there() -> None:
    rows = re.findall(r"(?m)^\| `([a-z_]+(?:\[\])?(?:\.[a-z_]+(?:\[\])?)*)` \|", DOCS.read_text(encoding="utf-8"))
    assert rows == [key.name for key in KEYS]


def test_the_docs_examples_are_answered_as_they_say() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    good, bad = re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL)
    [answer] = re.findall(r"```text\n(.*?)\n```", docs, re.DOTALL)
    assert [s.id for s in following(good).sources] == ["cimade", "chronicle", "old-newswire"]
    assert answer.splitlines() == [f"sources.yaml:{c}" for c in complaints(bad)]


@pytest.mark.parametrize(
    "written",
    [
        "settings:\n  notify: {}   # the chat\n  min_free: 1MB\nsources: []\n",
        "settings: {{notify: {}, min_free: 1MB}}\nsources: []\n",
        'settings:\r\n  notify: "{}"\r\nsources: []\r\n',
        "settings:\n  notify:\n    {}\n  min_free: 1MB\nsources: []\n",
        "# é ü\nsettings:\n  contact: e@a.example\n  notify: '{}'\nsources: []\n",
        "# a lone\r# return\nsettings:\n  notify: {}\nsources: []\n",
        "settings: {{contact: e@a.example, notify: {}}} # ü\nsources: []\n",
        "settings:\n  notify: >-\n    {}\n  contact: e@a.example\nsources: []\n",
    ],
)
def test_the_copy_that_is_archived_has_no_secret_and_is_otherwise_as_written(written: str, tmp_path: Path) -> None:
    secret = "https://hooks.example/T0PS3CRET"
    path = tmp_path / "sources.yaml"
    path.write_bytes(written.format(secret).encode())

    found = sources.load(path)

    assert found.settings.notify == secret
    assert found.written and b"T0PS3CRET" not in found.written and b"hooks" not in found.written
    assert found.written.count(b"\n") == written.count("\n")
    assert b"sources: []" in found.written
    assert path.read_bytes() == written.format(secret).encode()
    assert sources.parse(found.written.decode().replace("null", "https://b.example/"), path).settings.notify
