"""Rescaled kernels: the same outputs, longer steps; step lengths, and what BatchNorm remembers."""

from dataclasses import astuple

import keras
import numpy as np
import pytest
import typer

from tests.data.prepare.prepare_tools import load_script
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import retinopathy
from tlhelpers.training import backbones, model, similarity
from tlhelpers.training.model import values
from tlhelpers.training.recipe import Recipe

layers = keras.layers
SIZE = 32
SMALL = Recipe(backbone="efficientnet-lite0", image_size=SIZE)
KERNELS = (layers.Conv2D, layers.DepthwiseConv2D)
# One step does not pay for TensorFlow's tracing; JAX would compile each operation by itself.
EAGERLY = keras.backend.backend() != "jax"


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(0).uniform(-1, 1, (16, SIZE, SIZE, 3)).astype("float32")


def lite0(scale, **changes):
    """EfficientNet-Lite0 with ImageNet weights."""
    return model.backbone_of(SMALL.but(kernel_scale=scale, **changes))


def resnet50(scale, **changes):
    """A ResNet50 with random weights, the same each time; its convolutions have biases."""
    recipe = SMALL.but(backbone="resnet50", kernel_scale=1.0, **changes)
    base = backbones.backbone("resnet50").build(SIZE, None)
    rng = np.random.default_rng(1)
    for layer in base.layers:
        if isinstance(layer, KERNELS):
            fan_in = np.prod(layer.kernel.shape[:-1])
            layer.kernel.assign(rng.normal(0, np.sqrt(2 / fan_in), layer.kernel.shape))
            layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    if scale != 1:
        similarity.rescale(base, scale)
    if recipe.truncate_at:
        base = backbones.truncate(base, recipe.truncate_at)
    backbones.freeze(base, recipe.frozen_up_to)
    return base


def both_modes(base, inputs):
    """What a backbone makes of the inputs, with moving statistics and then with the batch's."""

    class TrainingMode(keras.Model):
        def call(self, x):
            return base(x, training=True)

    training = TrainingMode()
    training.base = base
    for each in (base, training):
        each.compile(run_eagerly=EAGERLY)
    return base.predict_on_batch(inputs), training.predict_on_batch(inputs)


CUTS = [
    pytest.param(lite0, {}, id="lite0"),
    pytest.param(resnet50, {}, id="resnet50"),
    # JAX compiles a whole backbone for a minute: there, a part of one is enough.
    pytest.param(
        lite0,
        {"truncate_at": "block6", "frozen_up_to": "block3"},
        id="lite0-cut",
        marks=pytest.mark.backend,
    ),
]


@pytest.mark.parametrize(("make", "changes"), CUTS)
def test_outputs_are_the_same_in_both_modes(make, changes, inputs):
    plain = make(1.0, **changes)
    outputs = both_modes(plain, inputs)
    for scale in (1 / 8, 0.3):
        rescaled = make(scale, **changes)
        for before, after in zip(outputs, both_modes(rescaled, inputs), strict=True):
            assert np.sqrt(np.mean((before - after) ** 2)) < 1e-3 * before.std()
        in_proportion(plain, rescaled, scale)


def in_proportion(plain, rescaled, scale):
    """The training pass moved the averages of both."""
    for one, other in zip(*map(backbones.batchnorm_layers, (plain, rescaled)), strict=True):
        (mean, variance), (mean_c, variance_c) = (
            values([layer.moving_mean, layer.moving_variance]) for layer in (one, other)
        )
        width = np.sqrt(variance + one.epsilon)
        assert np.abs(mean * scale - mean_c).max() < 1e-3 * scale * width.max()
        assert np.allclose(variance * scale**2, variance_c, rtol=1e-3, atol=1e-6 * scale**2)
        assert other.epsilon == pytest.approx(one.epsilon * scale**2)


