# %% [markdown]
# # Why is the rare class never found?
#
# **In one sentence.** Balanced class weights leave a batch of 32 the weight of a handful of images, so compute what is
# left of yours before you use them.
#
# **You will be able to** say what class weights do to your batch, adjust the answers of a finished
# network, and say what zero hits prove.
#
# **Time.** 9 minutes to read, none to train, 8 for the exercises. **You need**
# [page 02](02_faces_jump.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl

faces = tl.study("ferplus", profile, live, seeds)
posted = faces.runs()
balanced = faces.runs("class-weights-balanced")

# %% [markdown]
# ## See it
#
# The second question's network recognizes none of 20 "disgust" test images. Class weights were meant to fix
# that, and cost 15 to 20 points of accuracy there.
#
# In our rebuild, accuracy changed by {{points ferplus class-weights-balanced accuracy}} points:

# %%
tl.plots.recalls(
    {"the question's recipe": posted, "balanced class weights": balanced},
    "Class weights find more of the rare classes, and fewer neutral faces",
)

# %% [markdown]
# The rare classes on the right gain. "Neutral" on the left pays, and it is the largest class. That is why
# accuracy falls. In our rebuild contempt, not disgust, is the class that is hardly ever found.
#
# ## Why
#
# A rare class is rarely found because it has few examples. And a network that guesses it is usually wrong: most faces that
# look a little like disgust are something else. Class weights change the price.
#
# Balanced weights make every class count the same in total. On FER+ a disgust face then weighs as much as
# dozens of neutral ones. A batch holds 32 images, and most batches hold no disgust at all. When one
# comes, it carries about two fifths of the batch's weight.
#
# How many equally weighted images would give an equally steady step? Kish's formula tells you:
#
# $$ \text{effective batch} = \text{batch size} \cdot \frac{(\text{mean weight})^2}{\text{mean squared weight}} $$
#
# ## In Keras
#
# Ask this before you pass any `class_weight`:

# %%
# FER+ training faces: neutral happiness surprise sadness anger disgust fear contempt
counts = np.array([10379, 7537, 3583, 3559, 2476, 195, 659, 170])


def effective_batch(weights, counts, batch_size=32):
    share = counts / counts.sum()
    return batch_size * (share @ weights) ** 2 / (share @ weights**2)


weights = 1 / counts  # balanced
print(f"largest weight: {weights.max() / weights.min():.0f} times the smallest")
print(f"effective batch: {effective_batch(weights, counts):.1f} of 32 images")

# %% [markdown]
# To try them, pass `class_weight=dict(enumerate(weights / (counts @ weights / counts.sum())))` to `fit`. Their mean over the images
# is then one, and the training loss keeps its size.
#
# Three traps. With arrays, Keras silently ignores string keys in `class_weight`, and a class you leave out
# gets weight 1. And Keras uses class weights in the training loss only: it computes `val_loss` without them, so never
# compare the two. The `val_loss` of two runs you may compare, as here:

# %%
tl.plots.curves(
    {"the question's recipe": posted, "balanced class weights": balanced},
    title="With balanced weights the validation loss starts higher",
)

# %% [markdown]
# ## Gentler ways
#
# - **Effective-number weights** treat all classes above a certain size alike; their parameter β sets that size. We took 0.999, so
#   1,000 images. The rarest faces of FER+ are far below that, so the weights are still steep.
# - **Inverse-root weights** divide by the root of the count.
# - **Soft labels** train on the shares of the votes. A face that four of ten call disgust then counts as
#   four tenths of a disgust face.
# - **Logit adjustment** leaves training alone. Divide each probability by the share of its class in
#   training and take the largest. A loss of the adjusted probabilities is another number, with other jumps.
#
# The last one needs no new training, and two lines:
#
# ```python
# share = y_train.mean(axis=0)  # one-hot labels
# answers = (model.predict(x) / share).argmax(axis=1)
# ```
#
# ## Does it help?

# %%
ways = [
    "class-weights-balanced",
    "class-weights-effective-number",
    "class-weights-inverse-root",
    "soft-labels",
    "logit-adjustment",
]
tried = faces.effects(ways)
tl.plots.effects(tried, "Five ways to favor a rare class")

