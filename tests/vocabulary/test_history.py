"""Old names of arguments, values, classes and log keys."""

import warnings

import pytest

from cthulhu import vocabulary
from cthulhu.vocabulary import history


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("Dense", {"output_dim": 10, "bias": False}, {"units": 10, "use_bias": False}),
        ("Dense", {"init": "uniform"}, {"kernel_initializer": "uniform"}),
        ("Dense", {"W_regularizer": "l2"}, {"kernel_regularizer": "l2"}),
        ("Dense", {"b_constraint": "nonneg"}, {"bias_constraint": "nonneg"}),
        ("Dropout", {"p": 0.5}, {"rate": 0.5}),
        ("GaussianNoise", {"sigma": 1.0}, {"stddev": 1.0}),
        ("Embedding", {"init": "one", "dropout": 0}, {"embeddings_initializer": "one"}),
        ("PReLU", {"init": "zero"}, {"alpha_initializer": "zero"}),
        (
            "BatchNormalization",
            {"mode": 0, "gamma_init": "one"},
            {"gamma_initializer": "one"},
        ),
        (
            "Conv1D",
            {"filter_length": 3, "subsample_length": 2},
            {"kernel_size": 3, "strides": 2},
        ),
        ("Conv1D", {"input_dim": 4}, {"input_shape": (None, 4)}),
        (
            "Conv2D",
            {"nb_filter": 8, "nb_row": 3, "nb_col": 5},
            {"filters": 8, "kernel_size": (3, 5)},
        ),
        (
            "Conv2D",
            {"border_mode": "same", "subsample": (2, 2)},
            {"padding": "same", "strides": (2, 2)},
        ),
        ("Conv2D", {"dim_ordering": "th"}, {"data_format": "channels_first"}),
        (
            "SeparableConv2D",
            {"init": "one"},
            {"depthwise_initializer": "one", "pointwise_initializer": "one"},
        ),
        ("MaxPooling2D", {"dim_ordering": "tf"}, {"data_format": "channels_last"}),
        ("MaxPooling2D", {"dim_ordering": "default"}, {"data_format": None}),
        (
            "MaxPooling1D",
            {"pool_length": 2, "stride": 1},
            {"pool_size": 2, "strides": 1},
        ),
        (
            "Conv2DTranspose",
            {"output_shape": (1, 2, 3, 4), "atrous_rate": 2},
            {"target_shape": (1, 2, 3, 4), "dilation_rate": 2},
        ),
        (
            "LSTM",
            {"inner_init": "one", "dropout_U": 0.1},
            {"recurrent_initializer": "one", "recurrent_dropout": 0.1},
        ),
        (
            "LSTM",
            {"consume_less": "mem", "forget_bias_init": "one"},
            {"implementation": 1, "unit_forget_bias": True},
        ),
        ("GRU", {"input_dim": 4, "input_length": 7}, {"input_shape": (7, 4)}),
        ("Model", {"input": "a", "output": "b"}, {"inputs": "a", "outputs": "b"}),
        ("fit", {"nb_epoch": 3}, {"epochs": 3}),
        ("ReduceLROnPlateau", {"epsilon": 1e-4}, {"min_delta": 1e-4}),
        (
            "evaluate_generator",
            {"val_samples": 4, "max_q_size": 2},
            {"steps": 4, "max_queue_size": 2},
        ),
        (
            "fit_generator",
            {"nb_worker": 2, "pickle_safe": True},
            {"workers": 2, "use_multiprocessing": True},
        ),
    ],
)
def test_an_old_argument_is_today_s(name, old, new):
    before = dict(old)

    assert new == vocabulary.translate(name, old)
    assert before == old


def test_where_nothing_is_old_the_arguments_come_back_themselves():
    kwargs = {"units": 3, "activation": "relu"}

    assert kwargs is vocabulary.translate("Dense", kwargs)
    assert kwargs is vocabulary.translate("NobodyKnowsThisClass", kwargs)


def test_an_old_word_means_nothing_to_another_class():
    assert {"init": 1} == vocabulary.translate("Dropout", {"init": 1})


def test_an_argument_under_both_names_is_refused_and_both_are_named():
    with pytest.raises(TypeError, match="`output_dim` and `units`"):
        vocabulary.translate("Dense", {"output_dim": 3, "units": 3})
    with pytest.raises(TypeError, match="`nb_row` and `nb_col` and `kernel_size`"):
        vocabulary.translate("Conv2D", {"nb_row": 3, "nb_col": 3, "kernel_size": 3})


def test_an_argument_that_is_gone_is_refused_unless_it_meant_nothing():
    with pytest.raises(TypeError, match="`mode=1`"):
        vocabulary.translate("BatchNormalization", {"mode": 1})


def test_samples_of_an_epoch_become_batches_by_the_generator_s_own_size():
    class Batches:
        batch_size = 32

    called = {"generator": Batches(), "samples_per_epoch": 320}

    assert 10 == vocabulary.translate("fit_generator", called)["steps_per_epoch"]


