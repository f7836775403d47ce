"""What a page of HTML needs of its own server: its scripts and style sheets."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    Attributes = List[Tuple[str, Optional[str]]]

_MOST_ASSETS = 50
_SHEETS = ("stylesheet", "modulepreload")
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


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


def what_is_wrong_with_asset(answer: Dict[str, Any]) -> str:
    """Say why the answer to a request for a script or style sheet is none; empty where it is one.

    A server that sends its page for every path that it does not know (nginx: ``try_files $uri /index.html``)
    answers 200 for a script that is not there, and no browser runs what it gets.
    """
    if answer["error"]:
        return str(answer["error"])
    if answer["status"] >= 400:
        return f"is answered {answer['status']}"
    is_called_html = answer["headers"].get("content-type", "").lower().startswith("text/html")
    if answer["status"] == 200 and is_called_html and _HTML.match(answer["body"]):
        return "is answered with a page of HTML, as what is not there"
    return ""


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
