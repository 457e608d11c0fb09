"""The few functions that read the tables of words.

What a word is stands in `skin` and `history`; what to do with it, here.
"""

import difflib
import functools
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from cthulhu.vocabulary import history, skin

_tones = [skin.CTHULHU]
_spoken: list[type] = []  # classes whose methods have other names


class _Old(NamedTuple):
    """Everything a class or function once called otherwise, merged."""

    renamed: dict
    values: dict
    gathered: history.Gather | None
    dropped: dict
    positions: tuple | None
    after: str | None
    sides: dict
    words: frozenset


def _by_name() -> dict[str, _Old]:
    index = {}
    for change in history.ARGUMENTS:
        gathered = change.gathered.olds if change.gathered else ()
        old = _Old(
            change.renamed,
            change.values,
            change.gathered,
            change.dropped,
            change.positions,
            change.after,
            change.sides,
            frozenset([*change.renamed, *change.dropped, *gathered]),
        )
        index.update(dict.fromkeys(change.where, old))
    return index


_old_words = _by_name()


def translate(name: str, kwargs: dict) -> dict:
    """Old names and values of arguments put into today's.

    Costs one look-up where nothing is old, and then returns `kwargs` itself.

    Args:
        name: Name of the class, function or method that was called.
        kwargs: Its arguments by name; not changed.

    Raises:
        TypeError: if an argument comes under its old and its new name.

    Example:
        >>> translate("Dense", {"output_dim": 10, "init": "uniform"})
        {'units': 10, 'kernel_initializer': 'uniform'}
    """
    old = _old_words.get(name)
    if old is None or old.words.isdisjoint(kwargs):
        return kwargs
    out = {}
    for word, value in kwargs.items():
        if word in old.dropped:
            meaningless = old.dropped[word]
            if meaningless is history.ANY or value in meaningless:
                continue
            raise TypeError(
                f"`{name}` no longer has an argument `{word}`. Received: "
                f"`{word}={value!r}`. Expected: {' or '.join(map(repr, meaningless))}, "
                "which mean nothing today, or no such argument."
                + history.INSTEAD.get((name, word), "")
            )
        if word in old.renamed:
            value = _today(old.values.get(word, {}), value)
            if word in history.COUNTED_IN_SAMPLES:
                value = _in_batches(word, value, kwargs.get("generator"))
            for new in _names(old.renamed[word]):
                _put(out, name, word, new, value, kwargs)
        else:
            out[word] = value
    gather = old.gathered
    if gather and all(word in out for word in gather.needed):
        together = tuple(out.pop(word, None) for word in gather.olds)
        _put(out, name, "` and `".join(gather.olds), gather.new, together, kwargs)
    return out


def _names(new):
    return (new,) if isinstance(new, str) else new


def _today(values, value):
    try:
        return values.get(value, value)
    except TypeError:  # not hashable, so in no table
        return value


def _put(out, name, old, new, value, kwargs):
    if new in kwargs:
        raise TypeError(
            f"`{name}` got one argument under two names: the old `{old}` and `{new}`. "
            f"Keep `{new}`."
        )
    out[new] = value


def _in_batches(word, value, generator):
    size = getattr(generator, "batch_size", None)
    if size:
        return value // size
    warnings.warn(
        f"`{word}` counted samples; its number is used as a number of batches, because "
        "the generator does not tell its `batch_size`. Use `steps_per_epoch`.",
        UserWarning,
        stacklevel=4,
    )
    return value


