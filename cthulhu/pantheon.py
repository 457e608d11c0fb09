"""The face in Cthulhu's words: models.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary

__getattr__, __dir__ = vocabulary.face(__name__)
