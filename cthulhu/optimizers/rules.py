"""The optimizers by name: Keras 2.3.1's arguments, and the rule each one stands for.

The formulas are in `transforms` and in optax; what is common to all optimizers, and the
arguments `clipnorm`, `clipvalue`, `gradient_accumulation_steps` and `ema` that each of
them takes by keyword, are in `optimizer`.
"""

from typing import TYPE_CHECKING

import numpy as np

from cthulhu import config, errors
from cthulhu.core import Later, is_a, registry
from cthulhu.optimizers import transforms
from cthulhu.optimizers.optimizer import Hyperparameter, Optimizer, number

if TYPE_CHECKING:
    import optax
else:
    optax = Later("optax")


def register(cls):
    """Enter a class under its own name and the same in small letters."""
    return registry.register("optimizer", cls.__name__.lower())(cls)


def _epsilon(optimizer, epsilon):
    if epsilon is None:
        return config.epsilon()
    owner = type(optimizer).__name__
    number(owner, "epsilon", epsilon, "a number of at least 0, or None", 0)
    return epsilon


class _WithoutCount(Optimizer):
    """Older releases did not store the number of updates."""

    def _completed(self, given):
        missing = len(self.weights) == len(given) + 1
        return [np.array(0), *given] if missing else given


@register
class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov's variant of it.

    v = momentum v - lr g;  w += v, or with `nesterov`: w += momentum v - lr g.

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        momentum: Float, 0 or more.
        nesterov: Whether the gradient is followed from where momentum leads.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> SGD(lr=0.5, momentum=0.5).get_config()["learning_rate"]
        0.5

    See: Sutskever et al., On the importance of initialization and momentum, 2013.
    """

    momentum = Hyperparameter()

    def __init__(
        self, learning_rate=0.01, momentum=0.0, nesterov=False, *, decay=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.momentum = momentum
        self.nesterov = nesterov

    def rule(self):
        return transforms.sgd(self.rate, self.momentum.value, self.nesterov)


@register
class RMSprop(_WithoutCount):
    """Gradients divided by the root of a running mean of their squares.

    a = rho a + (1 - rho) g^2;  w -= lr g / (sqrt(a) + epsilon)

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        rho: Float, 0 or more and below 1, the memory of the mean.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(RMSprop(lr=1e-3), "mse")

    See: Tieleman and Hinton, Coursera lecture 6.5, 2012.
    """

    rho = Hyperparameter(below=1.0)

    def __init__(
        self, learning_rate=0.001, rho=0.9, *, epsilon=None, decay=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.rho = rho
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        return transforms.rmsprop(self.rate, self.rho.value, self.epsilon)


@register
class Adagrad(_WithoutCount):
    """Gradients divided by the root of the sum of all their squares so far.

    a = a + g^2;  w -= lr g / (sqrt(a) + epsilon)

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Adagrad(lr=0.01), "mse")

    See: Duchi et al., Adaptive subgradient methods, 2011.
    """

    def __init__(self, learning_rate=0.01, *, epsilon=None, decay=0.0, **kwargs):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        return transforms.adagrad(self.rate, self.epsilon)


@register
class Adadelta(_WithoutCount):
    """Steps in the proportion of two running roots: of past steps and of gradients.

    a = rho a + (1 - rho) g^2;  u = g sqrt(d + epsilon) / sqrt(a + epsilon);
    w -= lr u;  d = rho d + (1 - rho) u^2

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        rho: Float, 0 or more and below 1, the memory of both means.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Adadelta(), "mse")

    See: Zeiler, Adadelta, 2012.
    """

    def __init__(
        self, learning_rate=1.0, rho=0.95, *, epsilon=None, decay=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        number("Adadelta", "rho", rho, "a number of at least 0 and below 1", 0, 1)
        self.rho = rho  # no variable: Keras stores it as it came
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        return transforms.adadelta(self.rate, self.rho, self.epsilon)


class _Moments(Optimizer):
    """Optimizers with two running means, of gradients and of their sizes."""

    beta_1 = Hyperparameter(below=1.0)
    beta_2 = Hyperparameter(below=1.0)


@register
class Adam(_Moments):
    """Steps by the mean gradient over the root of the mean square, both corrected.

    m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;
    w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the memory of m.
        beta_2: Float, 0 or more and below 1, the memory of v.
        amsgrad: Whether the largest v so far takes the place of v.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Adam(lr=1e-3, amsgrad=True), "mse")

    See: Kingma and Ba, Adam, 2014, section 2; Reddi et al., On the convergence of Adam
    and beyond, 2018.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        amsgrad=False,
        *,
        epsilon=None,
        decay=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.amsgrad = amsgrad
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        betas = self.beta_1.value, self.beta_2.value
        return transforms.adam(self.rate, *betas, self.epsilon, self.amsgrad)

    def _completed(self, given):
        # Keras 1 wrote no placeholders where AMSGrad is off.
        hats = [] if self.amsgrad else self.weights[-len(self._variables) :]
        missing = hats and len(self.weights) == len(given) + len(hats)
        return [*given, *(hat.numpy() for hat in hats)] if missing else given


