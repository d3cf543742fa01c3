"""The docs say what the program does: commands, options, limits, words, modules, links."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import click
import pytest

import aggregator
from aggregator import errors, model
from aggregator.cli import INTERRUPTED, cli
from aggregator.cli.limits import LIMITS, Limit
from aggregator.query import Query

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "aggregator"
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
COMMANDS = DOCS / "reference/commands.md"
PAGES = sorted(DOCS.rglob("*.md"))
WRITTEN = [README, REPOSITORY / "CHANGELOG.md", *PAGES, *(REPOSITORY / d / "README.md" for d in ("archive", "index"))]
"""What people read; archive/ and index/ hold nothing else that belongs to the repository."""
COMMON = {"--home", "--json"}
"""Options that are explained once, for all commands that have them."""


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


# --- commands -------------------------------------------------------------------------------------------------------


def walk(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that are typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, f"{above}{name} ")
        else:
            yield above + name, command


ALL = dict(walk(cli))


def options(command: click.Command) -> set[str]:
    return {o for p in command.params if isinstance(p, click.Option) for o in p.opts if o.startswith("--")}


def sections() -> dict[str, str]:
    """The part of commands.md about each command, by the words that are typed."""
    parts = re.split(r"(?m)^###? ", read(COMMANDS))
    found = {m[1]: part for part in parts if (m := re.match(r"`([a-z]+(?: [a-z]+)*)[^`]*`\n", part))}
    assert found
    return found


def test_every_command_is_documented_and_no_other() -> None:
    assert sections().keys() == ALL.keys()


@pytest.mark.parametrize("command", ALL)
def test_every_option_of_a_command_is_documented_and_no_other(command: str) -> None:
    documented = re.findall(r"(?m)^- `(--[a-z-]+)[^`]*`: ", sections()[command])
    assert sorted(documented) == sorted(options(ALL[command]) - COMMON)


@pytest.mark.parametrize("option", sorted(COMMON))
def test_the_docs_name_the_commands_without_a_common_option(option: str) -> None:
    text = re.search(rf"- `{option}\b.*?(?=\n- |\n\n)", read(COMMANDS), re.DOTALL)
    assert text is not None
    without = re.findall(r"`([a-z ]+)`", text[0].rpartition("Not for")[2])
    assert sorted(without) == sorted(name for name, command in ALL.items() if option not in options(command))


@pytest.mark.parametrize("command", ALL)
def test_the_docs_name_the_arguments_of_a_command(command: str) -> None:
    heading = sections()[command].partition("\n")[0].strip("`")
    context = click.Context(ALL[command], info_name=command)
    pieces = [p for p in ALL[command].collect_usage_pieces(context) if p != "[OPTIONS]"]
    assert heading == " ".join([command, *pieces])


@pytest.mark.parametrize("command", ALL)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    assert "Example:" in (ALL[command].help or "")


def test_every_exit_code_is_documented() -> None:
    codes = {
        c.exit_code for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.AggregatorError)
    }
    documented = {int(n) for n in re.findall(r"(?m)^\| (\d+) \|", read(COMMANDS))}
    assert documented == codes | {0, 1, INTERRUPTED}


def typed(text: str) -> Iterator[list[str]]:
    """The command lines of a page, in blocks and between backticks, as a shell would read them."""
    blocks = re.findall(r"(?ms)^```(?:sh)?\n(.*?)^```", text)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    for line in [*lines, *re.findall(r"(?<!`)`(aggregator [^`\n]+)`", text)]:
        if line.startswith("aggregator "):
            words = shlex.split(line, comments=True)[1:]
            yield words[: words.index("|")] if "|" in words else words


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_command_line_in_the_docs_can_be_typed(page: Path) -> None:
    for words in typed(read(page)):
        rest = words[2:] if words[0] == "--home" else words
        given = (" ".join(rest[:2]), f"{rest[0]} decide", f"{rest[0]} find", rest[0])  # these two may be left out
        name = next((c for c in given if c in ALL), None)
        if name is None:
            assert rest in (["COMMAND", "--help"], ["--version"]), words
            continue
        unknown = {w for w in rest if w.startswith("--")} - options(ALL[name]) - {"--help"}
        assert not unknown, words


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_every_key_of_the_json_is_documented_and_no_other() -> None:
    names = (
        "following",
        "collecting",
        "importing",
        "hits",
        "saving",
        "viewing",
        "corpora",
        "counting",
        "citing",
        "showing",
        "families",
        "comparing",
        "deciding",
        "exporting",
        "verifying",
        "withdrawing",
        "health",
        "extracting",
    )
    files = [*(PACKAGE / "cli" / f"{name}.py" for name in names), *(PACKAGE / "shapes").glob("*.py")]
    trees = [ast.parse(read(file)) for file in files]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lines = [line for function in functions for line in function.body]  # without decorators
    literals = [node for line in lines for node in ast.walk(line) if isinstance(node, ast.Dict)]
    keys = {k.value for literal in literals for k in literal.keys if isinstance(k, ast.Constant)}
    keys -= {"same", "deleted", "inserted", "sitemaps"}  # what a terminal shows
    keys |= {f.name for f in fields(Limit)} | {"captures", "articles", "versions", "matches", "clusters", "to_index"}
    documented = set(re.findall(r'"([a-z0-9_]+)":', read(DOCS / "reference/json.md")))
    facets = {"language", "month"}  # counted in aggregator.search
    assert documented - facets == {str(k) for k in keys} - facets


# --- limits, words, modules -----------------------------------------------------------------------------------------


def test_every_limit_is_documented_with_its_value_and_no_other() -> None:
    rows = [line for line in read(DOCS / "reference/limits.md").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{each.name}` | {each.value:,.0f} {each.unit} | {each.beyond} |" for each in LIMITS]


def words_of_the_model() -> list[type]:
    classes = [
        c for _, c in inspect.getmembers(model, inspect.isclass) if c.__module__.startswith(f"{model.__name__}.")
    ]
    classes.append(Query)
    return [c for c in classes if is_dataclass(c) or issubclass(c, Enum)]


def test_the_glossary_has_the_words_of_the_model_and_no_other() -> None:
    table = read(DOCS / "reference/glossary.md").split("## Values")[0]
    words = re.findall(r"(?m)^\| (\w+) \|", table)
    assert sorted(words) == sorted(["word", *(c.__name__ for c in words_of_the_model())])


@pytest.mark.parametrize("enum", [c for c in words_of_the_model() if issubclass(c, Enum)], ids=lambda c: c.__name__)
def test_the_glossary_has_every_value_of(enum: type[Enum]) -> None:
    values = {str(member.value) for member in enum}
    assert values <= set(re.findall(r"`([^`]+)`", read(DOCS / "reference/glossary.md")))


def test_the_map_of_the_package_has_every_module_and_no_other() -> None:
    found = {p.stem for p in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    mapped = re.findall(r"(?m)^ {4}([a-z]+)/?  +\S", aggregator.__doc__ or "")
    assert sorted(mapped) == sorted(found - {"__init__", "__main__"})


# --- README, links, words of make -----------------------------------------------------------------------------------


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"(?ms)^```\w*\n(.*?)^```", read(README))
    assert first is not None
    assert first[1] == "make demo\nmake test\n"


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target, _, place in (t.partition("#") for t in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", read(page))):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        assert not place or place in slugs(file), f"{target}#{place}"


def slugs(page: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", read(page))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_is_in_the_index_of_the_docs() -> None:
    linked = {(DOCS / t).resolve() for t in re.findall(r"\]\(([^)#]+)\)", read(DOCS / "README.md"))}
    assert linked == set(PAGES) - {DOCS / "README.md"}


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_word_of_make_in_the_docs_is_in_the_makefile(page: Path) -> None:
    words = re.findall(r"(?m)(?:^|`)make ([a-z0-9-]+)", read(page))
    assert set(words) <= set(re.findall(r"(?m)^([a-z0-9-]+):.*##", read(REPOSITORY / "Makefile")))


# --- what no file may name ------------------------------------------------------------------------------------------

HOSTS = [r"\.".join(p) for p in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("crates", "io"))]
PATHS = [rf"(?<![\w.~$}}])/{folder}/" for folder in ("work", "tmp", "root")]
"""Registries that packages come from are the business of whoever installs; paths are of one machine only."""


def files_of_the_repository() -> Iterator[Path]:
    """Every file but what is ours to keep: what a home holds, environments, caches."""
    for folder, below, names in os.walk(REPOSITORY):
        kept = folder == str(REPOSITORY)
        hidden = {d for d in below if d.startswith(".") and d != ".ci"} | {d for d in below if d.endswith(".egg-info")}
        homes = {"archive", "index", "demo", "build", "dist", "htmlcov"} if kept else set()
        below[:] = sorted(set(below) - hidden - homes - {"__pycache__"})
        if not kept and "archive" in below:  # a home that somebody made in the clone
            below[:], names = [], []
        yield from (Path(folder, name) for name in sorted(names))
    yield from (REPOSITORY / d / "README.md" for d in ("archive", "index"))


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    banned = re.compile("|".join(HOSTS + PATHS))
    found = {}
    for path in files_of_the_repository():
        if hits := banned.findall(path.read_bytes().decode("utf-8", "replace")):
            found[name_of(path)] = hits
    assert not found
