"""Compiled: what `compile` was told, and the compiled steps that follow from it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from typing import Any

from cthulhu import backend as K
from cthulhu import errors, losses, metrics, optimizers, vocabulary
from cthulhu.core import Variable, is_symbolic
from cthulhu.training.arguments import speaks_old
from cthulhu.training.spec import Spec
from cthulhu.training.step import Program

PROGRAMS_KEPT = 4  # for each mode, while the weights are the same


class Compiled:
    """Something with variables and a call, and how it is to be trained.

    What it is mixed into gives `run(inputs, masks, kwargs)`, `weights`,
    `trainable_weights`, `penalties`, `built`, `output_names`, `output_shapes` and
    `layers_below()`.
    """

    name: str
    built: bool
    weights: list[Variable]
    trainable_weights: list[Variable]
    output_names: list[str]
    output_shapes: list[Any]
    layers_below: Callable[[], Any]

    optimizer: Any = None
    _compile_arguments: dict[str, Any] | None = None
    _spec_cache: Spec | None = None
    _frozen: Collection[Any] = ()
    _trained: list[Variable] | None = None

    @speaks_old
    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        metrics=None,
        loss_weights=None,
        sample_weight_mode=None,
        weighted_metrics=None,
        target_tensors=None,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: Name, config, `Optimizer`, or `optax.GradientTransformation`.
            loss: Name, function or `Loss` for all outputs, a list of them, or a dict by
                output name; None where only `add_loss` counts.
            metrics: List of names, functions and `Metric`s for all outputs, a list of
                lists, or a dict by output name.
            loss_weights: Factors of the losses of outputs, a list or a dict by name.
            sample_weight_mode: `"temporal"` for sample weights per time step; one for
                all outputs, a list, or a dict by name.
            weighted_metrics: Like `metrics`, computed with sample and class weights.
            target_tensors: Not available: targets are always data here.

        Raises:
            ValueError: An unknown optimizer, loss, metric or output name.
        """
        if target_tensors is not None:
            raise ValueError(
                errors.message(
                    "`target_tensors` cannot be used: there are no tensors that hold "
                    "data",
                    fix="Give the targets to `fit(x, y)`",
                )
            )
        self.optimizer = optimizers.get(optimizer)
        self._compile_arguments = {
            "optimizer": self.optimizer,
            "loss": loss,
            "metrics": metrics,
            "loss_weights": loss_weights,
            "sample_weight_mode": sample_weight_mode,
            "weighted_metrics": weighted_metrics,
        }
        self.loss = loss
        self.loss_weights = loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._check_names_of(loss, losses.get)
        for given in (metrics, weighted_metrics):
            self._check_names_of(given, _metric_known)
        self._spec_cache = None
        self._programs: dict[str, list[Program]] = {}
        self._note_frozen()
        if self._trained and self.optimizer.weights:
            self.optimizer.build(self._trained, fresh=True)  # its counter goes on
        if self.built:
            self._spec  # noqa: B018  (wrong names and lengths are met here)

    def _check_names_of(self, given: Any, check: Callable[[Any], Any]) -> None:
        if isinstance(given, dict) and "class_name" not in given:
            given = list(given.values())
        if isinstance(given, (list, tuple)):
            for one in given:
                self._check_names_of(one, check)
        elif given is not None:
            check(given)

    def _note_frozen(self) -> None:
        # `trainable` counts as of now, whatever happens to it until the next `compile`
        # A set: layers in a list would become layers of the model.
        self._frozen = set(_frozen_below(self))
        self._trained = list(self.trainable_weights) if self.built else None

    def note_trainable(self) -> None:
        """Let `trainable` count as it is now, as `compile` would, and keep all else.

        Weights that were trained before keep their part of the optimizer's state, and
        metrics what they have seen.  A running `fit` trains what is trainable from its
        next epoch on.

        Raises:
            RuntimeError: The model is not compiled.

        Example:
            >>> model.layers[0].trainable = False
            >>> model.note_trainable()
        """
        self._need_compiled()
        before = self._trained
        self._note_frozen()
        if before and self._trained and self.optimizer.weights:
            self.optimizer.build(before)
            self.optimizer.rebuild(self._trained)

    @property
    def _collected_trainable_weights(self) -> list[Variable]:
        if self._trained is None:
            frozen = set(map(id, self._frozen))
            shut = {
                id(w)
                for layer in self.layers_below()
                if id(layer) in frozen
                for w in layer.weights
            }
            self._trained = [w for w in self.trainable_weights if id(w) not in shut]
        return self._trained

    def _make_train_function(self) -> None:
        """Nothing to do: a step is compiled when data come.  Kept for old scripts."""
        self._need_compiled()

    _make_test_function = _make_train_function

    def _make_predict_function(self) -> None:
        """Nothing to do: a step is compiled when data come.  Kept for old scripts."""

    @property
    def _compile_metrics(self) -> Any:
        return (self._compile_arguments or {}).get("metrics") or []

    @property
    def _is_compiled(self) -> bool:
        return self._compile_arguments is not None

    def _need_compiled(self) -> None:
        if not self._is_compiled:
            raise errors.NotReady(
                errors.message(
                    f"`{self.name}` must be compiled before training or testing",
                    fix="Call `compile(optimizer, loss)` on the model first",
                )
            )

    @property
    def _spec(self) -> Spec:
        if self._spec_cache is None:
            self._need_compiled()
            given = dict(self._compile_arguments or {})
            given.pop("optimizer")
            self._spec_cache = Spec(self.output_names, self.output_shapes, **given)
        return self._spec_cache

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns: the loss first.

        Raises:
            RuntimeError: The model is not compiled.
        """
        if not self._is_compiled:
            return ["loss"]
        if not self.built:
            return ["loss"]
        return self._spec.names(self._layer_metrics())

    @property
    def metrics(self) -> list[Any]:
        """All metrics: those of `compile`, then those that layers report."""
        own = []
        if self._is_compiled and self.built:
            own = [*self._spec.mean_losses, *self._spec.compiled_metrics]
        return own + self._layer_metrics()

    def _layer_metrics(self) -> list[Any]:
        return [m for layer in self.layers_below() for m in layer._metrics]

    @property
    def loss_functions(self) -> list[Any]:
        """The loss of each output that has one."""
        return [output.loss for output in self._spec.trained]

    def reset_metrics(self) -> None:
        """Set all metrics back to where they begin."""
        for metric in self.metrics:
            metric.reset_states()

    # Programs

    def _program(self, mode: str) -> Program:
        """The compiled steps for a mode; made anew when weights came or went.

        A few are kept, so that a callback that changes the step and changes it back
        does not have it compiled twice.
        """
        programs = self.__dict__.setdefault("_programs", {}).setdefault(mode, [])
        phase = K.learning_phase()
        fixed = None if is_symbolic(phase) else bool(phase)
        weights = tuple(map(id, self.weights))
        identity: tuple[Any, ...] = (weights, fixed)
        trained: list[Variable] = []
        if mode == "train":
            trained = self._collected_trainable_weights
            identity = (*identity, tuple(map(id, trained)), frozenset(self._frozen))
            if hasattr(self.optimizer, "structure"):
                self.optimizer.build(trained)
                identity = (*identity, *self.optimizer.structure(trained))
        for found in programs:
            if found.identity == identity:
                if found is not programs[0]:
                    programs.remove(found)
                    programs.insert(0, found)
                return found
        if mode == "predict":
            program = Program(self, None, mode)
        elif mode == "test":
            program = Program(self, self._spec, mode, extra_metrics=self._layer_metrics)
        else:
            self._check_trained(trained)
            self.optimizer.build(trained)
            program = Program(
                self,
                self._spec,
                mode,
                self.optimizer,
                trained,
                self._frozen,
                self._layer_metrics,
            )
        program.identity = identity
        if fixed is not None:
            program.training = fixed
        kept = [p for p in programs if p.identity[0] == weights]
        programs[:] = [program, *kept[: PROGRAMS_KEPT - 1]]
        return program

    def _check_trained(self, trained: list[Variable]) -> None:
        if len(trained) != len(self.trainable_weights):
            warnings.warn(
                "Discrepancy between trainable weights and collected trainable "
                "weights, did you set `model.trainable` without calling "
                "`model.compile` after?",
                UserWarning,
                stacklevel=2,
            )


def _frozen_below(layer: Any, frozen: bool = False) -> list[Any]:
    """Layers that are not trainable, and all inside them."""
    frozen = frozen or not layer.trainable
    below = [one for inner in layer._layers for one in _frozen_below(inner, frozen)]
    return [layer, *below] if frozen else below


def _metric_known(identifier: Any) -> None:
    short = ("accuracy", "crossentropy", "acc", "ce")  # what they mean is seen later
    if not isinstance(identifier, str) or identifier in short:
        return
    try:
        metrics.get(identifier)
    except errors.UnknownName:
        nearest = vocabulary.guess(identifier, short[:2])
        if nearest is None:
            raise
        raise errors.unknown_name("metric", identifier, [nearest]) from None
