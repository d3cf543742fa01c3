"""The bucket: what is asked of a server that speaks S3, with short patience. The only module that imports its client.

Credentials are never written anywhere by us: they come from the environment (``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY``) or from ``~/.aws/credentials``.
"""

from __future__ import annotations

import base64
import hashlib
import mmap
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from aggregator.errors import UsageError

MAX_OBJECT_BYTES = 5_000_000_000
"""S3 takes no larger object in one piece, and of one in pieces it keeps no digest of the whole."""
CONNECT_S, READ_S = 5.0, 60.0
"""How long a server may take to be reached, and to say its next word."""
RETRIES = 2
REST_S = 30.0
"""How long a server that could not be reached is not tried again, in seconds: else each file waits for it in turn."""
_PIECE = 1 << 20
_SHA256 = "x-amz-meta-sha256"
_AMAZON = "https://s3.amazonaws.com"
_NOT_THERE = ("NoSuchKey", "NoSuchVersion", "NoSuchObject")
_REFUSED = ("PreconditionFailed", "ConditionalRequestConflict")


class Unavailable(Exception):
    """The bucket could not be asked, or did not do it: ``str`` says why, in words. A later try may succeed."""


class Refused(Unavailable):
    """The object is not as the condition said: there where none should be, or another than was known."""


class NotThere(Unavailable):
    """There is no such object."""


class Differs(Unavailable):
    """An object holds something else than it should; trying again does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One version of an object."""

    key: str
    bytes: int
    etag: str
    version_id: str | None = None
    sha256: str | None = None
    """As was said when it was uploaded; None: it was not, or was not asked for."""
    is_latest: bool = True


