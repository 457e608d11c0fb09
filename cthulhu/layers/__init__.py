"""All layers, one flat namespace.

What a layer is stands in `base`; the other files hold layers of one subject each.
"""

from cthulhu import vocabulary
from cthulhu.core import registry
from cthulhu.layers.advanced_activations import ELU as ELU
from cthulhu.layers.advanced_activations import LeakyReLU as LeakyReLU
from cthulhu.layers.advanced_activations import PReLU as PReLU
from cthulhu.layers.advanced_activations import ReLU as ReLU
from cthulhu.layers.advanced_activations import Softmax as Softmax
from cthulhu.layers.advanced_activations import ThresholdedReLU as ThresholdedReLU
from cthulhu.layers.attention import AdditiveAttention as AdditiveAttention
from cthulhu.layers.attention import Attention as Attention
from cthulhu.layers.base import Layer as Layer
from cthulhu.layers.cells import GRUCell as GRUCell
from cthulhu.layers.cells import LSTMCell as LSTMCell
from cthulhu.layers.cells import SimpleRNNCell as SimpleRNNCell
from cthulhu.layers.convolutional import Conv1D as Conv1D
from cthulhu.layers.convolutional import Conv2D as Conv2D
from cthulhu.layers.convolutional import Conv3D as Conv3D
from cthulhu.layers.convolutional_recurrent import ConvLSTM1D as ConvLSTM1D
from cthulhu.layers.convolutional_recurrent import ConvLSTM1DCell as ConvLSTM1DCell
from cthulhu.layers.convolutional_recurrent import ConvLSTM2D as ConvLSTM2D
from cthulhu.layers.convolutional_recurrent import ConvLSTM2DCell as ConvLSTM2DCell
from cthulhu.layers.convolutional_recurrent import ConvLSTM3D as ConvLSTM3D
from cthulhu.layers.convolutional_recurrent import ConvLSTM3DCell as ConvLSTM3DCell
from cthulhu.layers.convolutional_recurrent import ConvRNN2D as ConvRNN2D
from cthulhu.layers.core import Activation as Activation
from cthulhu.layers.core import ActivityRegularization as ActivityRegularization
from cthulhu.layers.core import Dense as Dense
from cthulhu.layers.core import Dropout as Dropout
from cthulhu.layers.core import Flatten as Flatten
from cthulhu.layers.core import Lambda as Lambda
from cthulhu.layers.core import Masking as Masking
from cthulhu.layers.core import Permute as Permute
from cthulhu.layers.core import RepeatVector as RepeatVector
from cthulhu.layers.core import Reshape as Reshape
from cthulhu.layers.core import SpatialDropout1D as SpatialDropout1D
from cthulhu.layers.core import SpatialDropout2D as SpatialDropout2D
from cthulhu.layers.core import SpatialDropout3D as SpatialDropout3D
from cthulhu.layers.cudnn_recurrent import CuDNNGRU as CuDNNGRU
from cthulhu.layers.cudnn_recurrent import CuDNNLSTM as CuDNNLSTM
from cthulhu.layers.einsum import EinsumDense as EinsumDense
from cthulhu.layers.elementwise import Identity as Identity
from cthulhu.layers.elementwise import Rescaling as Rescaling
from cthulhu.layers.embeddings import Embedding as Embedding
from cthulhu.layers.historic import Highway as Highway
from cthulhu.layers.historic import MaxoutDense as MaxoutDense
from cthulhu.layers.input import Input as Input
from cthulhu.layers.input import InputLayer as InputLayer
from cthulhu.layers.local import LocallyConnected1D as LocallyConnected1D
from cthulhu.layers.local import LocallyConnected2D as LocallyConnected2D
from cthulhu.layers.merge import Add as Add
from cthulhu.layers.merge import Average as Average
from cthulhu.layers.merge import Concatenate as Concatenate
from cthulhu.layers.merge import Dot as Dot
from cthulhu.layers.merge import Maximum as Maximum
from cthulhu.layers.merge import Minimum as Minimum
from cthulhu.layers.merge import Multiply as Multiply
from cthulhu.layers.merge import Subtract as Subtract
from cthulhu.layers.merge import add as add
from cthulhu.layers.merge import average as average
from cthulhu.layers.merge import concatenate as concatenate
from cthulhu.layers.merge import dot as dot
from cthulhu.layers.merge import maximum as maximum
from cthulhu.layers.merge import minimum as minimum
from cthulhu.layers.merge import multiply as multiply
from cthulhu.layers.merge import subtract as subtract
from cthulhu.layers.multi_head_attention import (
    GroupedQueryAttention as GroupedQueryAttention,
)
from cthulhu.layers.multi_head_attention import MultiHeadAttention as MultiHeadAttention
from cthulhu.layers.noise import AlphaDropout as AlphaDropout
from cthulhu.layers.noise import GaussianDropout as GaussianDropout
from cthulhu.layers.noise import GaussianNoise as GaussianNoise
from cthulhu.layers.normalization import BatchNormalization as BatchNormalization
from cthulhu.layers.pooling import AveragePooling1D as AveragePooling1D
from cthulhu.layers.pooling import AveragePooling2D as AveragePooling2D
from cthulhu.layers.pooling import AveragePooling3D as AveragePooling3D
from cthulhu.layers.pooling import AvgPool1D as AvgPool1D
from cthulhu.layers.pooling import AvgPool2D as AvgPool2D
from cthulhu.layers.pooling import AvgPool3D as AvgPool3D
from cthulhu.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from cthulhu.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from cthulhu.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from cthulhu.layers.pooling import GlobalAvgPool1D as GlobalAvgPool1D
from cthulhu.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from cthulhu.layers.pooling import GlobalAvgPool3D as GlobalAvgPool3D
from cthulhu.layers.pooling import GlobalMaxPool1D as GlobalMaxPool1D
from cthulhu.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from cthulhu.layers.pooling import GlobalMaxPool3D as GlobalMaxPool3D
from cthulhu.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from cthulhu.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from cthulhu.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from cthulhu.layers.pooling import MaxPool1D as MaxPool1D
from cthulhu.layers.pooling import MaxPool2D as MaxPool2D
from cthulhu.layers.pooling import MaxPool3D as MaxPool3D
from cthulhu.layers.pooling import MaxPooling1D as MaxPooling1D
from cthulhu.layers.pooling import MaxPooling2D as MaxPooling2D
from cthulhu.layers.pooling import MaxPooling3D as MaxPooling3D
from cthulhu.layers.positions import RotaryEmbedding as RotaryEmbedding
from cthulhu.layers.positions import SinePositionEncoding as SinePositionEncoding
from cthulhu.layers.recurrent import GRU as GRU
from cthulhu.layers.recurrent import LSTM as LSTM
from cthulhu.layers.recurrent import SimpleRNN as SimpleRNN
from cthulhu.layers.resizing import Cropping1D as Cropping1D
from cthulhu.layers.resizing import Cropping2D as Cropping2D
from cthulhu.layers.resizing import Cropping3D as Cropping3D
from cthulhu.layers.resizing import UpSampling1D as UpSampling1D
from cthulhu.layers.resizing import UpSampling2D as UpSampling2D
from cthulhu.layers.resizing import UpSampling3D as UpSampling3D
from cthulhu.layers.resizing import ZeroPadding1D as ZeroPadding1D
from cthulhu.layers.resizing import ZeroPadding2D as ZeroPadding2D
from cthulhu.layers.resizing import ZeroPadding3D as ZeroPadding3D
from cthulhu.layers.rnn import RNN as RNN
from cthulhu.layers.sample_normalization import GroupNormalization as GroupNormalization
from cthulhu.layers.sample_normalization import (
    InstanceNormalization as InstanceNormalization,
)
from cthulhu.layers.sample_normalization import LayerNormalization as LayerNormalization
from cthulhu.layers.sample_normalization import RMSNormalization as RMSNormalization
from cthulhu.layers.sample_normalization import UnitNormalization as UnitNormalization
from cthulhu.layers.separable import DepthwiseConv1D as DepthwiseConv1D
from cthulhu.layers.separable import DepthwiseConv2D as DepthwiseConv2D
from cthulhu.layers.separable import SeparableConv1D as SeparableConv1D
from cthulhu.layers.separable import SeparableConv2D as SeparableConv2D
from cthulhu.layers.spec import InputSpec as InputSpec
from cthulhu.layers.spectral import SpectralNormalization as SpectralNormalization
from cthulhu.layers.stacked_cells import StackedRNNCells as StackedRNNCells
from cthulhu.layers.transposed import Conv1DTranspose as Conv1DTranspose
from cthulhu.layers.transposed import Conv2DTranspose as Conv2DTranspose
from cthulhu.layers.transposed import Conv3DTranspose as Conv3DTranspose
from cthulhu.layers.wrappers import Bidirectional as Bidirectional
from cthulhu.layers.wrappers import TimeDistributed as TimeDistributed
from cthulhu.layers.wrappers import Wrapper as Wrapper


def serialize(layer):
    """The class and the config of a layer: `{"class_name", "config"}`."""
    return registry.serialize(layer)


def deserialize(config, custom_objects=None):
    """The layer that `serialize` described.

    Args:
        config: `{"class_name": str, "config": dict}`.
        custom_objects: Classes and functions of your own by name.

    Raises:
        ValueError: If the class is unknown; the message has the nearest name.
    """
    return registry.deserialize("layer", config, custom_objects)


def get(identifier):
    """The layer of a name, of a config, or the layer itself.

    Raises:
        ValueError: If the name is unknown; the message has the nearest.
    """
    return registry.get("layer", identifier)


__getattr__, __dir__ = vocabulary.face(__name__)