# %% tags=["nbval-check-output"]
for effect in tried:
    print(effect)

# %% [markdown]
# None of the five has a clear effect on jitter or macro-F1, by the thin bars. Class weights find more rare faces, but call
# more common ones rare as well, and macro-F1 counts both. Logit adjustment does the same, and comes out lowest.
#
# The intervals are wide, partly because the training itself jumps. [Average the
# weights](07_average_the_weights.ipynb) first, with BatchNorm statistics measured for the average. Without any class weights, that changed
# macro-F1 by {{effect ferplus weight-average-update-bn macro_f1}}, more than any of the five. Then choose by a score in which each class counts the same,
# and let `fit` watch it:
#
# ```python
# f1 = keras.metrics.F1Score(average="macro", name="macro_f1")  # one-hot labels
# stop = keras.callbacks.EarlyStopping("val_macro_f1", mode="max", patience=5, restore_best_weights=True)
# # compile(..., metrics=["accuracy", f1]); fit(..., callbacks=[..., stop]), stop last
# ```
#
# ## What the labels allow
#
# None of 20 found: is the network blind to disgust? It is bad at it, but twenty images leave a wide 95 % interval:

# %%
low, high = tl.statistics.wilson(0, 20)
print(f"0 of 20 found: the recall may be anything up to {100 * high:.0f} %")

# %% [markdown]
# In FER+ ten people voted on each face, and the label is the winner. (Our drawn faces have simulated votes.) Ten other people would sometimes choose
# another. Redraw the votes two hundred times, and count how often the label survives. A network that
# reproduced every label would agree with ten new voters only that often.

# %%
votes = faces.case.split.validation.votes
shares = votes / votes.sum(axis=1, keepdims=True)
label = votes.argmax(axis=1)
rng = np.random.default_rng(0)
survives = np.mean(
    [rng.multinomial(votes.sum(axis=1), shares).argmax(axis=1) == label for _ in range(200)], axis=0
)
print(f"{survives.mean():.2f} of all labels survive")
print(f"{survives[label == 5].mean():.2f} of the disgust labels survive")

# %% [markdown]
# [On the real FER+](../tlhelpers/data/ferplus_figures.json) it is 0.91 of all labels, and nearly
# four fifths of the disgust labels. So disgust is hard, but it is not hopeless. Nor is such a share a strict limit: a network that always
# names the likelier emotion matches a few more labels than new voters do. But a validation accuracy far above 0.91 asks for an
# explanation: [page 10](10_honest_validation.ipynb).
#
# ## Try it
#
# **Exercise 1 (3 minutes).** What is the effective batch with inverse-root weights on FER+? Change one
# line above.

# %% tags=["exercise"]
my_answer = None  # a number of images

tl.check("11-effective-batch", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = effective_batch(1 / np.sqrt(counts), counts)
# ```
#
# The largest weight is now about eight times the smallest, and most of the batch has a say.
# </details>

# %% [markdown]
# **Exercise 2 (5 minutes).** Adjust the answers of one finished network. How many disgust faces, class 5,
# does it find before and after? Use `counts` for the shares.

# %% tags=["exercise"]
my_answer = None  # (before, after); start from: run = tl.study("ferplus").runs()[0]

tl.check("11-adjust", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# run = tl.study("ferplus").runs()[0]
# p = run.probabilities[run.labels == 5]
# adjusted = p / (counts / counts.sum())
# my_answer = ((p.argmax(axis=1) == 5).sum(), (adjusted.argmax(axis=1) == 5).sum())
# ```
#
# `run.probabilities` are those of the validation images. Now count all faces that are called disgust:
# the adjusted answers name disgust far more often, and most of these faces are something else. That is why macro-F1 does not rise.
# </details>

# %% [markdown]
# ## Key points
#
# - Compute the effective batch before you use class weights.
# - Steady the training first, then favor the rare class, and choose by macro-F1.
# - Report a rare class with its interval. With so few images it is wide.
#
# **Read more:** Cui et al., [effective number of samples](https://arxiv.org/abs/1901.05555); Menon et al.,
# [logit adjustment](https://arxiv.org/abs/2007.07314); Barsoum et al.,
# [labels from ten votes](https://arxiv.org/abs/1608.01041).
