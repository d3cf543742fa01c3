"""The grammar of sources.yaml: every key, what may be written there, and what it means.

``KEYS`` is what the reader walks and what docs/reference/sources-yaml.md is held against; there is no second list.
A ``Kind`` turns the text of one value into its meaning, or says in a ValueError why it cannot.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from aggregator import urls
from aggregator.model import Access


class Shape(Enum):
    """How a value is laid out in the file."""

    ONE = "one value"
    LIST = "a list"
    GROUP = "a group of keys"
    GROUPS = "a list of groups of keys"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: what may be written, and what it means."""

    values: str
    """What may be written, in words."""
    read: Callable[[str], Any] = str
    """From the text as written to the value; raises ValueError with a reason."""
    shape: Shape = Shape.ONE
    may_stand_alone: bool = False
    """Of a list of groups: one group may stand without the list."""
    yaml_type: str | None = "str"
    """What YAML must take it for; None: ``read`` alone judges, so that ``no`` can be Norwegian."""


INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What no value needs: control characters, line separators, marks that turn the writing direction."""


def shown(text: str) -> str:
    """Return the text in quotes, cut to what a message has room for."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def nearest(word: str, names: tuple[str, ...]) -> str:
    """Return the hint for a word that is none of the names: the one probably meant, else all of them."""
    near = get_close_matches(word.lower(), names, n=1) if len(word) <= 40 else []
    return f"did you mean {near[0]!r}?" if near else f"possible: {', '.join(names)}"


# --- from text to values --------------------------------------------------------------------------------------------

_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def _amount(text: str, units: Mapping[str, int], what: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})([A-Za-z]*)", text)
    if not found:
        raise ValueError(f"{shown(text)} is not {what}: a whole number and a unit ({' '.join(units)})")
    number, unit = found.groups()
    if not unit:
        raise ValueError(f"{number} has no unit: write one of {' '.join(number + u for u in units)}")
    if unit not in units:
        raise ValueError(f"{shown(text)} has an unknown unit; possible: {', '.join(units)}")
    return int(number) * units[unit]


def _every(text: str) -> timedelta | time | None:
    if text == "auto":
        return None
    if text.startswith("daily"):
        at = re.fullmatch(r"daily\s+([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
        if at is None:
            raise ValueError(f"{shown(text)} is not a time of day: write it as in 'daily 04:00'")
        return time(int(at[1]), int(at[2]))
    milliseconds = _amount(text, _MILLISECONDS, "auto, a duration or a time")
    if not 1_000 <= milliseconds <= 520 * _MILLISECONDS["w"]:
        raise ValueError(f"{text} is out of range: 1s to 520w")
    return timedelta(milliseconds=milliseconds)


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = tuple(sorted(available_timezones()))
        near = get_close_matches(text, zones, n=1) or [z for z in zones if z.lower().endswith("/" + text.lower())]
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{shown(text)} is not a time zone such as Europe/Paris{hint}") from None


def _pace_s(text: str) -> float:
    milliseconds = _amount(text, _MILLISECONDS, "a duration")
    if milliseconds > _MILLISECONDS["h"]:
        raise ValueError(f"{text} is out of range: 0s to 1h")
    return milliseconds / 1_000


def _size(text: str) -> int:
    return _amount(text, _BYTES, "a size")


def _id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        near = re.sub(r"[^a-z0-9]+", "-", text.lower())[:64].strip("-")
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"{shown(text)} is not an id: a-z, 0-9 and dashes, at most 64 characters{hint}")
    return text


def _address(text: str) -> str:
    address = urls.canonical(text)
    if address is None:
        raise ValueError(f"{shown(text)} is not a web address: write it in full, https://host/path")
    if "@" in urlsplit(text).netloc:
        raise ValueError("an address may not hold a user name or password: remove what stands before the @")
    return address


def _contact(text: str) -> str:
    if "://" in text:
        return _address(text)
    if not re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError(f"{shown(text)} is neither an e-mail address nor a web address")
    return text


def _host(text: str) -> str:
    address = urls.canonical(text if "://" in text else f"http://{text}/")
    name = urls.host(address) if address else ""
    if not re.search(r"[a-z]", name) or ":" in name:
        raise ValueError(f"{shown(text)} is not a host name")
    if re.search(r"[/:@?#\\]", text):
        raise ValueError(f"{shown(text)} is more than a host name; did you mean {name!r}?")
    return name


