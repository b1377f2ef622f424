# %% [markdown]
# # 09 · Class weights, and what to do instead
#
# **Question.** 'Disgust' is rare, so I gave it a large class weight. My validation accuracy fell by 15 to 20 points
# and the confusion matrix got worse. Why? And what should I do?
#
# **You will learn** what class weights do to a batch, what they cost and what they bring, and how four other ways
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
from tlhelpers.measures.class_weights import class_weights, effective_batch

case = tl.case("ferplus", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
asked = ("accuracy", "macro_f1", "jitter")


def alone(fix, before=posted):
    """The posted recipe with one change, and what the pairs say."""
    return tl.trial(case, before, fix, asked, seeds=seeds or None, live=live)


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
print(tl.guessed(my_guess, 100 * balanced.compared[0].effect, "points (a minus is a fall)"))
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
# The dots of one class lie far apart: the posted run is so unsteady that most effects drown in it. Even 'disgust' and
# 'contempt', which got the largest weights, are not found more often.
#
# And jitter *fell*, if one asks about balanced weights alone; corrected for all that were asked, that is not shown (page
# `12`). From a smaller effective batch one would expect the opposite. With fresh averages the posted run hardly
# jumps (page `08`): what jumps here is mostly how it is read, so it is a poor place to see the noise of weights. Why class
# weights calm it is not tested. Further down, behind frozen BatchNorm, the sign turns round.
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
# rare. If each class shall count the same, correct the answer. That is **logit adjustment**: subtract the logarithm of
# its share from each logit, so the rarer the class, the more its logit rises. The trained network stays the same; only
# its answers shift, and with them the validation loss.

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
# base: with BatchNorm frozen (page `08`) before *and* after. We chose this base before we saw a result of it. (The two
# other kinds of weights were left out to save time, so this page cannot say whether they cost less.)

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
# Behind the steady base, **balanced weights cost accuracy and macro-F1, and the loss jumps more**. For accuracy that is the
# direction that the post saw, though a smaller fall and on a base that the post did not have. Logit adjustment costs
# accuracy and macro-F1, too, but the trained network stays as it is. Soft labels make the loss jump less (it is always
# measured against the winner of the votes), cost no accuracy that can be shown, and cost some macro-F1.
#
# For balanced weights, jitter falls on one base and rises on the other, and both intervals leave out zero. (On real faces,
# below, it rises on both.) **So a fix is not good or bad as such. Measure it in your own recipe, on your own pictures.**
#
# And what do they bring?

# %%
tl.plots.recalls(
    {
        "BatchNorm frozen": base,
        "and balanced weights": again[0].after,
        "and logit adjustment": again[1].after,
    },
    "What weights and logit adjustment do to each class",
)

# %%
place = train.classes.index("disgust")
for name, runs in (
    ("BatchNorm frozen", base),
    ("and balanced weights", again[0].after),
    ("and logit adjustment", again[1].after),
):
    called = np.array([run.probabilities.argmax(axis=1) == place for run in runs])
    right = called & (runs[0].labels == place)
    share = 100 * right.sum() / max(1, called.sum())
    print(f"{name:20} {called.sum(axis=1).mean():3.0f} faces called 'disgust', ", end="")
    print(f"{share:2.0f} % of them rightly")

# %% [markdown]
# In the mean of the runs both find more 'fear', 'disgust' and 'contempt', and less 'neutral', the largest class. The thin
# lines of the rare classes overlap, so take this as a direction. For 'disgust' the printout shows the price: the name is
# given to many more faces, and fewer of them deserve it, which pulls its F1 down. (The other classes were not counted.)
# Whether that trade is worth it depends on what a missed 'disgust' costs *you*.
#
# Compare that with what freezing BatchNorm alone did on page `08`: it raised macro-F1 more than any of these changes.
#
# ## And on real faces?
#
# The same, recorded on real FER+. The seeds are too few to judge: each number on the right is one pair of runs. First,
# against the run as posted:

# %%
real = tl.case("ferplus", data="real")
print(tl.beside_real(tried, real))

# %% [markdown]
# Balanced weights cost accuracy in each pair, as in the post. Now with BatchNorm frozen before and after:

# %%
print(tl.beside_real(again, real))

# %% [markdown]
# For balanced weights, drawn and real faces now point the same way: accuracy and macro-F1 fall and the loss jumps more, in
# each pair. For soft labels the real pairs disagree among themselves. For logit adjustment, the real loss jumped more in
# each pair; the drawn pairs cannot say in which direction.
#
# ## Remember
#
# - **First mend what validation reads.** Freezing BatchNorm raised macro-F1 more than any way of weighting.
# - Then, if you need more rare faces found and accept a lower accuracy and macro-F1, try logit adjustment: it costs, too, but
#   you can take it back without training anew. Look at recall *and* macro-F1.
# - Balanced weights make a few pictures decide each step: a batch of 32 is worth a handful.
# - Keras does not weight the validation loss. Do not judge weights by it.
# - On real faces, as in the post, balanced weights cost accuracy in each pair of runs, on either base. On drawn faces they
#   did so behind the steady base only.
# - Soft labels use all ten votes. On drawn faces behind frozen BatchNorm the loss jumped less, at some cost in macro-F1; the
#   real pairs disagree. On the posted run accuracy and macro-F1 fell.
#
# **Next:** `10`, what the labels allow.
#
# **More:** Byrd & Lipton 2019 (arXiv 1812.03372); Cui et al. 2019 (arXiv 1901.05555); Menon et al. 2021 (arXiv
# 2007.07314); Barsoum et al. 2016 (arXiv 1608.01041).
# *Page text: CC BY 4.0. Code: Apache-2.0.*
