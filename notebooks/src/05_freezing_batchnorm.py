# %% [markdown]
# # The flag that does not freeze BatchNorm
#
# **In one sentence.** In a Functional model of Keras 3, `base(x, training=False)` does nothing under `fit`, and really
# freezing BatchNorm did not steady our curves either, unless the weights were averaged.
#
# **You will be able to** test whether your BatchNorm is frozen, freeze it, and decide whether you
# should.
#
# **Time.** 12 minutes to read, 1 to train, 9 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

from dataclasses import replace

import keras
import numpy as np

retina = tl.study("retinopathy", profile, live, seeds)
x_train, y_train, x_val, y_val = retina.case.arrays

# %% [markdown]
# ## See it
#
# BatchNorm's running statistics lag behind moving weights. The usual advice is to freeze them by calling
# the backbone with `training=False`. This function builds a small fine-tuning model in plain Keras, in
# three variants.


# %%
def build(training=None, freeze=False):
    keras.utils.set_random_seed(0)
    base = tl.backbone("efficientnet-lite0").build(x_train.shape[1])  # yours: ResNet50
    base = keras.Model(base.input, base.get_layer("block4_add").output)
    if freeze:
        for layer in base.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    images = keras.Input(x_train.shape[1:])
    x = keras.layers.Rescaling(1 / 255)(images)
    x = base(x, training=training)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(2, "softmax")(x)
    model = keras.Model(images, outputs)
    model.compile(keras.optimizers.Adam(1e-4), loss="categorical_crossentropy")
    return model


# %% [markdown]
# And here is what one BatchNorm layer does in the first steps of `fit`.


# %% slide="figure"
class Watch(keras.callbacks.Callback):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.seen = layer, []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.layer.moving_mean[0]))


ways = {
    "base(x)": build(),
    "base(x, training=False)": build(training=False),
    "layer.trainable = False": build(freeze=True),
}
watches = {}
for name, model in ways.items():
    base = model.layers[2]
    watches[name] = Watch(base.get_layer("stem_bn"))
    model.fit(x_train[:400], y_train[:400], batch_size=8, callbacks=[watches[name]], verbose=0)
tl.plots.moving_means(
    {name: watch.seen for name, watch in watches.items()},
    "training=False makes no difference: the running mean still moves",
    "The first channel of the first BatchNorm layer. Measured while this page was made.",
)

# %% [markdown] slide="code"
# ## Why
#
# `fit` calls your model with `training=True`. In a Functional model of Keras 3, that value is passed
# down to every layer and overrides the flag that you gave when you built it. There is no warning. In
# Keras 2 the flag held, and most tutorials are from that time. Keras knows
# [the issue](https://github.com/keras-team/keras/issues/20285).
#
# Setting `trainable = False` on the BatchNorm layer does work. In Keras this does two things: scale and shift
# stop training, and the layer uses its running statistics even during training. So nothing can lag.
#
# ## In Keras
#
# Freezing takes three lines before `compile`:
#
# ```diff
# {{changes retinopathy frozen-batchnorm}}
# ```
#
# Three traps. If the backbone is a layer of your model, a loop over `model.layers` does not look inside
# it. A change of `trainable` counts only after you compile again. And in a base that is frozen as a whole
# BatchNorm stands still, too: the trap opens when you unfreeze it. `base.trainable = True` makes BatchNorm train again, so freeze it last.
#
# Don't trust the flag; check. This function trains one step and counts the BatchNorm layers whose running
# mean changed. Call it before training, and compile again afterwards:


# %%
def moved(model, x, y):
    norm = keras.layers.BatchNormalization
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, norm)]
    means = [keras.ops.convert_to_numpy(layer.moving_mean) for layer in layers]
    kept = model.get_weights()
    model.fit(x[:8], y[:8], batch_size=8, verbose=0)
    count = 0
    for layer, mean in zip(layers, means, strict=True):
        count += not np.array_equal(mean, keras.ops.convert_to_numpy(layer.moving_mean))
    model.set_weights(kept)
    return f"{count} of {len(layers)} BatchNorm layers moved"


for name, model in ways.items():
    print(f"{name:24} {moved(model, x_train, y_train)}")

# %% [markdown]
# ## Does it help?
#
# Does really freezing it solve the problem? Here is the retina training, eight runs each way:

# %%
tl.plots.curves(
    {"the question's recipe": retina.runs(), "frozen BatchNorm": retina.runs("frozen-batchnorm")},
    column="val_accuracy",
    title="With BatchNorm frozen, some runs learn slowly or not at all",
    log=False,
)

# %% [markdown]
# A run on the flat line names the same class for every image, so its accuracy is just the share of that class. Such
# a run is steady and useless, so never read jitter without the score. These runs differ so
# much that their mean says little: AUC in the last epoch shows no clear effect (first line of the list below).
#
# In the faces training, we froze BatchNorm at the question's learning rate, and at a tenth of it, each
# compared with BatchNorm that trains at the same rate:

# %%
faces = tl.study("ferplus", profile, live, seeds)
slow = faces.effect("frozen-batchnorm", "learning-rate-1e-4")
frozen = [faces.effect("frozen-batchnorm"), replace(slow, title="Frozen, at a tenth of the rate")]
on_retina = retina.effect("frozen-batchnorm", "learning-rate-1e-5")
tl.plots.effects(frozen, "Faces: freezing BatchNorm did not steady the curve at either rate")

