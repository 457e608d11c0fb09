"""Summaries: numbers, histograms, pictures, texts and hyper-parameters as messages.

Each function gives a `Summary.Value` with the metadata of the plugin that shows it.
Writing them is `events`' business.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def histogram(tag: str, rows: np.ndarray) -> Any:
    """A histogram from its bars: left edge, right edge and count, shape (bars, 3)."""
    from tensorboard.plugins.histogram import metadata
    from tensorboard.util import tensor_util

    return _value(
        tag,
        metadata.create_summary_metadata(None, None),
        tensor_util.make_tensor_proto(rows, dtype=np.float64),
    )


def images(
    tag: str, size: tuple[int, int], pngs: Sequence[bytes], note: str | None = None
) -> Any:
    """Pictures of one size (width, height), each encoded as PNG."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.plugins.image import metadata

    words = [str(number).encode() for number in size] + list(pngs)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(words))])
    return _value(
        tag,
        metadata.create_summary_metadata(None, note),
        TensorProto(dtype=DT_STRING, tensor_shape=shape, string_val=words),
    )


def text(tag: str, markdown: str) -> Any:
    """A text in Markdown."""
    from tensorboard.plugins.text.summary_v2 import text_pb

    return text_pb(tag, markdown).value[0]


def session_start(hparams: Mapping[str, bool | float | str]) -> Any:
    """The hyper-parameters that a run is made with."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    return hparams_pb(dict(hparams)).value[0]


def session_end(well: bool) -> Any:
    """A run ended, well or by an exception."""
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    content = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    return _value(
        metadata.SESSION_END_INFO_TAG,
        metadata.create_summary_metadata(content),
        metadata.NULL_TENSOR,
    )


def _value(tag: str, metadata: Any, tensor: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary.Value(tag=tag, metadata=metadata, tensor=tensor)
