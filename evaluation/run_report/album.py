"""Small pictures of a page: each is stored once, however often it is shown."""

from __future__ import annotations

import base64
import io
from collections.abc import Hashable

from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

_SIDE = 192  # pixels at most
_QUALITY = 72


class Album:
    """Takes pictures until it is full; picture k is what the CSS class ``pk`` has for a background."""

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self._most = most
        self._numbers: dict[Hashable, int] = {}
        self._pictures: list[tuple[str, float]] = []  # in base64, and width over height

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
        rule = Markup(".p{}{{background-image:url(data:image/jpeg;base64,{});aspect-ratio:{:.4g}}}")
        return Markup("\n").join(rule.format(k, data, ratio) for k, (data, ratio) in enumerate(self._pictures))


def _small(image: bytes) -> tuple[str, float] | None:
    out = io.BytesIO()
    try:
        picture = Image.open(io.BytesIO(image))
        picture.draft("RGB", (_SIDE, _SIDE))
        picture = picture.convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None
    ratio = picture.width / picture.height
    picture.thumbnail((_SIDE, _SIDE))
    picture.save(out, "JPEG", quality=_QUALITY)
    return base64.b64encode(out.getvalue()).decode(), ratio
