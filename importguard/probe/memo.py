"""What importing a module did to its process, remembered and done again: each body runs once.

The verdict on a module is what a fresh interpreter gives. A fresh interpreter's state is its *baseline* (what
is there after start-up and preparation) plus whatever the imports of the module itself bring about. So each
import is observed on its own, from the baseline: the modules that it loads, the attributes that it binds on
packages, and what it changes elsewhere (``State``). That is its *memo*. Where another module imports it, the
memo is replayed instead: the same module objects appear, or the same error is raised.

Everything here works while application code has the process: it holds on to the built-in functions that it
needs before any of that code runs.
"""

import _imp
import _thread
import builtins
import posix
import sys

from importguard.probe.failures import chain, describe, safe_text
from importguard.probe.fresh import _clock, _findable, _import

_modules = sys.modules
_bootstrap = _modules["_frozen_importlib"]
_LOADING = _bootstrap._find_and_load_unlocked.__code__
_getframe, _exc_info = sys._getframe, sys.exc_info
_release_lock, _acquire_lock, _get_ident = _imp.release_lock, _imp.acquire_lock, _thread.get_ident
_chdir, _getcwd = posix.chdir, posix.getcwd
_MISSING = object()
_Module = type(sys)
WATCHED = ("io", "json", "logging", "os", "random", "socket", "subprocess", "threading", "time", "warnings")


UNTRACKED = ("__warningregistry__", "__path__")  # of no consequence; compared by content


class State:
    """What a module can change outside of itself and of ``sys.modules``: recorded, undone and done again.

    The environment, ``sys.path`` and the finders, the builtins, the working directory, and the names in those
    modules of which the application's sources set some, or that are patched most.
    """

    def __init__(self):
        self.namespaces = {"builtins": (vars(builtins), dict(vars(builtins)))}
        self.patched = {}  # namespace → (its content, the patches in it) as last seen
        self.known = (None, None)  # (state, effects) as last asked
        self.lists = [
            sys.path,
            sys.meta_path,
            sys.path_hooks,
        ]  # the objects themselves: finders hold on to them
        self.environ = _modules["os"].environ if "os" in _modules else {}
        self.variables = getattr(self.environ, "_data", self.environ)
        self.hooks = {name: getattr(sys, name, None) for name in ("stdin", "stdout", "stderr", "excepthook")}
        self.settrace, self.setprofile, self.setrecursion = (
            sys.settrace,
            sys.setprofile,
            sys.setrecursionlimit,
        )
        for name in WATCHED:
            if name in _modules:
                self.watch(name, _modules[name])
        self.directory = _where()
        self.base = self.take()

    def watch(self, name, module):
        """From now on, a change of a name in ``module`` is an effect of whoever makes it."""
        space = getattr(module, "__dict__", None)
        if type(space) is dict and name not in self.namespaces:
            self.namespaces[name] = (space, _copy(name, space))

    def take(self):
        """The state now: (environment, lists, directory, patches), comparable with ``==``."""
        patches = {}
        for name in self.namespaces.keys() & _modules.keys():
            space, original = self.namespaces[name]
            if _differ(name, space, original):
                content, found = self.patched.get(name, (None, None))
                if content is None or _differ(name, space, content):
                    found = _differences(name, space, original)
                    self.patched[name] = _copy(name, space), found
                patches.update(found)
        lists = [list(sys.path), list(sys.meta_path), list(sys.path_hooks)]
        return dict(self.variables), lists, _where(), patches

    def set(self, state):
        """Make the process have ``state``."""
        environment, lists, directory, patches = state
        now = self.take()
        if now[0] != environment:
            for name in set(now[0]) | set(environment):
                self.set_variable(name, environment.get(name))
        sys.path, sys.meta_path, sys.path_hooks = self.lists
        for values, wanted in zip(self.lists, lists):
            if values != wanted:
                values[:] = wanted
        if now[2] != directory:
            _enter(directory)
        for key in set(now[3]) - set(patches):
            space, original = self.namespaces[key[0]]
            _put(space, key[1], original.get(key[1], _MISSING))
        for (name, key), held in patches.items():
            _put(self.namespaces[name][0], key, held.value)

    def set_variable(self, name, value):
        """Set an environment variable as ``take`` has it, for the C library too; None removes it."""
        try:
            if self.variables is not self.environ:
                name, value = self.environ.decodekey(name), value and self.environ.decodevalue(value)
            if value is None:
                self.environ.pop(name, None)
            else:
                self.environ[name] = value
        except Exception:
            pass

    def settle(self):
        """Undo what has no part in the outcome of an import, but would outlive it."""
        self.settrace(None)
        self.setprofile(None)
        sys.modules = _modules
        for name, value in self.hooks.items():
            if getattr(sys, name, None) is not value:
                setattr(sys, name, value)
        if sys.getrecursionlimit() != DEEPEST:
            self.setrecursion(DEEPEST)

    def effects(self, state):
        """What ``state`` has beyond the baseline, in a form that can be added to another; None for nothing."""
        if state == self.base:
            return None
        if state == self.known[0]:
            return self.known[1]
        environment, lists, directory, patches = state
        base = self.base
        variables = {
            name: environment.get(name)
            for name in set(environment) | set(base[0])
            if environment.get(name) != base[0].get(name)
        }
        moves = [_list_changes(before, after) for before, after in zip(base[1], lists)]
        effects = variables, moves, directory if directory != base[2] else _MISSING, patches
        self.known = state, effects
        return effects

    def add(self, effects):
        """Add another import's effects to the present state; adding them twice is adding them once."""
        variables, moves, directory, patches = effects
        for name, value in variables.items():
            self.set_variable(name, value)
        for values, (front, back, gone) in zip((sys.path, sys.meta_path, sys.path_hooks), moves):
            values[:0] = [value for value in front if value not in values]
            values.extend(value for value in back if value not in values)
            for value in gone:
                if value in values:
                    values.remove(value)
        if directory is not _MISSING:
            _enter(directory)
        for (name, key), held in patches.items():
            _put(self.namespaces[name][0], key, held.value)


