"""Tell whether two handwritten digits are the same, in Keras's words.

    python examples/same_digit.py

One small convolutional reader looks at both pictures: a model used twice in a model.
"""

import numpy as np
from sklearn.datasets import load_digits

from cthulhu.keras import Input, Model, Sequential
from cthulhu.keras.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Lambda,
    MaxPooling2D,
    subtract,
)


def pairs(pictures, digits, count):
    """Random pairs of pictures, and whether they show the same digit: half of them."""
    first = np.random.randint(len(digits), size=count)
    second = np.random.randint(len(digits), size=count)
    for i in range(0, count, 2):
        second[i] = np.random.choice(np.flatnonzero(digits == digits[first[i]]))
    return [pictures[first], pictures[second]], digits[first] == digits[second]


def main(epochs=15, count=20000):
    """Train and test; returns the share of test pairs that were judged right."""
    np.random.seed(0)
    pictures, digits = load_digits(return_X_y=True)
    order = np.random.permutation(len(pictures))
    pictures, digits = pictures[order].reshape(-1, 8, 8, 1) / 16, digits[order]
    x_train, y_train = pairs(pictures[360:], digits[360:], count)
    x_test, y_test = pairs(pictures[:360], digits[:360], count // 5)

    reader = Sequential(name="reader")
    reader.add(Conv2D(16, 3, activation="relu", input_shape=(8, 8, 1)))
    reader.add(Conv2D(32, 3, activation="relu"))
    reader.add(MaxPooling2D())
    reader.add(Flatten())
    reader.add(Dropout(0.2))
    reader.add(Dense(32, activation="relu"))

    left, right = Input((8, 8, 1), name="left"), Input((8, 8, 1), name="right")
    gap = Lambda(abs, name="gap")(subtract([reader(left), reader(right)]))
    same = Dense(1, activation="sigmoid", name="same")(gap)
    model = Model([left, right], same)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.summary()

    model.fit(x_train, y_train, batch_size=100, epochs=epochs, verbose=2)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss {loss:.4f}, test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
