"""Find a learning rate, then train one cycle with it and average the weights.

    python examples/rates.py

It leaves `rates.png` in `runs/rates/`: how schedules run, and the range test.
"""

import os

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from cthulhu.callbacks import (
    EMA,
    GradientNorm,
    LearningRateFinder,
    OneCycle,
    WeightNorm,
)
from cthulhu.layers import BatchNormalization, Dense
from cthulhu.models import Sequential
from cthulhu.optimizers import SGD, schedules


def main(folder="runs/rates", epochs=12):
    """Test rates, train, draw; returns the share of held-out digits read right."""
    os.makedirs(folder, exist_ok=True)
    np.random.seed(0)
    pixels, digits = load_digits(return_X_y=True)
    order = np.random.permutation(len(pixels))
    x, y = pixels[order] / 16, digits[order]
    x_train, y_train, x_test, y_test = x[360:], y[360:], x[:360], y[:360]

    model = Sequential(
        [
            Dense(128, activation="relu", input_shape=(64,)),
            BatchNormalization(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(SGD(momentum=0.9), "sparse_categorical_crossentropy", ["accuracy"])

    finder = LearningRateFinder(1e-4, 10.0, smoothing=0.9)
    model.fit(x_train, y_train, epochs=5, verbose=0, callbacks=[finder])
    print(f"The loss falls fastest at a rate of {finder.suggestion:.3g}.")

    history = model.fit(
        x_train,
        y_train,
        epochs=epochs,
        verbose=2,
        validation_data=(x_test, y_test),
        callbacks=[
            OneCycle(finder.suggestion),
            EMA(0.95),  # what is validated, and what stays at the end
            GradientNorm(),
            WeightNorm(),
        ],
    ).history
    draw(f"{folder}/rates.png", finder)
    return history["val_accuracy"][-1]


def draw(path, finder, steps=1000):
    """A picture of four schedules, and of the range test."""
    shown = {
        "OneCycle": schedules.OneCycle(1.0, steps),
        "cosine after a warm-up": schedules.WarmUp(
            schedules.CosineDecay(1.0, steps - 100), 100
        ),
        "SGDR": schedules.CosineDecayRestarts(1.0, steps / 7, m_mul=0.8),
        "exponential": schedules.ExponentialDecay(1.0, steps, 0.05),
    }
    figure = Figure(figsize=(9, 3.2), dpi=80, layout="constrained")
    left, right = figure.subplots(1, 2)
    at = np.arange(steps + 1)
    for name, schedule in shown.items():
        left.plot(at, [float(schedule(step)) for step in at], label=name)
    left.set(xlabel="step", ylabel="rate / highest rate")
    left.legend(fontsize="small")
    right.plot(finder.lrs, finder.smoothed)
    right.axvline(finder.suggestion, color="C1")
    right.set(
        xscale="log",
        xlabel="learning rate",
        ylabel="running mean of the loss",
        title=f"suggestion: {finder.suggestion:.2g}",
    )
    figure.savefig(path)


if __name__ == "__main__":
    print(f"{main():.1%} of the held-out digits were read right.")
