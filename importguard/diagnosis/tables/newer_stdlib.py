"""Modules and names that newer Pythons added to the standard library, as far as applications import them.

Sources: "What's New in Python" of each version; ``dir()`` of CPython 3.7 to 3.13, compared.
"""

from __future__ import annotations

Version = tuple[int, int]

ADDED_MODULES: dict[str, Version] = {
    "annotationlib": (3, 14),
    "asyncio.taskgroups": (3, 11),
    "asyncio.timeouts": (3, 11),
    "compression": (3, 14),
    "compression.zstd": (3, 14),
    "concurrent.interpreters": (3, 14),
    "contextvars": (3, 7),
    "dataclasses": (3, 7),
    "graphlib": (3, 9),
    "importlib.metadata": (3, 8),
    "importlib.resources": (3, 7),
    "importlib.resources.abc": (3, 11),
    "pathlib.types": (3, 14),
    "string.templatelib": (3, 14),
    "tomllib": (3, 11),
    "wsgiref.types": (3, 11),
    "zoneinfo": (3, 9),
}

BACKPORTS = {
    "asyncio.TaskGroup": "taskgroup",
    "asyncio.timeout": "async-timeout",
    "enum.StrEnum": "backports.strenum",
    "graphlib": "graphlib-backport",
    "importlib.metadata": "importlib-metadata",
    "importlib.resources": "importlib-resources",
    "importlib.resources.as_file": "importlib-resources",
    "importlib.resources.files": "importlib-resources",
    "tomllib": "tomli",
    "warnings.deprecated": "typing_extensions",
    "zoneinfo": "backports.zoneinfo",
}

_NAMES = (
    (
        (3, 8),
        "functools.cached_property functools.singledispatchmethod math.comb math.dist math.isqrt "
        "math.perm math.prod statistics.fmean threading.excepthook typing.Final typing.Literal "
        "typing.Protocol typing.SupportsIndex typing.TypedDict typing.final typing.get_args "
        "typing.get_origin typing.runtime_checkable unittest.IsolatedAsyncioTestCase "
        "unittest.mock.AsyncMock zipfile.Path",
    ),
    (
        (3, 9),
        "ast.unparse asyncio.to_thread functools.cache importlib.resources.as_file "
        "importlib.resources.files math.lcm math.nextafter math.ulp os.waitstatus_to_exitcode "
        "random.randbytes types.GenericAlias typing.Annotated",
    ),
    (
        (3, 10),
        "base64.b32hexdecode base64.b32hexencode contextlib.AsyncContextDecorator "
        "contextlib.aclosing dataclasses.KW_ONLY importlib.metadata.EntryPoints "
        "importlib.metadata.PackageMetadata importlib.metadata.packages_distributions "
        "inspect.get_annotations itertools.pairwise statistics.correlation statistics.covariance "
        "statistics.linear_regression sys.stdlib_module_names threading.getprofile "
        "threading.gettrace types.EllipsisType types.NoneType types.NotImplementedType "
        "types.UnionType typing.Concatenate typing.ParamSpec typing.ParamSpecArgs "
        "typing.ParamSpecKwargs typing.TypeAlias typing.TypeGuard typing.is_typeddict",
    ),
    (
        (3, 11),
        "asyncio.Barrier asyncio.BrokenBarrierError asyncio.Runner asyncio.TaskGroup "
        "asyncio.Timeout asyncio.timeout asyncio.timeout_at builtins.BaseExceptionGroup "
        "builtins.ExceptionGroup contextlib.chdir datetime.UTC enum.CONFORM enum.CONTINUOUS "
        "enum.EJECT enum.EnumCheck enum.EnumType enum.FlagBoundary enum.KEEP enum.NAMED_FLAGS "
        "enum.ReprEnum enum.STRICT enum.StrEnum enum.UNIQUE enum.global_enum enum.global_str "
        "enum.member enum.nonmember enum.property enum.verify hashlib.file_digest http.HTTPMethod "
        "inspect.getmembers_static inspect.ismethodwrapper logging.getLevelNamesMapping math.cbrt "
        "math.exp2 operator.call sys.exception typing.LiteralString typing.Never "
        "typing.NotRequired typing.Required typing.Self typing.TypeVarTuple typing.Unpack "
        "typing.assert_never typing.assert_type typing.clear_overloads typing.dataclass_transform "
        "typing.get_overloads typing.reveal_type",
    ),
    (
        (3, 12),
        "asyncio.create_eager_task_factory asyncio.eager_task_factory calendar.Day calendar.Month "
        "collections.abc.Buffer inspect.BufferFlags inspect.getasyncgenlocals "
        "inspect.getasyncgenstate inspect.markcoroutinefunction itertools.batched "
        "logging.getHandlerByName logging.getHandlerNames math.sumprod random.binomialvariate "
        "sys.monitoring threading.setprofile_all_threads threading.settrace_all_threads "
        "types.get_original_bases typing.TypeAliasType typing.override",
    ),
    (
        (3, 13),
        "asyncio.EventLoop asyncio.QueueShutDown base64.z85decode base64.z85encode copy.replace "
        "enum.EnumDict glob.translate math.fma os.process_cpu_count pathlib.UnsupportedOperation "
        "queue.ShutDown statistics.kde statistics.kde_random typing.NoDefault typing.ReadOnly "
        "typing.TypeIs typing.get_protocol_members typing.is_protocol unittest.mock.ThreadingMock "
        "warnings.deprecated",
    ),
    (
        (3, 14),
        "functools.Placeholder typing.evaluate_forward_ref",
    ),
)

ADDED_NAMES: dict[str, Version] = {name: version for version, names in _NAMES for name in names.split()}
"""``module.name`` → the first Python with it."""
