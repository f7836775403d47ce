"""Which modules of an image are the application's, and are to be imported."""

from __future__ import annotations

from importguard.probe.files import printable_path
from importguard.probe.select.distributions import Distribution, owning_distribution
from importguard.probe.select.django import VARIABLE, find_preparation
from importguard.probe.select.duplicate_names import other_names
from importguard.probe.select.folder import SYSTEM, Folder, is_versions
from importguard.probe.select.imported_tests import take_imported_tests

_ENVIRONMENT = frozenset(["bin", "lib", "lib64", "include", "share"])
_KERNEL = frozenset(["proc", "sys", "dev"])

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.application_path import ApplicationPath
    from importguard.probe.select.finder import Finder
    from importguard.probe.select.targets import Target, TargetSearch
    from importguard.probe.values import Request


class NothingToImport(Exception):
    """No module was selected; the message says where it looked and what is there."""


class ModuleChoice:
    """Adds to the selection what is the application's: below its roots, by name, and by the start commands.

    ``by_path``: modules that are loaded from a file, by names that no finder knows.
    """

    def __init__(self, request: Request, path: ApplicationPath, search: TargetSearch) -> None:
        self.setup: str | None = request.get("setup")
        self.named_packages = list(request.get("packages") or [])
        self.path = path
        self.search = search
        self.selection = path.selection
        self.remarks = path.remarks
        self.by_path: dict[str, str] = {}

    @property
    def finder(self) -> Finder:
        """What the start commands have together."""
        return self.path.finder

    def select_modules(self) -> None:
        """Add all of them. Raises NothingToImport where a package that was named is not there."""
        setup = find_preparation(self.setup, self.path.commands, self.finder, self.path.environ)
        self.selection.has_migrations = setup is not None and self.finder.locate_module("django") is not None
        pages = (folder for command in self.path.commands for folder in command.page_folders)
        self.selection.page_folders = frozenset(pages)
        launchers = [command for command in self.path.commands if command.is_launcher]
        self.selection.launchers = frozenset(command.script or "" for command in launchers)
        for name in self.named_packages:
            self._add_named(name)
            for target in self.search.targets:
                # Its program is no tool where the user says that it is the application.
                target.foreign = target.foreign and not (target.module + ".").startswith(name + ".")
        roots = self.path.application_roots()
        self.selection.boundaries = frozenset(root for root in roots if not self._reached_from_above(root))
        folders = [self.selection.list_folder(root) for root in roots]
        self.selection.walk_package(
            self.selection.add_folder_contents("", folders, allowed=self._belongs_to_application)
        )
        for name in self.finder.mapping:
            self._add_unit(name)
        for distribution in self.path.distributions():
            if distribution.is_local_folder():
                self._add_distribution(distribution, "installed from a folder")
        for target in self.search.targets:
            self.add_target(target)
        take_imported_tests(self.selection)
        self._keep_one_name(setup["environ"].get(VARIABLE) if setup else None)
        if self.named_packages:
            self.selection.narrow_to_packages([*self.named_packages, *self._installed_targets()])

    def _installed_targets(self) -> list[str]:
        """What the start loads and nobody would ask for: ``gunicorn -k uvicorn.workers.UvicornWorker``."""
        located = [
            (target.module, self.finder.locate_module(target.module)) for target in self.search.targets
        ]
        return [module for module, found in located if found and self.path.is_third_party(found, module)]

    def _keep_one_name(self, settings: str | None) -> None:
        """Judge a file under the name by which production imports it, and say which other it could have."""
        named = self.named_packages + [target.module for target in self.search.targets]
        others = other_names(self.selection.modules, named, settings)
        for name in others:
            if name not in named:
                del self.selection.modules[name]
        if others:
            name, kept = sorted(others.items())[0]
            count = "1 file is" if len(others) == 1 else "%d files are" % len(others)
            self.remarks.notes.append(
                "%s judged under the name that the application imports: %s, which could be imported as %s too"
                % (count, printable_path(kept), printable_path(name))
            )

    def _reached_from_above(self, root: str) -> bool:
        """Whether an entry point names a module below this root by its longer name (``src.pkg.main``)."""
        for target in self.search.targets:
            found = self.finder.locate_module(target.module)
            if found and found.path.startswith(root + "/"):
                depth = found.path[len(root) + 1 :].count("/") + (0 if found.package else 1)
                if len(target.module.split(".")) > depth:
                    return True
        return False

    def _belongs_to_application(self, folder: Folder, name: str) -> bool:
        """Whether a name in an application root is the application's, and is what an import would find."""
        targets = [target for target in self.search.targets if target.module.split(".")[0] == name]
        target = bool(targets)
        if name in folder.folders and name in SYSTEM.get(folder.path, ()) and (name in _KERNEL or not target):
            return False
        if name in _ENVIRONMENT and "pyvenv.cfg" in folder.names:
            return False
        if name == "__main__":
            return True  # and left out: it runs
        if name in self.path.third_party_names(folder) and all(
            target.alone or target.foreign for target in targets
        ):
            return False
        own = folder.path_of_entry(name)
        shown_path = folder.path_of_entry(folder.modules.get(name, name))
        origin = self.path.python.loaded.get(name)
        if name in self.path.python.builtin or (origin is not None and not origin.startswith(own)):
            return self._refuse(
                self.remarks.notes,
                shown_path,
                "%r is a module that the interpreter itself has loaded already" % name,
            )
        found = self.finder.locate_module(name)
        if found and not found.portions and not found.path.startswith(own) and own not in found.extended:
            self._add_revisions(folder, name)
            return self._refuse(
                self.remarks.details,
                shown_path,
                "%r is found first in %s" % (name, printable_path(found.path)),
            )
        return True

    def _add_revisions(self, folder: Folder, name: str) -> None:
        """Those of an Alembic environment, loaded by their paths: ``alembic`` itself hides its folder."""
        versions = self.selection.list_folder(folder.path_of_entry(name) + "/versions")
        if versions.identity is None or not is_versions(versions):
            return
        for file in sorted(versions.names):
            stem, _, ending = file.partition(".")
            if ending == "py" and stem and stem != "__init__":
                revision = "%s/versions/%s" % (name, stem)
                self.by_path[revision] = versions.path_of_entry(file)
                self.selection.add_module(revision, versions.path_of_entry(file))

    def _refuse(self, to: list[str], path: str, why: str) -> bool:
        to.append("%s can never be imported: %s" % (printable_path(path), printable_path(why)))
        return False

    def _add_distribution(self, distribution: Distribution, why: str) -> None:
        units = distribution.top_modules()
        self.remarks.details.append(
            "distribution %s (%s): %s" % (printable_path(distribution.name), why, ", ".join(units))
        )
        for name in units:
            self._add_unit(name)

    def _add_unit(self, name: str) -> None:
        """A package or module with everything below it, if an import finds it at all."""
        found = self.finder.locate_module(name)
        if found is None:
            return
        if found.portions:
            self.selection.add_namespace(name, found.portions)
        elif found.package:
            self.selection.add_package(name, found.path)
        else:
            self.selection.add_module(name, found.path)

    def _add_named(self, name: str) -> None:
        found = self.finder.locate_module(name)
        if found is None:
            near = self.finder.similar_names(name)
            raise NothingToImport(
                "package %r (-p) was not found on the import path (%s)%s"
                % (
                    printable_path(name),
                    ", ".join(printable_path(entry) for entry in self.finder.entries),
                    "; near names: " + ", ".join(near) if near else "",
                )
            )
        self._add_unit(name)
        if not found.portions:
            self.selection.force_module(name, found.path)

    def add_target(self, target: Target) -> None:
        """The module of a target with what belongs to it; an absent one is imported all the same.

        Not that of a command that may never run: the report says that it could not be verified.
        """
        module, found = target.module, self.finder.locate_module(target.module)
        script = target.command.script_off_path(module)
        if found is None and script:
            self.by_path[module] = script
            self.selection.force_module(module, script)
        elif found is None and (target.alone or self.search.is_surely_loaded(target)):
            self.selection.force_module(module, None)
        if found is None or found.portions:
            return
        if not target.alone and not target.foreign and self.path.is_third_party(found, module):
            distribution = owning_distribution(self.path.distributions(), found.path, module)
            if distribution:
                self._add_distribution(distribution, "owns the entry point %s" % module)
            else:
                self._add_unit(module.split(".")[0])
        self.selection.force_module(module, found.path)

    def holds_own(self) -> bool:
        """Whether anything of the application's is to be imported, or would be if it were there.

        Of a script that no import finds, what it imports is judged in its place.
        """
        if any(target.imported_at and target.command.main_file for target in self.search.targets):
            return True
        tools = {target.module for target in self.search.targets if target.alone or target.foreign}
        return not tools.issuperset(self.selection.modules)

    def describe_what_is_there(self) -> str:
        """Say that nothing is to be imported, where it was looked for, and what is there."""
        looked = []
        for root in self.path.application_roots():
            folder = self.selection.list_folder(root)
            names = sorted(folder.names)
            there = (
                "does not exist"
                if folder.identity is None
                else "empty"
                if not names
                else ", ".join(names[:8])
            )
            more = " and %d more" % (len(names) - 8) if len(names) > 8 else ""
            looked.append("%s (%s%s)" % (printable_path(root), printable_path(there), more))
        skipped = "; %d modules were left out" % len(self.selection.skipped) if self.selection.skipped else ""
        return "nothing to import: no application modules in %s%s; name packages with -p" % (
            "; ".join(looked) or "any folder of the import path",
            skipped,
        )
