"""Removed modules and names of the standard library, and the system packages of its separate parts.

Sources: "What's New in Python" of each version (section Removed), PEP 594 and PEP 632; Debian's and Alpine's
package indexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

Version = tuple[int, int]


@dataclass(frozen=True)
class RemovedModule:
    """``version`` is the first Python without it; ``backport`` a distribution that brings it back,
    ``instead`` the module that took its place."""

    version: Version
    backport: Optional[str] = None
    instead: Optional[str] = None


REMOVED: dict[str, RemovedModule] = {
    "aifc": RemovedModule((3, 13), "standard-aifc"),
    "asynchat": RemovedModule((3, 12), "pyasynchat", "asyncio"),
    "asyncore": RemovedModule((3, 12), "pyasyncore", "asyncio"),
    "audioop": RemovedModule((3, 13), "audioop-lts"),
    "binhex": RemovedModule((3, 11), None, "binascii"),
    "cgi": RemovedModule((3, 13), "legacy-cgi"),
    "cgitb": RemovedModule((3, 13), "legacy-cgi"),
    "chunk": RemovedModule((3, 13), "standard-chunk"),
    "crypt": RemovedModule((3, 13), "crypt-r"),
    "distutils": RemovedModule((3, 12), "setuptools"),
    "dummy_threading": RemovedModule((3, 9), None, "threading"),
    "formatter": RemovedModule((3, 10)),
    "imghdr": RemovedModule((3, 13), "standard-imghdr"),
    "imp": RemovedModule((3, 12), "zombie-imp", "importlib"),
    "lib2to3": RemovedModule((3, 13)),
    "macpath": RemovedModule((3, 8)),
    "mailcap": RemovedModule((3, 13), "standard-mailcap"),
    "msilib": RemovedModule((3, 13)),
    "nis": RemovedModule((3, 13)),
    "nntplib": RemovedModule((3, 13), "standard-nntplib"),
    "ossaudiodev": RemovedModule((3, 13)),
    "parser": RemovedModule((3, 10), None, "ast"),
    "pipes": RemovedModule((3, 13), "standard-pipes", "subprocess and shlex"),
    "smtpd": RemovedModule((3, 12), "standard-smtpd"),
    "sndhdr": RemovedModule((3, 13), "standard-sndhdr"),
    "spwd": RemovedModule((3, 13)),
    "sunau": RemovedModule((3, 13), "standard-sunau"),
    "symbol": RemovedModule((3, 10)),
    "telnetlib": RemovedModule((3, 13), "standard-telnetlib"),
    "uu": RemovedModule((3, 13), "standard-uu", "base64"),
    "xdrlib": RemovedModule((3, 13), "standard-xdrlib"),
    # Python 2's.
    "BaseHTTPServer": RemovedModule((3, 0), None, "http.server"),
    "ConfigParser": RemovedModule((3, 0), None, "configparser"),
    "HTMLParser": RemovedModule((3, 0), None, "html.parser"),
    "Queue": RemovedModule((3, 0), None, "queue"),
    "SimpleHTTPServer": RemovedModule((3, 0), None, "http.server"),
    "SocketServer": RemovedModule((3, 0), None, "socketserver"),
    "StringIO": RemovedModule((3, 0), None, "io"),
    "Tkinter": RemovedModule((3, 0), None, "tkinter"),
    "__builtin__": RemovedModule((3, 0), None, "builtins"),
    "cPickle": RemovedModule((3, 0), None, "pickle"),
    "cStringIO": RemovedModule((3, 0), None, "io"),
    "cookielib": RemovedModule((3, 0), None, "http.cookiejar"),
    "httplib": RemovedModule((3, 0), None, "http.client"),
    "urllib2": RemovedModule((3, 0), None, "urllib.request"),
    "urlparse": RemovedModule((3, 0), None, "urllib.parse"),
    "xmlrpclib": RemovedModule((3, 0), None, "xmlrpc.client"),
}

_ABSTRACT = (
    "Awaitable Callable Container Coroutine Generator Hashable ItemsView Iterable Iterator KeysView Mapping "
    "MappingView MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView"
)
REMOVED_NAMES: dict[str, tuple[Version, str]] = {
    **{f"collections.{name}": ((3, 10), f"collections.abc.{name}") for name in _ABSTRACT.split()},
    "asyncio.coroutine": ((3, 11), "async def"),
    "asyncio.async": ((3, 7), "asyncio.ensure_future"),
    "base64.encodestring": ((3, 9), "base64.encodebytes"),
    "base64.decodestring": ((3, 9), "base64.decodebytes"),
    "cgi.escape": ((3, 8), "html.escape"),
    "fractions.gcd": ((3, 9), "math.gcd"),
    "inspect.formatargspec": ((3, 11), "inspect.signature"),
    "inspect.getargspec": ((3, 11), "inspect.getfullargspec"),
    "pkgutil.ImpImporter": ((3, 12), "importlib.machinery.FileFinder"),
    "ssl.match_hostname": ((3, 12), "SSLContext.check_hostname"),
    "ssl.wrap_socket": ((3, 12), "SSLContext.wrap_socket"),
    "time.clock": ((3, 8), "time.perf_counter"),
    "typing.ByteString": ((3, 14), "collections.abc.Buffer"),
    "unittest.makeSuite": ((3, 13), "unittest.TestLoader.loadTestsFromTestCase"),
    "xml.etree.cElementTree": ((3, 9), "xml.etree.ElementTree"),
}
"""``module.name`` → the first Python without it, and what took its place."""


@dataclass(frozen=True)
class ApartModule:
    """A part of the standard library that is not always there: the packages that bring it to the system's
    Python, and the headers without which a Python is built without it."""

    debian: Optional[str] = None
    alpine: Optional[str] = None
    headers: Optional[str] = None


APART: dict[str, ApartModule] = {
    "_bz2": ApartModule(headers="libbz2-dev"),
    "_ctypes": ApartModule(headers="libffi-dev"),
    "_curses": ApartModule(headers="libncurses-dev"),
    "_curses_panel": ApartModule(headers="libncurses-dev"),
    "_dbm": ApartModule(headers="libgdbm-compat-dev"),
    "_gdbm": ApartModule("python3-gdbm", "python3-gdbm", "libgdbm-dev"),
    "_hashlib": ApartModule(headers="libssl-dev"),
    "_lzma": ApartModule(headers="liblzma-dev"),
    "_sqlite3": ApartModule(headers="libsqlite3-dev"),
    "_ssl": ApartModule(headers="libssl-dev"),
    "_tkinter": ApartModule("python3-tk", "python3-tkinter", "tk-dev"),
    "_uuid": ApartModule(headers="uuid-dev"),
    "_zstd": ApartModule(headers="libzstd-dev"),
    "distutils": ApartModule("python3-distutils"),
    "ensurepip": ApartModule("python3-venv"),
    "idlelib": ApartModule("idle", "python3-idle"),
    "lib2to3": ApartModule("python3-lib2to3"),
    "readline": ApartModule(headers="libreadline-dev"),
    "sqlite3": ApartModule(headers="libsqlite3-dev"),
    "tkinter": ApartModule("python3-tk", "python3-tkinter", "tk-dev"),
    "turtle": ApartModule("python3-tk", "python3-tkinter", "tk-dev"),
    "venv": ApartModule("python3-venv"),
    "zlib": ApartModule(headers="zlib1g-dev"),
}

WINDOWS_ONLY = frozenset(
    {"_msi", "_overlapped", "_winapi", "_winreg", "_wmi", "msilib", "msvcrt", "nt", "nturl2path"}
    | {"winreg", "winsound"}
)
