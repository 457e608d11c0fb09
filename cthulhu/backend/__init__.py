"""K: Keras's backend functions on arrays, variables and symbols, in one namespace.

    from cthulhu import backend as K

Files: `tensor` makes, reads and shapes tensors, `math` computes with them, `random`
draws, `nn` has what networks add, `normalization` scales, `conv` convolves, `pooling`
sums windows up, `recurrence` loops, `attention` means weighted by scores, `ctc` labels
without places in time, `graph` placeholders, functions and gradients.
"""

from cthulhu import core as _core  # noqa: F401 - first: it loads JAX
from cthulhu import vocabulary
from cthulhu.backend.attention import attend as attend
from cthulhu.backend.attention import attention_weights as attention_weights
from cthulhu.backend.attention import dot_product_attention as dot_product_attention
from cthulhu.backend.conv import conv1d as conv1d
from cthulhu.backend.conv import conv1d_transpose as conv1d_transpose
from cthulhu.backend.conv import conv2d as conv2d
from cthulhu.backend.conv import conv2d_transpose as conv2d_transpose
from cthulhu.backend.conv import conv3d as conv3d
from cthulhu.backend.conv import conv3d_transpose as conv3d_transpose
from cthulhu.backend.conv import depthwise_conv1d as depthwise_conv1d
from cthulhu.backend.conv import depthwise_conv2d as depthwise_conv2d
from cthulhu.backend.conv import local_conv1d as local_conv1d
from cthulhu.backend.conv import local_conv2d as local_conv2d
from cthulhu.backend.conv import separable_conv1d as separable_conv1d
from cthulhu.backend.conv import separable_conv2d as separable_conv2d
from cthulhu.backend.ctc import ctc_batch_cost as ctc_batch_cost
from cthulhu.backend.ctc import ctc_decode as ctc_decode
from cthulhu.backend.graph import clear_session as clear_session
from cthulhu.backend.graph import control_dependencies as control_dependencies
from cthulhu.backend.graph import eager as eager
from cthulhu.backend.graph import eval as eval
from cthulhu.backend.graph import function as function
from cthulhu.backend.graph import get_graph as get_graph
from cthulhu.backend.graph import get_session as get_session
from cthulhu.backend.graph import get_uid as get_uid
from cthulhu.backend.graph import gradients as gradients
from cthulhu.backend.graph import is_placeholder as is_placeholder
from cthulhu.backend.graph import (
    manual_variable_initialization as manual_variable_initialization,
)
from cthulhu.backend.graph import name_scope as name_scope
from cthulhu.backend.graph import placeholder as placeholder
from cthulhu.backend.graph import print_tensor as print_tensor
from cthulhu.backend.graph import reset_uids as reset_uids
from cthulhu.backend.graph import set_session as set_session
from cthulhu.backend.graph import symbolic as symbolic
from cthulhu.backend.graph import (
    v1_variable_initialization as v1_variable_initialization,
)
from cthulhu.backend.math import abs as abs
from cthulhu.backend.math import all as all
from cthulhu.backend.math import any as any
from cthulhu.backend.math import argmax as argmax
from cthulhu.backend.math import argmin as argmin
from cthulhu.backend.math import batch_dot as batch_dot
from cthulhu.backend.math import clip as clip
from cthulhu.backend.math import cos as cos
from cthulhu.backend.math import cumprod as cumprod
from cthulhu.backend.math import cumsum as cumsum
from cthulhu.backend.math import dot as dot
from cthulhu.backend.math import einsum as einsum
from cthulhu.backend.math import equal as equal
from cthulhu.backend.math import erf as erf
from cthulhu.backend.math import exp as exp
from cthulhu.backend.math import greater as greater
from cthulhu.backend.math import greater_equal as greater_equal
from cthulhu.backend.math import less as less
from cthulhu.backend.math import less_equal as less_equal
from cthulhu.backend.math import log as log
from cthulhu.backend.math import logsumexp as logsumexp
from cthulhu.backend.math import max as max
from cthulhu.backend.math import maximum as maximum
from cthulhu.backend.math import mean as mean
from cthulhu.backend.math import min as min
from cthulhu.backend.math import minimum as minimum
from cthulhu.backend.math import not_equal as not_equal
from cthulhu.backend.math import pow as pow
from cthulhu.backend.math import prod as prod
from cthulhu.backend.math import round as round
from cthulhu.backend.math import sign as sign
from cthulhu.backend.math import sin as sin
from cthulhu.backend.math import sqrt as sqrt
from cthulhu.backend.math import square as square
from cthulhu.backend.math import std as std
from cthulhu.backend.math import sum as sum
from cthulhu.backend.math import var as var
from cthulhu.backend.nn import bias_add as bias_add
from cthulhu.backend.nn import binary_crossentropy as binary_crossentropy
from cthulhu.backend.nn import categorical_crossentropy as categorical_crossentropy
from cthulhu.backend.nn import elu as elu
from cthulhu.backend.nn import forget_learning_phase as forget_learning_phase
from cthulhu.backend.nn import hard_sigmoid as hard_sigmoid
from cthulhu.backend.nn import in_test_phase as in_test_phase
from cthulhu.backend.nn import in_top_k as in_top_k
from cthulhu.backend.nn import in_train_phase as in_train_phase
from cthulhu.backend.nn import l2_normalize as l2_normalize
from cthulhu.backend.nn import learning_phase as learning_phase
from cthulhu.backend.nn import learning_phase_scope as learning_phase_scope
from cthulhu.backend.nn import relu as relu
from cthulhu.backend.nn import set_learning_phase as set_learning_phase
from cthulhu.backend.nn import sigmoid as sigmoid
from cthulhu.backend.nn import softmax as softmax
from cthulhu.backend.nn import softplus as softplus
from cthulhu.backend.nn import softsign as softsign
from cthulhu.backend.nn import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from cthulhu.backend.nn import stop_gradient as stop_gradient
from cthulhu.backend.nn import switch as switch
from cthulhu.backend.nn import tanh as tanh
from cthulhu.backend.normalization import batch_normalization as batch_normalization
from cthulhu.backend.normalization import (
    normalize_batch_in_training as normalize_batch_in_training,
)
from cthulhu.backend.normalization import scale_and_shift as scale_and_shift
from cthulhu.backend.normalization import standardize as standardize
from cthulhu.backend.pooling import pool2d as pool2d
from cthulhu.backend.pooling import pool3d as pool3d
from cthulhu.backend.random import dropout as dropout
from cthulhu.backend.random import random_binomial as random_binomial
from cthulhu.backend.random import random_bits as random_bits
from cthulhu.backend.random import random_mask as random_mask
from cthulhu.backend.random import random_normal as random_normal
from cthulhu.backend.random import random_normal_variable as random_normal_variable
from cthulhu.backend.random import random_uniform as random_uniform
from cthulhu.backend.random import random_uniform_variable as random_uniform_variable
from cthulhu.backend.random import truncated_normal as truncated_normal
from cthulhu.backend.random import unit_uniform as unit_uniform
from cthulhu.backend.recurrence import foldl as foldl
from cthulhu.backend.recurrence import foldr as foldr
from cthulhu.backend.recurrence import map_fn as map_fn
from cthulhu.backend.recurrence import rnn as rnn
from cthulhu.backend.recurrent_products import rnn_of_products as rnn_of_products
from cthulhu.backend.tensor import Update as Update
from cthulhu.backend.tensor import arange as arange
from cthulhu.backend.tensor import as_array as as_array
from cthulhu.backend.tensor import backend as backend
from cthulhu.backend.tensor import batch_flatten as batch_flatten
from cthulhu.backend.tensor import batch_get_value as batch_get_value
from cthulhu.backend.tensor import batch_set_value as batch_set_value
from cthulhu.backend.tensor import broadcast_to as broadcast_to
from cthulhu.backend.tensor import cast as cast
from cthulhu.backend.tensor import cast_to_floatx as cast_to_floatx
from cthulhu.backend.tensor import concatenate as concatenate
from cthulhu.backend.tensor import constant as constant
from cthulhu.backend.tensor import count_params as count_params
from cthulhu.backend.tensor import dtype as dtype
from cthulhu.backend.tensor import epsilon as epsilon
from cthulhu.backend.tensor import expand_dims as expand_dims
from cthulhu.backend.tensor import eye as eye
from cthulhu.backend.tensor import flatten as flatten
from cthulhu.backend.tensor import floatx as floatx
from cthulhu.backend.tensor import gather as gather
from cthulhu.backend.tensor import get_value as get_value
from cthulhu.backend.tensor import get_variable_shape as get_variable_shape
from cthulhu.backend.tensor import identity as identity
from cthulhu.backend.tensor import image_data_format as image_data_format
from cthulhu.backend.tensor import image_dim_ordering as image_dim_ordering
from cthulhu.backend.tensor import int_shape as int_shape
from cthulhu.backend.tensor import is_keras_tensor as is_keras_tensor
from cthulhu.backend.tensor import is_sparse as is_sparse
from cthulhu.backend.tensor import is_tensor as is_tensor
from cthulhu.backend.tensor import is_variable as is_variable
from cthulhu.backend.tensor import moving_average_update as moving_average_update
from cthulhu.backend.tensor import ndim as ndim
from cthulhu.backend.tensor import normalize_data_format as normalize_data_format
from cthulhu.backend.tensor import one_hot as one_hot
from cthulhu.backend.tensor import ones as ones
from cthulhu.backend.tensor import ones_like as ones_like
from cthulhu.backend.tensor import permute_dimensions as permute_dimensions
from cthulhu.backend.tensor import py_all as py_all
from cthulhu.backend.tensor import py_any as py_any
from cthulhu.backend.tensor import py_slice as py_slice
from cthulhu.backend.tensor import py_sum as py_sum
from cthulhu.backend.tensor import repeat as repeat
from cthulhu.backend.tensor import repeat_elements as repeat_elements
from cthulhu.backend.tensor import reshape as reshape
from cthulhu.backend.tensor import resize_images as resize_images
from cthulhu.backend.tensor import resize_volumes as resize_volumes
from cthulhu.backend.tensor import reverse as reverse
from cthulhu.backend.tensor import set_epsilon as set_epsilon
from cthulhu.backend.tensor import set_floatx as set_floatx
from cthulhu.backend.tensor import set_image_data_format as set_image_data_format
from cthulhu.backend.tensor import set_image_dim_ordering as set_image_dim_ordering
from cthulhu.backend.tensor import set_value as set_value
from cthulhu.backend.tensor import shape as shape
from cthulhu.backend.tensor import size as size
from cthulhu.backend.tensor import slice as slice
from cthulhu.backend.tensor import spatial_2d_padding as spatial_2d_padding
from cthulhu.backend.tensor import spatial_3d_padding as spatial_3d_padding
from cthulhu.backend.tensor import split as split
from cthulhu.backend.tensor import squeeze as squeeze
from cthulhu.backend.tensor import stack as stack
from cthulhu.backend.tensor import temporal_padding as temporal_padding
from cthulhu.backend.tensor import tile as tile
from cthulhu.backend.tensor import to_dense as to_dense
from cthulhu.backend.tensor import transpose as transpose
from cthulhu.backend.tensor import update as update
from cthulhu.backend.tensor import update_add as update_add
from cthulhu.backend.tensor import update_sub as update_sub
from cthulhu.backend.tensor import variable as variable
from cthulhu.backend.tensor import zeros as zeros
from cthulhu.backend.tensor import zeros_like as zeros_like
from cthulhu.core import is_symbolic as is_symbolic

__getattr__, __dir__ = vocabulary.face(__name__)
