"""The ways in which a program may write a secret value: quoted, in a URL, encoded, in another case.

A client that is refused shows the header that it sent (``Basic YWRtaW46…``), a URL library quotes what it is
given, and a name that is looked up is shown in lower case. Each of them tells the value as well.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_SHORTEST_LINE = 8
_SHORTEST_ENCODED = 6  # shorter ones are found in any base64 by chance
# What requests and httpx leave as it is in a URL that they are given.
_SAFE_IN_URL = "!#$%&'()*+,/:;=?@[]~"


def written_forms(value: str) -> Iterator[str]:
    """The value, and each of its lines, as it may be written."""
    lines = [line.strip() for line in value.splitlines()]
    long_lines = [line for line in lines if len(line) >= _SHORTEST_LINE]
    for text in dict.fromkeys([value, value.strip(), *long_lines]):
        forms = (text, *_quoted_forms(text), *_url_forms(text), *_encoded_forms(text))
        yield from dict.fromkeys(form for form in forms if form)


def case_forms(value: str) -> tuple[str, ...]:
    """The value in other cases, and as the name of a distribution (PEP 503)."""
    return (value.lower(), value.upper(), re.sub(r"[-_.]+", "-", value).lower())


def _quoted_forms(text: str) -> Iterator[str]:
    quoted = (repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from quoted
    yield from (repr(form)[1:-1] for form in quoted)
    yield from (json.dumps(form)[1:-1] for form in quoted)
    yield text.replace("'", "\\'")
    yield text.replace('"', '\\"')
    yield repr(text.encode("utf-8", "replace"))[2:-1]
    yield html.escape(text)


def _url_forms(text: str) -> Iterator[str]:
    for safe in ("", "/", _SAFE_IN_URL):
        yield quote(text, safe=safe, errors="replace")
        yield quote_plus(text, safe=safe, errors="replace")


def _encoded_forms(text: str) -> Iterator[str]:
    """Hexadecimal, and base64: of the text alone, and of a longer text that holds it (``user:password``)."""
    data = text.encode("utf-8", "replace")
    encoded = [data.hex(), data.hex().upper()]
    for encode in (b64encode, urlsafe_b64encode):
        alone = encode(data).decode()
        encoded += [alone, alone.rstrip("=")]
        encoded += [
            _base64_behind(encode(bytes(before) + data).decode(), before, len(data)) for before in range(3)
        ]
    yield from (form for form in encoded if len(form) >= _SHORTEST_ENCODED)


def _base64_behind(encoded: str, before: int, size: int) -> str:
    """The characters of ``encoded`` that ``size`` bytes behind ``before`` others alone decide.

    A character holds six bits: those that share a byte with a neighbour differ with it.
    """
    first = -(-before * 8 // 6)
    return encoded[first : (before + size) * 8 // 6]
