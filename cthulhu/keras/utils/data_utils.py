"""`keras.utils.data_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import GeneratorEnqueuer as GeneratorEnqueuer
from cthulhu.utils import OrderedEnqueuer as OrderedEnqueuer
from cthulhu.utils import Sequence as Sequence
from cthulhu.utils import SequenceEnqueuer as SequenceEnqueuer

__getattr__, __dir__ = vocabulary.face(__name__)
