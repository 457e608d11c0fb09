"""`keras.layers.pooling`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import AveragePooling1D as AveragePooling1D
from cthulhu.layers import AveragePooling1D as AvgPool1D
from cthulhu.layers import AveragePooling2D as AveragePooling2D
from cthulhu.layers import AveragePooling2D as AvgPool2D
from cthulhu.layers import AveragePooling3D as AveragePooling3D
from cthulhu.layers import AveragePooling3D as AvgPool3D
from cthulhu.layers import GlobalAveragePooling1D as GlobalAveragePooling1D
from cthulhu.layers import GlobalAveragePooling1D as GlobalAvgPool1D
from cthulhu.layers import GlobalAveragePooling2D as GlobalAveragePooling2D
from cthulhu.layers import GlobalAveragePooling2D as GlobalAvgPool2D
from cthulhu.layers import GlobalAveragePooling3D as GlobalAveragePooling3D
from cthulhu.layers import GlobalAveragePooling3D as GlobalAvgPool3D
from cthulhu.layers import GlobalMaxPooling1D as GlobalMaxPool1D
from cthulhu.layers import GlobalMaxPooling1D as GlobalMaxPooling1D
from cthulhu.layers import GlobalMaxPooling2D as GlobalMaxPool2D
from cthulhu.layers import GlobalMaxPooling2D as GlobalMaxPooling2D
from cthulhu.layers import GlobalMaxPooling3D as GlobalMaxPool3D
from cthulhu.layers import GlobalMaxPooling3D as GlobalMaxPooling3D
from cthulhu.layers import MaxPooling1D as MaxPool1D
from cthulhu.layers import MaxPooling1D as MaxPooling1D
from cthulhu.layers import MaxPooling2D as MaxPool2D
from cthulhu.layers import MaxPooling2D as MaxPooling2D
from cthulhu.layers import MaxPooling3D as MaxPool3D
from cthulhu.layers import MaxPooling3D as MaxPooling3D

__getattr__, __dir__ = vocabulary.face(__name__)