@register
class Adamax(_Moments):
    """Adam with the largest instead of the mean square gradient.

    m = beta_1 m + (1 - beta_1) g;  u = max(beta_2 u, |g|);
    w -= lr / (1 - beta_1^t) m / (u + epsilon)

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the memory of m.
        beta_2: Float, 0 or more and below 1, the memory of u.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Adamax(lr=2e-3), "mse")

    See: Kingma and Ba, Adam, 2014, section 7.
    """

    def __init__(
        self,
        learning_rate=0.002,
        beta_1=0.9,
        beta_2=0.999,
        *,
        epsilon=None,
        decay=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        betas = self.beta_1.value, self.beta_2.value
        return transforms.adamax(self.rate, *betas, self.epsilon)


@register
class Nadam(_Moments):
    """Adam with Nesterov momentum, warmed up.

    mu_t = beta_1 (1 - 0.96^(t schedule_decay) / 2), and the product of all mu so far
    corrects the means of gradients.

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the memory of the mean gradient.
        beta_2: Float, 0 or more and below 1, the memory of the mean square.
        schedule_decay: Float, 0 or more, the speed of the warm-up.
        epsilon: Float, 0 or more; None: `K.epsilon()`.

    Example:
        >>> model.compile(Nadam(lr=2e-3), "mse")

    See: Dozat, Incorporating Nesterov momentum into Adam, 2015.
    """

    def __init__(
        self,
        learning_rate=0.002,
        beta_1=0.9,
        beta_2=0.999,
        *,
        schedule_decay=0.004,
        epsilon=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2 = beta_1, beta_2
        number("Nadam", "schedule_decay", schedule_decay, "a number of at least 0", 0)
        self.schedule_decay = schedule_decay
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        betas = self.beta_1.value, self.beta_2.value
        return transforms.nadam(self.rate, *betas, self.epsilon, self.schedule_decay)

    def _completed(self, given):
        # The schedule was not stored before 2.3.
        missing = len(self.weights) == len(given) + 1
        return [given[0], np.array(1.0), *given[1:]] if missing else given


class _FromOptax(_Moments):
    """Rules that come from optax whole, with weight decay beside the gradient."""

    weight_decay = Hyperparameter()

    def __init__(
        self, learning_rate, beta_1, beta_2, *, weight_decay, decay=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.learning_rate, self.decay = learning_rate, decay
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.weight_decay = weight_decay

    def _rule(self, make, **arguments):
        return transforms.from_zeros(
            lambda: make(
                self.rate(self.iterations.value),
                b1=self.beta_1.value,
                b2=self.beta_2.value,
                weight_decay=self.weight_decay.value,
                **arguments,
            )
        )


@register
class AdamW(_FromOptax):
    """Adam whose weight decay stands beside the gradient, not in it (optax.adamw).

    w -= lr (mhat / (sqrt(vhat) + epsilon) + weight_decay w)

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the memory of the mean gradient.
        beta_2: Float, 0 or more and below 1, the memory of the mean square.
        weight_decay: Float, 0 or more, times lr: the part of each weight that goes.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(AdamW(1e-3), "mse")

    See: Loshchilov and Hutter, Decoupled weight decay regularization, 2017.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        *,
        weight_decay=0.004,
        epsilon=None,
        **kwargs,
    ):
        super().__init__(
            learning_rate, beta_1, beta_2, weight_decay=weight_decay, **kwargs
        )
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        return self._rule(optax.adamw, eps=self.epsilon)


@register
class Lamb(_FromOptax):
    """AdamW with each layer's step scaled to the size of its weights (optax.lamb).

    u = mhat / (sqrt(vhat) + epsilon) + weight_decay w;  w -= lr |w| / |u| u

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the memory of the mean gradient.
        beta_2: Float, 0 or more and below 1, the memory of the mean square.
        weight_decay: Float, 0 or more.
        epsilon: Float, 0 or more; None: `K.epsilon()`.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Lamb(1e-3), "mse")

    See: You et al., Large batch optimization for deep learning, 2019.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        *,
        weight_decay=0.0,
        epsilon=None,
        **kwargs,
    ):
        super().__init__(
            learning_rate, beta_1, beta_2, weight_decay=weight_decay, **kwargs
        )
        self.epsilon = _epsilon(self, epsilon)

    def rule(self):
        return self._rule(optax.lamb, eps=self.epsilon)


@register
class Lion(_FromOptax):
    """Steps of one size, by the sign of a mean gradient (optax.lion).

    w -= lr (sign(beta_1 m + (1 - beta_1) g) + weight_decay w);
    m = beta_2 m + (1 - beta_2) g

    Args:
        learning_rate: Float, 0 or more, or a schedule; also `lr`.
        beta_1: Float, 0 or more and below 1, the part of m in the step.
        beta_2: Float, 0 or more and below 1, the memory of m.
        weight_decay: Float, 0 or more.
        decay: Float, 0 or more: after n updates the rate is lr / (1 + decay n).

    Example:
        >>> model.compile(Lion(1e-4), "mse")

    See: Chen et al., Symbolic discovery of optimization algorithms, 2023.
    """

    def __init__(
        self,
        learning_rate=0.0001,
        beta_1=0.9,
        beta_2=0.99,
        *,
        weight_decay=0.0,
        **kwargs,
    ):
        super().__init__(
            learning_rate, beta_1, beta_2, weight_decay=weight_decay, **kwargs
        )

    def rule(self):
        return self._rule(optax.lion)


class TransformOptimizer(Optimizer):
    """Any optax gradient transformation as an optimizer.

    `model.compile(optax.adam(1e-3), ...)` makes one.  It has no `lr`: the rate is
    inside the transformation.

    Args:
        transformation: An optax.GradientTransformation whose updates are added to the
            weights.

    Example:
        >>> rule = optax.chain(optax.scale_by_adam(), optax.scale(-1e-3))
        >>> optimizer = TransformOptimizer(rule, ema=0.99)
    """

    def __init__(self, transformation, **kwargs):
        super().__init__(**kwargs)
        if not is_a(transformation, "optax.GradientTransformation"):
            raise TypeError(
                errors.message(
                    "`TransformOptimizer` cannot use this rule",
                    received=repr(transformation),
                    expected="an optax.GradientTransformation",
                )
            )
        self._transformation = transformation

    def rule(self):
        return self._transformation

    def get_config(self):
        """Functions cannot be written down, so there is no configuration.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "An optax transformation has no configuration. To save the optimizer with "
            "the model, subclass `Optimizer` and define `rule`."
        )
