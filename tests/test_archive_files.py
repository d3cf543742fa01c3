"""The files of the archive: opened, sealed, mended, and what happens when the disk is full or a file is damaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import archive
from aggregator.archive import Archive, Recovery
from aggregator.model import Request, Role
from tests.warcs import (
    DAY,
    NOON,
    OK,
    ZIPPED,
    capture,
    failure,
    left_open,
    member_ends,
    read,
    response,
    stored,
    whole_file,
)

BROKEN = "a\r\nWARC-Type: x"


def on_disk(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# Names


def test_a_file_is_open_until_it_is_closed(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    writer.add(response(), earlier=None)
    [while_open] = on_disk(tmp_path)
    writer.close()

    assert while_open.endswith(".warc.gz.open")
    assert on_disk(tmp_path) == [while_open.removesuffix(".open")] == archive.files(tmp_path)


def test_a_writer_that_has_nothing_to_write_leaves_nothing(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    writer.sync()
    writer.close()

    assert writer.written() == {}
    assert on_disk(tmp_path) == []


def test_the_writer_tells_once_how_far_each_file_was_written(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    writer.add_failure(failure())
    written = writer.written()
    writer.close()

    assert written == {file: archive.size(tmp_path, file) for file in archive.files(tmp_path)}
    assert writer.written() == {}


def test_what_is_synced_can_be_read_while_the_file_is_open(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    told = writer.add(response(), earlier=None)
    writer.sync()

    assert read(tmp_path) == [told]
    assert archive.body(tmp_path, capture(told)) == b"soup"
    writer.close()


def test_a_new_day_has_a_new_file_and_a_late_answer_stays_in_it(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    for at in (NOON, NOON + timedelta(hours=13), NOON):
        writer.add(response(at=at), earlier=None)
    writer.close()

    assert [file[:10] for file in archive.files(tmp_path)] == ["2026/11/23", "2026/11/24"]
    assert [capture(entry).captured_at.day for entry in read(tmp_path)] == [23, 24, 23]


def test_a_full_file_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.writer, "MAX_FILE_BYTES", 1)
    told = stored(tmp_path, response(), response(ZIPPED), response())

    assert [file.split("-")[2] for file in archive.files(tmp_path)] == ["0001", "0002", "0003"]
    assert read(tmp_path) == told


def test_writers_of_the_same_second_have_files_of_their_own_in_order(tmp_path: Path) -> None:
    told = [stored(tmp_path, response(answer))[0] for answer in (OK, ZIPPED, OK)]

    assert [file[: len(DAY) + 4] for file in archive.files(tmp_path)] == [f"{DAY}{n:04d}" for n in (1, 2, 3)]
    assert read(tmp_path) == told


@pytest.mark.parametrize(
    "asked",
    [
        Request(url=BROKEN, role=Role.PAGE, source_id="a"),
        Request(url="http://a.example/", role=Role.PAGE, source_id=BROKEN),
        Request(url="http://a.example/", role=Role.PAGE, source_id="a", asked_url=BROKEN),
    ],
    ids=["url", "source", "asked for"],
)
def test_a_field_with_a_line_break_is_refused(tmp_path: Path, asked: Request) -> None:
    writer = Archive(tmp_path)
    told = writer.add(response(), earlier=None)
    with pytest.raises(ValueError, match="line break"):
        writer.add(replace(response(), request=asked), earlier=None)
    writer.close()

    assert read(tmp_path) == [told]


# Mending


def test_a_tail_torn_at_any_byte_is_set_aside_and_what_is_whole_is_kept(tmp_path: Path) -> None:
    data = whole_file(tmp_path / "whole", OK, ZIPPED)
    kept = member_ends(data)[-2]
    told = [capture(entry).record_id for entry in read(tmp_path / "whole")]

    for cut in range(kept + 1, len(data)):
        home = tmp_path / str(cut)
        path = left_open(home, data[:cut])
        tail = home / "quarantine" / f"{path.stem}-{kept}.tail"

        assert archive.recover(home) == [Recovery(path, kept, cut - kept, tail)]
        assert tail.read_bytes() == data[kept:cut]
        assert path.with_suffix("").read_bytes() == data[:kept]
        assert [capture(entry).record_id for entry in read(home)] == told


@pytest.mark.parametrize("tail", [b"soup", b"\0" * 5_000, b"\n", b"\x1f\x8b\x08\0\0\0\0\0\0\xffsoup"])
def test_a_tail_that_is_no_record_is_set_aside(tmp_path: Path, tail: bytes) -> None:
    data = whole_file(tmp_path / "whole", OK)
    path = left_open(tmp_path / "home", data + tail)
    [mended] = archive.recover(tmp_path / "home")

    assert mended.quarantine
    assert (mended.kept_bytes, mended.quarantine.read_bytes()) == (len(data), tail)
    assert path.with_suffix("").read_bytes() == data


def test_a_file_that_was_not_torn_is_sealed_as_it_is(tmp_path: Path) -> None:
    data = whole_file(tmp_path / "whole", OK)
    path = left_open(tmp_path / "home", data)

    assert archive.recover(tmp_path / "home") == [Recovery(path, len(data), 0, None)]
    assert on_disk(tmp_path / "home") == [f"{DAY}0001-abcdef01.warc.gz"]


@pytest.mark.parametrize("start", [b"", b"\x1f", b"\x1f\x8b\x08\0\0"])
def test_a_file_without_one_whole_record_goes(tmp_path: Path, start: bytes) -> None:
    path = left_open(tmp_path, start)
    [mended] = archive.recover(tmp_path)

    assert archive.files(tmp_path) == []
    assert (mended.file, mended.kept_bytes, mended.cut_bytes) == (path, 0, len(start))
    assert [p.read_bytes() for p in tmp_path.rglob("*.tail")] == ([start] if start else [])


def test_mending_twice_mends_nothing_the_second_time(tmp_path: Path) -> None:
    left_open(tmp_path, whole_file(tmp_path / "whole", OK)[:-1])

    assert len(archive.recover(tmp_path)) == 1
    assert archive.recover(tmp_path) == []
    stored(tmp_path, response())
    assert [file.split("-")[2] for file in archive.files(tmp_path)] == ["0001", "0002"]
