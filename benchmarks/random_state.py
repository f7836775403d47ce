"""State that modules of a random application leave for one another, with who sets, needs and refuses it."""

from __future__ import annotations

HOLDER = """\
import contextvars, functools, itertools, os, threading
EARLY = LATE = 1
registry = {}
items = []
names = set()
flags = [None] * 5
counter = itertools.count()
current = contextvars.ContextVar('current')
local = threading.local()
class Config:
    pass
class Early:
    value = 1
Late = Early
class Model:
    known = {}
    def __init_subclass__(cls, **options):
        if cls.__name__ in Model.known:
            raise TypeError('declared twice: ' + cls.__name__)
        Model.known[cls.__name__] = cls
class Registered(type):
    classes = []
    def __init__(cls, name, bases, space):
        Registered.classes.append(name)
class Base(metaclass=Registered):
    pass
config = Config()
@functools.lru_cache
def settings(name):
    return os.environ.get(name)
@functools.lru_cache
def required(name):
    return os.environ[name]
ready = False
def setup():
    global ready
    ready = True
def early(function=None):
    return function
late = load = early
def __getattr__(name):
    if name.startswith('lazy_') and name in registry:
        return registry[name]
    raise AttributeError(name)
"""


def snippets(text: str) -> tuple[str, ...]:
    """The snippets that lines of three dashes separate."""
    return tuple(text.strip("\n").split("\n---\n"))


# A group for each kind of state.
STATE = tuple(
    snippets(group)
    for group in """
from {top}.state import registry
registry['k{number}'] = 1
---
from {top}.state import registry
registry['k{number}']
---
from {top}.state import registry
if 'k{number}' in registry:
    raise ValueError('twice: k{number}')
registry['k{number}'] = 1
---
from {top}.state import registry
registry['lazy_{number}'] = 1
---
from {top}.state import lazy_{number}
======
from {top}.state import items
items.append({number})
---
from {top}.state import items
assert items.count({number}) < 2
---
from {top}.state import items
items[{number}]
======
from {top} import state
state.names.add({number})
---
from {top} import state
state.names.remove({number})
---
from {top} import state
assert {number} not in state.names
======
import {top}.state
{top}.state.late_{number} = 1
---
from {top}.state import late_{number}
---
import {top}.state
{top}.state.late_{number}
---
import {top}.state
assert not hasattr({top}.state, 'late_{number}')
======
import {target}
{target}.set_outside_{number} = 1
---
from {target} import set_outside_{number}
---
import {target}, {other}
{other}.set_outside_{number} = {target}.set_outside_{number}
======
from {top}.state import config
config.value_{number} = 1
---
from {top}.state import config
config.value_{number}
---
from {top}.state import Config
Config.value_{number} = 1
---
from {top}.state import Config
assert not hasattr(Config, 'value_{number}')
======
import os
os.environ['SHOP_{number}'] = '1'
---
import os
os.environ['SHOP_{number}']
---
import os
from {top}.state import settings
assert settings('SHOP_{number}')
---
from {top}.state import settings
settings('SHOP_{number}')
---
from {top}.state import required
required('SHOP_{number}')
---
import os
from {top}.state import required
os.environ['SHOP_{number}'] = '1'
required('SHOP_{number}')
======
from {top}.state import setup
setup()
---
from {top} import state
if not state.ready:
    raise RuntimeError('not configured')
---
from {top} import state
assert not state.ready
---
from {top}.state import ready
assert ready
======
from {top}.state import Model
class Model{number}(Model):
    pass
---
from {top}.state import Model
Model.known['Model{number}']
---
from {top}.state import Base, Registered
class Plug{number}(Base):
    pass
assert Registered.classes.count('Plug{number}') == 1
---
from {top}.state import Base
assert not Base.__subclasses__()
======
from {top}.state import current
current.set({number})
---
from {top}.state import current
current.get()
---
from {top}.state import local
local.value = {number}
---
from {top}.state import local
local.value
======
from {top}.state import flags
flags[{number}] = True
---
from {top}.state import flags
assert flags[{number}]
---
from {top}.state import counter
assert next(counter) < 2
======
import sys, types
sys.modules['alias_{number}'] = types.ModuleType('alias_{number}')
---
import alias_{number}
---
import sys
import {target}
del sys.modules['{target}']
import {target}
---
import sys, {target}
sys.modules['alias_{number}'] = {target}
---
import sys
sys.modules['absent_{number}'] = None
======
import warnings
warnings.simplefilter('error', DeprecationWarning)
---
import warnings
warnings.filterwarnings('error', 'old {number}')
---
import warnings
warnings.warn('old {number}', DeprecationWarning)
---
import warnings
warnings.resetwarnings()
======
import builtins
builtins.tr_{number} = str
---
tr_{number}('x')
---
import json
json.loads_{number} = json.loads
---
import json
json.loads_{number}('1')
---
from json import loads_{number}
======
import logging
logging.getLogger('shop.{number}').addHandler(logging.NullHandler())
---
import logging
assert logging.getLogger('shop.{number}').handlers
---
import logging
logging.addLevelName(3{number}, 'SHOP{number}')
---
import logging
logging.getLogger().setLevel('SHOP{number}')
---
import logging
logging.setLoggerClass(type('Logger{number}', (logging.Logger,), {{}}))
---
import logging
assert type(logging.getLogger('of.{number}')) is logging.Logger
======
import codecs
codecs.register(lambda name: codecs.lookup('utf-8') if name == 'shop{number}' else None)
---
'x'.encode('shop{number}')
---
import signal
signal.signal(signal.SIGUSR1, lambda *_: None)
---
import signal
assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
---
import socket
socket.setdefaulttimeout({number} + 1)
---
import socket
assert socket.getdefaulttimeout() is None
---
import decimal
decimal.getcontext().prec = 3
---
import decimal
assert decimal.getcontext().prec > 3
======
import sys
sys.shop_{number} = 1
---
import sys
sys.shop_{number}
---
import sys
sys.path.append('/nowhere/{number}')
---
import sys
assert '/nowhere/{number}' not in sys.path
---
import sys
sys.setrecursionlimit(2000)
---
import sys
assert sys.getrecursionlimit() == 1000
======
import mimetypes
mimetypes.add_type('shop/{number}', '.shop{number}')
---
import mimetypes
assert mimetypes.guess_type('a.shop{number}')[0]
---
import abc, {target}
if not isinstance(1, {target}.Early):
    pass
---
import copyreg, {target}
copyreg.pickle({target}.Early, repr)
---
import copyreg, {target}
assert {target}.Early not in copyreg.dispatch_table
""".strip("\n").split("\n======\n")
)
