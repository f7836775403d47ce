"""What a page of HTML needs of its own server: its scripts and style sheets."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    Attributes = List[Tuple[str, Optional[str]]]

_MOST_ASSETS = 50
_SHEETS = ("stylesheet", "modulepreload")


def own_assets(page: str, path: str) -> list[str]:
    """Give the paths of the scripts and style sheets that ``page``, at ``path``, names of its own server."""
    reader = _Reader()
    reader.feed(page)
    found: list[str] = []
    for reference in reader.references:
        target = urlsplit(urljoin(f"http://own.invalid{path}", reference))
        own = target.path + (f"?{target.query}" if target.query else "")
        if target.hostname == "own.invalid" and own not in found:
            found.append(own)
    return found[:_MOST_ASSETS]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Note what a script or a link names."""
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and given.get("src"):
            self.references.append(given["src"])
        elif tag == "link" and given.get("href") and given.get("rel", "").lower() in _SHEETS:
            self.references.append(given["href"])
