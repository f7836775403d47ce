"""Is an exception the environment's doing? Only on evidence: a variable looked up, settings that name one,
a refused connection or a failed name look-up."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal, Optional

from importguard.evidence.imports import Cause, ImportFailure
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis

_SPELT = r"(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{2,})"
_NAME = rf"\b({_SPELT})\b"
_WORDS = r"(?i:environment variables?|env(?:ironment)? ?vars?\b|envvars?\b)"
_VARIABLE = re.compile(_NAME)
_SPOKEN_OF = re.compile(_WORDS)
# What is said of a variable that is not there, by whichever exception of the chain knows it best.
_WANTED = re.compile(
    _NAME + r"['\"`]?:? (?:(?:is|was) )?(?:required|missing|unset|undefined|empty|"
    r"not (?:set|defined|found|provided|configured)|must (?:be|not be) (?:set|defined|provided|empty))\b"
)
# "environment variable NAME", "NAME [or OTHER] environment variable"; else the first name of the message.
_ALTERNATIVES = rf"(?:['\"`]?(?:,| or| and|/) ?['\"`]?{_SPELT})*"
_NAMED = (
    re.compile(_WORDS + r"[\s:'\"`]*" + _NAME),
    re.compile(_NAME + _ALTERNATIVES + r"['\"`]? " + _WORDS),
    _VARIABLE,
)
_SETTINGS_MODULES = ("pydantic_settings", "pydantic.env_settings", "pydantic.v1.env_settings")
_FIELD = re.compile(r"^(\S+)\n\s+.*(?:field required|type=missing)", re.IGNORECASE | re.MULTILINE)
_ANY_FIELD = re.compile(r"^([A-Za-z_]\S*)\n\s+\S", re.MULTILINE)
_SETTINGS_CLASS = re.compile(
    r"^\d+ validation errors? for \w*(?:Settings|Config|Configuration|Env|Environment)$"
)
_AZURE = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_CONNECTION_TYPES = frozenset({"ConnectionRefusedError", "gaierror", "herror"})
_CONNECTION_WORDS = re.compile(
    r"connection refused|could not connect to|can't connect to|could not translate host name|"
    r"(?:temporary failure in )?name resolution|name or service not known|name does not resolve|"
    r"nodename nor servname|network is unreachable|no address associated with hostname|"
    # A socket file, which clients try where no host is named: libpq and redis-py.
    r"connection to server on socket|error 2 connecting to",
    re.IGNORECASE,
)
# python-telegram-bot: "You must pass the token you received from https://t.me/Botfather!".
# stripe: "No API key provided."
_SECRET_WANTED = re.compile(
    r"(?:must|have to|need to) (?:pass|provide|supply|specify) (?:the|an?|your) (?:\w+ )?"
    r"(?:token|api[ _-]?key|password|secret)\b|"
    r"\bno (?:\w+ )?(?:token|api[ _-]?key|password|secret) (?:was |is )?(?:provided|given|specified|set)\b",
    re.IGNORECASE,
)
# Errors of clients that found no credentials, and the variables that they would have taken.
_CREDENTIALS = {
    "google.auth.exceptions.DefaultCredentialsError": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "botocore.exceptions.NoCredentialsError": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "botocore.exceptions.PartialCredentialsError": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "botocore.exceptions.NoRegionError": ("AWS_DEFAULT_REGION",),
    "azure.identity._exceptions.CredentialUnavailableError": _AZURE,
    "azure.core.exceptions.ClientAuthenticationError": _AZURE,
}
# os.environ keeps its keys as bytes: such a KeyError lies behind every failed lookup, however it was wrapped.
_ENCODED_KEY = re.compile(r"^b'([A-Za-z_]\w*)'$")
# How a function says that it was given nothing: int(None), "".split, urlsplit(None), int("").
_GIVEN_NOTHING = re.compile(r"\bNone(?:Type)?\b|(?<!\w)(?:''|\"\")(?!\w)")
_MISTAKES = frozenset({"NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError"})
_WITH_SERVER = "check with --network NETWORK and the server's address: --env NAME=…"
_SERVER_WANTED = {
    "import": (
        "The import connects to a server that cannot be reached from the check.",
        f"connect when the program starts instead of at import, or {_WITH_SERVER}",
    ),
    "start": ("The start needs a server that cannot be reached from the check.", _WITH_SERVER),
}
# os.setuid, os.chown, a raw socket; chown(1) and others that were started.
_NOT_PERMITTED = re.compile(r"\[Errno 1\] ")
_NOT_PERMITTED_SAID = re.compile(r"(?i)operation not permitted")
_OF_SYSTEM_FILES = re.compile(r"\[Errno \d+\] .*: ['\"]/sys(?:/|['\"])")
_CONNECTING = re.compile(r"Error$|Timeout$|Refused$|Exception$")


def environment_diagnosis(
    failure: ImportFailure,
    step: Literal["import", "start"] = "import",
    empty_variables: Collection[str] = (),
) -> Optional[Diagnosis]:
    """The diagnosis where the failure is evidence of the environment, else None. ImportErrors never are.

    ``step`` is what failed, an import or the start of a service, whose log told the failure.
    ``empty_variables`` are those that the image sets to an empty text.
    """
    variables, certain = _variables(failure)
    if variables:
        # One that failed for another reason may look up variables that it would have got elsewhere.
        later = [name for name in failure.required if name not in variables] if certain else []
        after = f" After that it needs {', '.join(later)}." if later else ""
        wanted = (*variables, *later)
        return Diagnosis(
            cause="environment",
            explanation=f"The {step} needs {_with_what_is_wrong(variables, empty_variables)}.{after}",
            remedy=" ".join(f"--env {name}=…" for name in wanted),
            location=None,
            confidence="certain" if certain else "likely",
            variables=wanted,
        )
    if any(_is_connection(cause) for cause in exception_chain(failure)):
        return _server_wanted(step)
    if any(_SECRET_WANTED.search(cause.message) for cause in exception_chain(failure)):
        explanation = f"The {step} needs a secret that the check does not give it."
        remedy = "give it with the variable that the code takes it from: --env NAME=…"
        return Diagnosis("environment", explanation, remedy, location=None, confidence="likely")
    return None


def withheld_diagnosis(failure: ImportFailure, output: str, user: str) -> Optional[Diagnosis]:
    """The diagnosis where the engine withheld what Docker gives: root's privileges, or the files of /sys.

    ``output`` is what was printed last, as by a program that was started. ``user`` is the image's USER: only
    root has privileges elsewhere. Every file is open to it, so that what it is refused is no file.
    """
    chain = exception_chain(failure)
    if any(_OF_SYSTEM_FILES.search(cause.message) for cause in chain):
        what = "a file of /sys, which is empty there"
    elif user.partition(":")[0] in ("", "0", "root") and (
        any(_NOT_PERMITTED.match(cause.message) for cause in chain if cause.type == "PermissionError")
        or (type_name(failure.type) == "CalledProcessError" and _NOT_PERMITTED_SAID.search(output))
    ):
        what = "a privilege that root has elsewhere, such as to change its user or the owner of a file"
    else:
        return None
    return Diagnosis(
        "environment",
        f"The import needs what the embedded engine does not give and Docker may: {what}.",
        "check it with --engine docker",
        location=None,
        confidence="likely",
    )


def _with_what_is_wrong(variables: Sequence[str], empty_variables: Collection[str]) -> str:
    """The variables, and whether the image lacks them or sets them to nothing."""
    unset = [name for name in variables if name not in empty_variables]
    empty = [name for name in variables if name in empty_variables]
    told = [f"{', '.join(unset)}, which the image does not set"] if unset else []
    told += [f"{', '.join(empty)}, which the image sets to ''"] if empty else []
    return ", and ".join(told)


def unreachable_server_diagnosis(line: str) -> Optional[Diagnosis]:
    """The diagnosis where a log ends with this line, without a traceback, for want of a server."""
    return _server_wanted("start") if _CONNECTION_WORDS.search(line) else None


def _server_wanted(step: str) -> Diagnosis:
    explanation, remedy = _SERVER_WANTED[step]
    return Diagnosis("environment", explanation, remedy, location=None, confidence="likely")


def _variables(failure: ImportFailure) -> tuple[tuple[str, ...], bool]:
    """The variables that were asked for, and whether their names are certain."""
    looked_up = _looked_up(failure)
    if looked_up:
        return (looked_up,), True
    fields = _settings_fields(failure)
    if fields:
        return fields, False
    credentials = next((cause.type for cause in exception_chain(failure) if cause.type in _CREDENTIALS), None)
    if credentials is not None:
        return _CREDENTIALS[credentials], False
    spoken_of = _spoken_of(failure)
    if spoken_of:
        return (spoken_of,), True
    asked_for = _asked_for(failure)
    return (asked_for, True) if asked_for else (_refused_as_value(failure), False)


def _spoken_of(failure: ImportFailure) -> Optional[str]:
    """The variable that a message names, where one of the chain speaks of environment variables.

    A wrapper often gives advice and names other variables ("Set APP_ENV=dev for development"), and the
    exception that it wraps says which one is wanted.
    """
    speaking = [cause.message for cause in exception_chain(failure) if _speaks_of_variable(cause)]
    if not speaking:
        return None
    wanted = [_WANTED.search(cause.message) for cause in reversed(exception_chain(failure))]
    named = [pattern.search(message) for message in speaking for pattern in _NAMED]
    match = next((match for match in (*wanted, *named) if match is not None), None)
    return match.group(1) if match else None


def _looked_up(failure: ImportFailure) -> Optional[str]:
    """The key of ``os.environ[key]``: KeyError of ``os._Environ.__getitem__``, or of starlette's Config."""
    encoded = (
        _ENCODED_KEY.match(cause.message) for cause in exception_chain(failure) if cause.type == "KeyError"
    )
    wrapped = next(filter(None, encoded), None)
    if wrapped is not None:
        return wrapped.group(1)
    last = failure.frames[-1] if failure.frames else None
    key_error = next(
        (cause for cause in exception_chain(failure) if type_name(cause.type) == "KeyError"), None
    )
    if last is None or key_error is None:
        return None
    if last.module == "os" and last.function in ("__getitem__", "__delitem__"):
        return key_error.message.strip("'\"") or None
    if last.module == "starlette.config":
        match = _VARIABLE.search(key_error.message)
        return match.group(1) if match else None
    return None