DEEPEST = 20000


class Held:
    """A value of the application, compared by identity: its own ``==`` is never asked."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value is other.value


def _is_submodule(value, name, key):
    if not issubclass(type(value), _Module):
        return False
    return _Module.__getattribute__(value, "__dict__").get("__name__") == name + "." + str(key)


def _differ(name, space, original):
    try:
        if "__path__" not in original:
            return space != original
        if not original.items() <= space.items():
            return True
    except Exception:  # the ``==`` of a value that was replaced
        return True
    return any(not _is_submodule(space[key], name, key) for key in space.keys() - original.keys())


def _copy(name, space):
    """A shallow copy without submodules, which are bound by their own imports; ``__path__`` may grow in place."""
    if "__path__" not in space:
        return dict(space)
    copy = {key: value for key, value in space.items() if not _is_submodule(value, name, key)}
    if type(copy["__path__"]) is list:
        copy["__path__"] = list(copy["__path__"])
    return copy


def _differences(name, space, original):
    patches = {}
    if space.get("__path__") != original.get("__path__"):
        patches[name, "__path__"] = Held(space.get("__path__"))
    changed = [key for key, value in space.items() if original.get(key, _MISSING) is not value]
    changed += [key for key in original if key not in space]
    for key in changed:
        value = space.get(key, _MISSING)
        if key not in UNTRACKED and not _is_submodule(value, name, key):
            patches[name, key] = Held(value)
    return patches


def _list_changes(before, after):
    """(added before the first known entry, added after it, removed)."""
    first = _first_known(before, after)
    front = [value for value in after[:first] if value not in before]
    back = [value for value in after[first:] if value not in before]
    return front, back, [value for value in before if value not in after]


def _first_known(before, after):
    for index, value in enumerate(after):
        if value in before:
            return index
    return len(after)


def _put(space, key, value):
    if value is _MISSING:
        space.pop(key, None)
    else:
        space[key] = value


def _where():
    try:
        return _getcwd()
    except OSError:
        return None


def _enter(directory):
    try:
        _chdir(directory or "/")
    except OSError:
        pass


def _is_real(module):
    """Whether the import system made it; C code and stand-ins put others into sys.modules, the last one stays."""
    return getattr(module, "__spec__", None) is not None


def _cut(error, handled):
    """Take ``handled`` out of the chain of ``error``: Python adds what was being handled when a body failed."""
    for link in chain(error) if handled is not None else ():
        if link.__context__ is handled:
            link.__context__ = None


def _is_absent(error, name):
    return type(error) is ModuleNotFoundError and error.name == name


class Memo:
    """What importing ``name`` from the baseline did."""

    def __init__(self, name):
        self.name = name
        self.module = None
        self.error = None  # the exception that it raised
        self.links = ()  # the exceptions of its chain, with the attributes that raising it again would change
        self.loaded = {}  # every entry of sys.modules beyond the baseline
        self.late = {}  # bindings of submodules on packages whose own import does not bring them
        self.effects = None
        self.state = None  # at the time of a failure
        self.body_failed = False
        self.failed = frozenset()  # (importer, module) of each body that failed on the way
        self.alike = None  # whether a second import in the same process fails in the same way
        self.depth = 1
        self.pending = None  # the cycle in which it was first imported, not as the entry
        self.lead = []  # where known from simulation: the frames that lead to the failure


class Visit:
    """One import that is being observed, with what it interrupted."""

    def __init__(self, name, outer):
        self.name = name
        self.outer = outer  # (modules, late, state) of the import that asked
        self.executing = False
        self.handled = _exc_info()[1]  # what the asking code is handling: no part of this import
        self.low = None  # the outermost visit whose half-imported module this one has seen
        self.heir = None
        self.doubt = None
        self.failed = set()
        self.depth = 1
        self.inner = 0.0


class Replay:
    """A loader that makes a known module appear; it never touches the module's own attributes."""

    def __init__(self, module):
        self.module = module

    def create_module(self, spec):
        return None

    def exec_module(self, placeholder):
        _modules[placeholder.__name__] = self.module


