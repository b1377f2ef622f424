# %% [markdown]
# # Is it the change, or the seed?
#
# **In one sentence.** The same program with another seed gives another curve, so one curve proves
# nothing: measure the jumping, train pairs, and look at the differences.
#
# **You will be able to** put a number on jumping, tell it from noise, and compare two recipes
# fairly.
#
# **Time.** 13 minutes to read, 1 to train, 14 for the exercises. **You need**
# [page 02](02_faces_jump.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np

faces = tl.study("ferplus", profile, live, seeds)
retina = tl.study("retinopathy", profile, live, seeds)
posted = retina.runs()

# %% [markdown]
# ## See it
#
# On Monday you get the curve on the left. On Tuesday you try an idea and get the curve on the right.
# What would you think of the idea?

# %% slide="figure"
days = list(faces.runs())
monday, tuesday = days[0], days[min(5, len(days) - 1)]
tl.plots.history(
    {"Monday": monday.history, "Tuesday": tuesday.history},
    "Tuesday's training is calmer",
    "The same training and validation images on both days.",
)

# %% [markdown]
# There was no idea. Both are the faces training of [page 02](02_faces_jump.ipynb), line for line.
# **Only the seed differs.** It sets the head's first weights, the order of the images, and which of
# them are flipped.
#
# So a calmer curve after a change may just be a lucky seed.
#
# ## A number for jumping
#
# Take the log of the validation loss, so that doubling
# counts the same at any level. Find the lowest epoch. Before it the loss should fall, because the network
# learns. After it a rise may be overfitting, and only a fall that follows shows that it was a jump. *Jitter* adds up these
# steps the wrong way: rises before the lowest epoch, falls after it. It doubles the sum, since every jump goes up and comes back down,
# and divides by the number of steps.


# %% slide="code" slide_to="return"
def jitter(losses):
    x = np.log(losses)
    steps, lowest = np.diff(x), x.argmin()
    rises = steps[:lowest].clip(min=0).sum()
    falls = -steps[lowest:].clip(max=0).sum()
    return 2 * (rises + falls) / len(steps)


for name, run in {"Monday": monday, "Tuesday": tuesday}.items():
    print(f"{name}: jitter {jitter(run.curve('val_nll')):.2f}")

# %% [markdown]
# Any curve with a single valley has a jitter of zero. At 0.1 the loss goes up or down by about 10 %
# from one epoch to the next. Watch the score beside it: a run that learns nothing is perfectly steady.
#
# We take the log loss, *NLL* or negative log-likelihood: minus the log of the right class's probability. With categorical cross-entropy that is `val_loss`. For the retina it is not: with `binary_crossentropy` on
# TensorFlow, Keras takes a softmax for two separate sigmoids ([page 09](09_overfit_or_overconfident.ipynb)).
#
# ## Why a curve moves at all
#
# Two kinds of chance move it, each with its own test.
#
# 1. **The images.** Another set of validation images would give another loss. But the set is the same
#    in every epoch, so most of that cancels. What counts is how the loss of *each image* changes
#    from one epoch to the next.
# 2. **The seed.** All other randomness acts during training and ends up in the weights. Only more seeds
#    show how much that is.
#
# Here is the first kind. Each bar shows how much that step could differ with other validation images. If a
# bar does not reach back to the height of the point before, chance is an unlikely explanation.

# %%
tl.plots.wrong_way(
    {"Monday": monday, "Tuesday": tuesday},
    "Monday jumps far more than chance, half of Tuesday's steps could be chance",
)

# %% [markdown]
# ## In Keras
#
# This callback prints both for your own training: how much the validation loss changed, and how
# large a change the choice of images could explain.


# %%
class PairedNoise(keras.callbacks.Callback):
    def __init__(self, x_val, y_val):
        super().__init__()
        self.x, self.y, self.before = x_val, y_val, None

    def on_epoch_end(self, epoch, logs=None):
        right = (self.model.predict(self.x, verbose=0) * self.y).sum(axis=1)
        loss = -np.log(right.clip(1e-7))  # of each image; y_val is one-hot
        if self.before is not None:
            step = loss - self.before
            chance = 2 * step.std() / np.sqrt(len(step))
            print(f"epoch {epoch + 1}: a step of {step.mean():+.2f}, by chance up to {chance:.2f}")
        self.before = loss


# %%
x_train, y_train, x_val, y_val = retina.case.arrays
trainer = retina.case.trainer(retina.case.measured)
trainer.reset(1)
history = trainer.network.model.fit(
    x_train,
    y_train,
    batch_size=8,
    epochs=3 if profile != "smoke" else 2,
    callbacks=[PairedNoise(x_val, y_val)],
    verbose=0,
)

