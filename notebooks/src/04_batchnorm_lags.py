# %% [markdown]
# # BatchNorm looks in the rear-view mirror
#
# **In one sentence.** Validation uses BatchNorm's running statistics, and when the weights move fast
# these describe a network that is already gone.
#
# **You will be able to** explain the lag, test for it in your own training, and tell when it is the
# cause of a spike.
#
# **Time.** 8 minutes to read, 1 to train, 6 for the exercises. **You need**
# [page 01](01_retina_spikes.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import keras

import tlhelpers as tl

retina = tl.study("retinopathy", profile, live, seeds)
posted = retina.runs()

# %% [markdown]
# ## See it
#
# These are three trainings from [page 01](01_retina_spikes.ipynb), each validated twice after every
# epoch. Orange is what Keras shows. For blue we kept every weight and only measured BatchNorm's
# statistics again, on training images.

# %%
tl.plots.readings(
    {f"seed {run.seed}": run for run in list(posted)[2:5] or posted},
    "Same weights, same validation images: with fresh statistics most spikes are gone",
)

# %% [markdown]
# Same network, same images. **The spike was in the gauge, not in the engine.**
#
# ## Why
#
# A BatchNorm layer subtracts a mean and divides by a standard deviation. It has two sets of them.
# *Training* uses those of the current batch. *Validation* cannot: the answer for one image must not
# depend on its neighbors. So each layer keeps a running average of past batches. With a momentum of
# 0.99, the usual one in Keras, it remembers roughly the last hundred batches.
#
# Every step changes the weights, and so what reaches the layer. The running average follows, late.
# Watch one channel during the first epoch:

# %%
trainer = retina.case.trainer(retina.case.measured)
seen = tl.microscope.chase(trainer, seed=0)
tl.plots.chase(seen, "The running mean chases the mean of the batches")

# %% [markdown]
# Each dot is what training used in that step. The line is what validation would have used. Whenever
# the dots drift, the line trails behind. At the end of an epoch Keras validates with the line.
#
# What does that do to an image? Here is one image at the end of that epoch, in both modes.

# %%
batch = retina.case.split.validation.images[:32]
both = tl.microscope.modes(trainer, batch, layer="block2_expand_bn")
tl.plots.modes(both, batch[0], "One image, one set of weights, two modes")

# %% [markdown]
# ## In Keras
#
# The test for your own training takes a dozen lines. Run it after any epoch that looks bad. It keeps
# your weights, measures the statistics again, evaluates, and puts everything back.


# %%
def fresh_evaluate(model, x_train, x_val, y_val, batch_size=32, images=1024):
    kept = model.get_weights()
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    momenta = [layer.momentum for layer in layers]
    for k in range(len(x_train[:images]) // batch_size):
        for layer in layers:
            layer.momentum = k / (k + 1)  # the plain mean of the batches so far
        model(x_train[k * batch_size : (k + 1) * batch_size], training=True)
    result = model.evaluate(x_val, y_val, verbose=0)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.set_weights(kept)
    return result


# %% [markdown]
# If this result is much better than plain `model.evaluate`, BatchNorm lags. If both are equally bad,
# the weights themselves are the problem: go to [page 06](06_step_length.ipynb). The
# [doctor](15_your_own_training.ipynb) does this test for you after every epoch.
#
# ## How much of the jumping is it?
#
# The same four measurements for every run of both questions: how much jumping is left when the
# statistics are fresh, when the weights are averaged, or both?

# %%
faces = tl.study("ferplus", profile, live, seeds)
tl.plots.split({"retina": posted, "faces": faces.runs()}, "What is left of the jumping")

# %% [markdown]
# Fresh statistics take away most of it. The rest is the weights themselves, which jump too. That part
# is the subject of pages [06](06_step_length.ipynb) and [07](07_average_the_weights.ipynb), and
# fresh statistics with averaged weights leave almost nothing.
#
# ## Try it
#
# **Exercise 1 (2 minutes).** MobileNetV2 comes with a momentum of 0.999. A training has 100 steps in an
# epoch. About how many epochs back do its running statistics remember?

# %% tags=["exercise"]
my_answer = None  # a number of epochs

tl.check("04-memory", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = 1 / (1 - 0.999) / 100
# ```
#
# The memory is about 1 / (1 − momentum) steps, here a thousand: ten epochs. Such a network is
# validated with statistics from its distant past.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** Use `fresh_evaluate` on the network above. By what factor does the
# validation loss fall when its statistics are fresh? `model`, `x_train`, `x_val` and `y_val` are ready.

# %%
model = trainer.network.model
x_train, y_train, x_val, y_val = retina.case.arrays

# %% tags=["exercise"]
my_answer = None  # (the plain loss, the fresh loss)

tl.check("04-fresh", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# plain = model.evaluate(x_val, y_val, verbose=0)[0]
# fresh = fresh_evaluate(model, x_train, x_val, y_val)[0]
# my_answer = (plain, fresh)
# ```
#
# After the first epoch of this recipe the running statistics still carry ImageNet's values.
# </details>

# %% [markdown]
# ## Key points
#
# - Training normalizes with the batch, validation with a running average of past batches.
# - Keep the weights, measure the statistics again, evaluate twice: that is the test.
# - The memory is 1 / (1 − momentum) steps. Compare it with the steps in your epoch.
#
# **Read more:** Wu & Johnson, [Rethinking "Batch" in BatchNorm](https://arxiv.org/abs/2105.07576);
# Keras issues [9214](https://github.com/keras-team/keras/issues/9214) and
# [10666](https://github.com/keras-team/keras/issues/10666).
