# %% [markdown]
# # 09 · Class weights, and what to do instead
#
# **Question.** 'Disgust' is rare, so I gave it a large class weight. My validation accuracy fell by 15 to 20 points
# and the confusion matrix got worse. Why? And what should I do?
#
# **You will learn** what class weights do to a batch, what they cost and what they bring, and how four gentler ways
# compare: each alone, with the noise beside it.
#
# **Time:** 15 minutes, less than one of them computing. **Before:** page `07`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl
from tlhelpers.weights import class_weights, effective_batch

case = tl.case("ferplus", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
asked = ("accuracy", "macro_f1", "jitter")


def run(fix):
    """The posted recipe with one change, and what the pairs say."""
    after = case.run(fix.apply(case.measured), seeds=seeds or None, live=live, label=fix.name)
    return after, [tl.compare(posted, after, metric) for metric in asked]


def check(fix):
    """The mechanism check of a fix; stops the page if it fails."""
    return fix.check(case.trainer(fix.apply(case.measured))).require()


# %% [markdown]
# ## What a weight does to a batch
#
# *Balanced* class weights give each class the same weight in total: one picture counts 1 over the size of its class.
# Two gentler kinds are often named: *effective-number* weights (they stop growing when a class is small enough that
# each picture is new), and *inverse-root* weights. We scale each kind so that the mean weight of a picture is 1. Then
# the learning rate means the same.

# %%
train = case.split.train
counts = np.bincount(train.labels, minlength=len(train.classes))
kinds = ("balanced", "effective-number", "inverse-root")
weights = {kind: class_weights(kind, counts) for kind in kinds}
print(f"{'class':10} {'faces':>6}  " + "  ".join(f"{kind:>16}" for kind in kinds))
for i, name in enumerate(train.classes):
    print(f"{name:10} {counts[i]:6}  " + "  ".join(f"{weights[k][i]:16.2f}" for k in kinds))

# %% [markdown]
# A batch has 32 pictures. With unequal weights a few of them decide its gradient. Statisticians ask: how many *equal*
# pictures would be as good as these? Kish's formula gives the **effective batch**.
#
# **Predict.** With balanced weights, how many pictures is a batch of 32 still worth?

# %%
my_guess = None

# %%
size = case.posted.batch_size
left = {kind: effective_batch(weights[kind], counts, size) for kind in kinds}
for kind in kinds:
    span = weights[kind].max() / weights[kind].min()
    print(f"{kind:18} largest weight {span:5.1f} times the smallest; {left[kind]:4.1f} pictures")
print(tl.guessed(my_guess, left["balanced"], "pictures"))

# %% [markdown]
# So balanced weights do two things at once. They tell the network to care for rare classes. And they make each step
# much noisier, as a far smaller batch would.
#
# ## What they cost
#
# The check computes the loss of one step by hand, with and without weights:

# %%
balanced = tl.fix("class-weights-balanced")
print(check(balanced).found)

# %%
# NBVAL_CHECK_OUTPUT
print(check(balanced))

# %% [markdown]
# Keras weights only the training loss. The validation loss has no weights. So the two no longer measure the same
# thing: do not compare them, and do not judge weights by the validation loss.
#
# **Predict.** By how many points does accuracy change? (In the post it fell by 15 to 20.)

# %%
my_guess = None

# %%
weighted, compared = run(balanced)
print(tl.guessed(my_guess, 100 * compared[0].effect, "points"))
tl.plots.curves(
    {"as posted: no weights": posted, "balanced class weights": weighted},
    column="val_accuracy",
    title="Validation accuracy without and with balanced class weights",
    log=False,
)

# %%
for comparison in compared:
    print(tl.verdict_sentence(comparison, balanced.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in compared:
    print(tl.verdict_words(comparison))

# %%
tl.plots.recalls(
    {"no weights": posted, "balanced": weighted},
    "What balanced weights do to each class",
)

# %% [markdown]
# ## Gentler weights

# %%
gentle = [tl.fix(f"class-weights-{kind}") for kind in kinds[1:]]
for fix in gentle:
    print(check(fix).found)
    for comparison in run(fix)[1]:
        print("   ", tl.verdict_sentence(comparison, fix.title))

# %%
# NBVAL_CHECK_OUTPUT
for fix in gentle:
    for comparison in run(fix)[1]:
        print(tl.verdict_words(comparison))

# %% [markdown]
# ## After the training: logit adjustment
#
# Why touch the training at all? A network that learned from few 'disgust' faces says 'disgust' rarely, because it *is*
# rare. If each class shall count the same, correct the answer: lower each class's logit by the logarithm of its share.
# That is **logit adjustment**. Not one weight changes.

# %%
adjustment = tl.fix("logit-adjustment")
print(check(adjustment).found)

# %%
# NBVAL_CHECK_OUTPUT
print(check(adjustment))

# %%
adjusted, compared = run(adjustment)
same = [
    run.history["moving_mode_nll"] == posted[i].history["moving_mode_nll"]
    for i, run in enumerate(adjusted)
]
print(f"{sum(same)} of {len(same)} pairs have the same weights")
for comparison in compared:
    print(tl.verdict_sentence(comparison, adjustment.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in compared:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## Soft labels
#
# Each face comes with ten votes, and the posted recipe keeps only the winner. **Soft labels** train on the shares of
# the votes. A face that four of ten call 'disgust' then teaches some disgust, even if 'anger' won.

# %%
soft = tl.fix("soft-labels")
print(check(soft).found)

# %%
# NBVAL_CHECK_OUTPUT
print(check(soft))

# %%
softened, compared = run(soft)
for comparison in compared:
    print(tl.verdict_sentence(comparison, soft.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in compared:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## All of them, side by side

# %%
fixes = (balanced, *gentle, adjustment, soft)
drawn = [c for fix in fixes for c in run(fix)[1]]
tl.plots.forest(
    drawn,
    {fix.name: fix.title for fix in fixes},
    title="Each change alone, against the posted recipe",
)

# %%
tl.plots.recalls(
    {"as posted": posted, adjustment.title: adjusted, soft.title: softened},
    "What two gentler ways do to each class",
)

# %% [markdown]
# ## And on real faces?
#
# The same, recorded on real FER+. The seeds are too few to judge: each number is one pair of runs.

# %%
real = tl.case("ferplus", data="real")
before = real.recorded(real.measured)
for metric in asked:
    print(f"change of {metric}: {'drawn':>25}   real, seed by seed")
    for fix in fixes:
        (effect,) = (c.effect for c in drawn if (c.fix, c.metric) == (fix.name, metric))
        values = tl.values(before, metric), tl.values(real.recorded(fix.apply(real.measured)), metric)
        each = "  ".join(f"{values[1][seed] - values[0][seed]:+.3f}" for seed in values[1])
        print(f"    {fix.title:30} {effect:+.3f}   {each}")

# %% [markdown]
# ## Remember
#
# - TO WRITE
#
# **Next:** `10`, what the labels allow.
#
# **More:** Byrd & Lipton 2019 (arXiv 1812.03372); Cui et al. 2019 (arXiv 1901.05555); Menon et al. 2021 (arXiv
# 2007.07314); Barsoum et al. 2016 (arXiv 1608.01041).
# *Page text: CC BY 4.0. Code: Apache-2.0.*