def _asked_for(failure: ImportFailure) -> tuple[str, ...]:
    """The unset variables that the failing statement looks up, where they are why it failed.

    That it looks one up is not enough, since it may fail for another reason: the condition under which it
    raises asks for nothing else, or the error names the variable, or says that it was given nothing.
    """
    if type_name(failure.type) in _MISTAKES:
        return ()
    nothing = failure.type != "SystemExit" and bool(_GIVEN_NOTHING.search(failure.message))
    return tuple(
        lookup.name
        for lookup in failure.lookups
        if lookup.alone or nothing or _is_named(lookup.name, failure.message)
    )


def _refused_as_value(failure: ImportFailure) -> tuple[str, ...]:
    """The unset variables of the failing statement that a library refuses as a value, by its own exception or
    a ValueError: "Token must contain a colon" of BOT_TOKEN, "Fernet key must be …" of SECRET_KEY.

    A TypeError or AttributeError that says the same word is of the call, not of the value.
    """
    if failure.type != "ValueError" and "." not in failure.type:
        return ()
    said = set(re.findall(r"[a-z]{3,}", failure.message.lower()))
    return tuple(lookup.name for lookup in failure.lookups if lookup.name.lower().rpartition("_")[2] in said)


def _is_named(variable: str, message: str) -> bool:
    """Whether a message names the variable, or the parameter that took its value: "db_url is required"."""
    alike = re.IGNORECASE if "_" in variable else re.RegexFlag(0)
    return bool(re.search(rf"\b{re.escape(variable)}\b", message, alike))