def turns(base, inputs, rate=1e-5):
    """Angles, in radians, by which one step of Adam turns the filters, by the layer's name.

    And the names of the layers that do not train.
    """
    kernels = {layer.name: layer.kernel for layer in base.layers if isinstance(layer, KERNELS)}
    before = dict(zip(kernels, values(list(kernels.values())), strict=True))
    x = layers.GlobalAveragePooling2D()(base.output)
    head = layers.Dense(2, "softmax", kernel_initializer=keras.initializers.GlorotUniform(seed=0))
    whole = keras.Model(base.input, head(x))
    whole.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", run_eagerly=EAGERLY)
    whole.train_on_batch(inputs, np.eye(2, dtype="float32")[np.arange(len(inputs)) % 2])
    after = dict(zip(kernels, values(list(kernels.values())), strict=True))
    angles = {}
    for name in kernels:
        depthwise = isinstance(base.get_layer(name), layers.DepthwiseConv2D)
        pair = [each[name].astype(float) for each in (before, after)]
        # One row a filter; a depthwise kernel is (height, width, channels, 1).
        one, other = (k.reshape(-1, k.shape[-2] if depthwise else k.shape[-1]).T for k in pair)
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        # The chord, not the cosine: near 1 the cosine has no digits left.
        one, other = (
            k / np.linalg.norm(k, axis=1, keepdims=True).clip(1e-30) for k in (one, other)
        )
        angle = 2 * np.arcsin(np.clip(np.linalg.norm(one - other, axis=1) / 2, 0, 1))
        angles[name] = angle[lengths > 0]
    return angles, {name for name in kernels if not base.get_layer(name).trainable}


@pytest.mark.parametrize(("make", "changes"), CUTS)
def test_a_step_of_adam_turns_the_filters_as_much_farther(make, changes, inputs):
    scale = 1 / 8
    (plain, frozen), (rescaled, _) = (turns(make(c, **changes), inputs) for c in (1.0, scale))
    still = {name for name, angle in plain.items() if not angle.any()}
    assert still == frozen
    assert still == {name for name, angle in rescaled.items() if not angle.any()}
    assert bool(still) == ("frozen_up_to" in changes)
    before, after = (
        np.median(np.concatenate([a for name, a in one.items() if name not in still]))
        for one in (plain, rescaled)
    )
    assert 0 < after < 0.1  # small, so that angles are as long as steps
    assert after / before == pytest.approx(1 / scale, rel=0.1)


# --- what cannot be rescaled ---------------------------------------------------------------


def chain(*steps):
    x = inputs = keras.Input((8, 8, 3))
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x)


def conv(name="the_conv", **options):
    return layers.Conv2D(4, 3, name=name, **options)


@pytest.mark.parametrize(
    "steps",
    [
        [conv()],
        [conv(), layers.ReLU(), layers.BatchNormalization()],
        [conv(activation="relu"), layers.BatchNormalization()],
        [conv("first"), layers.BatchNormalization(), conv(), layers.ReLU()],
        [layers.SeparableConv2D(4, 3, name="the_conv"), layers.BatchNormalization()],
        [layers.Conv2DTranspose(4, 3, name="the_conv"), layers.BatchNormalization()],
    ],
)
def test_a_convolution_without_a_batchnorm_of_its_own_is_named(steps):
    network = chain(*steps)
    before = values(network.weights)
    with pytest.raises(CourseError, match="The kernel of 'the_conv' cannot be rescaled") as error:
        similarity.rescale(network, 0.5)
    assert "\n" not in str(error.value)
    for one, other in zip(before, values(network.weights), strict=True):
        assert np.array_equal(one, other)  # nothing was changed on the way


def test_an_output_that_is_read_twice_is_refused():
    inputs = keras.Input((8, 8, 3))
    x = conv()(inputs)
    y = layers.BatchNormalization(name="its_bn")(x)
    both = keras.Model(inputs, layers.Add(name="sum")([x, y]))
    with pytest.raises(CourseError, match="'the_conv'.* it goes into (its_bn, sum|sum, its_bn)"):
        similarity.rescale(both, 0.5)
    with pytest.raises(CourseError, match="'the_conv'"):  # or is an output of the model itself
        similarity.rescale(keras.Model(inputs, [x, y]), 0.5)
    shared, norm = conv(), layers.BatchNormalization()
    twice = keras.Model(inputs, layers.Add()([norm(shared(inputs)), norm(shared(inputs))]))
    with pytest.raises(CourseError, match="'the_conv'"):
        similarity.rescale(twice, 0.5)