# %% [markdown]
# ## Does it help?
#
# Now the second kind. To compare two recipes, train both with the *same* seeds. A pair starts from the
# same weights and sees the images in the same order, so part of the luck may cancel. Then look at the
# differences, pair by pair.

# %%
tl.plots.paired(
    {
        "frozen BatchNorm": retina.runs("frozen-batchnorm"),
        "the question's recipe": posted,
        "learning rate 1e-5": retina.runs("learning-rate-1e-5"),
    },
    "jitter",
    "A lower rate steadies every pair, freezing BatchNorm only some",
)

# %% [markdown]
# A line joins two runs of one seed. One seed would convince you that freezing BatchNorm works, another
# that it harms. The lower learning rate steadies every pair.
#
# A result needs an interval: mean difference ± t × standard deviation of the differences / √n. If it
# includes zero, you have seen no clear effect. If you tried ten changes, one of them may look good by
# luck, so the interval has to be wider. The verdicts below take that into account. Score is AUC, the area
# under the ROC curve. The lower rate costs some of it.

# %% tags=["nbval-check-output"]
for effect in retina.effects(["frozen-batchnorm", "learning-rate-1e-5"]):
    print(effect)

# %% [markdown]
# ## How many seeds do I need?
#
# That depends on the spread between seeds, σ, and on the difference δ that you want to see. A rule of
# thumb is 16 (σ / δ)² runs of each recipe, to detect it four times in five. Correlated pairs need fewer.

# %%
jitters = np.array([jitter(run.curve("val_nll")) for run in posted])
for share in (0.25, 0.5, 0.75):
    runs = 16 * (jitters.std(ddof=1) / (share * jitters.mean())) ** 2
    print(f"to see jitter fall by {share:.0%}: {np.ceil(runs):.0f} runs of each recipe")

# %% [markdown]
# A large effect shows with a handful of seeds. With two or three pairs, believe only a very large one. Fix the number before you start: if you add seeds until the result pleases you, it
# will.
#
# ## Try it
#
# **Exercise 1 (8 minutes).** Which of these six curves jump? Chance alone would give a jitter of about
# `np.mean(0.8 * error / loss)`, with `error` the standard error of each step; `0.8` is the mean size of
# a normal error. Half of such steps go the wrong way, and jitter counts those twice. Call a curve "jumps" if its jitter is more than twice that, and "noise" otherwise.

# %%
one, two = tl.study("retinopathy"), tl.study("ferplus")
six = {
    "A": two.runs()[2],
    "B": one.runs("weight-average-update-bn")[3],
    "C": two.runs("frozen-batchnorm")[1],
    "D": two.runs("warmup-cosine")[1],
    "E": one.runs()[4],
    "F": one.runs("warmup-cosine")[1],
}
tl.plots.wrong_way(six, "Which of these jump?")

# %% tags=["exercise"]
my_answer = None  # {"A": "jumps", "B": "noise", ...}
# loss = six["A"].curve("val_nll")[1:]; error = six["A"].curve("val_nll_se")[1:]

tl.check("03-six", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {}
# for name, run in six.items():
#     losses, errors = run.curve("val_nll"), run.curve("val_nll_se")
#     chance = np.mean(0.8 * errors[1:] / losses[1:])
#     my_answer[name] = "jumps" if jitter(losses) > 2 * chance else "noise"
# ```
#
# A, C and E jump. In B, D and F, the steps the wrong way add up to less than twice what chance alone gives.
# </details>

# %% [markdown]
# **Exercise 2 (6 minutes).** The retina question built a `ReduceLROnPlateau` and forgot to pass it to
# `fit`. Would it have steadied the curve? Compute the interval of its effect on the jitter of `val_nll`,
# with it minus without it: mean ± 2.4 standard deviations (`ddof=1`) / √8. The factor 2.4 is t for eight
# pairs.

# %% tags=["exercise"]
my_answer = None  # (low, high); tl.study("retinopathy").runs() and .runs("plateau")

tl.check("03-interval", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# one = tl.study("retinopathy")
# before = np.array([jitter(run.curve("val_nll")) for run in one.runs()])
# after = np.array([jitter(run.curve("val_nll")) for run in one.runs("plateau")])
# change = after - before
# half = 2.4 * change.std(ddof=1) / np.sqrt(len(change))
# my_answer = (change.mean() - half, change.mean() + half)
# ```
#
# Zero lies in the middle: no clear effect within ten epochs. The callback has to wait for three epochs
# without a better loss before it acts, and then it only halves the rate.
# </details>

# %% [markdown]
# ## Key points
#
# - One curve against one curve proves nothing. The seed alone makes that difference.
# - Jitter adds up the steps the wrong way. It is zero for one valley. Never read it without the score.
# - Train pairs with the same seeds, and look at the interval of the differences.
#
# **Read more:** Jordan, [on the variance of trainings](https://arxiv.org/abs/2304.01910);
# Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks.
