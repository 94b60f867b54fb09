"""Small pictures of a page: each is stored once, however often it is shown."""

from __future__ import annotations

import base64
import io
from collections.abc import Hashable

from markupsafe import Markup
from PIL import Image

_SIDE = 192  # pixels at most
_QUALITY = 72


class Album:
    """Takes pictures until it is full; picture k is what the CSS class ``pk`` has for a background."""

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self._most = most
        self._numbers: dict[Hashable, int] = {}
        self._pictures: list[str] = []  # in base64

    @property
    def left(self) -> int:
        """How many more it takes."""
        return self._most - len(self._pictures)

    def __len__(self) -> int:
        return len(self._pictures)

    def keep(self, key: Hashable, image: bytes) -> int | None:
        """Return the number of a picture, which is new if its key is; ``None`` when full or when it is no picture."""
        if key not in self._numbers:
            if self.left <= 0 or (made := _small(image)) is None:
                return None
            self._numbers[key] = len(self._pictures)
            self._pictures.append(made)
        return self._numbers[key]

    def style(self) -> Markup:
        """Rules of the page's style sheet."""
        rule = Markup(".p{}{{background-image:url(data:image/jpeg;base64,{})}}")
        return Markup("\n").join(rule.format(k, data) for k, data in enumerate(self._pictures))


def _small(image: bytes) -> str | None:
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(image)) as file:
            file.draft("RGB", (_SIDE, _SIDE))
            picture = file.convert("RGB")
    except OSError:  # as UnidentifiedImageError is one
        return None
    picture.thumbnail((_SIDE, _SIDE))
    picture.save(out, "JPEG", quality=_QUALITY)
    return base64.b64encode(out.getvalue()).decode()