class Abandon(BaseException):
    """Ends an import that reached a module which ends the process."""


class Memory:
    """The finder that is asked first for every import: it replays what is known and observes what is not."""

    def __init__(self, fatal, patched, observer):
        self.memos = {}
        self.patched = patched | set(WATCHED)
        self.stack = []
        self.late = {}
        self.tentative = []
        self.seen = {}
        self.contested = {}  # names that stood for two objects, and whether one of them was a stand-in
        self.fatal = dict(fatal)
        self.observer = observer
        self.thread = _get_ident()
        sys.meta_path.insert(0, self)
        self.state = State()
        self.base = dict(_modules)

    def find_spec(self, name, path=None, target=None):
        """Part of the finder protocol (importlib.abc.MetaPathFinder); only imports are answered, not questions."""
        if target is not None or _getframe(2).f_code is not _LOADING:
            return None
        memo = self.memos.get(name)
        if _get_ident() != self.thread:
            return self.spec(name, memo.module) if memo and memo.module is not None else None
        handled = _exc_info()[1]
        _release_lock()  # bodies run below: a thread of theirs must be able to import
        try:
            return self.answer(name, memo, handled)
        finally:
            _acquire_lock()

    def answer(self, name, memo, handled):
        if name in self.fatal:
            for visit in self.stack:
                visit.heir = visit.heir or name
            raise Abandon(name)
        if memo is not None:
            return self.replay(memo, handled)
        visit = self.stack[-1] if self.stack else None
        if visit and visit.name == name and not visit.executing:
            visit.executing = True
            return None
        owner = self.owner(name)
        if owner is not None:
            return self.share(name, owner)
        return self.replay(self.observe(name), handled)

    def spec(self, name, module):
        return _bootstrap.ModuleSpec(name, Replay(module))

    def owner(self, name):
        """The place in the stack of the innermost running body to whose import ``name`` belongs."""
        for index in range(len(self.stack) - 1, -1, -1):
            visit = self.stack[index]
            if visit.executing and (visit.name == name or name.startswith(visit.name + ".")):
                return index
        return None

    def share(self, name, owner):
        """A cycle: ``name`` is half imported, or belongs to a package that is. Let it be seen as it is now."""
        if owner == len(self.stack) - 1:
            return None
        for visit in self.stack[owner + 1 :]:
            visit.low = owner if visit.low is None else min(visit.low, owner)
            for key, module in visit.outer[0].items():
                if key != name:
                    _modules.setdefault(key, module)
            self.bind(visit.outer[1])
        for visit in self.stack[:owner:-1]:
            if name in visit.outer[0]:
                return self.spec(name, visit.outer[0][name])
        return None

    # -- contexts

    def bind(self, late):
        for (_, child), (space, module) in late.items():
            space[child] = module
        self.late.update(late)

    def unbind(self):
        for (_, child), (space, module) in self.late.items():
            if space.get(child) is module:
                del space[child]
        self.late = {}

    def suspend(self):
        """Give the process its baseline; returns what it had."""
        outer = dict(_modules), self.late, self.state.take()
        if outer[2] != self.state.base:
            self.state.set(self.state.base)
        self.unbind()
        _modules.clear()
        _modules.update(self.base)
        return outer

    def resume(self, outer, memo):
        """Give the process back what ``suspend`` returned, after the import of ``memo``."""
        if memo.state != outer[2] or memo.error is not None:
            self.state.set(outer[2])
        self.unbind()
        _modules.clear()
        _modules.update(outer[0])
        self.bind(outer[1])

    # -- observing

    def observe(self, name):
        """Import ``name`` on its own, from the baseline; returns its memo."""
        visit = Visit(name, self.suspend())
        self.stack.append(visit)
        self.observer.begin(visit)
        memo = Memo(name)
        try:
            _import(name)
        except BaseException as error:
            memo.error = error
        seconds = _clock() - visit.begun - visit.inner
        self.state.settle()
        if visit.heir:
            self.fatal[name] = "ask"
        self.stack.pop()
        self.record(memo, visit)
        self.observer.imported(visit, memo, seconds)
        self.resume(visit.outer, memo)
        self.file(memo, visit)
        self.observer.end(visit, memo, seconds)
        return memo

    def record(self, memo, visit):
        """Keep in ``memo`` what the process has beyond its baseline."""
        base = self.base
        memo.loaded = loaded = dict(_modules)
        for key, module in base.items():
            if loaded.get(key, _MISSING) is module:
                del loaded[key]
        memo.module = memo.loaded.get(memo.name, base.get(memo.name)) if memo.error is None else None
        memo.late = self.late
        parent, _, child = memo.name.rpartition(".")
        space = getattr(_modules.get(parent), "__dict__", None) if parent else None
        if memo.module is not None and space is not None and space.get(child) is memo.module:
            if memo.name not in self.known(parent):
                memo.late = dict(memo.late)
                memo.late[parent, child] = (space, memo.module)
                self.late = memo.late
        memo.state = self.state.take()
        memo.effects = self.state.effects(memo.state)
        if memo.error is not None:
            _cut(memo.error, visit.handled)
            memo.links = [
                (link, link.__cause__, link.__context__, link.__suppress_context__, link.__traceback__)
                for link in chain(memo.error)
            ]
        if memo.error is not None and visit.executing and not _is_absent(memo.error, memo.name):
            memo.body_failed = True
        memo.failed = frozenset(visit.failed)
        memo.depth = visit.depth
        if not loaded.items() <= self.seen.items():
            self.see(loaded)

    def see(self, loaded):
        """Note the modules that are new, once they are whole, and the names that now stand for two objects."""
        for key, module in loaded.items():
            first = self.seen.get(key, _MISSING)
            if first is _MISSING:
                if self.owner(key) is None:
                    self.seen[key] = module
                    if key.rpartition(".")[2] in self.patched:
                        self.state.watch(key, module)
            elif first is not module and (_is_real(first) or _is_real(module)):
                stand_in = not (_is_real(first) and _is_real(module))
                self.contested[key] = self.contested.get(key) or stand_in

    def known(self, parent):
        """What the import of ``parent`` loads by itself."""
        while parent:
            if parent in self.memos:
                return self.memos[parent].loaded
            if any(visit.name == parent for visit in self.stack):
                return _modules
            parent = parent.rpartition(".")[0]
        return self.base

    def fails_alike(self, memo):
        """Whether a second import in the same process fails with the same words, as most do.

        A process that imports it twice runs its body twice: the first attempt may have left something behind.
        """
        if memo.error is None:
            return True  # it failed half-way through a cycle only
        if memo.alike is None:
            memo.alike = False
            visit = Visit(memo.name, self.suspend())
            visit.begun = _clock()
            self.stack.append(visit)
            kept = self.memos.pop(memo.name)
            words = [(type(memo.error), safe_text(memo.error))]
            for _ in range(2):
                visit.executing = False
                try:
                    _import(memo.name)
                except BaseException as error:
                    words.append((type(error), safe_text(error)))
            self.state.settle()
            self.memos[memo.name] = kept
            self.stack.pop()
            self.resume(visit.outer, memo)
            memo.alike = len(words) == 3 and words[0] == words[1] == words[2]
        return memo.alike

    def file(self, memo, visit):
        """Keep the memo; one that has seen a half-imported module waits until that one is whole."""
        self.memos[memo.name] = memo
        index = len(self.stack)
        if self.stack:
            outer = self.stack[-1]
            outer.depth = max(outer.depth, memo.depth + 1)
            outer.inner += _clock() - visit.begun
            if visit.low is not None and visit.low < index - 1:
                outer.low = visit.low if outer.low is None else min(outer.low, visit.low)
        if visit.low is not None and visit.low < index:
            memo.pending = visit
            self.tentative.append((visit.low, memo))
            return
        members = [member for low, member in self.tentative if low >= index]
        if members:
            self.tentative = [item for item in self.tentative if item[0] < index]
            self.close(memo, members)

    def close(self, root, members):
        """A cycle is whole: what its first entry loaded is what every other entry loads, if it passes."""
        cycle = [root.name] + [member.name for member in members]
        for member in members:
            member.pending = cycle
            if root.error is None and member.error is None:
                member.loaded, member.late, member.effects = root.loaded, root.late, root.effects

    # -- replaying

    def replay(self, memo, handled=None):
        """Do again what importing ``memo.name`` did: a spec that makes it appear, or its error."""
        if type(memo.pending) is list:
            memo = self.observer.resolve(memo)
        visit = self.stack[-1] if self.stack else None
        if visit:
            visit.depth = max(visit.depth, memo.depth + 1)
            if memo.body_failed or not memo.failed <= visit.failed:
                self.attempted(visit, memo)
        if memo.error is None and self.lost_now(memo.name):
            return None
        if memo.error is not None and visit:
            missing = describe(memo.error)[2]
            if missing is not None and self.findable_now(missing, memo):
                return None  # what is being imported has made it findable: import it as part of that
            if missing is None and self.state.take() != memo.state:
                visit.doubt = visit.doubt or "state"
        self.appear(memo, visit)
        if memo.error is None:
            return self.spec(memo.name, memo.module)
        return self.raise_again(memo, handled)

    def attempted(self, visit, memo):
        """Note the bodies that failed while ``memo`` was imported; another importer runs such a body again."""
        known = {name for _, name in visit.failed}
        new = memo.failed - visit.failed
        if memo.body_failed and (visit.name, memo.name) not in visit.failed:
            new |= {(visit.name, memo.name)}
        if not all(self.fails_alike(self.memos[name]) for _, name in new if name in known):
            visit.doubt = "each"
        visit.failed |= new

    def appear(self, memo, visit):
        loaded = memo.loaded
        if self.contested and not loaded.keys().isdisjoint(self.contested):
            for key, module in loaded.items():
                if key != memo.name and _modules.setdefault(key, module) is not module and visit:
                    visit.doubt = "each" if self.contested.get(key) else visit.doubt
        else:
            mine = _modules.get(memo.name, _MISSING)
            _modules.update(loaded)
            if mine is _MISSING:
                _modules.pop(memo.name, None)
        self.bind(memo.late)
        if memo.effects is not None:
            self.state.add(memo.effects)
            if memo.effects[2] is None and visit:
                visit.doubt = "each"  # a working directory that is gone can't be entered again

    def lost_now(self, name):
        """Whether a module that imports from the baseline can't be found where the path has been shortened."""
        base = self.state.base[1][0]
        return (
            sys.path != base
            and any(entry not in sys.path for entry in base)
            and not _findable(name.partition(".")[0])
        )

    def findable_now(self, name, memo):
        """Whether the module ``name``, absent from the baseline, is there in the present context."""
        if name in _modules:
            return True
        return "." not in name and self.state.take() != memo.state and _findable(name)

    def raise_again(self, memo, handled):
        """Raise the error as if the body had run: the same chain, ending in what is being handled now."""
        for link, cause, context, suppress, traceback in memo.links:
            link.__cause__, link.__context__, link.__traceback__ = cause, context, traceback
            link.__suppress_context__ = suppress
        error = memo.error
        context = error.__context__
        try:
            raise error
        except BaseException:
            error.__context__ = context
            known = {id(link[0]) for link in memo.links}
            last = error
            while id(last.__context__) in known:
                known.discard(id(last))
                last = last.__context__
            if handled is not None and id(handled) not in known and last.__context__ is None:
                last.__context__ = handled
            raise
