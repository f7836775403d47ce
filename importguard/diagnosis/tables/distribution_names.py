"""Distributions by import name, where the two names differ.

The tables here are kept by hand and come first; scripts/distribution_names.py makes ``import_names.txt``.
"""

from __future__ import annotations

import pkgutil
from functools import cache

from packaging.utils import canonicalize_name

_TABLE = """
_cffi_backend cffi
_yaml PyYAML
agents openai-agents
attr attrs
bs4 beautifulsoup4
bson pymongo
can python-can
certifi_win32 python-certifi-win32
CFNetwork pyobjc-framework-CFNetwork
corsheaders django-cors-headers
Crypto pycryptodome
Cryptodome pycryptodomex
cv2 opencv-python-headless
dateutil python-dateutil
debug_toolbar django-debug-toolbar
decouple python-decouple
discord discord.py
django_filters django-filter
dns dnspython
docx python-docx
dotenv python-dotenv
elftools pyelftools
environ django-environ
faiss faiss-cpu
fitz PyMuPDF
Foundation pyobjc-framework-Cocoa
fuse fusepy
gi PyGObject
git GitPython
github PyGithub
gitlab python-gitlab
google.cloud.monitoring_v3 google-cloud-monitoring
google.cloud.pubsub_v1 google-cloud-pubsub
google.cloud.secretmanager google-cloud-secret-manager
google.protobuf protobuf
googleapiclient google-api-python-client
grpc grpcio
grpc_status grpcio-status
grpc_tools grpcio-tools
jose python-jose
jwt PyJWT
kafka kafka-python
ldap python-ldap
ldclient launchdarkly-server-sdk
libarchive libarchive-c
magic python-magic
memcache python-memcached
mpl_toolkits matplotlib
multipart python-multipart
MySQLdb mysqlclient
nacl PyNaCl
openfeature openfeature-sdk
opensearchpy opensearch-py
OpenSSL pyOpenSSL
opentelemetry opentelemetry-api
osgeo GDAL
paho paho-mqtt
past future
PIL pillow
pkg_resources setuptools
psycopg2 psycopg2-binary
pyannotate_runtime pyannotate
pylab matplotlib
pythoncom pywin32
pythonjsonlogger python-json-logger
pywintypes pywin32
rest_framework djangorestframework
rest_framework_simplejwt djangorestframework-simplejwt
serial pyserial
skimage scikit-image
sklearn scikit-learn
slugify python-slugify
smbclient smbprotocol
snappy python-snappy
socks PySocks
speech_recognition SpeechRecognition
strawberry strawberry-graphql
telegram python-telegram-bot
tlz toolz
usb pyusb
websocket websocket-client
win32api pywin32
win32con pywin32
win32event pywin32
win32file pywin32
win32gui pywin32
win32service pywin32
wx wxPython
Xlib python-xlib
yaml PyYAML
zmq pyzmq
"""

DISTRIBUTIONS: dict[str, str] = dict(line.split(" ", 1) for line in _TABLE.strip().splitlines())
"""Import name → distribution, as its authors write it."""

REMOVALS = {"pkg_resources": "82"}
"""Import name → the first version of its distribution that does not have it any more."""

# Names that several distributions provide: which one an application means can't be told from the name.
ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "cv2": (
        "opencv-python-headless",
        "opencv-python",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "psycopg2": ("psycopg2-binary", "psycopg2"),
    "Crypto": ("pycryptodome", "pycrypto"),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "magic": ("python-magic", "file-magic"),
    "slugify": ("python-slugify", "unicode-slugify"),
    "kafka": ("kafka-python", "kafka-python-ng"),
    "multipart": ("python-multipart", "multipart"),
    "jwt": ("PyJWT", "jwt"),
    "MySQLdb": ("mysqlclient", "mysql-python"),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel"),
    "discord": ("discord.py", "py-cord"),
    "bson": ("pymongo", "bson"),
    "environ": ("django-environ", "environ-config"),
    "memcache": ("python-memcached", "python3-memcached"),
    "psycopg": ("psycopg", "psycopg-binary"),
}


# Many distributions share them, or none has them for Python 3: the bare name tells nothing.
UNTOLD = frozenset(
    (
        "azure",
        "backports",
        "google",
        "gobject",
        "gtk",
        "js",
        "opencensus",
        "pyui",
        "ruamel",
        "wxPython",
        "zope",
    )
)


def from_table(module: str) -> tuple[str, ...]:
    """The distributions that the tables give for a dotted name, the usual one first; empty where none."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        if name in DISTRIBUTIONS or name in ALTERNATIVES:
            return ALTERNATIVES.get(name) or (DISTRIBUTIONS[name],)
        if name in read_generated_names():
            return read_generated_names()[name]
    return ()


def is_called_so(module: str) -> bool:
    """Whether a well-known distribution of the top-level module's own name provides it."""
    return module.partition(".")[0] in _read_lines()[1]


def read_generated_names() -> dict[str, tuple[str, ...]]:
    """Import name → distributions, the most downloaded first: what two tables of others agree on."""
    return _read_lines()[0]


@cache
def _read_lines() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """The names that are not their distribution's own, with the distributions, and those that are."""
    others: dict[str, tuple[str, ...]] = {}
    own: set[str] = set()
    data = pkgutil.get_data("importguard.diagnosis.tables", "import_names.txt")
    assert data is not None
    for line in data.decode("ascii").splitlines():
        first, *names = line.split()
        if first == "=":
            own.update(names)
        elif first != "#":
            others[first] = tuple(names)
    return others, frozenset(own)


def same_name(module: str) -> str:
    """The distribution that would be called as the top-level module is (PEP 503)."""
    return canonicalize_name(module.partition(".")[0])
