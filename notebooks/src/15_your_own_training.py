# %% [markdown]
# # Now your own training
#
# **In one sentence.** Let the doctor look first, repair what it is certain of, and settle the rest
# with an experiment that you decide before you run it.
#
# **You will be able to** run the doctor on your own script, read its report, and plan a test that can
# tell you no.
#
# **Time.** 9 minutes to read, 1 to train, 15 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb), [page 06](06_step_length.ipynb) and
# [page 07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import keras
import numpy as np
from keras import layers

import tlhelpers as tl
from tlhelpers.doctor import Doctor

# %% [markdown]
# ## See it
#
# A colleague trains a small network to tell squares, disks and diamonds apart. You may recognize the
# style of the program.


# %%
def shapes(count, seed):
    """Noisy images from 0 to 255: squares (0), disks (1), diamonds (2)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    shift = rng.uniform(-0.3, 0.3, (2, count, 1, 1))
    u, v = np.abs(np.mgrid[-1:1:16j, -1:1:16j][:, None] + shift)
    radius = np.stack([np.maximum(u, v), np.hypot(u, v) / 1.1, (u + v) / 1.3])
    inside = radius[labels, np.arange(count)] < 0.5
    images = 80 + 90 * inside + rng.normal(0, 25, inside.shape)
    return np.clip(images, 0, 255)[..., None].astype("float32"), labels


def build():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


x_train, y_train = shapes(2000, seed=1)
x_val, y_val = shapes(600, seed=2)
x_train = x_train / 127.5 - 1

# %%
doctor = Doctor()
history = build().fit(
    x_train,
    y_train,
    epochs=8,
    validation_data=(x_val, y_val),
    callbacks=[doctor],  # this line is new
    verbose=0,
)
tl.plots.history(
    {"the colleague's run": history.history},
    "Training falls, validation climbs: overfitting?",
    "Dashed: training. Points: validation. The scale of the loss is logarithmic.",
    metric="accuracy",
)

# %% [markdown]
# Before you answer, ask the doctor.

# %% tags=["nbval-check-output"]
diagnoses = doctor.examinations[-1].diagnoses
print(*[found.title for found in diagnoses] or ["Nothing to find"], sep="\n")

# %% [markdown]
# The report also gives the numbers that show it, lines of Keras to change, and how sure it is.
# `doctor.report()` has all of this as one text.

# %%
for found in diagnoses:
    print(found.evidence, found.cure, found.sure, sep="\n\n")

# %% [markdown]
# ## Why look first
#
# A curve shows that something is wrong. It does not show what. Lag, long steps, two ways of preparing
# images and plain overfitting can draw the same line.
#
# So the doctor asks in a fixed order. Are both sides fed alike? Do loss, labels and output fit? Does
# it learn at all? Only then: what makes it jump, and what makes it climb? A fault higher up makes
# every answer further down worthless.
#
# It leaves your training as it is, bit by bit. It has been right on most programs with a known fault,
# but those were small: [how often, and what it cannot tell apart](../docs/doctor.md).
#
# ## In Keras
#
# Without a change to your script:
#
# ```bash
# python -m tlhelpers.doctor train.py
# ```
#
# Or inside it, as the last callback:
#
# ```diff
# +doctor = Doctor()
#  model.fit(
#      ...,
# -    callbacks=callbacks,
# +    callbacks=[*callbacks, doctor],
#  )
# +print(doctor.report())
# +doctor.save("report.html")
# ```
#
# ## Try it
#
# **Exercise 1 (4 minutes).** Repair the colleague's program and let the doctor look again. Change one
# line only.

# %% tags=["exercise"]
my_answer = None  # a new Doctor that has watched your fit

tl.check("15-repair", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = Doctor()
# build().fit(
#     x_train,
#     y_train,
#     epochs=8,
#     validation_data=(x_val / 127.5 - 1, y_val),
#     callbacks=[my_answer],
#     verbose=0,
# )
# ```
#
# Training images were scaled to the range from −1 to 1, validation images were not. In a real program
# put the scaling into the model as a `Rescaling` layer: then no side can forget it.
# </details>

# %% [markdown]
# ## Does it help? Decide before you look
#
# A repair needs no statistics. A change of recipe does, because two seeds of one recipe can differ as
# much as two recipes. Write the plan down first. This was ours for the retina.
#
# | | the plan |
# | --- | --- |
# | trouble | the loss jumps, and fresh statistics take most of it away |
# | one change | average the weights, with statistics for the average |
# | number that decides | jitter of the validation loss |
# | must not get worse | AUC |
# | seeds | eight, the same on both sides |
# | it counts if | jitter falls, with p below 0.05 after counting all tries |
#
# A line joins two runs with the same seed.

# %%
retina = tl.study("retinopathy", profile, live, seeds)
tl.plots.paired(
    {"the question's recipe": retina.runs(), "averaged": retina.runs("weight-average-update-bn")},
    "jitter",
    "One change, the same seeds: look at the lines, not at the best dot",
)

# %% [markdown]
# **Exercise 2 (3 minutes).** You have time for a few pairs only. Your rule: it counts if jitter falls
# in *every* pair. A change that does nothing makes it fall in a pair as often as a coin shows heads.
# How many pairs do you need so that luck passes your rule less often than 5 % of the time?

# %% tags=["exercise"]
my_answer = None  # a number of pairs

tl.check("15-pairs", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = next(n for n in range(1, 20) if 0.5**n < 0.05)
# ```
#
# Each further pair halves the chance. It is a strict rule: one bad pair and the change has not shown
# itself. That is the price of so few runs.
# </details>

# %% [markdown]
# **Your plan (3 minutes).** Fill this in for your own training, save it with the date, then run.
# [Page 03](03_is_it_noise.ipynb) has the formula of jitter.

# %%
plan = {
    "trouble, and the two numbers that show it": ...,
    "one change": ...,
    "number that decides": "jitter of val_loss",
    "must not get worse": ...,
    "seeds": ...,
    "it counts if": ...,
    "tried before, and not shown": ...,
}

# %% [markdown]
# ## The last exercise
#
# Three trainings on the faces. Beside each curve stand its twins: the same weights with fresh
# statistics, and the averaged weights with fresh statistics.

# %%
faces = tl.study("ferplus", profile, live, seeds)


def one(recipe, seed):
    runs = list(faces.runs(recipe))
    return runs[min(seed, len(runs) - 1)]


tl.plots.readings(
    {
        "A": one("frozen-batchnorm", 1),
        "B": one("posted", 2),
        "C": one("weight-average", 0),
    },
    "Three troubles",
    columns=("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
)

# %% [markdown]
# **Exercise 3 (5 minutes).** Name the trouble of each, and the smallest change that the figure shows
# to be enough. One trouble and one change are left over.
#
# - a) BatchNorm lags behind the weights
# - b) the steps are too long, the weights themselves jump
# - c) averaged weights are validated with the statistics of the raw ones
# - d) overfitting
#
# The changes:
#
# - 1) no average, but measure the statistics again before each validation
# - 2) average the weights
# - 3) stop at the lowest epoch
# - 4) keep the average, and call `UpdateBatchNorm` after `SwapEMAWeights`

# %% tags=["exercise"]
my_answer = None  # such as {"A": "d3", "B": "d3", "C": "d3"}

tl.check("15-three", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {"A": "b2", "B": "a1", "C": "c4"}
# ```
#
# **A**: fresh statistics change nothing, its BatchNorm is frozen. Only the average is calm. **B**: the
# same weights are calm as soon as their statistics are fresh. **C**: far too high at the start,
# while fresh statistics show a good network from the first epoch. Nothing climbs in all three
# readings, so nothing overfits.
# </details>

# %% [markdown]
# ## Key points
#
# - First the plumbing, then the jumping, then the climb.
# - Read every bad epoch twice: with fresh statistics, and with averaged weights. The twin that stays
#   calm names the trouble.
# - One change, one number, so many seeds: written down before the run.
#
# **Read more:** [the doctor](../docs/doctor.md); Wu & Johnson,
# [Rethinking "Batch" in BatchNorm](https://arxiv.org/abs/2105.07576); Jordan on [how much seeds
# differ](https://arxiv.org/abs/2304.01910).