def _network(text: str) -> str:
    try:
        network, address = ipaddress.ip_network(text, strict=False), ipaddress.ip_interface(text).ip
    except ValueError:
        raise ValueError(f"{shown(text)} is not a network such as 127.1.0.0/16") from None
    if address != network.network_address:
        raise ValueError(f"{shown(text)} has bits set after its prefix; did you mean '{network}'?")
    return str(network)


def _proxy(text: str) -> str:
    found = re.fullmatch(r"(?:socks5|http)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})/?", text)
    if not found or not 0 < int(found[2]) < 65_536:
        raise ValueError(
            f"{shown(text)} is not a proxy: write it as in 'socks5://127.0.0.1:9050' or 'http://host:3128'"
        )
    return text.rstrip("/")


def _catalogue(text: str) -> str:
    if text == "sqlite":
        return text
    try:
        parts = urlsplit(text)
        keys, has_password = {name for name, _ in parse_qsl(parts.query)}, parts.password is not None
    except ValueError:
        parts, keys, has_password = urlsplit(""), set(), False
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError(
            f"{shown(text)} is no catalogue: write sqlite, or the address of a PostgreSQL database, "
            "as in 'postgresql://user@host/database'"
        )
    if has_password or keys & {"password", "sslpassword", "passfile"}:
        raise ValueError(
            "the address may not hold a password, for this file is archived: put it into ~/.pgpass, or into PGPASSWORD"
        )
    if keys & {"options", "service", "servicefile"}:
        raise ValueError("the address may name neither options nor a service of PostgreSQL: write host and database")
    return "postgresql" + text[len(parts.scheme) :]


def _executor(text: str) -> str:
    found = re.fullmatch(r"dask://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})/?", text)
    if text != "local" and (not found or not 0 < int(found[2]) < 65_536):
        raise ValueError(f"{shown(text)} is not possible: write local, or a scheduler as in 'dask://10.0.0.5:8786'")
    return text.rstrip("/")


def _fingerprint(text: str) -> str:
    plain = re.sub(r"^sha-?256[:=]|[:\s]", "", text, flags=re.IGNORECASE).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError(f"{shown(text)} is not the SHA-256 of a certificate: 64 hexadecimal digits")
    return plain


def _selector(text: str) -> str:
    import soupsieve  # only a source with a listing needs it

    try:
        soupsieve.compile(text)
    except (soupsieve.SelectorSyntaxError, ValueError, RecursionError) as e:
        raise ValueError(f"{shown(text)} is not a CSS selector: {str(e).splitlines()[0]}") from None
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", text):
        near = re.match(r"[A-Za-z]{2}(?![A-Za-z])", text)
        hint = f"; did you mean {near[0].lower()!r}?" if near else ""
        raise ValueError(f"{shown(text)} is not a two-letter code such as fr{hint}")
    return text


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a day such as 2027-05-01") from None


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 3650:
        raise ValueError(f"{shown(text)} is not a number of days from 1 to 3650")
    return int(text)


def _choice(*names: str, note: str = "", means: Mapping[str, Any] | None = None) -> Kind:
    def read(text: str) -> Any:
        if text not in names:
            raise ValueError(f"{shown(text)} is not possible{note}; {nearest(text, names)}")
        return means[text] if means else text

    return Kind(", ".join(f"`{n}`" for n in names) + note, read, yaml_type=None)


