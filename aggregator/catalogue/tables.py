"""The tables of the catalogue. All but ``BOOKKEEPING`` are functions of ``archive/`` and sources.yaml."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.ext.compiler import compiles

SCHEMA = 12
"""Counted up with every change below: an older file is made again, an older schema of a server brought up to date by
``migrations``, a newer one refused."""


@compiles(String, "postgresql")
def _text(*_: Any, **__: Any) -> str:
    """Text of any length that sorts by its code points, as in SQLite, whatever language the database sorts by."""
    return 'TEXT COLLATE "C"'


@compiles(Integer, "postgresql")
def _integer(*_: Any, **__: Any) -> str:
    """Numbers as large as SQLite keeps them: some come from outside."""
    return "BIGINT"


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as ISO 8601 text that sorts as time does."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Return the text to keep."""
        # not strftime, which writes the year 999 with three digits, and no one reads that
        return (
            None if value is None else f"{value.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"
        )

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the instant kept."""
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()


def make(connection: Connection) -> None:
    """Make all tables, and note which they are."""
    metadata.create_all(connection)
    connection.execute(schema.insert().values(number=SCHEMA))
    connection.commit()


schema = Table("schema", metadata, Column("number", Integer, primary_key=True))

captures = Table(
    "captures",
    metadata,
    Column("record_id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("captured_at", Instant, nullable=False),
    Column("source_id", String, nullable=False),
    Column("role", String, nullable=False),
    Column("asked_url", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("content_type", String, nullable=False),
    Column("payload_digest", String, nullable=False),
    Column("refers_to", String),
    Column("etag", String),
    Column("last_modified", String),
    Column("location", String),
    Column("truncated", String),
    Column("problem", String),
    Column("file", String, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("via", String),
    Column("max_age_s", Float, nullable=False),
    Index("captures_by_url", "url", "captured_at"),
    Index("captures_by_role", "source_id", "role", "captured_at"),
    Index("captures_by_payload", "payload_digest"),
    Index("captures_by_referred", "refers_to"),
)

requisites = Table(
    "requisites",
    metadata,
    Column("record_id", String, primary_key=True),  # of the capture that names it
    Column("url", String, primary_key=True),
    Column("of_url", String, nullable=False),  # of that capture: a page, a style sheet, or what redirected there
    Column("of_page", Boolean, nullable=False),
    Column("source_id", String, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("fresh_since", Instant, nullable=False),  # a copy that was made since then will do
    Index("requisites_by_url", "url"),
    Index("requisites_by_page", "of_url"),
    Index("requisites_by_source", "source_id", "noted_at"),
)

discoveries = Table(
    "discoveries",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("key", String, primary_key=True),  # engines.key(url, source)
    Column("url", String, nullable=False),
    Column("found_in", String, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("claimed_title", String),
    Column("claimed_at", Instant),
    Column("claimed_updated_at", Instant),
    Column("claimed_author", String),
    Column("state", String, nullable=False),  # pending, done, given-up
    Column("attempts", Integer, nullable=False),
    Column("check_at", Instant),  # when to look at it again for edits
    Index("discoveries_by_state", "source_id", "state", "check_at"),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String, primary_key=True),
    Column("source_id", String, nullable=False),
    Column("url", String, nullable=False),
    Column("key", String, nullable=False),  # engines.key(url, source)
    Column("title", String),
    Column("authors", JSON, nullable=False),
    Column("claimed_at", Instant),
    Column("captured_at", Instant, nullable=False),
    Column("language", String),
    Column("text", Text, nullable=False),
    Column("version", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("claimed_by", String),
    Index("articles_by_key", "key"),
    Index("articles_by_source", "source_id", "captured_at"),
)

versions = Table(
    "versions",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("captured_at", Instant, nullable=False),
    Column("record_id", String, nullable=False),
    Column("generation", String, nullable=False),
    Column("title", String),
    Column("text", Text, nullable=False),
    Column("read_title", String),
    Column("authors", JSON, nullable=False),
    Column("claimed_at", Instant),
    Column("language", String),
    Column("problems", JSON, nullable=False),
    Column("claimed_by", String),
    Index("versions_by_record", "record_id"),
)

sightings = Table(
    "sightings",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("captured_at", Instant, primary_key=True),
    Column("record_id", String, primary_key=True),
    Column("digest", String, nullable=False),
    Index("sightings_by_record", "record_id"),
)

credits = Table(
    "credits",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("start", Integer, primary_key=True),
    Column("end", Integer, nullable=False),
    Column("line", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("source_id", String),
)

matches = Table(
    "matches",
    metadata,
    Column("a", String, primary_key=True),
    Column("b", String, primary_key=True),
    Column("a_version", String, nullable=False),
    Column("b_version", String, nullable=False),
    Column("relation", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("first", String),
    Column("a_coverage", Float, nullable=False),
    Column("b_coverage", Float, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("matches_by_b", "b"),
)

clusters = Table(
    "clusters",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("cluster_id", String, nullable=False),
    Column("is_original", Boolean, nullable=False),
    Index("clusters_by_cluster", "cluster_id"),
)

alignments = Table(
    "alignments",
    metadata,
    Column("a", String, primary_key=True),
    Column("b", String, primary_key=True),
    Column("a_version", String, nullable=False),
    Column("b_version", String, nullable=False),
    Column("a_chars", Integer, nullable=False),
    Column("b_chars", Integer, nullable=False),
    Column("shared", JSON, nullable=False),
    Index("alignments_by_b", "b"),
)

sames = Table(
    "sames",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("same_id", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("started_at", Instant, primary_key=True),
    Column("ended_at", Instant),
    Column("discovered", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("fetched", Integer, nullable=False),
    Column("not_modified", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("new_versions", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("failed", JSON, nullable=False),
    Column("posts", Integer, nullable=False),
    Column("window", Integer, nullable=False),
    Column("asked_s", Float, nullable=False),
    Column("rechecked", Integer, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("engine", String, nullable=False),
    Column("certificate_from", Instant),
    Column("certificate_until", Instant),
)

failures = Table(
    "failures",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("url", String, primary_key=True),
    Column("failed_at", Instant, primary_key=True),
    Column("role", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("retryable", Boolean, nullable=False),
)

progress = Table(
    "progress",
    metadata,
    Column("file", String, primary_key=True),
    Column("catalogued_bytes", BigInteger, nullable=False),
)

notes = Table("notes", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

to_index = Table(
    "to_index",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("node", String, primary_key=True),  # whose index lacks it as it now is; empty: the only one there is
    Column("stamp", Integer, nullable=False),  # how often it was put here since it was last taken off; so below
)

to_fingerprint = Table(
    "to_fingerprint",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("node", String, primary_key=True),  # whose fingerprints lack it; only where there are several
    Column("stamp", Integer, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", String, primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),  # a host, or work that one crawler does at a time
    Column("holder", String),
    Column("fence", BigInteger, nullable=False),
    Column("until_s", Float, nullable=False),  # seconds since 1970, by the database's clock; so is the next
    Column("free_at_s", Float, nullable=False),
    Column("pace_s", Float, nullable=False),
)

to_match = Table(
    "to_match",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("stamp", Integer, nullable=False),
)

to_translate = Table(
    "to_translate",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("stamp", Integer, nullable=False),
)

months = Table(
    "months",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("month", Integer, nullable=False),  # in which its translations were last looked for
)

parts = Table(
    "parts",
    metadata,
    Column("job", String, primary_key=True),
    Column("version", String, primary_key=True),  # of the code, and of what else the job depends on
    Column("segment", String, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("sha256", String, nullable=False),
)

BOOKKEEPING = (
    *("schema", "progress", "notes", "to_index", "to_match", "to_translate", "to_fingerprint", "months"),
    *("nodes", "leases", "parts", "alignments", "sames"),
)
"""Tables that say how far the work is, not what is known; left out of a dump. Alignments are among them: of pairs that
share only what has become common since, more are kept than would be found anew."""
