"""A recipe as one plain Keras script: what a reader copies into a project of their own.

The script trains on arrays called ``x_train``, ``y_train``, ``x_val`` and ``y_val``. A change of
the recipe is shown as the difference of two scripts, so that what a page shows cannot drift from
what was trained; tests run the scripts and hold them against the trainer.
"""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import re
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError
from tlhelpers.training.backbones import backbone

if TYPE_CHECKING:
    from tlhelpers.training.recipe import Recipe

_APPLICATIONS = {
    "resnet50": ("ResNet50", "resnet50"),
    "mobilenetv2": ("MobileNetV2", "mobilenet_v2"),
}
_FRESH_IMAGES = 1024  # as many as the trainer measures BatchNorm's statistics on
_HEAD_RATE = 1e-3


def program(recipe: Recipe, classes: int, channels: int = 3) -> str:
    """The recipe as a script.

    Parameters
    ----------
    recipe : Recipe
    classes : int
        Width of the softmax.
    channels : int
        Of the stored images: 3, or 1 for gray ones, which are copied to three.

    Returns
    -------
    str
        Plain Keras with a backbone of ``keras.applications``. EfficientNet-Lite0 is no part of
        Keras: its script takes the backbone, and nothing else, from ``tlhelpers``.
    """
    parts = [
        _imports(recipe),
        _about_the_data(recipe, channels),
        _callback(recipe),
        _base(recipe),
        _model(recipe, classes, channels),
        _head_first(recipe),
        _before_compile(recipe),
        _compile(recipe),
        _fit(recipe),
        _after(recipe),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def changes(before: Recipe, after: Recipe, classes: int, channels: int = 3) -> str:
    """What one script changes about another: lines with ``+`` and ``-``, and one around them.

    Parameters
    ----------
    before, after : Recipe
    classes, channels : int
        As in `program`.

    Returns
    -------
    str
        A unified difference without its header; the code of `UpdateBatchNorm` is left to
        `update_batchnorm`.

    Raises
    ------
    CourseError
        The scripts do not differ: what the recipes differ in is no line of a script.
    """
    old, new = (_without_callback(program(each, classes, channels)) for each in (before, after))
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[3:]
    if not lines:
        raise CourseError("These two recipes have the same script.")
    # Where the script is left out between two changes, an ellipsis tells more than line numbers.
    shown = ("..." if line.startswith("@@") else line for line in lines)
    return "\n".join(line for line in shown if line.strip()) + "\n"


@functools.cache
def update_batchnorm() -> str:
    """The callback `tlhelpers.training.averaging.UpdateBatchNorm` without docstrings and types."""
    from tlhelpers.training.averaging import UpdateBatchNorm

    source = inspect.getsource(UpdateBatchNorm)
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            text = node.body[0]
            for number in range(text.lineno, (text.end_lineno or text.lineno) + 1):
                lines[number - 1] = "\0"
    plain = "\n".join(line for line in lines if line != "\0")
    typed = r"(\w): [\w.]+(?:\[[\w., ]+\])?( = |(?=[,)]))"
    plain = re.sub(typed, lambda found: found[1] + found[2].strip(), plain)
    plain = re.sub(r" -> [^:]+:", ":", plain)
    return re.sub(r"(class .*:)\n+", r"\1\n", plain).strip()


def _without_callback(text: str) -> str:
    return text.replace(update_batchnorm() + "\n\n", "") if "UpdateBatchNorm" in text else text


# --- the parts of a script, each a list of lines ----------------------------------------------


def _imports(recipe: Recipe) -> list[str]:
    fresh = recipe.batchnorm == "reestimated"
    numpy = fresh or recipe.class_weights or recipe.logit_adjustment
    own = recipe.backbone not in _APPLICATIONS
    return [
        "import keras",
        *(["import numpy as np"] if numpy else []),
        *(["import tlhelpers as tl"] if own else []),
    ]


def _about_the_data(recipe: Recipe, channels: int) -> list[str]:
    size = recipe.stored_size
    labels = "labels, one-hot"
    if recipe.soft_labels:
        labels = "shares of the votes: votes / votes.sum(axis=1, keepdims=True)"
    return [
        f"# x_train, x_val: images, (n, {size}, {size}, {channels}), 0 to 255",
        f"# y_train, y_val: {labels}",
    ]


def _callback(recipe: Recipe) -> list[str]:
    return [update_batchnorm()] if recipe.batchnorm == "reestimated" else []


def _base(recipe: Recipe) -> list[str]:
    size = recipe.image_size
    if recipe.backbone in _APPLICATIONS:
        name, _ = _APPLICATIONS[recipe.backbone]
        weights = '"imagenet"' if recipe.pretrained_on == "imagenet" else "None"
        lines = [
            f"base = keras.applications.{name}(",
            f"    include_top=False, weights={weights}, input_shape=({size}, {size}, 3)",
            ")",
        ]
    else:
        lines = [f'base = tl.backbone("{recipe.backbone}").build({size})']
    if recipe.kernel_scale != 1:
        lines.append(
            f"tl.similarity.rescale(base, {_fraction(recipe.kernel_scale)})"
            "  # the same outputs, a longer step"
        )
    if recipe.truncate_at:
        last = _last_layer(recipe.backbone, recipe.truncate_at)
        lines.append(f'base = keras.Model(base.input, base.get_layer("{last}").output)')
    lines += _freezing(recipe)
    if recipe.batchnorm_momentum is not None:
        lines += [
            "for layer in base.layers:",
            "    if isinstance(layer, keras.layers.BatchNormalization):",
            f"        layer.momentum = {recipe.batchnorm_momentum:g}",
        ]
    return lines


def _freezing(recipe: Recipe) -> list[str]:
    lines = []
    if recipe.frozen_up_to:
        last = _last_layer(recipe.backbone, recipe.frozen_up_to)
        lines += [
            f'last = base.layers.index(base.get_layer("{last}"))',
            "for layer in base.layers[: last + 1]:",
            "    layer.trainable = False",
        ]
    if recipe.batchnorm == "frozen":
        lines += [
            "for layer in base.layers:",
            "    if isinstance(layer, keras.layers.BatchNormalization):",
            "        layer.trainable = False",
        ]
    return lines


def _model(recipe: Recipe, classes: int, channels: int) -> list[str]:
    size = recipe.stored_size
    lines = [f"images = keras.Input(({size}, {size}, {channels}))"]
    x = "images"
    if recipe.horizontal_flip:
        lines.append(f'x = keras.layers.RandomFlip("horizontal")({x})')
        x = "x"
    if recipe.stored_size != recipe.image_size:
        lines.append(f"x = keras.layers.Resizing({recipe.image_size}, {recipe.image_size})({x})")
        x = "x"
    if channels == 1:
        lines.append(f"x = keras.layers.Concatenate()([{x}] * 3)")
        x = "x"
    if recipe.input_scaling == "1/255":
        lines.append(f"x = keras.layers.Rescaling(1 / 255)({x})")
    elif recipe.backbone in _APPLICATIONS:
        _, module = _APPLICATIONS[recipe.backbone]
        lines.append(f"x = keras.applications.{module}.preprocess_input({x})")
    else:
        spec = backbone(recipe.backbone)
        lines.append(f"x = keras.layers.Rescaling({spec.scale!r}, {spec.offset!r})({x})")
    lines.append("x = base(x, training=False)" if recipe.call_training_false else "x = base(x)")
    lines.append("x = keras.layers.GlobalAveragePooling2D()(x)")
    for units, rate in zip(recipe.hidden_units, recipe.dropout, strict=True):
        lines.append(f"x = keras.layers.Dropout({rate:g})(x)")
        lines.append(f'x = keras.layers.Dense({units}, "relu")(x)')
    return [
        *lines,
        f'outputs = keras.layers.Dense({classes}, "softmax")(x)',
        "model = keras.Model(images, outputs)",
    ]


def _head_first(recipe: Recipe) -> list[str]:
    if not recipe.head_epochs:
        return []
    return [
        "# First the head alone ...",
        "base.trainable = False",
        f"model.compile(keras.optimizers.Adam({_rate(_HEAD_RATE)}), loss={_loss(recipe)})",
        f"model.fit(x_train, y_train, batch_size={recipe.batch_size}, epochs={recipe.head_epochs})",
        "# ... then everything; compile again, or nothing changes.",
        "base.trainable = True",
        *_freezing(recipe),
    ]


def _before_compile(recipe: Recipe) -> list[str]:
    lines = []
    if recipe.batchnorm == "reestimated":
        lines.append(
            f"some = np.random.permutation(len(x_train))[:{_FRESH_IMAGES}]"
            "  # to measure BatchNorm's statistics on"
        )
    if recipe.weight_average_epochs or recipe.schedule == "cosine":
        lines.append(
            f"steps = -(-len(x_train) // {recipe.batch_size})  # in an epoch, by fit's batch size"
        )
    if recipe.schedule == "cosine":
        rate, warm = _rate(recipe.learning_rate), recipe.warmup_epochs
        first = "0.0" if warm else rate
        lines += [
            "rate = keras.optimizers.schedules.CosineDecay(",
            f"    {first}, decay_steps={recipe.epochs - warm} * steps,",
            *([f"    warmup_target={rate}, warmup_steps={_times(warm)}steps,"] if warm else []),
            ")",
        ]
    if recipe.class_weights:
        lines += [
            "counts = np.maximum(y_train.sum(axis=0), 1)  # images of each class",
            f"weights = {_CLASS_WEIGHTS[recipe.class_weights]}",
            "weights *= counts.sum() / (weights * counts).sum()  # mean 1 over the images",
        ]
    return lines


_CLASS_WEIGHTS = {
    "balanced": "1 / counts",
    "effective-number": "1 / (1 - 0.999**counts)",
    "inverse-root": "1 / np.sqrt(counts)",
}


def _compile(recipe: Recipe) -> list[str]:
    options = ["rate" if recipe.schedule == "cosine" else _rate(recipe.learning_rate)]
    if recipe.clipnorm:
        options.append(f"global_clipnorm={recipe.clipnorm:g}")
    if recipe.weight_average_epochs:
        memory = f"{_times(recipe.weight_average_epochs)}steps"
        memory = f"({memory})" if "*" in memory else memory
        options += ["use_ema=True", f"ema_momentum=1 - 1 / {memory}"]
    return [
        "model.compile(",
        f"    keras.optimizers.Adam({', '.join(options)}),",
        f"    loss={_loss(recipe)},",
        '    metrics=["accuracy"],',
        ")",
    ]


def _fit(recipe: Recipe) -> list[str]:
    callbacks = []
    if recipe.weight_average_epochs:
        callbacks.append("keras.callbacks.SwapEMAWeights(swap_on_epoch=True)")
    if recipe.batchnorm == "reestimated":
        callbacks.append("UpdateBatchNorm(x_train[some])")
    if (patience := recipe.early_stopping_patience) is not None:
        callbacks.append(
            f'keras.callbacks.EarlyStopping("val_loss", patience={patience}, '
            "restore_best_weights=True)"
        )
    if recipe.schedule == "plateau":
        callbacks.append(
            'keras.callbacks.ReduceLROnPlateau("val_loss", patience=3, factor=0.5, min_lr=1e-6)'
        )
    listed = ["    callbacks=[", *(f"        {each}," for each in callbacks), "    ],"]
    return [
        "history = model.fit(",
        f"    x_train, y_train, batch_size={recipe.batch_size}, epochs={recipe.epochs},",
        "    validation_data=(x_val, y_val),",
        *(["    class_weight=dict(enumerate(weights)),"] if recipe.class_weights else []),
        *(listed if callbacks else []),
        ")",
    ]


def _after(recipe: Recipe) -> list[str]:
    if not recipe.logit_adjustment:
        return []
    return [
        "shares = y_train.mean(axis=0)  # of the classes in training",
        f"scores = np.log(model.predict(x_val)) - {recipe.logit_adjustment:g} * np.log(shares)",
        "predicted = scores.argmax(axis=1)",
    ]


def _loss(recipe: Recipe) -> str:
    if not recipe.label_smoothing:
        return f'"{recipe.loss}"'
    name = "".join(word.capitalize() for word in recipe.loss.split("_"))
    return f"keras.losses.{name}(label_smoothing={recipe.label_smoothing:g})"


def _rate(value: float) -> str:
    """0.0001 as 1e-4."""
    text = f"{value:.0e}" if float(f"{value:.0e}") == value else f"{value:g}"
    return re.sub(r"e([+-])0*", r"e\1", text)


def _times(value: float) -> str:
    return "" if value == 1 else f"{value:g} * "


def _fraction(value: float) -> str:
    return f"1 / {1 / value:g}" if value < 1 else f"{value:g}"


@functools.cache
def _last_layer(name: str, block: str) -> str:
    """The layer with which a block ends."""
    from tlhelpers.training.backbones import truncate

    return truncate(backbone(name).build(32, None), block).layers[-1].name
