"""IG501 to IG510: the container as it was started, asked and stopped."""

from __future__ import annotations

from importguard.model import Rule, Severity

START_EXITS = Rule(
    id="IG501",
    name="start-exits",
    summary="The container ends before it is ready, or soon after",
    severity=Severity.ERROR,
    meaning=(
        "Started as production starts it, the container ends by itself. Where its log holds a "
        "traceback, the cause is the traceback's, told as of a failed import. It is a warning, and "
        "the check is not complete, where it ends for want of a variable or a server that production "
        "has."
    ),
    origin=(
        "a module that is imported late is not in the image; a setting is missing; a migration or a "
        "script before the server fails; the command is for another image."
    ),
    remedy="follow the cause; give what production sets with --env NAME=value.",
    example="""
# shop/main.py: imported when the server starts, long after the module itself
@app.on_event("startup")
async def connect():
    from shop.cache import redis_pool    # No module named 'redis': the container ends with exit code 3

# requirements.txt, mended
redis
""",
)

NOT_LISTENING = Rule(
    id="IG502",
    name="not-listening",
    summary="Nothing accepts connections on the service's port in time",
    severity=Severity.ERROR,
    meaning="The container runs, and its port does not accept connections from outside of it.",
    origin=(
        "the server listens on 127.0.0.1, on another port or on a UNIX socket; it waits for a "
        "database, a lock or a download; it is a worker that has no port."
    ),
    remedy=(
        "listen on 0.0.0.0 and on the port that PORT names; for a worker, set port = 'none' in "
        "[start]; for one that needs longer, timeout."
    ),
    example="""
# Dockerfile: uvicorn listens on 127.0.0.1 unless told otherwise
CMD ["uvicorn", "shop.main:app", "--port", "8080"]

# Dockerfile, mended
CMD ["uvicorn", "shop.main:app", "--host", "0.0.0.0", "--port", "8080"]
""",
)

HTTP_ANSWER = Rule(
    id="IG503",
    name="http",
    summary="A request is not answered as it should be",
    severity=Severity.ERROR,
    meaning=(
        "A request that was sent to the service got another status or body, or no whole answer in "
        "time. Without any setting, GET / is sent and any status below 500 is an answer."
    ),
    origin=(
        "the application raises for every request; it waits for something that it does not have; the "
        "port speaks TLS or another protocol."
    ),
    remedy="follow the traceback; name a path that can be answered with http in [start].",
    example="""
# importguard.toml
[start]
http = ["/health", { path = "/api/version", status = 200, body = "version" }]
# GET /health: answered 503: the handler could not open its cache

# mended: what the handler needs is there, or --env gives it
""",
)

WEBSOCKET = Rule(
    id="IG504",
    name="websocket",
    summary="A WebSocket cannot be opened",
    severity=Severity.ERROR,
    meaning=(
        "The handshake is answered with another status than 101 (or than the one that is due), with "
        "another subprotocol, or the WebSocket is closed as soon as it is open."
    ),
    origin=(
        "the route is gone or has another path; the server lacks a WebSocket library (uvicorn without "
        "websockets or wsproto answers 404 or 400); the handler raises."
    ),
    remedy=("correct the route, install uvicorn[standard], or say what is due with websocket in [start]."),
    example="""
# importguard.toml
[start]
websocket = ["/ws", { path = "/ws/chat", protocol = "chat.v1" }]

# requirements.txt: uvicorn alone speaks no WebSocket
uvicorn

# requirements.txt, mended
uvicorn[standard]
""",
)

SLOW_START = Rule(
    id="IG505",
    name="slow-start",
    summary="The service takes longer to be ready than it may",
    severity=Severity.WARNING,
    meaning=(
        "From the start until everything was answered as it should be, more time went by than "
        "max-start-time in [start] allows; without one, and where neither timeout nor production's files say "
        "how long a start may take, more than 60 s."
    ),
    origin="heavy imports, models that are loaded, migrations that run, before the server listens.",
    remedy="move work out of the start, or raise the limit.",
    example="""
# importguard.toml
[start]
max-start-time = "5s"

# shop/main.py: loads 6 s of model before it listens
model = load("large")

# mended: when it is first asked for
@functools.cache
def model():
    return load("large")
""",
)

