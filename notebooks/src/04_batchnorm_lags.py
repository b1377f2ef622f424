# %% [markdown]
# # BatchNorm looks in the rear-view mirror
#
# **In one sentence.** Validation uses BatchNorm's running statistics, and when the weights move fast
# these describe a network that no longer exists.
#
# **You will be able to** explain the lag, test for it in your own training, and tell when it is the
# cause of a jump.
#
# **Time.** 9 minutes to read, 1 to train, 6 for the exercises. **You need**
# [page 01](01_retina_spikes.ipynb) and [page 03](03_is_it_noise.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np

retina = tl.study("retinopathy", profile, live, seeds)
posted = retina.runs()

# %% [markdown]
# ## See it
#
# These are three trainings from [page 01](01_retina_spikes.ipynb), each validated twice after every
# epoch. Orange is the loss as validated: the NLL of [page 03](03_is_it_noise.ipynb), so its numbers differ from page 01's. For blue, we left the weights alone and only measured
# BatchNorm's statistics again, on training images.

# %% slide="figure"
tl.plots.readings(
    {f"seed {run.seed}": run for run in list(posted)[:3]},
    "Same weights, same validation images: fresh statistics take most jumps away",
)

# %% [markdown]
# Same network, same images. **Most of these jumps came from the statistics, not from the weights.**
# Not all: in seed 1, blue jumps as much as orange. Most of what is left comes from the weights themselves,
# and [page 06](06_step_length.ipynb) is about them.
#
# ## Why
#
# A BatchNorm layer subtracts a mean and divides by a standard deviation. It has two sources for both.
# *Training* uses those of the current batch. *Validation* cannot: the answer for one image must not
# depend on its neighbors. So each layer keeps a running average of past batches. Its memory is about
# 1 / (1 − momentum) steps. With Keras's default of 0.99 that is the last hundred batches.
#
# Every step changes the weights, and with them the values that reach the layer. The running average
# takes a while to catch up. Watch one channel during the first epoch. Before it, we set the
# running statistics to freshly measured ones, so the running mean starts where the batches are:

# %%
trainer = retina.case.trainer(retina.case.measured)
seen = tl.microscope.chase(trainer, seed=0)
tl.plots.chase(seen, "The running mean chases the mean of the batches")

# %% [markdown]
# Each dot is what training used in that step. The line is what validation would have used. When the
# dots drift, the line trails behind. Keras validates with the line, wherever it is when the epoch ends.
#
# What does that do to an image? Here it is at the end of that epoch, in both modes. The weights are the
# same, but the next layers receive other values. The differences are small: compare the dark patches of a channel in the upper and the lower row.

# %%
batch = retina.case.split.validation.images[:32]
both = tl.microscope.modes(trainer, batch, layer="block2_expand_bn")
tl.plots.modes(both, batch[0], "One image, one set of weights, two modes")

# %% [markdown]
# ## In Keras
#
# The test for your own training is one short function. Run it after any epoch that looks bad. It leaves
# your weights alone, measures the statistics again, evaluates, and puts the old statistics back.


# %% slide="code"
def fresh_evaluate(model, x_train, x_val, y_val, batch_size=32, images=1024):
    kept = model.get_weights()
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    momenta = [layer.momentum for layer in layers]
    some = np.random.default_rng(0).permutation(len(x_train))[:images]
    try:
        for k in range(len(some) // batch_size):
            for layer in layers:
                layer.momentum = k / (k + 1)  # the plain mean of the batches so far
            model(x_train[some[k * batch_size : (k + 1) * batch_size]], training=True)
        return model.evaluate(x_val, y_val, verbose=0)
    finally:  # also if you interrupt it
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.set_weights(kept)


# %% [markdown]
# Compare this loss from epoch to epoch. If it stays calm where plain `model.evaluate` jumps, outdated statistics
# are to blame. If it jumps as well, the weights do. If it jumps less, it is both, as in most of our runs.
# [Page 07](07_average_the_weights.ipynb) cures both.
# (If no BatchNorm layer trains, nothing can lag, and the two are always equal.)
#
# After `fit` it may be too late, since `restore_best_weights` has put a good epoch back. So run it after every epoch:
#
# ```python
# def test(epoch, logs):
#     print(fresh_evaluate(model, x_train, x_val, y_val))  # compare with val_loss
#
# model.fit(..., callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=test)])
# ```
#
# With `tf.data`, first collect a thousand well mixed images,
# `images = np.concatenate([x for x, _ in train.take(32)])`, with a `PyDataset`
# `images = np.concatenate([train[i][0] for i in range(32)])`, and call
# `fresh_evaluate(model, images, val, None)`. The [doctor](15_your_own_training.ipynb) does all of this for you.
#
# ## How much of the jumping is it?
#
# We measured every run of both questions four ways: as validated, with fresh statistics, with the
# weights averaged over the epoch, and with both. How much jumping is left? [Page 07](07_average_the_weights.ipynb)
# splits single jumps the same way.

# %%
faces = tl.study("ferplus", profile, live, seeds)
resnet50 = tl.study("retinopathy", "witness").judged()  # recorded; page 12 shows its curves
tl.plots.split(
    {"retina": posted, "retina, ResNet50": resnet50.posted, "faces": faces.runs()},
    "Both together leave the least jumping",
)

# %% [markdown]
# Fresh statistics take away most of it. On the retina, averaging the weights removes about as much, in ResNet50 itself as
# well. On the faces it does not help alone: there, the average needs statistics of its own. Doing both leaves the
# least: [page 07](07_average_the_weights.ipynb) shows how.
#
# With a shorter memory, `momentum=0.9`, the statistics lag less. It made no clear difference on the retina
# ([page 14](14_everything_tried.ipynb)), perhaps because only about ten small batches then feed the statistics.
#
# A longer memory makes the trouble larger. At MobileNetV2's `0.999`, jitter was {{after retinopathy momentum-0.999 jitter}} instead of
# {{before retinopathy momentum-0.999 jitter}} over eight runs. With fresh statistics, the same runs were as calm as before.
#
# ## Try it
#
# **Exercise 1 (2 minutes).** MobileNetV2 comes with a momentum of 0.999. A training has 100 steps in an
# epoch. Roughly how many epochs back do its running statistics reach?

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
# validated with statistics that are about ten epochs old.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** Use `fresh_evaluate` on the network above. What is its validation loss with
# the running statistics, and with fresh ones? All arguments are ready. Note that
# `evaluate` returns a list: the loss is its first entry.

# %%
model = trainer.network.model
x_train, y_train, x_val, y_val = retina.case.arrays

# %% tags=["exercise"]
my_answer = None  # {"plain": ..., "fresh": ...}, two losses

tl.check("04-fresh", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# plain = model.evaluate(x_val, y_val, verbose=0)[0]
# fresh = fresh_evaluate(model, x_train, x_val, y_val)[0]
# my_answer = {"plain": plain, "fresh": fresh}
# ```
#
# Nothing but the statistics differs between the two numbers.
# </details>

# %% [markdown]
# ## Key points
#
# - Training normalizes with the batch, validation with a running average of past batches.
# - Keep the weights, measure the statistics again, evaluate twice: that is the test.
# - The memory is 1 / (1 − momentum) steps. Even a memory much shorter than an epoch lags if the weights move fast.
#
# **Read more:** Wu & Johnson, [Rethinking "Batch" in BatchNorm](https://arxiv.org/abs/2105.07576);
# Keras issues [9214](https://github.com/keras-team/keras/issues/9214) and
# [10666](https://github.com/keras-team/keras/issues/10666).