def _settings_fields(failure: ImportFailure) -> tuple[str, ...]:
    """The fields that pydantic's settings lack. An ``env_prefix`` is not told, so the names are likely."""
    invalid = next(
        (cause for cause in exception_chain(failure) if type_name(cause.type) == "ValidationError"), None
    )
    if invalid is None:
        return ()
    # An error that was raised from it has its own frames; then its first line names the class.
    wrapped = failure.type != invalid.type and _SETTINGS_CLASS.match(invalid.message.partition("\n")[0])
    if not wrapped and not any(frame.module.startswith(_SETTINGS_MODULES) for frame in failure.frames):
        return ()
    fields = _FIELD.findall(invalid.message) or _ANY_FIELD.findall(invalid.message)
    return tuple(dict.fromkeys(field.split(".")[0].upper() for field in fields))


def _speaks_of_variable(cause: Cause) -> bool:
    if type_name(cause.type) == "UndefinedValueError":  # python-decouple
        return True
    return type_name(cause.type) in ("EnvError", "EnvValidationError") or bool(
        _SPOKEN_OF.search(cause.message)
    )


def _is_connection(cause: Cause) -> bool:
    name = type_name(cause.type)
    if name in _CONNECTION_TYPES:
        return True
    return bool(_CONNECTING.search(name) and _CONNECTION_WORDS.search(cause.message))
