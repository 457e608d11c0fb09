"""The ground that layers, models and the loop stand on: variables, scopes, graphs."""

from cthulhu.core import (
    allocator,
    collector,  # noqa: F401 - first: it loads JAX
)
from cthulhu.core import naming as naming
from cthulhu.core import registry as registry
from cthulhu.core.compilation import jit as jit
from cthulhu.core.configurable import Configurable as Configurable
from cthulhu.core.configurable import check_names as check_names
from cthulhu.core.graph import LEARNING_PHASE as LEARNING_PHASE
from cthulhu.core.graph import Node as Node
from cthulhu.core.graph import Symbol as Symbol
from cthulhu.core.graph import any_symbolic as any_symbolic
from cthulhu.core.graph import depends as depends
from cthulhu.core.graph import evaluate as evaluate
from cthulhu.core.graph import infer as infer
from cthulhu.core.graph import is_symbolic as is_symbolic
from cthulhu.core.graph import needed as needed
from cthulhu.core.graph import op as op
from cthulhu.core.graph import replay as replay
from cthulhu.core.later import Later as Later
from cthulhu.core.later import is_a as is_a
from cthulhu.core.scope import Scope as Scope
from cthulhu.core.scope import current_scope as current_scope
from cthulhu.core.scope import draw_seed as draw_seed
from cthulhu.core.scope import inside_scope as inside_scope
from cthulhu.core.scope import make_key as make_key
from cthulhu.core.variable import Variable as Variable

allocator.keep_freed_memory()  # now: threads of JAX take the memory that they find
