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
from tlhelpers.data import measured
from tlhelpers.weights import class_weights, effective_batch

case = tl.case("ferplus", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
asked = ("accuracy", "macro_f1", "jitter")


def alone(fix, before=posted):
    """The posted recipe with one change, and what the pairs say."""
    return tl.alone(case, before, fix, asked, seeds=seeds or None, live=live)


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
all_of_ferplus = np.array([*measured.ferplus()["train"]["count by class"]["plurality"].values()])
for where, faces in (("these faces", counts), ("all of FER+", all_of_ferplus)):
    for kind in kinds:
        each = class_weights(kind, faces)
        span, left = each.max() / each.min(), effective_batch(each, faces, size)
        print(f"{where}, {kind:16}  ", end="")
        print(f"largest weight {span:4.1f} times the smallest; {left:4.1f} pictures")
left = effective_batch(weights["balanced"], counts, size)
print(tl.guessed(my_guess, left, "pictures"))

# %% [markdown]
# So balanced weights do two things at once. They tell the network to care for rare classes. And they make each step
# much noisier, as a far smaller batch would. (Effective-number weights are gentle only where a rare class has hundreds of
# faces. In our small set they are nearly as steep as balanced ones.)
#
# ## What they cost
#
# The check computes the loss of one step by hand, with and without weights:

# %%
fix = tl.fix("class-weights-balanced")
checked = check(fix)
print(checked.found)

# %%
# NBVAL_CHECK_OUTPUT
print(checked)

# %% [markdown]
# Keras weights only the training loss. The validation loss has no weights. So the two no longer measure the same
# thing: do not compare them, and do not judge weights by the validation loss.
#
# **Predict.** By how many points does accuracy change? (In the post it fell by 15 to 20.)

# %%
my_guess = None

# %%
balanced = alone(fix)
print(tl.guessed(my_guess, 100 * balanced.compared[0].effect, "points"))
tl.plots.curves(
    {"as posted: no weights": posted, "balanced class weights": balanced.after},
    column="val_accuracy",
    title="Validation accuracy without and with balanced class weights",
    log=False,
)

# %%
print(balanced.sentences)
print(f"(trivial accuracy: {tl.metrics.trivial_accuracy(posted[0]):.3f})")

# %%
# NBVAL_CHECK_OUTPUT
print(balanced.verdicts)

# %%
tl.plots.recalls(
    {"no weights": posted, "balanced": balanced.after},
    "What balanced weights do to each class",
)

# %% [markdown]
# The dots of one class lie far apart: the posted run is so unsteady that most effects drown in it. One verdict says that
# balanced weights *lowered* jitter. Keep it in mind. Further down, behind a steadier base, it turns round.
#
# ## Gentler weights

# %%
gentle = [tl.fix(f"class-weights-{kind}") for kind in kinds[1:]]
for fix in gentle:
    print(check(fix).found)

# %%
effective, root = map(alone, gentle)
print(effective.sentences)
print(root.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(effective.verdicts)
print(root.verdicts)

# %% [markdown]
# ## After the training: logit adjustment
#
# Why touch the training at all? A network that learned from few 'disgust' faces says 'disgust' rarely, because it *is*
# rare. If each class shall count the same, correct the answer: lower each class's logit by the logarithm of its share.
# That is **logit adjustment**. Not one weight changes.

# %%
fix = tl.fix("logit-adjustment")
checked = check(fix)
print(checked.found)

# %%
# NBVAL_CHECK_OUTPUT
print(checked)

# %%
adjusted = alone(fix)
same = [run.history["loss"] == posted[i].history["loss"] for i, run in enumerate(adjusted.after)]
print(f"{sum(same)} of {len(same)} pairs have the same training losses to the last digit")
print(adjusted.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(adjusted.verdicts)

# %% [markdown]
# Logit adjustment aims at equal *recall* of all classes. Macro-F1 also asks how often a name is wrong when it is given.
# So more 'disgust' found can still mean a lower macro-F1.
#
# ## Soft labels
#
# Each face comes with ten votes, and the posted recipe keeps only the winner. **Soft labels** train on the shares of
# the votes. A face that four of ten call 'disgust' then teaches some disgust, even if 'anger' won.

# %%
fix = tl.fix("soft-labels")
checked = check(fix)
print(checked.found)

# %%
# NBVAL_CHECK_OUTPUT
print(checked)

# %%
soft = alone(fix)
print(soft.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(soft.verdicts)

# %% [markdown]
# ## All of them, side by side

# %%
tried = (balanced, effective, root, adjusted, soft)
tl.plots.forest(
    [comparison for trial in tried for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in tried},
    title="Each change alone, against the posted recipe",
)

# %% [markdown]
# ## Does the noise hide something?
#
# The posted run is so unsteady that a small effect may drown in it. So we ask three of them again behind a steadier
# base: with BatchNorm frozen (page `08`) before *and* after. We chose this base before we saw a result.

# %%
base = alone(tl.fix("frozen-batchnorm")).after
again = [alone(tl.fix(trial.fix.name), base) for trial in (balanced, adjusted, soft)]
for trial in again:
    print(trial.sentences)

# %%
# NBVAL_CHECK_OUTPUT
for trial in again:
    print(trial.verdicts)

# %%
tl.plots.forest(
    [comparison for trial in again for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in again},
    title="Three of them, with BatchNorm frozen before and after",
)

# %% [markdown]
# Now the noise hides less, and the post is right: **balanced weights cost accuracy and macro-F1, and the loss jumps
# more.** Logit adjustment trades accuracy for rare classes, too, but it leaves the training as it is. Soft labels make the
# loss jump less, cost no accuracy that can be shown, and cost some macro-F1.
#
# The same change got another verdict behind another base. **A fix is not good or bad as such; it is measured in a
# recipe.** Steady the run first. Then ask about weights.

# %%
tl.plots.recalls(
    {
        "BatchNorm frozen": base,
        "and balanced weights": again[0].after,
        "and logit adjustment": again[1].after,
    },
    "What weights and logit adjustment do to each class",
)

# %% [markdown]
# ## And on real faces?
#
# The same, recorded on real FER+. The seeds are too few to judge: each number on the right is one pair of runs. First,
# against the run as posted:

# %%
real = tl.case("ferplus", data="real")
print(tl.beside_real(tried, real))

# %% [markdown]
# Balanced weights cost accuracy in each pair, as in the post. With BatchNorm frozen before and after, the pairs agree
# better, and drawn and real faces do, too: accuracy falls, and the loss jumps more.

# %%
print(tl.beside_real(again, real))

# %% [markdown]
# ## Remember
#
# - Balanced weights make a few pictures decide each step: a batch of 32 is worth a handful.
# - Keras does not weight the validation loss. Judge weights by recall and macro-F1, beside the trivial accuracy.
# - On real faces, as in the post, balanced weights cost accuracy in each pair of runs, on either base. On drawn faces it
#   shows as soon as the base is steady.
# - Logit adjustment makes the same trade after training, and you can take it back. It is no free lunch.
# - Soft labels use all ten votes. Behind a steady base the loss jumped less, at some cost in macro-F1. On the unsteady
#   run they hurt.
#
# **Next:** `10`, what the labels allow.
#
# **More:** Byrd & Lipton 2019 (arXiv 1812.03372); Cui et al. 2019 (arXiv 1901.05555); Menon et al. 2021 (arXiv
# 2007.07314); Barsoum et al. 2016 (arXiv 1608.01041).
# *Page text: CC BY 4.0. Code: Apache-2.0.*
