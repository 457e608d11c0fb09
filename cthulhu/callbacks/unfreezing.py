"""StagedUnfreezing: which layers are trained, by epoch.

That a step counts the new state, and keeps the optimizer's, is the model's business.
"""

from collections.abc import Mapping
from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import Callback


class StagedUnfreezing(Callback):
    """Train layers only from some epoch on: gradual unfreezing.

    A layer that is named is frozen before its epoch and trained from it on.  The step
    is compiled anew for each stage; weights that were trained before keep their part of
    the optimizer's state, and metrics go on.  A layer keeps its `trainable` when
    training is over.

    For the weights that come the optimizer's moments are zero while its `iterations`
    go on, so that Adam's first steps with them are up to three times the rate; a small
    rate or a `WarmUp` helps.

    Args:
        stages: Dict from an epoch (from 0) to the layers that are trained from then on:
            a name or a layer, or a list of them.
        verbose: 1 prints what is unfrozen.

    Raises:
        ValueError: for an empty dict, or a layer that is named twice; when training
            begins, for a name that the model does not have.
        TypeError: for what is no dict from whole numbers to layers.

    Example:
        >>> model.add(Dense(8, activation="relu", input_dim=4, name="body"))
        >>> model.add(Dense(2, activation="softmax"))
        >>> model.compile("sgd", "categorical_crossentropy")
        >>> model.fit(x, y, epochs=3, callbacks=[StagedUnfreezing({1: "body"})])

    See: Howard and Ruder, Universal language model fine-tuning for text
    classification, 2018, section 3.3.
    """

    adds_logs = ()

    def __init__(self, stages: Mapping[int, Any], verbose: int = 0):
        who = type(self).__name__
        if not isinstance(stages, Mapping):
            raise TypeError(
                errors.message(
                    f"`stages` of {who} cannot be used",
                    repr(stages),
                    'a dict from epochs to layers, such as {3: "block_2"}',
                )
            )
        if not stages:
            raise ValueError(errors.message(f"`stages` of {who} is empty", "{}"))
        self.verbose = verbose
        self.stages = {
            errors.check_whole("an epoch", epoch, 0, who): (
                list(layers) if isinstance(layers, (list, tuple)) else [layers]
            )
            for epoch, layers in stages.items()
        }
        named = [layer for layers in self.stages.values() for layer in layers]
        for i, layer in enumerate(named):
            if not isinstance(layer, str) and not hasattr(layer, "trainable"):
                raise TypeError(
                    errors.message(
                        f"`stages` of {who} has something in it that is no layer",
                        repr(layer),
                        "names of layers, or layers",
                    )
                )
            if any(layer is other or layer == other for other in named[:i]):
                raise ValueError(
                    errors.message(
                        f"`stages` of {who} names a layer twice", repr(layer)
                    )
                )

    def on_train_begin(self, logs=None):
        self._layers = {
            epoch: [self._layer(layer) for layer in layers]
            for epoch, layers in self.stages.items()
        }

    def _layer(self, layer: Any) -> Any:
        if not isinstance(layer, str):
            return layer
        with errors.within(f"`stages` of {type(self).__name__}"):
            return self.model.get_layer(layer)

    def on_epoch_begin(self, epoch, logs=None):
        changed = []
        for first, layers in sorted(self._layers.items()):
            for layer in layers:
                if layer.trainable != (first <= epoch):
                    layer.trainable = first <= epoch
                    changed.append(layer)
        if not changed:
            return
        self.model.note_trainable()
        come = [layer.name for layer in changed if layer.trainable]
        if come and self.verbose > 0:
            names = ", ".join(f"`{name}`" for name in come)
            print(f"\nStagedUnfreezing trains {names} from here on.")
