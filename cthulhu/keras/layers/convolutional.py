"""`keras.layers.convolutional`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import AveragePooling1D as AveragePooling1D
from cthulhu.layers import AveragePooling1D as AvgPool1D
from cthulhu.layers import AveragePooling2D as AveragePooling2D
from cthulhu.layers import AveragePooling2D as AvgPool2D
from cthulhu.layers import AveragePooling3D as AveragePooling3D
from cthulhu.layers import AveragePooling3D as AvgPool3D
from cthulhu.layers import Conv1D as AtrousConv1D
from cthulhu.layers import Conv1D as AtrousConvolution1D
from cthulhu.layers import Conv1D as Conv1D
from cthulhu.layers import Conv1D as Convolution1D
from cthulhu.layers import Conv2D as AtrousConv2D
from cthulhu.layers import Conv2D as AtrousConvolution2D
from cthulhu.layers import Conv2D as Conv2D
from cthulhu.layers import Conv2D as Convolution2D
from cthulhu.layers import Conv2DTranspose as Conv2DTranspose
from cthulhu.layers import Conv2DTranspose as Deconv2D
from cthulhu.layers import Conv2DTranspose as Deconvolution2D
from cthulhu.layers import Conv3D as Conv3D
from cthulhu.layers import Conv3D as Convolution3D
from cthulhu.layers import Conv3DTranspose as Conv3DTranspose
from cthulhu.layers import Conv3DTranspose as Deconv3D
from cthulhu.layers import Conv3DTranspose as Deconvolution3D
from cthulhu.layers import Cropping1D as Cropping1D
from cthulhu.layers import Cropping2D as Cropping2D
from cthulhu.layers import Cropping3D as Cropping3D
from cthulhu.layers import DepthwiseConv2D as DepthwiseConv2D
from cthulhu.layers import MaxPooling1D as MaxPool1D
from cthulhu.layers import MaxPooling1D as MaxPooling1D
from cthulhu.layers import MaxPooling2D as MaxPool2D
from cthulhu.layers import MaxPooling2D as MaxPooling2D
from cthulhu.layers import MaxPooling3D as MaxPool3D
from cthulhu.layers import MaxPooling3D as MaxPooling3D
from cthulhu.layers import SeparableConv1D as SeparableConv1D
from cthulhu.layers import SeparableConv1D as SeparableConvolution1D
from cthulhu.layers import SeparableConv2D as SeparableConv2D
from cthulhu.layers import SeparableConv2D as SeparableConvolution2D
from cthulhu.layers import UpSampling1D as UpSampling1D
from cthulhu.layers import UpSampling2D as UpSampling2D
from cthulhu.layers import UpSampling3D as UpSampling3D
from cthulhu.layers import ZeroPadding1D as ZeroPadding1D
from cthulhu.layers import ZeroPadding2D as ZeroPadding2D
from cthulhu.layers import ZeroPadding3D as ZeroPadding3D

__getattr__, __dir__ = vocabulary.face(__name__)