def test_samples_of_an_epoch_without_a_batch_size_warn_of_the_unit():
    with pytest.warns(UserWarning, match="counted samples"):
        new = vocabulary.translate("fit_generator", {"samples_per_epoch": 5})

    assert {"steps_per_epoch": 5} == new


def test_other_old_names_are_translated_silently():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vocabulary.translate("fit", {"nb_epoch": 2})


@pytest.mark.parametrize(
    "name, args, kwargs, now",
    [
        ("Conv2D", (32, 3, 5), {}, ((32, (3, 5)), {})),
        ("Conv2D", (32, 3), {"nb_col": 5}, ((32, (3, 5)), {})),
        ("Conv2D", (32, (3, 5)), {}, ((32, (3, 5)), {})),
        ("Conv2D", (32, 3), {"strides": 2}, ((32, 3), {"strides": 2})),
        ("Conv3D", (8, 1, 2, 3), {"name": "c"}, ((8, (1, 2, 3)), {"name": "c"})),
        ("Conv3D", (8, 3, 3), {}, ((8, 3, 3), {})),
        ("Dense", (3, 4, 5), {}, ((3, 4, 5), {})),
        (
            "Conv2DTranspose",
            (5, 3, 3, (6, 7, 5)),
            {},
            ((5, (3, 3)), {"output_shape": (6, 7, 5)}),
        ),
        ("Conv2DTranspose", (5, (3, 3), (2, 2)), {}, ((5, (3, 3), (2, 2)), {})),
        ("ZeroPadding2D", ({"top_pad": 1},), {}, ((((1, 0), (0, 0)),), {})),
        (
            "ZeroPadding2D",
            (),
            {"padding": {"left_pad": 3, "right_pad": 4}},
            ((), {"padding": ((0, 0), (3, 4))}),
        ),
        ("ZeroPadding2D", ({"depth": 1},), {}, (({"depth": 1},), {})),
    ],
)
def test_sides_of_a_kernel_given_one_by_one_are_gathered(name, args, kwargs, now):
    assert now == vocabulary.gather(name, args, kwargs)


@pytest.mark.parametrize(
    "old, new",
    [
        ("Convolution2D", "Conv2D"),
        ("AtrousConvolution1D", "Conv1D"),
        ("Deconvolution2D", "Conv2DTranspose"),
        ("MaxPool2D", "MaxPooling2D"),
        ("GlobalAvgPool3D", "GlobalAveragePooling3D"),
        ("activity_l2", "l2"),
        ("objectives", "losses"),
        ("Dense", "Dense"),
    ],
)
def test_an_old_class_is_found_under_its_name_of_today(old, new):
    assert new == vocabulary.canonical(old)


@pytest.mark.parametrize(
    "key, spellings",
    [
        ("acc", ("acc", "accuracy")),
        ("accuracy", ("accuracy", "acc")),
        ("val_acc", ("val_acc", "val_accuracy")),
        ("val_out_accuracy", ("val_out_accuracy", "val_out_acc")),
        ("acc_1", ("acc_1", "accuracy_1")),
        ("lr", ("lr", "learning_rate")),
        ("mean_squared_error", ("mean_squared_error", "mse")),
        ("vacc", ("vacc",)),
        ("val_loss", ("val_loss",)),
    ],
)
def test_either_spelling_of_a_log_key_is_known(key, spellings):
    assert spellings == vocabulary.log_key_spellings(key)


def test_every_quirk_has_a_value_for_every_generation():
    for name, by_generation in history.QUIRKS.items():
        assert {"1", "2.1", "2.3"} == set(by_generation), name


def test_generations_differ_where_keras_did():
    assert (10, 1, 1) == tuple(
        vocabulary.quirk("default_epochs", g) for g in ("1", "2.1", "2.3")
    )
    assert "acc" == vocabulary.metric_key("accuracy", "2.1")
    assert "mean_absolute_error" == vocabulary.metric_key("mae", "1")
    assert "mae" == vocabulary.metric_key("mae", "2.3")


def test_arguments_in_the_order_of_another_time_are_told_by_the_type_of_one():
    keras_1 = vocabulary.in_order("TensorBoard", ("logs", 1, False, True), {})
    keras_2 = vocabulary.in_order("TensorBoard", ("logs", 1, 64, False), {"a": 1})

    assert (
        (),
        {
            "log_dir": "logs",
            "histogram_freq": 1,
            "write_graph": False,
            "write_images": True,
        },
    ) == keras_1
    assert (("logs", 1, 64, False), {"a": 1}) == keras_2
    with pytest.raises(TypeError, match="`log_dir` twice"):
        vocabulary.in_order("TensorBoard", ("logs", 1, True), {"log_dir": "x"})
    with pytest.raises(TypeError, match="at most 9"):
        vocabulary.in_order("TensorBoard", ("logs", 1, *[True] * 8), {})
