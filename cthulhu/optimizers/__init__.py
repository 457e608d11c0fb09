"""Optimizers: update rules with Keras's arguments, on optax.

`get` finds one by name, configuration or optax transformation.  Classes are in `rules`,
what they share in `optimizer`, formulas in `transforms`, learning rates that follow the
step in `schedules`.
"""

from cthulhu import errors, vocabulary
from cthulhu.core import is_a, registry
from cthulhu.optimizers import schedules as schedules
from cthulhu.optimizers.companion import Companion as Companion
from cthulhu.optimizers.optimizer import Hyperparameter as Hyperparameter
from cthulhu.optimizers.optimizer import Optimizer as Optimizer
from cthulhu.optimizers.rules import SGD as SGD
from cthulhu.optimizers.rules import Adadelta as Adadelta
from cthulhu.optimizers.rules import Adagrad as Adagrad
from cthulhu.optimizers.rules import Adam as Adam
from cthulhu.optimizers.rules import Adamax as Adamax
from cthulhu.optimizers.rules import AdamW as AdamW
from cthulhu.optimizers.rules import Lamb as Lamb
from cthulhu.optimizers.rules import Lion as Lion
from cthulhu.optimizers.rules import Nadam as Nadam
from cthulhu.optimizers.rules import RMSprop as RMSprop
from cthulhu.optimizers.rules import TransformOptimizer as TransformOptimizer
from cthulhu.optimizers.transforms import clip_norm as clip_norm

# Keras offers each class in small letters as well.
sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam


def get(identifier):
    """An optimizer from what a user may write for one.

    Args:
        identifier: A name in any case (`"sgd"`), a configuration
            `{"class_name", "config"}`, an optimizer, a class of one, or an
            optax.GradientTransformation.

    Raises:
        ValueError: nothing of that name, or something that is no optimizer.

    Example:
        >>> get("rmsprop")
        RMSprop(learning_rate=0.001, rho=0.9, epsilon=None, decay=0.0)
    """
    if is_a(identifier, "optax.GradientTransformation"):
        return TransformOptimizer(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, str):
        identifier = {"class_name": identifier, "config": {}}
    if isinstance(identifier, dict):
        identifier = deserialize(identifier)
    if not hasattr(identifier, "apply_gradients"):
        raise ValueError(
            errors.message(
                "Could not interpret the optimizer",
                received=repr(identifier),
                expected="a name, a config, an optimizer or an optax transformation",
            )
        )
    return identifier


def serialize(optimizer):
    """`{"class_name", "config"}` of an optimizer."""
    return registry.serialize(optimizer)


def deserialize(config, custom_objects=None):
    """An optimizer from its configuration; case does not matter for the built-in ones.

    As in Keras, whose own tests rest on it, the name of a built-in class in `config` is
    put into small letters in place.

    Args:
        config: `{"class_name", "config"}`.
        custom_objects: Names of classes of the user's own.
    """
    name = config.get("class_name") if isinstance(config, dict) else None
    own = {**registry.get_custom_objects(), **(custom_objects or {})}
    if isinstance(name, str) and name not in own:
        if name.lower() in registry.names("optimizer"):
            config["class_name"] = name.lower()
    return registry.deserialize("optimizer", config, custom_objects)


__getattr__, __dir__ = vocabulary.face(__name__)