def test_a_subclassed_model_and_a_factor_of_zero_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(CourseError, match="cannot be rescaled: its graph is not known"):
        similarity.rescale(Own(), 0.5)
    with pytest.raises(CourseError, match="must be above 0"):
        similarity.rescale(chain(conv(), layers.BatchNormalization()), 0)


@pytest.mark.backend
def test_nested_models_and_sequential_ones_are_rescaled():
    inner = keras.Sequential([keras.Input((8, 8, 3)), conv(), layers.BatchNormalization()])
    outer = chain(inner, layers.ReLU(), conv("second"), layers.BatchNormalization())
    kernels = [inner.layers[0].kernel, outer.get_layer("second").kernel]
    before = values(kernels)
    similarity.rescale(outer, 0.5)
    for one, other in zip(before, values(kernels), strict=True):
        assert np.allclose(other, one / 2)


# --- the numbers ---------------------------------------------------------------------------


def test_step_length_of_efficientnet_lite0():
    """Against the row that comes with the package, and the measurement that this rests on.

    That one was made with other code.
    """
    found = similarity.step_length(lite0(1.0))
    row = similarity.published()["efficientnet-lite0"].step
    assert astuple(found) == pytest.approx(astuple(row), rel=1e-3)
    assert [round(x) for x in (found.lower, found.median, found.upper)] == [30, 67, 223]
    assert round(found.weighted) == 325 and found.rms == pytest.approx(0.098, abs=5e-4)
    longer = similarity.step_length(lite0(1 / 8), 1e-4)
    assert astuple(longer) == pytest.approx(astuple(found.at(1e-4, 1 / 8)))
    assert longer.median == pytest.approx(8e-4 * found.median)
    assert str(found) == "30 / 67 / 220, weighted 330, median rms 0.098"


@pytest.mark.backend
def test_step_length_by_hand():
    norm = layers.BatchNormalization
    base = chain(conv(), norm(), layers.DepthwiseConv2D(2, use_bias=False), norm())
    first, second = base.layers[1], base.layers[3]
    first.kernel.assign(np.full((3, 3, 3, 4), 0.1))
    second.kernel.assign(np.full((2, 2, 4, 1), -0.5))
    found = similarity.step_length(base, 0.1)
    lengths = np.sqrt(27) / 0.1 * 0.1, 2 / 0.5 * 0.1
    assert found.median == pytest.approx(np.mean(lengths))
    assert found.weighted == pytest.approx((108 * lengths[0] + 16 * lengths[1]) / 124)
    assert found.rms == pytest.approx(0.3)
    with pytest.raises(CourseError, match="has no convolution"):
        similarity.step_length(chain(layers.Flatten(), layers.Dense(2)))


def test_memory_in_epochs():
    assert similarity.memory_in_epochs(0.99, 875) == pytest.approx(0.114, abs=1e-3)  # post 1
    assert similarity.memory_in_epochs(0.99, 200) == pytest.approx(0.5)


# --- side by side --------------------------------------------------------------------------

QUESTION = retinopathy.POSTED
REBUILT = QUESTION.but(
    backbone="efficientnet-lite0",
    image_size=48,
    batch_size=8,
    input_scaling="1/255",
    kernel_scale=1 / 8,
)


def test_the_numbers_of_a_training():
    found = similarity.of(QUESTION, 28_000)
    assert (found.steps, found.batch_size, found.momentum) == (875, 32, 0.99)
    assert found.memory == pytest.approx(100 / 875)
    assert found.step == similarity.published()["resnet50"].step.at(1e-4)
    assert found.step.median == pytest.approx(0.0492)
    rebuilt = similarity.of(REBUILT, 1_601)
    assert rebuilt.steps == 201  # the last one is smaller
    assert rebuilt.step.median == pytest.approx(66.67e-4 * 8)
    assert rebuilt.backbone == "EfficientNet-Lite0, kernels × 0.125"
    assert similarity.of(REBUILT.but(batchnorm_momentum=0.9), 1_600).memory == pytest.approx(0.05)
    with pytest.raises(CourseError, match="at least 1 image, got 0"):
        similarity.of(QUESTION, 0)


