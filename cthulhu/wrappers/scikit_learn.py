"""Models as estimators of scikit-learn: for its pipelines, scores and searches.

What an estimator is asked is translated into calls of a `Sequential`; training is the
model's own.  scikit-learn itself is only needed by those who use its side.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cthulhu import errors, losses, vocabulary
from cthulhu.core import check_names
from cthulhu.data import to_categorical
from cthulhu.models import Model, Sequential

# Methods of the model whose arguments may be given to the estimator.
METHODS = ("fit", "predict", "predict_classes", "evaluate")


@vocabulary.aliases
class BaseWrapper:
    """An estimator that makes a model with `build_fn` each time it is fitted.

    Args:
        build_fn: Function, or object with `__call__`, that returns a compiled model;
            None where a subclass defines `__call__` itself.
        **sk_params: Arguments of `build_fn`, and of the model's `fit`, `predict`,
            `predict_classes` and `evaluate`; what `fit` and the others are given
            directly goes before these.

    Attributes:
        model: The model of the last `fit`.

    Raises:
        ValueError: An argument that none of them takes.
    """

    kind = ""  # what scikit-learn calls such an estimator

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any):
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    @property
    def _builder(self) -> Callable[..., Any]:
        if self.build_fn is None:
            if not callable(self):
                raise TypeError(
                    errors.message(
                        f"{type(self).__name__} has nothing that makes a model",
                        "build_fn=None",
                        "a function that returns a compiled model",
                        "Give `build_fn`, or define `__call__` in a subclass",
                    )
                )
            return self.__call__  # type: ignore[operator]
        if isinstance(self.build_fn, Model) or not callable(self.build_fn):
            raise TypeError(
                errors.message(
                    f"{type(self).__name__} makes its models itself, at each `fit`",
                    f"`build_fn={self.build_fn!r}` of type "
                    f"{type(self.build_fn).__name__}",
                    "a function that returns a compiled model",
                    "Put what makes and compiles the model into a function, and give "
                    "that, not what it returns",
                )
            )
        if inspect.isroutine(self.build_fn):
            return self.build_fn
        return self.build_fn.__call__

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Refuse names that neither the builder nor the model takes.

        Args:
            params: Dict of arguments.

        Raises:
            ValueError: With the nearest name.
        """
        builder = self._builder
        known = dict.fromkeys(_arguments(builder))
        for method in METHODS:
            known |= dict.fromkeys(_arguments(getattr(Sequential, method)))
        if _takes_any(builder):
            return
        try:
            old = {name: value for name, value in params.items() if name not in known}
            new = vocabulary.translate("fit", old)
            check_names(type(self).__name__, new, [*known])
        except TypeError as error:
            raise ValueError(f"{error}") from None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of this estimator.

        Args:
            deep: For scikit-learn's sake: there are no estimators inside.

        Returns:
            Dict of `build_fn` and all other arguments.
        """
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Change arguments.

        Args:
            **params: Arguments as of the constructor.

        Returns:
            The estimator itself.

        Raises:
            ValueError: An argument that nothing takes.
        """
        params = dict(params)
        build_fn = params.pop("build_fn", self.build_fn)
        before, self.build_fn = self.build_fn, build_fn
        try:
            self.check_params(params)
        except ValueError:
            self.build_fn = before
            raise
        self.sk_params = {**self.sk_params, **params}
        return self

    def filter_sk_params(
        self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Those of the estimator's arguments that a function takes.

        Args:
            fn: The function.
            override: Dict of arguments that go before.

        Returns:
            Dict of arguments.
        """
        known = _arguments(fn)
        given, override = self.sk_params, override or {}
        if getattr(Sequential, getattr(fn, "__name__", ""), None) is fn:
            own = _arguments(self._builder)
            given = {n: v for n, v in given.items() if n in known or n not in own}
            given = vocabulary.translate(fn.__name__, given)
            override = vocabulary.translate(fn.__name__, {**override})
        found = {n: v for n, v in given.items() if n in known}
        return {**found, **override}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and train it.

        Args:
            x: Inputs, shape `(rows, features)` or as the model takes them.
            y: Targets, shape `(rows,)` or `(rows, outputs)`; numbers of classes become
                one-hot rows for `categorical_crossentropy`.
            **kwargs: Arguments of the model's `fit`.

        Returns:
            The `History`.
        """
        builder = self._builder
        self.model = builder(**self.filter_sk_params(builder))
        if _wants_one_hot(self.model) and np.ndim(y) != 2:
            y = to_categorical(y)
        arguments = self.filter_sk_params(Sequential.fit, kwargs)
        self.history = self.model.fit(x, y, **arguments)
        return self.history

    def _outputs(self, x: Any, kwargs: Mapping[str, Any]) -> np.ndarray:
        if not len(x):  # a search may well have nothing left to predict
            return np.zeros((0, *self.fitted.output_shape[1:]))
        arguments = self.filter_sk_params(Sequential.predict, kwargs)
        return self.fitted.predict(x, **arguments)

    def _evaluate(self, x: Any, y: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        arguments = self.filter_sk_params(Sequential.evaluate, kwargs)
        arguments.setdefault("verbose", 0)
        return self.fitted.evaluate(x, y, **{**arguments, "return_dict": True})

    @property
    def fitted(self) -> Any:
        """The model of the last `fit`.

        Raises:
            RuntimeError: There was none.
        """
        if "model" not in self.__dict__:
            raise errors.NotReady(
                errors.message(
                    f"This {type(self).__name__} has no model yet",
                    fix="Call `fit(x, y)` first",
                )
            )
        return self.model

    def __sklearn_is_fitted__(self) -> bool:
        return "model" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = importlib.import_module("sklearn.utils")
        return tags.Tags(
            estimator_type=self.kind,
            target_tags=tags.TargetTags(required=True),
            classifier_tags=tags.ClassifierTags()
            if self.kind == "classifier"
            else None,
            regressor_tags=tags.RegressorTags() if self.kind == "regressor" else None,
        )


class KerasClassifier(BaseWrapper):
    """A classifier for scikit-learn.

    Args:
        build_fn: Function that returns a compiled model whose last layer has a unit for
            each class, or one for two classes.
        **sk_params: Arguments of `build_fn`, `fit` and `predict`.

    Attributes:
        classes_: The labels, sorted, shape `(n_classes_,)`.
        n_classes_: How many there are.

    Example:
        >>> from cthulhu.layers import Dense
        >>> from cthulhu.models import Sequential
        >>> def build(units=8):
        ...     model = Sequential()
        ...     model.add(Dense(units, activation="relu", input_dim=2))
        ...     model.add(Dense(2, activation="softmax"))
        ...     model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        ...     return model
        >>> classifier = KerasClassifier(build, units=4, epochs=2, verbose=0)
        >>> _ = classifier.fit(np.eye(2), ["no", "yes"])
        >>> classifier.predict_proba(np.eye(2)).shape
        (2, 2)
    """

    kind = _estimator_type = "classifier"

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Make a model and train it.

        Args:
            x: Inputs, shape `(rows, features)` or as the model takes them.
            y: Labels of any kind, shape `(rows,)` or `(rows, 1)`, or one-hot rows.
            sample_weight: Weights of rows, shape `(rows,)`, or None.
            **kwargs: Arguments of the model's `fit`.

        Returns:
            The `History`.

        Raises:
            ValueError: Labels of more than two axes.
        """
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or y.ndim == 2:
            self.classes_, y = np.unique(y.reshape(-1), return_inverse=True)
        else:
            raise errors.ShapeMismatch(
                errors.message(
                    "The labels of a classifier cannot be read",
                    f"shape {y.shape}",
                    "shape (rows,), (rows, 1) or (rows, classes)",
                )
            )
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The most probable label of each row.

        Args:
            x: Inputs, as in `fit`.
            **kwargs: Arguments of the model's `predict`.

        Returns:
            Labels, shape `(rows,)`.
        """
        probabilities = self.predict_proba(x, **kwargs)
        return self.classes_[np.argmax(probabilities, axis=-1)]

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The probability of each label.

        Args:
            x: Inputs, as in `fit`.
            **kwargs: Arguments of the model's `predict`.

        Returns:
            Shape `(rows, n_classes_)`, in the order of `classes_`; a single unit
            becomes the two columns `1 - p` and `p`.
        """
        found = self._outputs(x, kwargs)
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The share of rows that are labelled rightly.

        Args:
            x: Inputs, as in `fit`.
            y: Labels, as in `fit`.
            **kwargs: Arguments of the model's `evaluate`.

        Returns:
            Accuracy, 0 to 1.

        Raises:
            ValueError: The model was compiled without accuracy, or a label is new.
        """
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] == 1:
            y = self._numbers(y.reshape(-1))
        if _wants_one_hot(self.fitted) and y.ndim != 2:
            y = to_categorical(y, self.n_classes_)
        values = self._evaluate(x, y, kwargs)
        for name in ("accuracy", "acc"):
            if name in values:
                return values[name]
        raise ValueError(
            errors.message(
                "The score of a classifier is its accuracy, which the model does not "
                "report",
                ", ".join(f"`{name}`" for name in values),
                fix='Compile the model with `metrics=["accuracy"]`',
            )
        )

    def _numbers(self, labels: np.ndarray) -> np.ndarray:
        places = np.searchsorted(self.classes_, labels)
        known = self.classes_[np.minimum(places, self.n_classes_ - 1)] == labels
        if not known.all():
            raise ValueError(
                errors.message(
                    "There is a label that `fit` never saw",
                    repr(labels[~known][0].item()),
                    f"one of {self.classes_.tolist()}",
                )
            )
        return places


class KerasRegressor(BaseWrapper):
    """A regressor for scikit-learn.

    Args:
        build_fn: Function that returns a compiled model.
        **sk_params: Arguments of `build_fn`, `fit` and `predict`.

    Example:
        >>> from cthulhu.layers import Dense
        >>> from cthulhu.models import Sequential
        >>> def build():
        ...     model = Sequential([Dense(1, input_dim=2)])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> regressor = KerasRegressor(build, epochs=2, verbose=0)
        >>> _ = regressor.fit(np.eye(2), np.array([0.0, 1.0]))
        >>> regressor.predict(np.eye(2)).shape
        (2,)
    """

    kind = _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The value of each row.

        Args:
            x: Inputs, as in `fit`.
            **kwargs: Arguments of the model's `predict`.

        Returns:
            Shape `(rows,)` where the model has one output unit.
        """
        found = self._outputs(x, kwargs)
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """How well the model does: its loss with the sign changed, so more is better.

        Args:
            x: Inputs, as in `fit`.
            y: Targets, as in `fit`.
            **kwargs: Arguments of the model's `evaluate`.

        Returns:
            `-loss`.
        """
        return -self._evaluate(x, y, kwargs)["loss"]


def _arguments(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [p.name for p in parameters if p.kind not in kinds and p.name != "self"]


def _takes_any(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def _wants_one_hot(model: Any) -> bool:
    loss = model.loss
    if isinstance(loss, losses.CategoricalCrossentropy):
        return True
    return getattr(loss, "__name__", loss) == "categorical_crossentropy"