GROUP = Kind("a group of keys", shape=Shape.GROUP)
GROUPS = Kind("a list of groups of keys", shape=Shape.GROUPS)
GROUP_OR_GROUPS = Kind("a group of keys, or a list of them", shape=Shape.GROUPS, may_stand_alone=True)
TEXT = Kind("text")
TEXTS = Kind("a list of texts", shape=Shape.LIST)
NAMES = Kind("a list of names, in any case", str.lower, Shape.LIST)
CONTACT = Kind("an e-mail or web address", _contact)
ID = Kind("`a-z`, `0-9` and dashes, at most 64 characters", _id)
ADDRESS = Kind("an address, `http://…` or `https://…`", _address)
ADDRESSES = Kind("a list of addresses", _address, Shape.LIST)
HOSTS = Kind("a list of host names", _host, Shape.LIST)
NETWORKS = Kind("a list of networks such as `127.1.0.0/16`", _network, Shape.LIST)
PROXY = Kind("`socks5://host:port` or `http://host:port`", _proxy)
EXECUTOR = Kind("`local`, or a scheduler as `dask://host:port`", _executor)
FOLDER = Kind("a folder, from the home on or from `/` on")
FINGERPRINT = Kind("the SHA-256 of a certificate, 64 hexadecimal digits", _fingerprint, yaml_type=None)
CATALOGUE = Kind("`sqlite` or `postgresql://user@host/database`", _catalogue)
SELECTOR = Kind("a CSS selector", _selector)
LANGUAGES = Kind("a list of two-letter codes", _language, Shape.LIST, yaml_type=None)
EVERY = Kind("`auto`, a duration from `1s` to `520w`, or a time as in `daily 04:00`", _every, yaml_type=None)
TIMEZONE = Kind("a time zone such as `Europe/Paris`", _timezone)
PACE = Kind("a duration from `0s` to `1h`", _pace_s, yaml_type=None)
SIZE = Kind("a size such as `500MB` or `1GiB`", _size, yaml_type=None)
SWITCH = Kind("`true` or `false`", lambda text: text.lower() in ("true", "yes", "on"), yaml_type="bool")
DAYS = Kind("a number of days, `1` to `3650`", _days, yaml_type=None)
ROBOTS = _choice("obey", "ignore", means={"obey": True, "ignore": False})
ACCESS = _choice(*Access, means={each.value: each for each in Access})
RISK = _choice("link", means={"link": True})
DAY = Kind("a day such as `2027-05-01`", _day, yaml_type=None)
ENGINES = "auto wordpress spip mir hyperactive sf-active oscailt drupal blogger medium listing sitemap wayback"
ENGINE = _choice(*ENGINES.split())
_NOW = " in this version"


# --- the keys -------------------------------------------------------------------------------------------------------

REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of sources.yaml."""

    name: str
    """Dotted, with ``[]`` after a list of groups: ``sources[].listing.links``."""
    kind: Kind
    default: str
    """What holds without the key, as it would be written or in words; ``required``: it may not be left out."""
    sentence: str
    """What it is for."""
    field: str | None = ""
    """The field of the model that it fills; empty: of the same name; None: none, it is only checked."""
    unique: bool = False
    """No two sources may have the same value."""
    is_secret: bool = False
    """Its value is in no copy of the file that the archive keeps."""

    @property
    def word(self) -> str:
        """The key as it is written."""
        return self.name.rpartition(".")[2]

    @property
    def prefix(self) -> str:
        """What the names of the keys in this group begin with."""
        return self.name + ("[]." if self.kind.shape is Shape.GROUPS else "." if self.name else "")


FILE = Key("", GROUP, REQUIRED, "The file as a whole.")

KEYS = (
    Key("settings", GROUP, "as below", "What holds for the whole home."),
    Key(
        "settings.contact",
        CONTACT,
        "none",
        "Sent with every request, for webmasters; on the pages, where readers report a problem.",
    ),
    Key("settings.network", GROUP, "as below", "What may be reached."),
    Key("settings.network.allow_private", NETWORKS, "[]", "Networks to visit although they are not public."),
    Key("settings.proxy", PROXY, "none", "Every request goes through it, and it resolves the names; for Tor, say."),
    Key(
        "settings.notify",
        ADDRESS,
        "none",
        "Alarms, new copies of watched articles and new hits of saved searches are posted there, as JSON.",
        is_secret=True,
    ),
    Key("settings.embeddings", FOLDER, "none", "Word vectors that translations between scripts are looked for with."),
    Key("settings.min_free", SIZE, "1GiB", "With less room on the disk, writing stops cleanly.", "min_free_bytes"),
    Key(
        "settings.index", _choice("whoosh", "tantivy"), "whoosh", "The full-text engine; `tantivy` for large archives."
    ),
    Key(
        "settings.catalogue",
        CATALOGUE,
        "sqlite",
        "The database: a file in index/, or a PostgreSQL server that several crawlers may share.",
    ),
    Key(
        "settings.executor",
        EXECUTOR,
        "local",
        "Where pages are read when there are many: in a rebuild, after an import. Elsewhere is a Dask cluster.",
    ),
    Key("settings.archive", _choice("./archive", note=_NOW), "./archive", "Where captures are kept.", None),
    Key("defaults", GROUP, "as below", "What holds for every source that does not say otherwise."),
    Key("defaults.every", EVERY, "auto", "Time from one pass to the next; `auto`: the program chooses."),
    Key("defaults.timezone", TIMEZONE, "UTC", "Whose clocks `daily` goes by."),
    Key("defaults.recheck", SWITCH, "true", "Look at known articles again for edits, the older the rarer."),
    Key("defaults.pace", PACE, "5s", "Pause between two requests to one host.", "pace_s"),
    Key("defaults.robots", ROBOTS, "obey", "Whether robots.txt decides what is visited.", "obey_robots"),
    Key("defaults.languages", LANGUAGES, "[]", "What sources write in, the most frequent first; empty: any."),
    Key("sources", GROUPS, REQUIRED, "The publishers to follow; may be empty."),
    Key("sources[].id", ID, REQUIRED, "Short and for ever: articles are cited by it.", unique=True),
    Key("sources[].name", TEXT, "the id", "The name people read."),
    Key("sources[].url", ADDRESS, REQUIRED, "The front page.", unique=True),
    Key("sources[].feeds", ADDRESSES, "[]", "Tried in order until one answers; empty: found on the front page."),
    Key(
        "sources[].engine",
        ENGINE,
        "auto",
        "What the site runs: where its lists are, which addresses are one article.",
    ),
    Key("sources[].sitemap", ADDRESS, "those robots.txt names", "The site's own list of its pages."),
    Key("sources[].listing", GROUP, "none", "How to read list pages, for a site without a complete feed."),
    Key("sources[].listing.links", SELECTOR, REQUIRED, "Selects the links to articles, or elements that hold one."),
    Key("sources[].listing.next", SELECTOR, "none", "Selects the link to the next, older list page."),
    Key("sources[].listing.start", ADDRESS, "the url", "The first list page."),
    Key("sources[].extract", GROUP_OR_GROUPS, "none", "How to read its pages, where the program fails to see it."),
    Key("sources[].extract[].content", SELECTOR, "looked for", "Selects the elements that hold the text."),
    Key("sources[].extract[].title", SELECTOR, "looked for", "Selects the title."),
    Key("sources[].extract[].date", SELECTOR, "looked for", "Selects the day of publication."),
    Key("sources[].extract[].drop", SELECTOR, "none", "Selects what is none of the article."),
    Key(
        "sources[].extract[].valid_until",
        DAY,
        "none",
        "The day on which it ends: for captures before it. Keep it for these when the site changes.",
    ),
    Key("sources[].languages", LANGUAGES, "as in defaults", "What it writes in, the most frequent first; empty: any."),
    Key("sources[].aliases", NAMES, "[]", "How others credit it."),
    Key("sources[].mirrors", HOSTS, "[]", "Hosts that serve the same articles at the same paths."),
    Key("sources[].tags", TEXTS, "[]", "Words of your own, to group sources."),
    Key("sources[].every", EVERY, "as in defaults", "Time from one pass to the next."),
    Key("sources[].timezone", TIMEZONE, "as in defaults", "Whose clocks `daily` goes by."),
    Key("sources[].recheck", SWITCH, "as in defaults", "Look at known articles again for edits, the older the rarer."),
    Key("sources[].pace", PACE, "as in defaults", "Pause between two requests to its host.", "pace_s"),
    Key(
        "sources[].tls",
        FINGERPRINT,
        "none",
        "Trust this certificate of its host, whoever signed it, and no other.",
        "certificate",
    ),
    Key("sources[].robots", ROBOTS, "as in defaults", "Whether robots.txt decides what is visited.", "obey_robots"),
    Key(
        "sources[].access", ACCESS, "public", "Who may see its articles: everybody, staff (never exported), or nobody."
    ),
    Key("sources[].until", DAY, "none", "The day on which that ends; without one it does not.", "access_until"),
    Key("sources[].risk", RISK, "none", "`link`: no public link or feed leads to the copies kept here.", "no_links"),
    Key("sources[].keep", GROUP, "as below", "What is archived beside the pages of its articles."),
    Key("sources[].keep.requisites", SWITCH, "false", "The pictures and style sheets that they show."),
    Key("sources[].expected_days", DAYS, "looked for", "Days without anything new that are no reason for an alarm."),
    Key("sources[].notify", SWITCH, "true", "Send its alarms out; they are shown in any case."),
    Key("sources[].paused", SWITCH, "false", "Keep the source and its articles, but do not visit it."),
)
"""Every key there is. What holds without a key is said here in words and done by aggregator.model; a test compares."""

CHILDREN = {
    group.name: {key.word: key for key in KEYS if key.name == group.prefix + key.word}
    for group in (FILE, *KEYS)
    if group.kind.shape in (Shape.GROUP, Shape.GROUPS)
}
"""The keys of each group, by the word that is written."""
