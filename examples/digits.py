"""Learn to read 1,797 handwritten digits, in Cthulhu's words.

    python examples/digits.py

It leaves the best model, a log and its curves in `runs/digits/`.
"""

import os

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from cthulhu.callbacks import (
    CSVLogger,
    EarlyStopping,
    LumpCheckpoint,
    ReduceLROnPlateau,
)
from cthulhu.layers import Azatoth, BlacknessFromTheStars, Daoloth, Darkness
from cthulhu.models import Pile
from cthulhu.optimizers import Adam
from cthulhu.utils import to_categorical


def main(folder="runs/digits", epochs=100):
    """Train, test and draw; returns the share of test digits that were read right."""
    os.makedirs(folder, exist_ok=True)
    np.random.seed(0)

    # 8 x 8 pixels from 0 to 16, ten classes; one digit in five is kept for the test.
    pixels, digits = load_digits(return_X_y=True)
    order = np.random.permutation(len(pixels))
    x, y = pixels[order] / 16, to_categorical(digits[order], 10)
    x_train, y_train, x_test, y_test = x[360:], y[360:], x[:360], y[:360]

    pile = Pile()
    pile.add(Daoloth(256, input_dim=64))
    pile.add(BlacknessFromTheStars())
    pile.add(Azatoth("relu"))
    pile.add(Darkness(0.4))
    pile.add(Daoloth(128))
    pile.add(BlacknessFromTheStars())
    pile.add(Azatoth("relu"))
    pile.add(Darkness(0.4))
    pile.add(Daoloth(10))
    pile.add(Azatoth("softmax"))
    pile.conjure(Adam(lr=0.002), "categorical_crossentropy", metrics=["accuracy"])
    pile.summary()

    history = pile.summon(
        x_train,
        y_train,
        batch_size=64,
        epochs=epochs,
        verbose=1,
        validation_split=0.2,
        callbacks=[
            LumpCheckpoint(f"{folder}/best.hdf5", save_best_only=True),
            EarlyStopping(patience=12, restore_best_weights=True),
            ReduceLROnPlateau(factor=0.5, patience=4, verbose=1),
            CSVLogger(f"{folder}/log.csv"),
        ],
    )
    loss, accuracy = pile.evaluate(x_test, y_test, verbose=0)
    print(f"\nTest loss {loss:.4f}, test accuracy {accuracy:.4f}")

    draw(history.history, f"{folder}/curves.png")
    print(f"Left in {folder}/: " + ", ".join(sorted(os.listdir(folder))))
    return accuracy


def draw(logs, path):
    """Draw loss, accuracy and learning rate against epochs."""
    epochs = np.arange(1, len(logs["loss"]) + 1)
    best = epochs[np.argmin(logs["val_loss"])]
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, 3)
    for panel, name in zip(panels, ["loss", "accuracy"], strict=False):
        panel.plot(epochs, logs[name], color="#8fb8a8", label="training")
        panel.plot(epochs, logs[f"val_{name}"], color="#0b5345", label="validation")
    panels[2].step(epochs, logs["lr"], where="mid", color="#b9770e")
    titles = "Loss", "Accuracy", "Learning rate"
    for panel, title in zip(panels, titles, strict=True):
        panel.axvline(best, color="#999999", lw=0.8, ls=":", label="best epoch")
        panel.set_title(title, loc="left", fontsize=11)
        panel.set_xlabel("epoch")
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", color="#e5e5e5", lw=0.6)
    panels[0].set_yscale("log")
    panels[2].set_yscale("log")
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
