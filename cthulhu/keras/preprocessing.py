"""`keras.preprocessing`, which is not part of Cthulhu: importing it says so.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary

raise vocabulary.absent(__name__)