# %% tags=["nbval-check-output"]
both = "learning-rate-1e-5+frozen-batchnorm"
rows = {
    "freeze: retina": retina.effect("frozen-batchnorm"),
    "freeze: faces": frozen[0],
    "freeze: retina, a tenth of the rate": on_retina,
    "freeze: faces, a tenth of the rate": frozen[1],
    "then average: retina, a tenth of the rate": retina.effect("weight-average", both),
    "then average: faces": faces.effect("weight-average", "frozen-batchnorm"),
}
print(f"{'':43}{'steadiness':18}score")
for words, effect in rows.items():
    print(f"{words:43}{effect.on_jitter:18}{effect.on_score}")

# %% [markdown]
# **At the question's rate, freezing showed no clear effect. At a tenth of it, frozen runs jumped more. Averaging the weights calmed a frozen network in both trainings.** On the
# retina, at a tenth of the rate, the frozen network also scored higher than the one whose BatchNorm trains. Where BatchNorm is frozen, nothing can lag, so the change of
# [page 07](07_average_the_weights.ipynb) is enough without `UpdateBatchNorm`. We also compared it with BatchNorm
# that trains, weights averaged in both. On the retina, the frozen network at a tenth of the rate scored about as well as the other at the question's
# rate. On the faces, at the question's rate, the frozen network scored lower with every seed.
#
# BatchNorm that trains rescales whatever a step has changed. Frozen BatchNorm multiplies and shifts by fixed
# numbers. If steps are long, each layer's outputs probably drift, the next layer multiplies the drift, and nothing
# pulls it back.
#
# So it depends on your training:
#
# | your training | freeze BatchNorm? |
# | --- | --- |
# | ResNet50 at `1e-4` or more, as in the questions | No. Average the weights ([page 07](07_average_the_weights.ipynb)) or shorten the step ([page 06](06_step_length.ipynb)). |
# | the same at a tenth of the rate | Only together with averaged weights. Alone, our small networks jumped more; of two runs of ResNet50, one did. |
# | a network with short steps and few images, such as EfficientNet at 1e-4 | Try it, and compare scores over a few seeds. |
# | only two or three images fit into a batch | Yes, at a lower rate and with averaged weights: [statistics of so few images](https://arxiv.org/abs/2105.07576) are too noisy to train with. That is from the literature; we did not train it. |
# | weights that were never trained | Never. The running statistics are still 0 and 1, so there is no normalization at all. |
#
# ## Try it
#
# **Exercise 1 (6 minutes).** The author of this model is sure that BatchNorm is frozen. Repair it. Each
# BatchNorm layer has to stand still under `fit`, and the convolutions have to train as before.

# %%
model = build(training=False)
for layer in model.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
print(moved(model, x_train, y_train))

# %% tags=["exercise"]
my_answer = None  # repair the model, then: my_answer = model

tl.check("05-repair", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# base = model.layers[2]
# for layer in base.layers:
#     if isinstance(layer, keras.layers.BatchNormalization):
#         layer.trainable = False
# model.compile(keras.optimizers.Adam(1e-4), loss="categorical_crossentropy")
# my_answer = model
# ```
#
# Two repairs: the loop goes into the backbone, and the model is compiled again. `moved` has already called
# `fit`. On TensorFlow, Keras keeps using the old step until you compile again. On JAX, `fit` stops with an error.
# </details>

# %% [markdown]
# **Exercise 2 (3 minutes).** Freeze BatchNorm, or leave it? A: a detector with 2 large images in a
# batch. B: ResNet50, Adam at 1e-3, batches of 32. C: MobileNetV2 built with `weights=None`.

# %% tags=["exercise"]
my_answer = None  # {"A": "freeze", "B": "leave", ...}

tl.check("05-freeze-or-leave", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {"A": "freeze", "B": "leave", "C": "leave"}
# ```
#
# A: two images are too few for statistics. B: the step is long. C: there is nothing learned to freeze.
# </details>

# %% [markdown]
# ## Key points
#
# - In a Functional model, `training=False` does not freeze BatchNorm under `fit`. Set `trainable = False` on each layer, then
#   compile.
# - Check it: run one step, and see whether `moving_mean` has changed.
# - Freezing did not steady our curves. Averaging a frozen network's weights did; it needs no `UpdateBatchNorm`.
#
# <details><summary>How sure are we?</summary>
#
# The flag was tested with Keras 3.3, 3.6 and 3.15. Freezing helped in one run of EfficientNet-Lite0 on
# 1,000 real faces at 1e-4: with BatchNorm training the run always answered the larger class, the frozen one learned. On real
# retina photographs at 96 pixels, one frozen run had a steadier loss than its twin, and neither learned much. Two runs each
# of a real ResNet50, trained beforehand on faces: frozen at 1e-4 it hardly learned. Frozen at 1e-5 it scored as BatchNorm
# that trains did, and one of the two jumped. At `1e-5` on the retina all eight frozen runs of the small network learned, and each scored
# higher than its twin.
# </details>
#
# **Read more:** Keras issues [20285](https://github.com/keras-team/keras/issues/20285) and
# [10666](https://github.com/keras-team/keras/issues/10666); Wu & Johnson,
# [Rethinking "Batch" in BatchNorm](https://arxiv.org/abs/2105.07576).
