"""What the probe tells of the surroundings of failures, as types.

Each becomes the class of its name in ``importguard.evidence.surroundings``, which says what the fields mean:
``ImageFileValues`` an ``ImageFile``. Nothing is here when the probe runs: it is for the type checker.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, TypedDict, Union

    class ImageFileValues(TypedDict):
        """A file of the image."""

        path: str
        kind: str
        size: int
        text_digest: Optional[str]
        mode: int
        uid: int
        modified: float

    class DistributionValues(TypedDict):
        """An installed distribution."""

        name: str
        version: str
        location: str
        provides: list[str]
        requires: list[str]
        extras: list[str]
        source: Optional[str]
        editable: bool

    class CandidateValues(TypedDict):
        """A file that would be a missing module."""

        module: str
        path: str
        root: str
        site: bool
        interpreter: Optional[str]
        exact: bool
        broken_link: Optional[list[str]]

    class OtherInterpreterValues(TypedDict):
        """A Python that is not the application's."""

        executable: str
        version: str
        sites: list[str]
        distributions: list[DistributionValues]

    class ResolutionValues(TypedDict):
        """What the import path finds for a name."""

        name: str
        kind: str
        path: Optional[str]
        hidden: list[str]
        siblings: list[str]

    class ExtensionValues(TypedDict):
        """A compiled module."""

        module: str
        path: str
        tag: str
        python: Optional[str]
        machine: Optional[str]
        libc: Optional[str]
        not_found: list[str]
        symbols: list[str]

    class BrokenFileValues(TypedDict):
        """A file that is not what its name says."""

        path: str
        kind: str
        line: Optional[int]
        detail: str

    class UnreadableFileValues(TypedDict):
        """A file or folder that the user may not read."""

        path: str
        kind: str
        mode: int
        owner: str
        group: str

    class ModuleNamesValues(TypedDict):
        """The names of a module that lacks one."""

        module: str
        path: Optional[str]
        names: list[str]
        everything: bool
        elsewhere: list[str]

    class NewerSyntaxValues(TypedDict):
        """A line that only a newer Python compiles."""

        path: str
        line: int
        version: str
        feature: str

    class MentionValues(TypedDict):
        """A string that is the name of a missing module."""

        name: str
        path: str
        line: int
        setting: str

    class SystemValues(TypedDict):
        """The image's system."""

        distribution: str
        version: str
        like: str
        libc: str
        libc_version: str
        machine: str
        uid: int
        user: str

    class ScriptValues(TypedDict):
        """A file that is run and never imported."""

        module: str
        aside: bool
        vendored: bool
        marked: bool
        works: bool

    Values = Union[
        ImageFileValues,
        DistributionValues,
        CandidateValues,
        OtherInterpreterValues,
        ResolutionValues,
        ExtensionValues,
        BrokenFileValues,
        UnreadableFileValues,
        ModuleNamesValues,
        NewerSyntaxValues,
        MentionValues,
        SystemValues,
        ScriptValues,
        dict[str, str],
        str,
    ]
