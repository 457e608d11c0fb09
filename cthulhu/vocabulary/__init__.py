"""Every word that differs between tongues and generations, as data.

Tables: `skin` (words of a tone, from `words.csv`), `history` (what older Keras said).
Functions that read them: `speak`, and `faces` for modules.  A word is a row here and is
typed nowhere else.
"""

from cthulhu.vocabulary.faces import absent as absent
from cthulhu.vocabulary.faces import face as face
from cthulhu.vocabulary.faces import no_attribute as no_attribute
from cthulhu.vocabulary.faces import public_names as public_names
from cthulhu.vocabulary.speak import aliases as aliases
from cthulhu.vocabulary.speak import canonical as canonical
from cthulhu.vocabulary.speak import gather as gather
from cthulhu.vocabulary.speak import guess as guess
from cthulhu.vocabulary.speak import in_order as in_order
from cthulhu.vocabulary.speak import load_skin as load_skin
from cthulhu.vocabulary.speak import log_key_spellings as log_key_spellings
from cthulhu.vocabulary.speak import metric_key as metric_key
from cthulhu.vocabulary.speak import quirk as quirk
from cthulhu.vocabulary.speak import spellings as spellings
from cthulhu.vocabulary.speak import translate as translate
from cthulhu.vocabulary.speak import wording as wording
