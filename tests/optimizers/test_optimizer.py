"""What all optimizers share: state, arguments, clipping, accumulation, averages."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cthulhu import backend as K
from cthulhu import optimizers
from cthulhu.core import Scope, Variable
from cthulhu.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lamb,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    TransformOptimizer,
    schedules,
)

KERAS = [SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam]
ALL = [*KERAS, AdamW, Lamb, Lion]


def weights(*arrays):
    arrays = arrays or ([1.0, 2.0], [[3.0]])
    return [Variable(np.float32(a), name=f"w{i}") for i, a in enumerate(arrays)]


def step(optimizer, variables, *grads):
    grads = [jnp.float32(g) for g in grads]
    optimizer.apply_gradients(zip(grads, variables, strict=True))


def compiled(optimizer, variables, trace=lambda: None):
    """`step` as one compiled function of all variables."""
    optimizer.build(variables)
    everything = [*variables, *optimizer.variables]

    @jax.jit
    def advance(values, grads):
        trace()
        with Scope(dict(zip(everything, values, strict=True))) as scope:
            optimizer.apply_gradients(zip(grads, variables, strict=True))
        return [scope.values[v] for v in everything]

    def run(*grads):
        grads = [jnp.float32(g) for g in grads]
        for v, new in zip(
            everything, advance([v.value for v in everything], grads), strict=True
        ):
            v.assign(new)

    return run


# Arguments


def test_lr_and_learning_rate_are_one_argument():
    assert SGD(lr=0.5).get_config() == SGD(learning_rate=0.5).get_config()
    assert 0.5 == SGD(0.5).get_config()["learning_rate"]


def test_lr_and_learning_rate_together_are_refused():
    with pytest.raises(TypeError, match="two names"):
        SGD(lr=0.1, learning_rate=0.2)


def test_a_subclass_may_hand_the_old_word_on():
    class Mine(SGD):
        def __init__(self, lr=0.25, **kwargs):
            super().__init__(lr=lr, **kwargs)

    assert 0.25 == float(Mine().lr) == float(Mine(clipnorm=1.0).lr)
    assert 0.5 == float(Mine(lr=0.5).lr) == Mine(lr=0.5).get_config()["lr"]


def test_an_unknown_argument_names_the_nearest():
    with pytest.raises(TypeError, match="Did you mean `clipnorm`"):
        Adam(clipnrm=1.0)
    with pytest.raises(TypeError, match="decay"):
        Nadam(decay=0.1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lr": -0.1},
        {"lr": float("nan")},
        {"lr": "fast"},
        {"momentum": -1},
        {"decay": -1e-6},
        {"clipnorm": -1},
        {"clipvalue": -0.5},
        {"ema": 1.0},
        {"gradient_accumulation_steps": 0},
        {"gradient_accumulation_steps": 1.5},
    ],
    ids=str,
)
def test_an_argument_out_of_range_is_refused(arguments):
    with pytest.raises(ValueError, match="`SGD` is out of range. Received"):
        SGD(**arguments)


def test_betas_are_below_one():
    with pytest.raises(ValueError, match="below 1"):
        Adam(beta_1=1.0)


def test_epsilon_none_is_the_backends():
    K.set_epsilon(1e-3)

    assert 1e-3 == Adam().get_config()["epsilon"] == Adam(epsilon=None).epsilon


# Finding one


@pytest.mark.parametrize("cls", ALL)
def test_every_optimizer_is_found_by_name_in_any_case(cls):
    name = cls.__name__
    for word in (name, name.lower(), name.upper(), cls, {"class_name": name}):
        assert cls is type(optimizers.get(word))


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `rmsprop`"):
        optimizers.get("rmspro")


def test_what_is_no_optimizer_is_refused():
    for wrong in (None, 3, np.tanh):
        with pytest.raises(ValueError, match="Could not interpret"):
            optimizers.get(wrong)


@settings(max_examples=30, deadline=None)
@given(
    cls=st.sampled_from(ALL),
    rate=st.floats(0, 10, width=32),
    more=st.fixed_dictionaries(
        {},
        optional={
            "clipnorm": st.floats(0, 10),
            "clipvalue": st.floats(0, 10),
            "ema": st.floats(0, 0.99),
            "gradient_accumulation_steps": st.integers(1, 5),
        },
    ),
)
def test_every_configuration_makes_a_twin(cls, rate, more):
    optimizer = cls(rate, **more)
    config = optimizers.serialize(optimizer)
    twin = optimizers.deserialize(optimizers.serialize(optimizer))

    assert config["config"] == twin.get_config() and rate == float(twin.lr)
    assert more == {name: config["config"][name] for name in more}


def test_deserialize_puts_the_name_into_small_letters_as_keras_does():
    config = {"class_name": "SGD", "config": {}}

    optimizers.deserialize(config)

    assert "sgd" == config["class_name"]


def test_a_users_class_of_a_built_in_name_comes_first():
    class Adam(SGD):
        pass

    config = {"class_name": "Adam", "config": {}}

    assert Adam is type(optimizers.deserialize(config, {"Adam": Adam}))
    assert Adam is not type(optimizers.deserialize(config))


# State


def test_weights_are_empty_until_the_first_step():
    optimizer = Adam()
    assert [] == optimizer.weights == optimizer.get_weights()

    with pytest.raises(ValueError, match="call `build"):
        optimizer.set_weights([np.array(0)])


def test_slots_come_in_keras_order_with_keras_names():
    optimizer = Nadam()
    optimizer.build(weights())

    names = [v.name.split("/")[-1] for v in optimizer.weights]
    assert ["iterations", "m_schedule", "m_0", "m_1", "v_0", "v_1"] == names


def test_build_twice_keeps_the_slots():
    optimizer, variables = SGD(1.0, momentum=0.5), weights()
    step(optimizer, variables, [1.0, 1.0], [[1.0]])
    before = optimizer.weights

    optimizer.build(variables)

    assert before == optimizer.weights and -1.0 == optimizer.weights[1].numpy()[0]


def test_a_fresh_build_forgets_the_slots_but_counts_on():
    optimizer, variables = SGD(1.0, momentum=0.5), weights()
    step(optimizer, variables, [1.0, 1.0], [[1.0]])

    optimizer.build(variables, fresh=True)

    assert 1 == int(optimizer.iterations) and 0.0 == optimizer.weights[1].numpy()[0]


def test_one_optimizer_serves_two_models():
    optimizer, one, other = SGD(1.0, momentum=0.5), weights([0.0]), weights([0.0])

    for _ in range(2):
        step(optimizer, one, [1.0])
        step(optimizer, other, [10.0])

    # v = -1, then -1.5: together -2.5 times the gradient, for each on its own.
    assert (-2.5, -25.0) == (one[0].numpy()[0], other[0].numpy()[0])
    assert 4 == int(optimizer.iterations)


def test_weights_of_another_shape_are_refused_and_nothing_is_set():
    optimizer = SGD()
    optimizer.build(weights())

    with pytest.raises(ValueError, match=r"expected|Expected: \(1, 1\)"):
        optimizer.set_weights([np.array(7), np.ones(2), np.ones(5)])
    with pytest.raises(ValueError, match="2 arrays"):
        optimizer.set_weights([np.array(7), np.ones(2)])
    assert 0 == int(optimizer.iterations)


@pytest.mark.parametrize(
    "cls, missing, filled",
    [(RMSprop, [0], 0), (Adagrad, [0], 0), (Adadelta, [0], 0), (Nadam, [1], 1.0)],
)
def test_lists_of_older_releases_are_filled_up(cls, missing, filled):
    optimizer = cls()
    optimizer.build(weights())
    full = [np.full(w.shape, 7.0) for w in optimizer.weights]

    optimizer.set_weights([a for i, a in enumerate(full) if i not in missing])

    got = optimizer.get_weights()
    assert filled == got[missing[0]] and 7.0 == got[-1].flat[0]


def test_adam_of_keras_1_came_without_placeholders():
    optimizer = Adam()
    optimizer.build(weights())
    full = [np.full(w.shape, 7.0) for w in optimizer.weights]

    optimizer.set_weights(full[:-2])

    assert [7, 7.0, 0.0] == [optimizer.get_weights()[i].flat[0] for i in (0, 4, 5)]


def test_an_optimizer_can_be_pickled_with_its_state():
    optimizer, variables = Adam(lr=0.5), weights()
    step(optimizer, variables, [1.0, 1.0], [[1.0]])

    twin = pickle.loads(pickle.dumps(optimizer))

    assert 0.5 == float(twin.lr)
    for ours, theirs in zip(twin.get_weights(), optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_slots_cannot_be_made_while_a_step_is_traced():
    optimizer, variables = SGD(), weights([1.0])

    def traced(value):
        with Scope({variables[0]: value}):
            step(optimizer, variables, value)

    with pytest.raises(RuntimeError, match="build"):
        jax.eval_shape(traced, jnp.ones(1))


# Steps


def test_a_gradient_of_none_names_its_variable():
    with pytest.raises(ValueError, match="`None` for gradient.*`w1`"):
        SGD().apply_gradients(zip([jnp.ones(2), None], weights(), strict=True))


def test_a_gradient_of_another_shape_names_its_variable():
    with pytest.raises(ValueError, match=r"w0.*Received: \(3,\). Expected: \(2,\)"):
        step(SGD(), weights([1.0, 2.0]), [1.0, 1.0, 1.0])


def test_a_model_without_weights_still_counts():
    optimizer = Adam(clipnorm=1.0, clipvalue=1.0)

    optimizer.apply_gradients([])

    assert 1 == int(optimizer.iterations)


def test_decay_divides_by_one_more_each_step():
    optimizer, variables = SGD(1.0, decay=1.0), weights([0.0])
    seen = []
    for _ in range(3):
        step(optimizer, variables, [1.0])
        seen.append(float(variables[0].value[0]))

    np.testing.assert_allclose(seen, [-1.0, -1.5, -1.5 - 1 / 3], rtol=1e-6)


def test_clipnorm_is_the_norm_of_all_gradients_together():
    variables = weights([0.0], [0.0])

    step(SGD(1.0, clipnorm=1.0), variables, [3.0], [4.0])

    np.testing.assert_allclose([v.numpy()[0] for v in variables], [-0.6, -0.8])


def test_clipvalue_comes_after_clipnorm():
    variables = weights([0.0], [0.0])

    step(SGD(1.0, clipnorm=1.0, clipvalue=0.7), variables, [3.0], [4.0])

    np.testing.assert_allclose([v.numpy()[0] for v in variables], [-0.6, -0.7])


def test_a_constraint_is_applied_to_the_new_value():
    variable = Variable(np.float32([1.0, -1.0]), constraint=lambda w: jnp.maximum(w, 0))

    step(SGD(0.5), [variable], [1.0, 1.0])

    np.testing.assert_array_equal(variable.numpy(), [0.5, 0.0])


def test_hyperparameters_change_in_a_compiled_step_without_compiling():
    traces = []
    optimizer, variables = SGD(1.0), weights([0.0])
    run = compiled(optimizer, variables, lambda: traces.append(1))

    run([1.0])
    optimizer.lr = 10.0
    run([1.0])
    K.set_value(optimizer.lr, 100.0)
    run([1.0])
    optimizer.learning_rate, optimizer.momentum = 1000.0, 0.5
    run([1.0])

    # -1 - 10 - 100 - (1000 + 100 / 2)
    assert -1161.0 == variables[0].numpy()[0] and 1 == len(traces)


@pytest.mark.parametrize("cls", ALL)
def test_a_compiled_step_is_an_eager_step(cls):
    here, there = cls(ema=0.5), cls(ema=0.5)
    ours, theirs = weights(), weights()
    run = compiled(there, theirs)
    for grad in (1.0, -0.5, 2.0):
        step(here, ours, [grad, 2 * grad], [[-grad]])
        run([grad, 2 * grad], [[-grad]])

    for a, b in zip([*ours, *here.weights], [*theirs, *there.weights], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_half_precision_weights_and_slots_stay_so():
    optimizer = Adam(1.0)
    variable = Variable(np.ones(2), "bfloat16")
    run = compiled(optimizer, [variable])

    run(np.ones(2))

    assert {"bfloat16"} == {str(v.dtype) for v in [variable, *optimizer.weights[1:]]}
    np.testing.assert_allclose(variable.numpy().astype("float32"), 0.0, atol=0.01)


# Rules of optax


def test_an_optax_transformation_is_an_optimizer():
    optimizer, variables = optimizers.get(optax.sgd(0.5)), weights([1.0])

    step(optimizer, variables, [1.0])

    assert isinstance(optimizer, TransformOptimizer)
    assert 0.5 == variables[0].numpy()[0] and 1 == int(optimizer.iterations)


def test_a_stateful_transformation_keeps_its_state_in_variables():
    optimizer, variables = optimizers.get(optax.adam(0.1)), weights([1.0])
    params, rule = [jnp.ones(1)], optax.adam(0.1)
    state = rule.init(params)
    run = compiled(optimizer, variables)

    for grad in (1.0, -3.0):
        run([grad])
        updates, state = rule.update([jnp.float32([grad])], state, params)
        params = optax.apply_updates(params, updates)

    np.testing.assert_allclose(variables[0], params[0], rtol=1e-6)
    assert ["iterations", "count", "mu_0", "nu_0"] == [
        v.name.split("/")[-1] for v in optimizer.weights
    ]


def test_a_transformation_has_no_rate_and_no_configuration():
    optimizer = TransformOptimizer(optax.sgd(0.5))

    assert not hasattr(optimizer, "lr")
    with pytest.raises(NotImplementedError, match="define `rule`"):
        optimizer.get_config()


@pytest.mark.parametrize(
    "optimizer, rule",
    [
        (AdamW(0.1, weight_decay=0.5), optax.adamw(0.1, eps=1e-7, weight_decay=0.5)),
        (Lamb(0.1), optax.lamb(0.1, eps=1e-7)),
        (Lion(0.1, weight_decay=0.5), optax.lion(0.1, weight_decay=0.5)),
    ],
    ids=lambda o: type(o).__name__,
)
def test_rules_of_optax_are_optax_own(optimizer, rule):
    variables, params = weights([1.0, -2.0]), [jnp.float32([1.0, -2.0])]
    state = rule.init(params)
    for grad in ([1.0, 2.0], [3.0, -1.0]):
        step(optimizer, variables, grad)
        updates, state = rule.update([jnp.float32(grad)], state, params)
        params = optax.apply_updates(params, updates)

    np.testing.assert_allclose(variables[0], params[0], rtol=1e-5)


def test_a_subclass_defines_its_rule():
    class Signs(Optimizer):
        def __init__(self, learning_rate=0.5, **kwargs):
            super().__init__(**kwargs)
            self.learning_rate = learning_rate

        def rule(self):
            return optax.chain(optax.scale_by_sign(), self.scale_by_rate())

    optimizer, variables = Signs(clipvalue=1.0), weights([0.0])
    step(optimizer, variables, [-7.0])

    assert 0.5 == variables[0].numpy()[0]
    assert {"learning_rate": 0.5, "clipvalue": 1.0} == optimizer.get_config()


def test_an_optimizer_without_a_rule_says_so():
    with pytest.raises(NotImplementedError, match="neither `rule` nor"):
        step(Optimizer(), weights([0.0]), [1.0])


# Learning rates that follow the step


def test_a_schedule_is_followed_and_read():
    schedule = schedules.PiecewiseConstantDecay([0, 1], [1.0, 10.0, 100.0])
    optimizer, variables = SGD(lr=schedule), weights([0.0])
    run = compiled(optimizer, variables)
    rates = []
    for _ in range(3):
        rates.append(float(K.get_value(optimizer.lr)))
        run([1.0])

    assert [1.0, 10.0, 100.0] == rates and -111.0 == variables[0].numpy()[0]


def test_a_plain_function_of_the_step_is_a_schedule():
    optimizer, variables = SGD(lambda step: 1.0 + step), weights([0.0])
    run = compiled(optimizer, variables)
    run([1.0])
    run([1.0])

    assert -3.0 == variables[0].numpy()[0] and 3.0 == float(optimizer.lr)


def test_a_function_that_asks_in_python_is_told_what_to_do():
    optimizer, variables = SGD(lambda step: 1.0 if step < 5 else 0.1), weights([0.0])

    with pytest.raises(TypeError, match="jnp.where"):
        compiled(optimizer, variables)([1.0])


def test_a_schedule_is_part_of_the_configuration():
    config = Adam(schedules.ExponentialDecay(1.0, 10, 0.5)).get_config()
    twin = Adam.from_config(config)

    assert "ExponentialDecay" == config["learning_rate"]["class_name"]
    assert 1.0 == float(twin.lr) and config == twin.get_config()


def test_a_rate_cannot_turn_into_a_schedule_or_back():
    optimizer = SGD(schedules.CosineDecay(1.0, 10))
    with pytest.raises(ValueError, match="number and a schedule"):
        optimizer.lr = 0.1
    with pytest.raises(ValueError, match="number and a schedule"):
        SGD().lr = schedules.CosineDecay(1.0, 10)


# Accumulation and averages


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("how", [lambda o, v: lambda *g: step(o, v, *g), compiled])
def test_accumulated_batches_are_one_big_batch(cls, how):
    big, small = weights(), weights()
    once = how(cls(0.1, clipvalue=2.5), big)
    many = cls(0.1, clipvalue=2.5, gradient_accumulation_steps=3)
    thrice = how(many, small)
    for scale in (1.0, -2.0):
        parts = [np.float32([scale * i, 1.0]) for i in (1, 2, 6)]
        once(np.mean(parts, 0), [[1.0]])
        for part in parts:
            thrice(part, [[1.0]])

    for ours, theirs in zip(small, big, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert 2 == int(many.iterations)


def test_weights_rest_while_gradients_are_added_up():
    optimizer = SGD(1.0, gradient_accumulation_steps=2, ema=0.5)
    variable = Variable(np.float32([4.0]), constraint=lambda w: w / 2)

    step(optimizer, [variable], [1.0])
    assert (4.0, 0) == (variable.numpy()[0], int(optimizer.iterations))

    step(optimizer, [variable], [3.0])
    assert (1.0, 1) == (variable.numpy()[0], int(optimizer.iterations))
    assert 2.5 == optimizer.weights[-1].numpy()[0]  # (4 + 1) / 2


def test_averages_follow_the_weights_and_can_take_their_place():
    optimizer, variables = SGD(1.0, ema=0.75), weights([0.0])
    step(optimizer, variables, [-4.0])  # weight 4, average 1
    step(optimizer, variables, [-4.0])  # weight 8, average 2.75

    with optimizer.ema_weights():
        assert 2.75 == variables[0].numpy()[0]
    assert 8.0 == variables[0].numpy()[0]

    optimizer.swap_ema()
    assert (2.75, 8.0) == (variables[0].numpy()[0], optimizer.weights[-1].numpy()[0])


def test_without_averages_there_is_nothing_to_swap():
    with pytest.raises(ValueError, match="ema=0.999"):
        SGD().swap_ema()
