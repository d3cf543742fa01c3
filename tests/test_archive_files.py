"""The files of the archive: opened, sealed, mended, and what happens when the disk is full or a file is damaged."""

from __future__ import annotations