def gather(name: str, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Sides of a window that were given one by one, made the one argument of today.

    Args:
        name: Name of the class that was called.
        args: Its arguments by position.
        kwargs: Its arguments by name; not changed.

    Example:
        >>> gather("Conv2D", (32, 3, 5), {"activation": "relu"})
        ((32, (3, 5)), {'activation': 'relu'})
        >>> gather("Conv2D", (32, 3), {"nb_col": 5})
        ((32, (3, 5)), {})
        >>> gather("ZeroPadding2D", (), {"padding": {"left_pad": 1}})
        ((), {'padding': ((0, 0), (1, 0))})
    """
    old = _old_words.get(name)
    if old is None:
        return args, kwargs
    for word, keys in old.sides.items():
        if word in kwargs:
            kwargs = {**kwargs, word: _sides(kwargs[word], keys)}
        args = tuple(_sides(value, keys) for value in args)
    if old.positions is None or old.gathered is None:
        return args, kwargs
    first, count = old.positions
    sides = args[first : first + count]
    rest = old.gathered.olds[len(sides) :]
    if sides and all(map(_is_int, sides)) and all(word in kwargs for word in rest):
        kernel = (*sides, *(kwargs[word] for word in rest))
        args = (*args[:first], kernel, *args[first + count :])
        after = first + 1
        if old.after and len(args) > after and isinstance(args[after], tuple):
            kwargs = {**kwargs, old.after: args[after]}
            args = (*args[:after], *args[after + 1 :])
        kwargs = {k: v for k, v in kwargs.items() if k not in rest}
    return args, kwargs


def in_order(name: str, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Arguments that came one by one in the order of another time, by their names.

    Args:
        name: Name of the class that is made.
        args: Its arguments in order.
        kwargs: Those by name; not changed.

    Raises:
        TypeError: if an argument comes twice, or if there are too many.

    Example:
        >>> in_order("TensorBoard", ("logs", 1, False), {})
        ((), {'log_dir': 'logs', 'histogram_freq': 1, 'write_graph': False})
    """
    other = history.ORDERS[name]
    if len(args) <= other.at or not isinstance(args[other.at], other.kind):
        return args, kwargs
    if len(args) > len(other.names):
        raise TypeError(
            f"`{name}` takes at most {len(other.names)} arguments by position in this "
            f"order, but {len(args)} were given. Give the further ones by name."
        )
    named = dict(zip(other.names, args, strict=False))
    for word in named:
        if word in kwargs:
            raise TypeError(f"`{name}` got the argument `{word}` twice.")
    return (), {**named, **kwargs}


def _sides(value, keys):
    """A dict from keys to sizes as nested tuples in the order of `keys`."""
    if not isinstance(value, dict) or not set(value) <= {k for ks in keys for k in ks}:
        return value
    return tuple(tuple(value.get(key, 0) for key in pair) for pair in keys)


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


@functools.lru_cache(maxsize=4096)
def canonical(word: str) -> str:
    """The standard name of a Cthulhu or an old word; the word itself if it is neither.

    Example:
        >>> canonical("LumpCheckpoint"), canonical("MaxPool2D"), canonical("benefit")
        ('ModelCheckpoint', 'MaxPooling2D', 'benefit')
    """
    for tone in reversed(_tones):
        standard = tone.standard(word)
        if standard != word:
            return standard
    if word in history.PATHS:
        return history.PATHS[word][0]
    return history.NAMES.get(word, (word,))[0]


@functools.lru_cache(maxsize=4096)
def _spellings(name: str) -> tuple[str, ...]:
    found = (s for tone in _tones for s in tone.spellings(name))
    return tuple(dict.fromkeys(found))


def spellings(names: str | Iterable[str]) -> tuple[str, ...]:
    """How a name, or each of several, is said in the other tongues; () if it is not.

    Example:
        >>> spellings("SpatialDropout1D"), spellings("Dropout"), spellings("evaluate")
        (('SpatialDarkness1D',), ('Darkness',), ())
    """
    if isinstance(names, str):
        return _spellings(names)
    return tuple(s for name in names for s in _spellings(name))


def aliases(cls: type) -> type:
    """Give each public method of a class its names in the other tongues.

    The other name has no body: it calls what `self` defines under the standard name, so
    a subclass that overrides `fit` changes `summon` too.  A subclass that overrides
    `summon` has thereby overridden `fit`.

    Example:
        >>> @aliases
        ... class Model:
        ...     def fit(self, x):
        ...         return x
        >>> Model().summon(3)
        3
    """
    for name in _public(cls):
        for spelling in spellings(name):
            method = getattr(cls, name)
            if callable(method) and not hasattr(cls, spelling):
                setattr(cls, spelling, _calls(name, spelling, cls, method))
    if cls not in _spoken:
        _spoken.append(cls)
        _hear_subclasses(cls)
    return cls


def _public(cls: type) -> list[str]:
    return [name for name in dir(cls) if not name.startswith("_")]


def _calls(name: str, spelling: str, cls: type, method: Callable) -> Callable:
    @functools.wraps(method)
    def other_name(self, *args, **kwargs):
        over = [
            base
            for base in type(self).__mro__
            if spelling in vars(base) and vars(base)[spelling] is not other_name
        ]
        # A subclass that overrides this very name gets here by `super()` alone.
        owner = super(over[-1], self) if over else self
        return getattr(owner, name)(*args, **kwargs)

    other_name.__name__ = spelling
    other_name.__qualname__ = f"{cls.__qualname__}.{spelling}"
    return other_name


def _hear_subclasses(cls: type) -> None:
    """What a subclass of `cls` says in another tongue counts in the standard one."""
    own = vars(cls).get("__init_subclass__")

    def __init_subclass__(sub, **kwargs):
        if own is not None:
            own.__func__(sub, **kwargs)
        else:
            super(cls, sub).__init_subclass__(**kwargs)
        for name in _public(cls):
            for spelling in spellings(name):
                if spelling in vars(sub) and name not in vars(sub):
                    setattr(sub, name, vars(sub)[spelling])

    cls.__init_subclass__ = classmethod(__init_subclass__)


def guess(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to a name, or None if none is near.

    Args:
        name: A name, in any tongue and spelling.
        candidates: The names that there are.

    Example:
        >>> guess("val_los", ["loss", "val_loss"]), guess("qqq", ["loss"])
        ('val_loss', None)
    """
    names = [candidate for candidate in candidates if isinstance(candidate, str)]
    said = canonical(name)
    if said != name and said in names:
        return said
    folded: dict[str, list[str]] = {}
    for candidate in names:
        folded.setdefault(candidate.lower(), []).append(candidate)
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if not near:
        return None
    # `mse` and `MSE` are as near: the one in the letters that were used is better.
    return max(
        folded[near[0]], key=lambda c: difflib.SequenceMatcher(None, c, name).ratio()
    )


def log_key_spellings(key: str) -> tuple[str, ...]:
    """Every spelling of a key of `logs`, the given one first.

    Example:
        >>> log_key_spellings("val_acc"), log_key_spellings("loss")
        (('val_acc', 'val_accuracy'), ('loss',))
    """
    stem, number = re.fullmatch(r"(.*?)((?:_\d+)?)", key, re.DOTALL).groups()
    for pair in history.LOG_KEYS:
        for word in sorted(pair, key=len, reverse=True):
            if stem == word or stem.endswith("_" + word):
                prefix = stem.removesuffix(word)
                others = [prefix + other + number for other in pair if other != word]
                return (key, *others)
    return (key,)


def quirk(name: str, generation: str):
    """What a generation of Keras does in one respect; see `history.QUIRKS`.

    Args:
        name: A key of the table, like `"default_epochs"`.
        generation: `"1"`, `"2.1"` or `"2.3"`, as `config.generation()` tells.

    Example:
        >>> quirk("default_epochs", "1"), quirk("default_epochs", "2.3")
        (10, 1)
    """
    return history.QUIRKS[name][generation]


def wording(name: str, generation: str) -> str:
    """What a callback prints, as a generation words it: a template to be formatted.

    Args:
        name: A key of `history.MESSAGES`.
        generation: `"1"`, `"2.1"` or `"2.3"`.

    Example:
        >>> wording("does_not_improve", "1").format(epoch=3, monitor="loss", best=2)
        'Epoch 00003: loss did not improve'
    """
    today, older = history.MESSAGES[name]
    return older.get(generation, today)


def metric_key(name: str, generation: str) -> str:
    """The key in `logs` of a metric asked for by name, as a generation spells it.

    Example:
        >>> metric_key("accuracy", "2.1"), metric_key("accuracy", "2.3")
        ('acc', 'accuracy')
    """
    return quirk("metric_keys", generation).get(name, name)


def load_skin(path: str | Path) -> skin.Tone:
    """Add a tongue of the user's own: a table like `words.csv`, in a file.

    Its words are understood beside all others from then on, by classes and modules that
    exist already too.

    Args:
        path: A CSV file with the columns standard, other, also accepted, kind.

    Raises:
        ValueError: for a row that is no word.
    """
    tone = skin.Tone(skin.read(path))
    _tones.append(tone)
    canonical.cache_clear()
    _spellings.cache_clear()
    for cls in tuple(_spoken):
        aliases(cls)
    return tone
