"""A model that says what texts mean, whatever script they are in: read here and nowhere else, and only if asked for.

The model is a folder in the form of model2vec: a vector for each token (`model.safetensors`), how a text is cut into
tokens (`tokenizer.json`), and `config.json`. What a text means is the mean of its tokens' vectors; nothing is asked
of the network. The package is no part of a plain installation: ``pip install "aggregator[embeddings]"``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.errors import UsageError

FILES = ("config.json", "model.safetensors", "tokenizer.json")
_CHUNK = 1 << 20


class Embeddings:
    """A model; it is loaded when the first text is given to it.

    Args:
        folder: Where it is.

    Raises:
        UsageError: There is no such folder, a file of the model is not in it, or the package is not installed.
    """

    def __init__(self, folder: Path) -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise UsageError(
                f"settings.embeddings: {folder} {f'has no {missing[0]}' if folder.is_dir() else 'is no folder'}; "
                f"a model2vec model is a folder with {', '.join(FILES)}. Nothing was changed."
            )
        if find_spec("model2vec") is None:
            raise UsageError(
                "settings.embeddings needs the package model2vec, which is not installed. "
                'Install it with: pip install "aggregator[embeddings]", or take the line out of sources.yaml.'
            )
        self._folder = folder

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its files, hexadecimal: another one finds other translations."""
        digest = hashlib.sha256()
        for name in FILES:
            with (self._folder / name).open("rb") as file:
                digest.update(f"{name} {(self._folder / name).stat().st_size}\n".encode())
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what each text means, as a vector of length 1; of length 0 where the model knows none of its words.

        Raises:
            UsageError: The model cannot be read.
        """
        try:
            found = np.asarray(self._model.encode(list(texts), use_multiprocessing=False), dtype=np.float32)
        except Exception as error:
            raise self._broken(error) from error
        found = found.reshape(len(texts), -1)
        if not np.isfinite(found).all():
            raise self._broken("it gives vectors that are no numbers")
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(lengths, 1e-9), dtype=np.float32)

    @cached_property
    def _model(self) -> Any:
        from model2vec import StaticModel

        return StaticModel.from_pretrained(str(self._folder.resolve()))

    def _broken(self, why: object) -> UsageError:
        return UsageError(
            f"settings.embeddings: the model in {self._folder} cannot be used ({why}). Translations between scripts "
            "were not looked for; nothing is lost. Put a sound model there, or take the line out of sources.yaml."
        )


__all__ = ["Embeddings"]
