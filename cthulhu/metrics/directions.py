"""Which way is better, for every name that can stand in logs.

The one rule behind every `mode="auto"`.  Whoever does not find an answer here asks the
user; nobody guesses.
"""

import re
from collections.abc import Iterable

from cthulhu.core import naming, registry

# What names end with, beyond the metrics that are registered.  A longer ending wins.
_ENDINGS = {
    "max": """acc accuracy auc auroc auprc precision recall sensitivity specificity
        tpr tnr iou jaccard dice fmeasure f_measure f1 f1_score fbeta fbeta_score
        f2_score kappa mcc r2 r2_score r_squared correlation cosine cosine_similarity
        cosine_proximity mean_iou average_precision psnr ssim bleu rouge hits
        true_positives true_negatives""".split(),
    "min": """loss error err mse mae mape msle rmse crossentropy cross_entropy ce nll
        kld kl divergence perplexity hinge logcosh huber poisson wer cer distance fpr
        fnr false_positives false_negatives regret""".split(),
}


def direction(name: str, metrics: Iterable[object] = ()) -> str | None:
    """Whether a quantity in logs gets better downwards or upwards.

    `val_`, the names of outputs before it and a number behind it do not matter.

    Args:
        name: Key in logs, as in `"val_loss"`, `"head_acc"` or `"auc_1"`.
        metrics: Metric objects that are asked first, by their `name` and `direction`.

    Returns:
        `"min"`, `"max"`, or None where nobody knows (`"lr"`, a metric of the user's).

    Example:
        >>> direction("val_auc"), direction("val_head_loss"), direction("lr")
        ('max', 'min', None)
    """
    plain = name.removeprefix("val_")
    for metric in metrics:
        own = getattr(metric, "name", None)
        if own and (plain == own or plain.endswith("_" + own)):
            declared = getattr(metric, "direction", None)
            if declared:
                return declared
    snake = naming.to_snake_case(re.sub(r"_\d+$", "", plain))
    words = [word for word in snake.split("_") if word]
    known = _known()
    for start in range(len(words)):  # the longest ending comes first
        found = known.get("_".join(words[start:]))
        if found:
            return found
    ends = ("acc", "accuracy", "auc", "f1")
    return "max" if words and words[-1].endswith(ends) else None


def _known() -> dict[str, str]:
    table = {word: way for way, words in _ENDINGS.items() for word in words}
    for name in registry.names("metric"):
        way = getattr(registry.find("metric", name), "direction", None)
        if way in ("min", "max"):
            table[naming.to_snake_case(name)] = way
    return table