def test_first_weights_that_nobody_measured_are_told():
    with pytest.raises(CourseError, match="step length of resnet50-real-faces is not in step_leng"):
        similarity.of(QUESTION.but(pretrained_on="real-faces"), 1_600)


@pytest.mark.parametrize("batchnorm", ["frozen", "reestimated"])
def test_averages_that_validation_does_not_read_have_no_memory(batchnorm):
    found = similarity.of(QUESTION.but(batchnorm=batchnorm), 28_000)
    assert found.memory is found.momentum is None
    table = similarity.side_by_side({"it": found})
    assert table.loc["BatchNorm memory (epochs)", "it"] == "not read"


def test_the_question_and_its_scale_model_side_by_side():
    table = similarity.side_by_side(
        {"question": similarity.of(QUESTION, 28_000), "here": similarity.of(REBUILT, 1_600)}
    )
    assert table.T.to_dict() == {
        "BatchNorm memory (epochs)": {"question": "0.11", "here": "0.5"},
        "step length, quartiles": {
            "question": "0.032 / 0.049 / 0.1",
            "here": "0.024 / 0.053 / 0.18",
        },
        "step length, weighted by parameters": {"question": "0.18", "here": "0.26"},
        "steps an epoch": {"question": "875", "here": "200"},
        "batch size (images)": {"question": "32", "here": "8"},
        "input scaling": {"question": "the backbone's own", "here": "1/255"},
        "backbone": {
            "question": "ResNet50 (torchvision)",
            "here": "EfficientNet-Lite0, kernels × 0.125",
        },
        "learning rate": {"question": "0.0001", "here": "0.0001"},
        "BatchNorm momentum": {"question": "0.99", "here": "0.99"},
        "training images": {"question": "28,000", "here": "1,600"},
    }


def test_every_backbone_has_a_published_step_length_and_its_source():
    found = similarity.published()
    assert set(backbones.BACKBONES) < set(found)
    assert all(each.source and each.title for each in found.values())
    assert found["resnet50"].step.median > 5 * found["efficientnet-lite0"].step.median


# --- the script that measures ----------------------------------------------------------------

SCRIPT = load_script("measure_step_length")


def test_the_script_writes_what_the_package_reads(tmp_path):
    file = tmp_path / "steps.json"
    file.write_text(similarity.STEP_LENGTHS.read_text(encoding="utf-8"), encoding="utf-8")
    said = SCRIPT.measure(["resnet50"], file, weights=None)
    assert said == f"measured resnet50; figures in {file}"
    found, before = similarity.published(file), similarity.published()
    assert found["resnet50"].title == "ResNet50 (Keras)"
    assert found["resnet50"].source == "random weights"
    # Glorot's weights have rms √(2 / (fan-in + fan-out)): √(fan-in) / rms is about the fan-in, and
    # that of ResNet50's convolutions goes from 64 (1 × 1) to 4,608 (3 × 3 of 512).
    step = found["resnet50"].step
    assert 64 < step.lower < step.median < step.upper < 4_608
    assert {**found, "resnet50": None} == {**before, "resnet50": None}


def test_without_a_network_the_script_says_so_and_writes_nothing(tmp_path, monkeypatch, capsys):
    def offline(*_, **__):
        raise Exception("URL fetch failure on https://somewhere: None -- no network")

    monkeypatch.setattr(keras.applications, "ResNet50", offline)
    file = tmp_path / "steps.json"
    with pytest.raises(typer.Exit) as left:
        SCRIPT.main(["efficientnet-lite0", "resnet50"], file)
    said = capsys.readouterr().err
    assert left.value.exit_code == 2 and not file.exists()
    assert said.startswith("measure_step_length: No network for the ImageNet weights: put resnet50")
    assert said.count("\n") == 1


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path):
    file = tmp_path / "steps.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(CourseError, match=r"Could not read .*steps\.json .*another --target"):
        SCRIPT.measure(["efficientnet-lite0"], file)
    assert file.read_text(encoding="utf-8") == "{"
