"""Models work as estimators of scikit-learn itself."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cthulhu.keras.layers import Dense
from cthulhu.keras.models import Sequential
from cthulhu.keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor
from cthulhu.wrappers import CthulhuClassifier

X = np.array([[-2.0], [-1.0], [1.0], [2.0]] * 8)
LABELS = np.array(["left", "left", "right", "right"] * 8)


def sign(loss="binary_crossentropy", units=1, metrics=("accuracy",)):
    """A classifier of signs that is sure from the start."""
    kernel = np.array([[5.0]]) if units == 1 else np.array([[-5.0, 5.0]])
    head = Dense(
        units,
        activation="sigmoid" if units == 1 else "softmax",
        input_dim=1,
        weights=[kernel, np.zeros(units)],
    )
    model = Sequential([head])
    model.compile("sgd", loss, metrics=list(metrics))
    return model


def double(slope=2.0):
    model = Sequential(
        [Dense(1, input_dim=1, weights=[np.array([[slope]]), np.zeros(1)])]
    )
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    "loss, units",
    [
        ("binary_crossentropy", 1),
        ("categorical_crossentropy", 2),
        ("sparse_categorical_crossentropy", 2),
    ],
)
def test_a_classifier_gives_labels_probabilities_and_accuracy(loss, units):
    classifier = KerasClassifier(sign, loss=loss, units=units, epochs=1, verbose=0)
    classifier.fit(X, LABELS)

    assert ["left", "right"] == classifier.classes_.tolist()
    assert LABELS.tolist() == classifier.predict(X).tolist()
    assert 1.0 == classifier.score(X, LABELS)
    probabilities = classifier.predict_proba(X[:1])
    assert (1, 2) == probabilities.shape
    assert probabilities.sum() == pytest.approx(1)
    # softmax of (10, -10), or a sigmoid of -10, but for what one epoch changed
    assert probabilities[0, 1] < 1e-4


def test_one_hot_rows_are_labels_too():
    classifier = KerasClassifier(
        sign, loss="categorical_crossentropy", units=2, verbose=0
    )
    classifier.fit(X, np.eye(2)[(X[:, 0] > 0).astype(int)])

    assert [0, 0, 1, 1] == classifier.predict(X[:4]).tolist()


def test_a_regressor_gives_values_and_the_negative_loss():
    regressor = KerasRegressor(double, slope=3.0, epochs=0, verbose=0)
    regressor.fit(X, 2 * X[:, 0])

    np.testing.assert_allclose([-6.0, -3.0, 3.0, 6.0], regressor.predict(X[:4]))
    # errors of 2, 1, 1 and 2: the mean square is (4 + 1 + 1 + 4) / 4
    assert -2.5 == pytest.approx(regressor.score(X, 2 * X[:, 0]))


def test_it_goes_through_pipelines_clones_and_scores_of_scikit_learn():
    classifier = KerasClassifier(sign, epochs=1, verbose=0)
    regressor = KerasRegressor(double, verbose=0)

    assert is_classifier(classifier) and not is_regressor(classifier)
    assert is_regressor(regressor)
    assert clone(classifier).get_params() == classifier.get_params()
    pipeline = make_pipeline(StandardScaler(), classifier)
    assert [1.0, 1.0] == cross_val_score(pipeline, X, LABELS, cv=2).tolist()


def test_a_search_finds_the_slope_that_fits():
    regressor = KerasRegressor(double, epochs=0, verbose=0)
    search = GridSearchCV(regressor, {"slope": [1.0, 2.0, 3.0]}, cv=2)
    search.fit(X, 2 * X[:, 0])

    assert {"slope": 2.0} == search.best_params_
    assert 0.0 == pytest.approx(search.best_score_)


def test_arguments_of_the_call_go_before_those_of_the_estimator():
    regressor = KerasRegressor(double, epochs=3, verbose=0)

    assert 3 == len(regressor.fit(X, X[:, 0]).epoch)
    assert 2 == len(regressor.fit(X, X[:, 0], epochs=2).epoch)


def test_what_makes_the_model_may_be_an_object_or_the_subclass_itself():
    class Maker:
        def __call__(self, slope=2.0):
            return double(slope)

    class Own(KerasRegressor):
        def __call__(self, slope=2.0):
            return double(slope)

    for regressor in (
        KerasRegressor(Maker(), slope=4.0, epochs=0, verbose=0),
        Own(slope=4.0, epochs=0, verbose=0),
    ):
        regressor.fit(X, X[:, 0])
        assert -8.0 == pytest.approx(regressor.predict(X[:1])[0])


def test_no_rows_give_no_predictions():
    regressor = KerasRegressor(double, verbose=0)
    regressor.fit(X, X[:, 0])

    assert (0,) == regressor.predict(X[:0]).shape


def test_it_is_trained_in_the_other_tongue():
    classifier = CthulhuClassifier(sign, epochs=1, verbose=0)
    classifier.summon(X, LABELS)

    assert CthulhuClassifier is KerasClassifier
    assert 1.0 == classifier.score(X, LABELS)


@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda: KerasClassifier(sign, epoch=3), "Did you mean `epochs`"),
        (lambda: KerasClassifier(sign).set_params(unit=3), "Did you mean `units`"),
        (lambda: KerasClassifier(), "nothing that makes a model"),
        (lambda: KerasClassifier(sign).predict(X), r"Call `fit\(x, y\)` first"),
        (
            lambda: KerasClassifier(sign).fit(X, np.zeros((4, 2, 2))),
            r"shape \(4, 2, 2\)",
        ),
    ],
)
def test_mistakes_are_named(wrong, said):
    with pytest.raises((ValueError, TypeError, RuntimeError), match=said):
        wrong()


def test_a_score_needs_accuracy_and_labels_that_were_seen():
    plain = KerasClassifier(sign, metrics=(), verbose=0)
    plain.fit(X, LABELS)
    with pytest.raises(ValueError, match=r'metrics=\["accuracy"\]'):
        plain.score(X, LABELS)
    with pytest.raises(ValueError, match="'up'"):
        plain.score(X[:1], ["up"])


def test_epochs_may_have_their_old_name():
    classifier = KerasClassifier(sign, nb_epoch=2, verbose=0)
    assert classifier.get_params()["nb_epoch"] == 2
    assert len(classifier.fit(X, LABELS).epoch) == 2
    assert len(classifier.fit(X, LABELS, nb_epoch=3).epoch) == 3

    search = GridSearchCV(classifier, {"nb_epoch": [1, 2]}, cv=2).fit(X, LABELS)
    assert set(search.cv_results_["param_nb_epoch"]) == {1, 2}
    assert search.best_estimator_.get_params()["nb_epoch"] == len(
        search.best_estimator_.history.epoch
    )


def test_an_old_name_beside_the_new_one_is_refused():
    with pytest.raises((TypeError, ValueError), match="two names"):
        KerasClassifier(sign, nb_epoch=2, epochs=3).fit(X, LABELS)


@pytest.mark.parametrize("given", [sign, "sign"], ids=["a model", "a word"])
def test_what_makes_no_models_is_refused(given):
    given = given() if callable(given) else given
    with pytest.raises(TypeError, match="(?s)KerasClassifier makes.*a function that"):
        KerasClassifier(given)
