"""A full disk takes nothing that was reported stored; a damaged file is named, never read as if it were whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator import archive
from aggregator.archive import Archive, Entry
from aggregator.errors import NoSpaceError, StoreError
from tests.warcs import OK, ZIPPED, capture, failure, member_ends, read, records, response, stored, whole_file

# A full disk


def disk_with_room_for(room: int) -> Callable[[int, bytes], int]:
    """A write that takes what there is room for, without an error, and then nothing."""
    write, left = os.write, [room]

    def until_full(fd: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = write(fd, data[: left[0]])
        left[0] -= written
        return written

    return until_full


@pytest.mark.parametrize("room", [0, 1, 100, 800])
def test_a_disk_that_fills_up_takes_back_what_was_not_synced(tmp_path: Path, room: int) -> None:
    writer = Archive(tmp_path)
    told = [writer.add(response(), earlier=None)]
    writer.sync()
    writer.written()

    with pytest.MonkeyPatch.context() as disk, pytest.raises(NoSpaceError, match="No space left"):
        disk.setattr(os, "write", disk_with_room_for(room))
        for _ in range(9):
            writer.add(response(ZIPPED), earlier=None)
    assert writer.written() == {}

    told.append(writer.add_failure(failure()))
    writer.close()
    assert read(tmp_path) == told


@pytest.mark.parametrize("room", [0, 1, 500])
def test_a_file_for_which_there_was_no_room_leaves_nothing_behind(tmp_path: Path, room: int) -> None:
    writer = Archive(tmp_path)
    with pytest.MonkeyPatch.context() as disk, pytest.raises(NoSpaceError):
        disk.setattr(os, "write", disk_with_room_for(room))
        writer.add(response(), earlier=None)
    assert [path for path in tmp_path.rglob("captures-*") if not path.stat().st_size] == []
    writer.close()

    assert archive.files(tmp_path) == []


def test_when_there_is_room_again_the_next_file_begins_like_every_other(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    with pytest.MonkeyPatch.context() as disk, pytest.raises(NoSpaceError):
        disk.setattr(os, "write", disk_with_room_for(9))
        writer.add_failure(failure())
    writer.add(response(), earlier=None)
    writer.close()

    assert [head["WARC-Type"] for head, _ in records(tmp_path)] == ["warcinfo", "response", "request"]


def test_what_the_disk_did_not_sync_is_taken_back(tmp_path: Path) -> None:
    def refuses(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = Archive(tmp_path)
    told = writer.add(response(), earlier=None)
    writer.sync()
    writer.add(response(ZIPPED), earlier=None)
    with pytest.MonkeyPatch.context() as disk, pytest.raises(NoSpaceError, match="reported stored is safe"):
        disk.setattr(os, "fdatasync", refuses, raising=False)
        disk.setattr(os, "fsync", refuses)
        writer.sync()
    writer.close()

    assert read(tmp_path) == [told]


# Damage


def damaged(folder: Path) -> list[Entry] | None:
    """What is read; None: a damage was reported that names the file."""
    [file] = archive.files(folder)
    try:
        return read(folder)
    except StoreError as error:
        assert error.path == folder / file
        return None


def test_a_flipped_bit_is_a_damage_or_changes_nothing(tmp_path: Path) -> None:
    data = whole_file(tmp_path, OK)
    told, path = read(tmp_path), tmp_path / archive.files(tmp_path)[0]

    found = []
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        found.append(damaged(tmp_path))

    assert [entries for entries in found if entries not in (None, told)] == []
    assert found.count(None) > len(data) * 0.9  # the rest: dates and such in the heads of gzip


def test_a_sealed_file_cut_inside_a_record_is_a_damage_or_misses_nothing(tmp_path: Path) -> None:
    data = whole_file(tmp_path, OK)
    told, path = read(tmp_path), tmp_path / archive.files(tmp_path)[0]
    inside = set(range(1, len(data))) - set(member_ends(data))

    silent = []
    for cut in sorted(inside):
        path.write_bytes(data[:cut])
        if damaged(tmp_path) not in (None, told):
            silent.append(cut)

    assert silent == []


@pytest.mark.parametrize("tail", [b"soup", b"\0" * 99, b"\x1f\x8b\x08"])
def test_what_follows_the_last_record_of_a_sealed_file_is_a_damage(tmp_path: Path, tail: bytes) -> None:
    data = whole_file(tmp_path, OK)
    (tmp_path / archive.files(tmp_path)[0]).write_bytes(data + tail)

    assert damaged(tmp_path) is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    [told] = stored(tmp_path, response())
    (tmp_path / told.file).unlink()

    for look in (lambda: archive.body(tmp_path, capture(told)), lambda: archive.size(tmp_path, told.file)):
        with pytest.raises(StoreError, match=rf"{told.file}: missing"):
            look()