class Bucket:
    """One bucket.

    Args:
        name: Its name.
        endpoint: The server, as ``http://127.0.0.1:9000``; None: Amazon's.

    Raises:
        UsageError: The client for S3 is not installed.
    """

    def __init__(self, name: str, endpoint: str | None) -> None:
        self._name = name
        self._endpoint = endpoint or _AMAZON
        self._server = urlsplit(self._endpoint).netloc
        self._client = _client(self._endpoint, os.getpid())

    def put(self, key: str, data: Path | bytes, sha256: str, *, instead_of: str | None = None) -> Object:
        """Upload an object in one piece; the server compares it with its digest.

        Args:
            key: Its name.
            data: What it holds, or the file that does.
            sha256: Of that, hexadecimal.
            instead_of: The ETag of the object that it replaces; None: there must be none.

        Raises:
            Refused: There is another object.
            Unavailable: It could not be done.
        """
        condition = {"If-Match": f'"{instead_of}"'} if instead_of else {"If-None-Match": "*"}
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        said = {"x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": checksum, _SHA256: sha256}
        headers = {"Content-Type": "application/octet-stream", **said, **condition}
        if isinstance(data, bytes):
            return self._put(key, data, headers)
        with data.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return self._put(key, b"", headers)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:  # never all of it in memory
                return self._put(key, mapped, headers)

    def _put(self, key: str, body: Any, headers: Mapping[str, str]) -> Object:
        with self._told(key):
            # put_object of the client takes no condition; of its own methods only this one takes headers
            done = self._client._put_object(self._name, key, body, headers=dict(headers))
        return Object(key=key, bytes=len(body), etag=done.etag, version_id=done.version_id)

    def read(self, key: str, offset: int, length: int, *, etag: str) -> bytes:
        """Return some bytes of an object that is still the one known.

        Raises:
            Refused: It is another by now.
            NotThere: It is gone.
            Unavailable: It could not be read.
        """
        for tries_left in range(RETRIES, -1, -1):  # a connection may break in the middle
            try:
                with self._told(key), closing(self._get(key, offset, length, etag)) as answer:
                    if answer.status != 206:
                        raise Unavailable(f"{self._server} gives whole objects only, no part of one")
                    data: bytes = answer.read(length + 1)
                    answer.release_conn()
                if len(data) == length:
                    return data
                raise Unavailable(f"{self._server} gave {len(data):,} bytes of {key} instead of {length:,}")
            except (Refused, NotThere):
                raise
            except Unavailable:
                if not tries_left:
                    raise
        raise AssertionError

    def _get(self, key: str, offset: int, length: int, etag: str) -> Any:
        return self._client.get_object(
            self._name, key, offset=offset, length=length, request_headers={"If-Match": f'"{etag}"'}
        )

    def pieces(self, key: str) -> Iterator[bytes]:
        """Yield all that an object holds.

        Raises:
            NotThere: It is gone.
            Unavailable: It could not be read.
        """
        with self._told(key), closing(self._client.get_object(self._name, key)) as answer:
            while piece := answer.read(_PIECE):
                yield piece
            answer.release_conn()

    def sha256(self, key: str) -> str:
        """Return the digest of all that an object holds, hexadecimal, by reading it.

        Raises:
            NotThere: It is gone.
            Unavailable: It could not be read.
        """
        digest = hashlib.sha256()
        for piece in self.pieces(key):
            digest.update(piece)
        return digest.hexdigest()

    def stat(self, key: str) -> Object:
        """Return what is said of an object.

        Raises:
            NotThere: There is none.
            Unavailable: It could not be asked.
        """
        with self._told(key):
            found = self._client.stat_object(self._name, key)
        said = found.metadata.get(_SHA256) if found.metadata else None
        return Object(key=key, bytes=found.size, etag=found.etag, version_id=found.version_id, sha256=said)

    def listed(self, prefix: str) -> list[Object]:
        """Return the objects whose names begin so.

        Raises:
            Unavailable: It could not be asked.
        """
        with self._told(prefix):
            found = list(self._client.list_objects(self._name, prefix=prefix, recursive=True))
        return [Object(key=o.object_name, bytes=o.size, etag=_bare(o.etag)) for o in found if not o.is_dir]

    def versions(self, key: str) -> list[Object]:
        """Return all versions of an object, marks of its removal among them.

        Raises:
            Unavailable: It could not be asked.
        """
        with self._told(key):
            found = list(self._client.list_objects(self._name, prefix=key, recursive=True, include_version=True))
        return [
            Object(
                key=key,
                bytes=o.size or 0,
                etag=_bare(o.etag),
                version_id=o.version_id,
                is_latest=str(o.is_latest).lower() == "true",
            )
            for o in found
            if o.object_name == key
        ]

    def remove(self, key: str, version_id: str | None) -> None:
        """Remove one version of an object, for good.

        Raises:
            Unavailable: It could not be done.
        """
        with self._told(key):
            self._client.remove_object(self._name, key, version_id=version_id)

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Turn what the client raises into words."""
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError, ProtocolError

        if is_down(self._endpoint):
            raise Unavailable(f"{self._server} cannot be reached ({_down[self._endpoint][1]})")
        try:
            yield
            _down.pop(self._endpoint, None)
        except S3Error as error:
            where = f"s3://{self._name}/{key}"
            if error.code in _REFUSED or error.response.status == 412:
                raise Refused(f"{where}: there is another object of this name") from error
            if error.code in _NOT_THERE:
                raise NotThere(f"{where}: there is no such object") from error
            raise Unavailable(f"{self._server} refused {where}: {error.message or error.code}") from error
        except MinioException as error:
            raise Unavailable(f"{self._server}: {' '.join(str(error).split())[:200]}") from error
        except ParseError as error:
            raise Unavailable(f"{self._server} does not answer as S3 does ({error})") from error
        except ProtocolError as error:
            raise Unavailable(f"{self._server} broke off while it answered ({_reason(error)})") from error
        except HTTPError as error:
            _down[self._endpoint] = time.monotonic(), _reason(error)
            raise Unavailable(f"{self._server} cannot be reached ({_reason(error)})") from error
        except ValueError as error:
            if "provider" in str(error):
                raise Unavailable(
                    "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials"
                ) from error
            raise Unavailable(f"{self._server}: {error}") from error


_down: dict[str, tuple[float, str]] = {}
"""Servers that could not be reached, when that was found last, and why."""


def is_down(endpoint: str | None) -> bool:
    """Whether a server could not be reached a moment ago."""
    found = _down.get(endpoint or _AMAZON)
    return found is not None and time.monotonic() - found[0] < REST_S


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')


def _reason(error: Exception) -> str:
    """Return why a server cannot be reached: what the system says, or the name of what went wrong."""
    reason = getattr(error, "reason", None) or error
    said = re.search(r"\[Errno -?\d+\] ([^)']+)", str(reason))
    return said[1] if said else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(reason).__name__).lower()


@lru_cache(maxsize=8)
def _client(endpoint: str, of_process: int) -> Any:  # a connection is not shared with a process that was forked
    try:
        from minio import Minio
        from minio.credentials import AWSConfigProvider, ChainedProvider, EnvAWSProvider
    except ImportError as error:
        raise UsageError(
            "settings.archive is in S3, and the client for it is not installed: pip install 'aggregator[s3]'"
        ) from error
    import certifi
    from urllib3 import PoolManager, Retry, Timeout

    parts = urlsplit(endpoint)
    pool = PoolManager(
        timeout=Timeout(connect=CONNECT_S, read=READ_S),
        retries=Retry(total=RETRIES, redirect=0, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        blocksize=_PIECE,
    )
    return Minio(
        parts.netloc,
        secure=parts.scheme == "https",
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        credentials=ChainedProvider([EnvAWSProvider(), AWSConfigProvider()]),
        http_client=pool,
    )
