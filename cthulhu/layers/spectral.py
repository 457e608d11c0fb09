"""SpectralNormalization: a layer whose kernel is kept at a largest stretch of 1."""

from cthulhu import backend as K
from cthulhu import errors, initializers
from cthulhu.layers import shapes
from cthulhu.layers.wrappers import Wrapper


class SpectralNormalization(Wrapper):
    """Divide the kernel of a layer by its spectral norm, at each step of training.

    The norm, the largest factor by which the kernel as a matrix stretches a vector, is
    estimated by iterations that go on from step to step:
    `v = normed(u @ W.T)`, `u = normed(v @ W)`, `sigma = v @ W @ u.T`, `W = W / sigma`.
    Outside training the kernel is used as it is.

    Args:
        layer: A layer with a `kernel`, or with `embeddings`.
        power_iterations: Iterations in a step, 1 or more.

    Shapes:
        Those of the layer.

    Example:
        >>> model.add(SpectralNormalization(Dense(1), input_shape=(8,)))

    See: Miyato et al., Spectral normalization for generative adversarial networks,
    2018, algorithm 1.
    """

    def __init__(self, layer, power_iterations: int = 1, **kwargs):
        super().__init__(layer, **kwargs)
        self.power_iterations = shapes.size(self, "power_iterations", power_iterations)
        self.supports_masking = self.layer.supports_masking

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        kernels = (getattr(self.layer, name, None) for name in ("kernel", "embeddings"))
        self._kernel = next((kernel for kernel in kernels if kernel is not None), None)
        if self._kernel is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}` has nothing to scale in `{self.layer.name}`",
                    received=f"a {type(self.layer).__name__}",
                    expected="a layer with a `kernel` or `embeddings`",
                )
            )
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, K.int_shape(self._kernel)[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=K.dtype(self._kernel),
        )
        self.built = True

    def call(self, inputs, training=None, mask=None):
        if training is None:
            training = K.learning_phase()
        if isinstance(training, (bool, int)) and training:
            vector, kernel = self._scaled()
            self.add_update(
                [K.update(self.vector_u, vector), K.update(self._kernel, kernel)],
                inputs,
            )
        output, _ = self.layer.run(inputs, mask, {})
        return output

    def _scaled(self):
        """The vector after some iterations, and the kernel divided by its norm."""
        shape = K.int_shape(self._kernel)
        matrix = K.reshape(self._kernel, (-1, shape[-1]))
        u = self.vector_u + 0.0
        for _ in range(self.power_iterations):
            v = K.l2_normalize(K.dot(u, K.transpose(matrix)))
            u = K.l2_normalize(K.dot(v, matrix))
        u, v = K.stop_gradient(u), K.stop_gradient(v)
        sigma = K.dot(K.dot(v, matrix), K.transpose(u))
        # A kernel of zeros has no norm, and stays as it is.
        factor = K.switch(K.equal(sigma, 0.0), K.ones_like(sigma), 1.0 / sigma)
        return u, K.reshape(matrix * factor, shape)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_mask(self, inputs, mask=None):
        return self.layer.compute_mask(inputs, mask)
