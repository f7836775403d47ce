"""Whether redirects of a service lead back to where they came from, for ever."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    Values = Dict[str, Any]

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST = 20  # as browsers and curl have it, more or less


def redirect_loop(answer: Values, url: str, ask: Callable[[str, str], Values]) -> str:
    """Follow redirects of ``url`` within its scheme and host; the address that comes up again, or nothing.

    ``ask(path, cookies)`` sends a request as ``answer`` answers one. Cookies are sent back: a page that sets
    one and sends the browser back to itself does not do that again.
    """
    seen: set[tuple[str, str]] = set()
    cookies: dict[str, str] = {}
    for _ in range(_MOST):
        for cookie in answer.get("cookies", ()):
            name, _, value = cookie.partition("=")
            cookies[name] = value
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        location = answer["headers"].get("location", "")
        if answer["status"] not in _REDIRECTS or not location:
            return ""
        if (url, sent) in seen:
            return url
        seen.add((url, sent))
        try:
            target = urljoin(url, location)
            here, parts = urlsplit(url), urlsplit(target)
        except ValueError:  # no address, such as the http://[HOST]/ of a template
            return ""
        if here[:2] != parts[:2]:
            return ""
        url = target
        answer = ask((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), sent)
    return url
