"""Watch a small convolutional net learn 1,797 handwritten digits in TensorBoard.

    python examples/watch_digits.py
    tensorboard --logdir runs/watch_digits

Losses, the graph, histograms, the filters as pictures, the digits that it gets wrong,
and where the projector sees the classes.
"""

import os

import numpy as np
from sklearn.datasets import load_digits

from cthulhu.keras.callbacks import PredictionLogger, TensorBoard
from cthulhu.keras.layers import Conv2D, Dense, Flatten
from cthulhu.keras.models import Sequential
from cthulhu.keras.utils import to_categorical


def main(folder="runs/watch_digits", epochs=15):
    """Train; returns the share of validation digits that were read right."""
    os.makedirs(folder, exist_ok=True)
    np.random.seed(0)

    # 8 x 8 pixels from 0 to 16, ten classes; one digit in five is kept for validation.
    pixels, digits = load_digits(return_X_y=True)
    order = np.random.permutation(len(pixels))
    x, digits = pixels[order].reshape(-1, 8, 8, 1) / 16, digits[order]
    y = to_categorical(digits, 10)
    labels = [f"{digit}\n" for digit in digits[:352]]
    with open(os.path.join(folder, "digits.tsv"), "w") as file:
        file.writelines(labels)

    model = Sequential()
    model.add(Conv2D(16, 5, activation="relu", input_shape=(8, 8, 1), name="filters"))
    model.add(Flatten())
    model.add(Dense(32, activation="relu", name="features"))
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])

    board = TensorBoard(
        folder,
        histogram_freq=1,
        write_images=True,
        embeddings_freq=5,
        embeddings_layer_names=["features"],
        embeddings_metadata="digits.tsv",
        embeddings_data=x[:352],
        write_steps_per_second=True,
    )
    history = model.fit(
        x[352:],
        y[352:],
        epochs=epochs,
        validation_data=(x[:352], y[:352]),
        callbacks=[board, PredictionLogger(log_dir=folder)],
    )
    print(f"Look at it with: tensorboard --logdir {folder}")
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    main()
