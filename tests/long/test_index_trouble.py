"""The index of each engine, killed at random moments, damaged at random places, and on a disk that is really full."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator import index
from aggregator.errors import NoSpaceError, StoreError
from aggregator.index import Asked
from aggregator.query import Word
from tests.indexing import ENGINES, indexed, opened
from tests.test_index_engines import answers, in_a_quiet_child, sound, story
from tests.test_index_history import answer, article, as_articles, found, settled, with_batches

KILLS = 25
DAMAGES = 120
ALARM_S = 30
ROOMS = (500_000, 1_000_000, 2_000_000, 4_000_000)
"""Bytes of a disk; the index that is there takes some 200,000."""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_kill_at_any_moment_leaves_a_commit_whole_and_the_next_writer_begins_at_once(
    tmp_path: Path, engine: str
) -> None:
    moments = random.Random(20261123)
    first = {f"old{n}": f"u{n} anchor bakery" for n in range(300)}
    for number in range(KILLS):
        folder = tmp_path / str(number)
        indexed(folder, engine, as_articles(first))
        left = settled(folder, first, killed_within(moments.uniform(0, 0.6), folder, engine))
        began = time.monotonic()
        writer = opened(folder, engine)
        assert not writer.is_new
        writer.put([article("old1", "after kettle")])
        writer.close()
        assert time.monotonic() - began < 5

        known = with_batches(first, left) | {"old1": "after kettle"}
        for node in (None, Word("anchor"), Word("after"), Word("u1"), Word("w0")):
            assert found(folder, node) == answer(known, node)


def killed_within(seconds: float, folder: Path, engine: str) -> int:
    """Have a child put batch after batch, and kill it so long after it began; return how many commits it said."""
    command = [sys.executable, "-m", "tests.test_index_history", str(folder), engine]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout
        said = [writing.stdout.readline()]
        time.sleep(seconds)
        writing.kill()
        said += writing.stdout.readlines()
    assert writing.returncode == -signal.SIGKILL
    return said.count("committed\n")


# Damage


@pytest.mark.parametrize("portion", range(4))
def test_damage_at_any_place_is_told_or_found_by_the_next_writer(tmp_path: Path, engine: str, portion: int) -> None:
    chance = random.Random(portion)
    right = answers(sound(engine))
    for number in range(DAMAGES // 4):
        folder = Path(shutil.copytree(sound(engine), tmp_path / str(number)))
        what = damage(folder, chance)

        def look(folder: Path = folder, what: str = what) -> None:
            signal.alarm(ALARM_S)
            try:
                is_right = answers(folder) == right
            except StoreError as error:
                assert "rebuild --only index" in str(error), what
                is_right = True
            writer = opened(folder, engine)
            assert is_right or writer.is_new, what
            if writer.is_new:
                writer.sign()
            writer.put([story("n3", "after")])
            writer.tidy()
            writer.close()
            assert [i for i, _ in index.search(folder, Asked(Word("after"), ("en",))).hits] == ["n3"], what

        assert in_a_quiet_child(look) == 0, what
        shutil.rmtree(folder)


def damage(folder: Path, chance: random.Random) -> str:
    """Change a file of an index somehow; return what was done."""
    path = chance.choice(sorted(p for p in folder.iterdir() if "lock" not in p.name.lower()))
    raw = bytearray(path.read_bytes())
    at = chance.randrange(max(len(raw), 1))
    how = chance.choice(["a bit", "a bit", "four bytes", "cut off", "zeros", "noise", "missing", "another"])
    if how == "missing":
        path.unlink()
    elif how == "another":
        path.write_bytes(chance.choice(sorted(folder.iterdir())).read_bytes())
    elif how == "cut off":
        path.write_bytes(raw[:at])
    elif how == "zeros":
        path.write_bytes(bytes(len(raw)))
    elif how == "noise":
        path.write_bytes(chance.randbytes(len(raw)))
    elif raw:
        new = bytes([raw[at] ^ 1 << chance.randrange(8)]) if how == "a bit" else b"\xff" * min(4, len(raw) - at)
        raw[at : at + len(new)] = new
        path.write_bytes(raw)
    return f"{path.name}: {how} at {at}"


# A disk that is full


@contextmanager
def disk_of(folder: Path, room: int) -> Iterator[Path]:
    """Give a disk of so many bytes, or skip the test where nobody may have one."""
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}", "none", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("room", ROOMS)
def test_a_full_disk_ends_a_writer_with_code_4_and_the_last_commit_stays(
    tmp_path: Path, engine: str, room: int
) -> None:
    chance = random.Random(room)
    more = [story(f"m{n}", " ".join(f"{chance.getrandbits(40):x}" for _ in range(300))) for n in range(4_000)]
    right = answers(sound(engine))
    with disk_of(tmp_path / "disk", room + 1_000_000 * (engine == "whoosh")) as small:
        folder = Path(shutil.copytree(sound(engine), small / "index"))

        def put() -> None:
            try:
                opened(folder, engine).put(more)
            except NoSpaceError as error:
                os._exit(error.exit_code)

        assert in_a_quiet_child(put) == NoSpaceError.exit_code
        assert answers(folder) == right
        subprocess.run(["mount", "-o", "remount,size=400m", str(small)], check=True)
        writer = opened(folder, engine)
        assert not writer.is_new
        writer.put(more)
        assert index.search(folder, Asked(None)).total == 4_200