MEMORY = Rule(
    id="IG506",
    name="memory",
    summary="The container uses more memory than it may",
    severity=Severity.ERROR,
    meaning=(
        "The container, or a process in it, used more memory than it may and was killed. The limit is "
        "memory in [start], else what the platform gives (Cloud Run: 512 MiB), else --memory. On Cloud Run "
        "the files that a container writes are memory, too, and count with what its processes hold."
    ),
    origin="too many workers, a model that is loaded in each of them.",
    remedy="start fewer workers, or set the memory that production gives.",
    example="""
# Dockerfile: each worker loads the model again
CMD ["gunicorn", "--workers", "8", "shop.wsgi"]

# mended: fewer workers, or in importguard.toml what production gives
[start]
memory = "2g"
""",
)

STOP = Rule(
    id="IG507",
    name="stop",
    summary="SIGTERM does not end the service",
    severity=Severity.WARNING,
    meaning=(
        "Ten seconds after SIGTERM the container still ran and had to be killed: in production every "
        "deployment then takes that long, and cuts off what is being answered."
    ),
    origin=(
        "the first process is a shell, which passes no signal on; it is a program without a handler, "
        "which the kernel does not end where it is the first process."
    ),
    remedy="write CMD as a list or with exec, or put an init such as tini before it.",
    example="""
# Dockerfile: the shell is the first process, and passes no signal on
CMD cd /app && gunicorn shop.wsgi

# Dockerfile, mended
CMD cd /app && exec gunicorn shop.wsgi
""",
)

PLATFORM = Rule(
    id="IG508",
    name="platform",
    summary="The platform cannot start the image, or sets otherwise what it sets",
    severity=Severity.ERROR,
    meaning=(
        "The command cannot be executed at all; or the image breaks Cloud Run's contract: it is not "
        "for linux/amd64, or it sets a variable that Cloud Run sets itself (then a warning)."
    ),
    origin=(
        "the program is only in the build stage; the image was built on another architecture; ENV "
        "PORT in the Dockerfile."
    ),
    remedy="correct CMD or ENTRYPOINT, build with --platform linux/amd64, take the ENV line out.",
    example="""
# Dockerfile: gunicorn is only in the build stage
FROM python:3.13 AS build
RUN pip install gunicorn
FROM python:3.13-slim
CMD ["gunicorn", "shop.wsgi"]

# Dockerfile, mended: in the final stage
RUN pip install gunicorn
""",
)

LATE_IMPORT = Rule(
    id="IG509",
    name="late-import",
    summary="A request makes the service import what is not there",
    severity=Severity.WARNING,
    meaning=(
        "After its port was open, the service logged a traceback of an import that failed, and it answered "
        "as it should all the same; or it did so while it started, and the application's own module is "
        "missing. Where the answer is wrong too, it is IG503 or IG504 with this cause."
    ),
    origin="an import inside a function, of a module or a name that is not in the image.",
    remedy="follow the cause, as of a failed import.",
    example="""
# shop/views.py: imported by the first request
def index():
    try:
        from shop.recommendations import best
    except ImportError:
        logger.exception("no recommendations")

# .dockerignore, mended: shop/recommendations/ gets into the image
!shop/recommendations/
""",
)

JOURNEY = Rule(
    id="IG510",
    name="journey",
    summary="The command that tries the started services failed",
    severity=Severity.ERROR,
    meaning=(
        "The command behind -- ran against the services, all of them ready, and did not exit with 0, or "
        "did not end within --timeout."
    ),
    origin="the services start, and do not work together: another secret, another address, another schema.",
    remedy="read its output and the services' logs (--logs DIR keeps them whole).",
    example="""
importguard check --all --start -- pytest tests/e2e
# auth signs tokens with one secret, backend verifies them with another

# importguard.toml, mended: both get the same
env = ["TOKEN_SECRET=check"]
""",
)
