"""The demo world read from its YAML files: `load_world()`.

Errors in the data raise ValueError and name the file and the post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from aggregator.demo.model import (
    FIRST_VISIT,
    KINDS,
    POST_PATHS,
    SECOND_VISIT,
    Box,
    Comment,
    Edit,
    Family,
    Following,
    Leaflet,
    Link,
    Member,
    Post,
    Site,
    Trap,
    World,
    site_address,
)
from aggregator.demo.posts import Fields, Posts, split_paragraphs

__all__ = [
    "FIRST_VISIT", "KINDS", "SECOND_VISIT", "Edit", "Family", "Member", "Post", "Site", "Trap", "World",
    "load_sites", "load_world", "site_address",
]  # fmt: skip

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_world(folder: Traversable | None = None) -> World:
    """Read the sites, the posts and the families.

    Args:
        folder: Where `sites.yaml`, `articles/` and `families/` are; None for the bundled world.
    """
    folder = folder or files("aggregator.demo") / "world"
    sites = load_sites(folder)
    posts = Posts(sites)
    for name, data in _yaml_files(folder / "articles"):
        posts.add_file(name, data)
    world = World(sites=sites, posts=posts.all(), families=(), traps=())
    _refuse_shared_addresses(world)
    families: list[Family] = []
    traps: list[Trap] = []
    for name, data in _yaml_files(folder / "families"):
        families.extend(_family(name, fields, world) for fields in data.get("families") or ())
        traps.extend(_trap(name, fields, world) for fields in data.get("traps") or ())
    return replace(world, families=tuple(families), traps=tuple(traps))


def load_sites(folder: Traversable | None = None) -> dict[str, Site]:
    """Read `sites.yaml` alone: the sites by id, in the order of the file."""
    folder = folder or files("aggregator.demo") / "world"
    data = _parsed(folder / "sites.yaml")
    return {fields["id"]: _site(fields) for fields in data["sites"]}


def _yaml_files(folder: Traversable) -> Iterator[tuple[str, Fields]]:
    """Yield the name and the content of each YAML file of a folder, by name."""
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            yield f"{folder.name}/{file.name}", _parsed(file)


def _parsed(file: Traversable) -> Fields:
    try:
        data = yaml.load(file.read_text("utf-8"), Loader=_YAML_LOADER)
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name}: not YAML: {error}") from error
    if not isinstance(data, Mapping):
        raise ValueError(f"{file.name}: a mapping is expected at the top")
    return data


def _site(fields: Fields) -> Site:
    """Make a Site of its entry in sites.yaml."""
    where = f"sites.yaml: site {fields['id']}"
    if fields["engine"] not in POST_PATHS:
        raise ValueError(f"{where}: unknown engine {fields['engine']!r}")
    try:
        return Site(
            id=fields["id"],
            name=fields["name"],
            engine=fields["engine"],
            languages=tuple(fields["languages"]),
            tagline=fields["tagline"],
            feed=fields.get("feed"),
            sitemap=fields.get("sitemap"),
            charset=fields.get("charset", "utf-8"),
            account=fields.get("account"),
            mirror_of=fields.get("mirror_of"),
            disallow=tuple(fields.get("disallow", ())),
            features=frozenset(fields.get("features", ())),
            friends=tuple(fields.get("friends", ())),
            navigation=tuple(Link(**link) for link in fields["navigation"]),
            sidebar=tuple(Box(title=box["title"], lines=tuple(box["lines"])) for box in fields.get("sidebar", ())),
            footer=fields["footer"],
            labels=fields.get("labels", {}),
            leaflets=tuple(
                Leaflet(path=leaflet["path"], title=leaflet["title"], paragraphs=split_paragraphs(leaflet["text"]))
                for leaflet in fields.get("leaflets", ())
            ),
            comments=tuple(Comment(**comment) for comment in fields.get("comments", ())),
            following=_following(fields["following"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from error


def _following(fields: Fields) -> Following:
    listing = fields.get("listing", {})
    return Following(
        aliases=tuple(fields["aliases"]),
        names_feed=fields.get("names_feed", True),
        listing_links=listing.get("links"),
        listing_next=listing.get("next"),
    )


def _refuse_shared_addresses(world: World) -> None:
    seen: dict[tuple[str, str], str] = {}
    for post in world.posts.values():
        address = (post.site_id, world.path(post))
        if address in seen:
            raise ValueError(f"articles/{post.site_id}*.yaml: post {post.key}: same address as {seen[address]}")
        seen[address] = post.key


def _family(file: str, fields: Fields, world: World) -> Family:
    where = f"{file}: family {fields.get('id')}"
    members = tuple(Member(article=m["article"], kind=m["kind"], of=m.get("of")) for m in fields["members"])
    family = Family(id=fields["id"], original=fields.get("original"), members=members)
    for member in members:
        if member.kind not in KINDS:
            raise ValueError(f"{where}: {member.article}: unknown kind {member.kind!r}")
    named = [family.original, *(member.article for member in members), *(member.of for member in members)]
    _refuse_unknown_posts(where, [key for key in named if key is not None], world)
    return family


def _trap(file: str, fields: Fields, world: World) -> Trap:
    trap = Trap(id=fields["id"], kind=fields["kind"], articles=tuple(fields["articles"]))
    _refuse_unknown_posts(f"{file}: trap {trap.id}", trap.articles, world)
    return trap


def _refuse_unknown_posts(where: str, keys: Sequence[str], world: World) -> None:
    for key in keys:
        if key not in world.posts:
            raise ValueError(f"{where}: post {key} does not exist")
