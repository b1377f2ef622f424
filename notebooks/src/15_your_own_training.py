# %% [markdown]
# # Now your own training
#
# **In one sentence.** Run the doctor first, fix what it is sure about, and test everything else with an
# experiment that you plan in advance.
#
# **You will be able to** run the doctor on your own script, read its report, and plan a test that can
# prove you wrong.
#
# **Time.** 11 minutes to read, 1 to train, 26 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb), [page 06](06_step_length.ipynb) and
# [page 07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np
from keras import layers

from tlhelpers.doctor import Doctor

# %% [markdown]
# ## See it
#
# A colleague trains a small network to tell squares, disks and diamonds apart.


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

# %% slide="figure"
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
# For each finding, the report gives the evidence, how sure the doctor is, and lines of Keras to start from.
# `doctor.report()` returns all of this as text.

# %%
for found in diagnoses:
    print(found.evidence, found.sure, sep="\n\n")

# %% [markdown] slide="code"
# ## Why look first
#
# A curve shows that something is wrong, but not what. BatchNorm lag, long steps, mismatched
# preprocessing and plain overfitting can look much the same.
#
# So the doctor asks in a fixed order. Are both sides fed alike? Do loss, labels and output fit? Does
# it learn at all? Only then: what makes it jump, and what makes it climb? If the two sides are fed
# differently, or nothing is learned, the later answers mean nothing. A few images shared by both sets do not spoil those later answers.
#
# It does not change your training: the results are identical, bit for bit. How often it is right, what it costs and where it fails is [written down](../docs/doctor.md).
#
# ## In Keras
#
# It needs NumPy and Keras. To run it without changing your script:
#
# ```bash
# pip install git+https://github.com/steady-fine-tuning/steady-fine-tuning
# python -m tlhelpers.doctor train.py
# ```
#
# Your script runs to its end. Then the findings of every `fit` with validation data are printed, and the folder has
# `report.html`, with figures, and `report.json`. [Page 00](00_start_here.ipynb) shows the report of a run that jumps.
#
# Or inside it, as the last callback:
#
# ```diff
# +from tlhelpers.doctor import Doctor
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
# **Exercise 1 (5 minutes).** Repair the colleague's program, train again, and let a new doctor look. Leave
# the training images unchanged.

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
# Training images were scaled to the range from −1 to 1, validation images were not. Scale in one place
# only: one function for both sides, or a layer of the model.
# </details>

# %% [markdown]
# ## Does it help? Decide before you look
#
# A repair needs no test of significance. A changed recipe does: two seeds can differ as much as two recipes. Write the
# plan down first. This is one row of ours for the retina:
#
# | | the plan |
# | --- | --- |
# | trouble | the loss jumps, and fresh statistics leave part of it |
# | one change | average the weights, with statistics for the average |
# | number that decides | jitter of the validation NLL |
# | must not get worse | AUC: a loss of more than 0.02 is ruled out |
# | seeds | eight, the same on both sides |
# | other tries | fourteen more changes, all counted |
# | it counts if | jitter falls, with p below 0.05 after counting all tries, and the interval of AUC rules that loss out |
#
# For the p-value of your own pairs, `scipy.stats.ttest_rel(before, after).pvalue` times the number of tries is on the safe side.
#
# This is our result. A line joins two runs with the same seed. The change was chosen on these seeds, so [page 12](12_retina_answer.ipynb) has a test on
# eight others.

# %%
retina = tl.study("retinopathy", profile, live, seeds)
tl.plots.paired(
    {
        "the question's recipe": retina.runs(),
        "averaged, fresh statistics": retina.runs("weight-average-update-bn"),
    },
    "jitter",
    "Jitter falls in every pair",
)

# %% tags=["nbval-check-output"]
print(retina.effect("weight-average-update-bn"))

# %% [markdown]
# **Exercise 2 (3 minutes).** You have time for a few pairs only. Your rule: it counts if jitter falls
# in *every* pair. With a useless change, it falls in a pair as often as a coin lands heads.
# How many pairs do you need so that a useless change passes less than 5 % of the time?

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
# Each further pair halves the chance. If you try several changes, you need more pairs: luck has more
# chances. Each pair is two trainings, so choose your one change well.
# </details>

# %% [markdown]
# **Your plan (10 minutes).** Fill this in for your own training, save it with the date, then run.
# [Page 03](03_is_it_noise.ipynb) has the formula of jitter.

# %%
plan = {
    "trouble, and the reading that shows it": ...,
    "one change": ...,
    "number that decides": "jitter of the validation NLL",  # Keras's val_loss, but see pages 03 and 09
    "must not get worse, and by how much": ...,
    "seeds": ...,
    "it counts if": ...,
    "other tries": ...,
}

# %% [markdown]
# ## The last exercise
#
# Three trainings on the faces. Each panel also shows two other readings of the same run: the same weights
# with fresh statistics, and weights averaged over the epoch with fresh statistics. In one of them the
# validated weights are already an average.

# %%
from tlhelpers.course.book import page15

tl.plots.readings(
    page15.three_runs(),
    "Three troubles",
    ("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
    one_scale=False,
    caption="Every reading uses the same images. Where you see no orange, it lies under the blue.",
)

# %% [markdown]
# **Exercise 3 (8 minutes).** For each panel, name the trouble and the smallest change that, according to the
# figure, cures it. One trouble and one change are left over.
#
# - **a)** BatchNorm lags behind the weights
# - **b)** the steps are too long, the weights themselves jump
# - **c)** averaged weights are validated with the statistics of the raw ones
# - **d)** overfitting
#
# The changes:
#
# - **1)** no average, but measure the statistics again before each validation
# - **2)** average the weights
# - **3)** stop at the lowest epoch
# - **4)** keep the average, and call `UpdateBatchNorm` after `SwapEMAWeights`

# %% tags=["exercise"]
my_answer = None  # such as {"X": "d3", "Y": "d3", "Z": "d3"}

tl.check("15-three", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {"X": "b2", "Y": "a1", "Z": "c4"}
# ```
#
# **X**: fresh statistics change nothing, its BatchNorm is frozen. Only the average is calm. **Y**: the
# same weights are far calmer as soon as their statistics are fresh. In your own run, both callbacks of page 07 would take the rest away, too. **Z**: the validated loss starts far too
# high, yet fresh statistics show good weights from the first epoch on.
# </details>

# %% [markdown]
# ## Key points
#
# - First the data, then the jumping, then the climb.
# - Look at every bad epoch again. If fresh statistics calm the curve, BatchNorm lags. If only averaged weights with fresh
#   statistics do, the step is too long. The doctor looks at both.
# - Write down the change, the deciding number and the number of seeds before you run anything.
#
# **Read more:** [the doctor](../docs/doctor.md); Wu & Johnson,
# [Rethinking "Batch" in BatchNorm](https://arxiv.org/abs/2105.07576); Jordan on [how much seeds
# differ](https://arxiv.org/abs/2304.01910).
