"""Has the network learned anything, and the same thing that validation asks for?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import Series, own_reading, with_its_statistics
from tlhelpers.doctor.rules.seen import Seen, training_accuracies
from tlhelpers.doctor.watch import Epoch
from tlhelpers.doctor.wording import percent

_FALLS = 0.98  # of the training loss in the middle
_GOOD_AUC = 0.62
_TELLS = 0.03  # of the labels' entropy
_MOSTLY = 0.6  # of a class's images
_DEPENDS = (
    0.1  # the square of Cramér's V: 0 for answers that know nothing, 1 for one answer a class
)


def stuck(seen: Seen, labels: np.ndarray | None = None) -> Diagnosis | None:
    """No better than one answer for all, in training and in validation."""
    curves = seen.curves
    if curves is None or curves.epochs < 4 or not curves.accuracy:
        return None
    own = own_reading(curves)
    best = float(curves.accuracy[own].max())
    sure = 2.5 * np.sqrt(seen.chance * (1 - seen.chance) / max(curves.images, 1)) + 0.01
    entropy = np.log(seen.classes)
    losses = seen.log("loss")
    learned = np.nanmin(losses) < 0.8 * losses[0] if np.isfinite(losses).any() else False
    accuracy = max(
        (np.nanmax(seen.log(n)) for n in ("accuracy", "acc") if np.isfinite(seen.log(n)).any()),
        default=np.nan,
    )
    if best > seen.chance + sure or (np.isfinite(accuracy) and accuracy > seen.chance + 0.1):
        return None
    if learned and np.nanmin(losses) < 0.9 * entropy:
        return None
    falls = len(losses) > 3 and losses[-1] < _FALLS * losses[len(losses) // 2]
    if falls and losses[-1] < 1.5 * entropy:
        return None  # slow, and still on its way
    if any(np.nanmax(seen.log(n), initial=0) > _GOOD_AUC for n in ("val_auc", "auc")):
        return None
    if labels is not None and _tells_images_apart(seen, labels):
        return None
    if _knows_a_little(seen, curves):
        return None
    return found(
        "stuck_at_chance",
        f"At its best {best:.2f} of the validation images are right{with_its_statistics(own)}; the "
        f"same answer for all would get {seen.chance:.2f}.",
    )


def _knows_a_little(seen: Seen, curves: Series) -> bool:
    """Whether both sides are better than one answer for all: training for certain, by a little."""
    right = training_accuracies(seen)
    late = slice(-max(1, len(right) // 3), None)
    margin = float(right[late].mean()) - seen.chance  # NaN without an accuracy
    by_chance = np.sqrt(seen.chance * (1 - seen.chance) / max(seen.batch * seen.steps, 1))
    validation = curves.accuracy[own_reading(curves)]
    theirs = float(validation[-max(1, len(validation) // 3) :].mean()) - seen.chance
    return margin > 4 * by_chance and theirs > margin / 2


def _tells_images_apart(seen: Seen, labels: np.ndarray) -> bool:
    """Whether the loss is below that of any constant answer: little can be learned, and it is."""
    for one in seen.epochs:
        for name in ("as_validated", "fresh", "averaged"):
            nll = one.nll.get(name)
            if nll is None or not one.finite or len(nll) < 2:
                continue
            shares = np.bincount(labels[: len(nll)]) / len(nll)
            constant = -np.log(shares[labels[: len(nll)]])  # the best answer that is the same
            saved = constant - nll
            enough = max(_TELLS * constant.mean(), 3 * saved.std() / np.sqrt(len(nll)))
            if saved.mean() > enough:
                return True
    return False


def misordered(seen: Seen, labels: np.ndarray) -> Diagnosis | None:
    """Training learns, validation agrees with its labels no better than by chance."""
    curves = seen.curves
    if curves is None:
        return None
    read = [one for one in seen.epochs if len(one.choices) and one.finite]
    last = read[-1]
    choices, labels = last.choices, labels[: len(last.choices)]
    n = len(labels)
    best = max(read, key=lambda one: max(one.right[name].mean() for name in one.right))
    kappas = [
        _kappa_from(one.right[name], one, labels)
        for one in read
        for name in one.right
        if name in ("as_validated", "fresh", "averaged")
    ]
    if n < 40 or max(kappas) > 0.15:
        return None
    shift, agreement = _best_shift(choices, labels)
    if agreement > 0.4:
        return found(
            "label_order",
            f"Predictions and labels agree no better than by chance, but {percent(agreement)} "
            f"better than chance if the labels are moved by {shift} places.",
            agreement,
        )
    accuracy = [
        seen.log(name)
        for name in (
            "accuracy",
            "acc",
            "sparse_categorical_accuracy",
            "categorical_accuracy",
            "binary_accuracy",
        )
    ]
    train = max(
        (float(np.nanmax(a)) for a in accuracy if np.isfinite(a).any()), default=float("nan")
    )
    loss = seen.log("loss")
    learned = train > seen.chance + 0.25 or (
        not np.isfinite(train)
        and np.isfinite(loss).any()
        and np.nanmin(loss) < 0.6 * np.log(seen.classes)
    )
    spread = len(np.unique(choices)) > 1
    if not (learned and spread):
        return None
    if shared := _one_answer_for_two(choices, labels):
        return found(
            "validation_prepared_otherwise",
            f"Training gets {train:.2f} right, and validation "
            f"{last.right['as_validated'].mean():.2f}, although its answers do depend on the "
            f"class: most images of the classes {shared[0]} and {shared[1]} are called "
            f"{shared[2]}. Labels in another order would not do that; images that look otherwise "
            "would.",
        )
    return found(
        "label_order",
        f"Training gets {train:.2f} right, validation never agrees with its labels better than by "
        f"chance ({best.right['as_validated'].mean():.2f} at best), and its answers are as varied "
        "as in training.",
    )


def _one_answer_for_two(choices: np.ndarray, labels: np.ndarray) -> tuple[int, int, int] | None:
    """Two classes that mostly get the same wrong or right answer, and that answer; None if none.

    Labels in a wrong order have nothing to do with the answers, and classes that were numbered
    otherwise have one answer each.
    """
    classes = int(max(choices.max(), labels.max())) + 1
    table = np.zeros((classes, classes))
    np.add.at(table, (labels, choices), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0) / len(labels)
    with np.errstate(invalid="ignore", divide="ignore"):
        chi2 = float(np.nansum((table - expected) ** 2 / expected))
    if chi2 / len(labels) / max(classes - 1, 1) < _DEPENDS:  # the square of Cramér's V
        return None
    answers: dict[int, list[int]] = {}
    for label in np.flatnonzero(table.sum(1)):
        answer = int(table[label].argmax())
        if table[label, answer] > _MOSTLY * table[label].sum():
            answers.setdefault(answer, []).append(int(label))
    shared, twins = max(answers.items(), key=lambda item: len(item[1]), default=(0, []))
    # Of many classes two neighbors may be taken for each other whatever their numbers are.
    merged = sum(len(same) - 1 for same in answers.values())
    return (twins[0], twins[1], shared) if merged >= max(1, classes / 5) else None


def _kappa_from(right: np.ndarray, one: Epoch, labels: np.ndarray) -> float:
    """Agreement beyond chance, from -1 to 1."""
    n = min(len(right), len(labels), len(one.choices))
    shares = np.bincount(labels[:n]) / n
    chosen = np.bincount(one.choices[:n], minlength=len(shares))[: len(shares)] / n
    expected = float((shares * chosen).sum())
    return (float(right[:n].mean()) - expected) / max(1 - expected, 1e-6)


def _best_shift(choices: np.ndarray, labels: np.ndarray) -> tuple[int, float]:
    """The shift of the labels that agrees best, and its agreement beyond chance."""
    best = (0, 0.0)
    n = len(labels)
    classes = int(max(choices.max(), labels.max())) + 1
    shares = np.bincount(labels, minlength=classes) / n
    chosen = np.bincount(choices, minlength=classes) / n
    expected = float((shares * chosen).sum())
    for shift in range(-64, 65):
        if not shift or abs(shift) > n // 2:
            continue
        agreement = float((np.roll(labels, shift) == choices).mean())
        kappa = (agreement - expected) / max(1 - expected, 1e-6)
        if kappa > best[1]:
            best = (shift, kappa)
    return best
