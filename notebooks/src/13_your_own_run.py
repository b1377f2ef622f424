# %% [markdown]
# # 13 · Your own run
#
# **Question.** "I have an idea of my own. How do I find out whether it helps?"
#
# **You will learn** to change a recipe, to decide *beforehand* what would count, and to read the curves of your own script
# with the same numbers as this course.
#
# **Time:** 10 minutes. Then as long as you like: one training takes about a minute. **Before:** pages `01` and `11`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np
from scipy import stats

import tlhelpers as tl

case = tl.case("ferplus", profile=profile)

# %% [markdown]
# ## 1. Change one thing
#
# A recipe holds every choice of a training run. `but` changes some of them. This example lowers the rate once BatchNorm is
# frozen. Its runs are recorded. **Put your own change in its place**, and the cells below will train it. If you stop them, they
# go on where they were.

# %%
base = case.measured.but(batchnorm="frozen")
idea = base.but(learning_rate=1e-4)
print(tl.difference_text(base, idea))

# %% [markdown]
# What can be changed? Everything in this table. (A name that is not there gets an error that says so.)

# %%
print(base.table())

# %% [markdown]
# Change **one** thing. If you change two and it helps, you will not know which did it, and you will carry the other one
# along for years.
#
# ## 2. Decide what counts, before you look
#
# Once you have seen the curves, you will find a number that likes your idea. So write down now: which number shall move,
# which one may not get worse, and by how much.

# %%
aim = "jitter"
score, margin = case.score, tl.findings.MARGINS[case.score]
print(f"aim: lower {aim}; {score.replace('_', ' ')} may not fall by more than {margin}")

# %% [markdown]
# And how many seeds? That depends on how much luck there is. Here are two recipes that we know, the posted one and frozen
# BatchNorm. Their pairs tell how small an effect so many seeds can show:

# %%
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
before = case.run(base, seeds=seeds or None, live=live, label="frozen-batchnorm")
for metric in (aim, score):
    old, new = (tl.values(runs, metric) for runs in (posted, before))
    spread = np.std([new[seed] - old[seed] for seed in old], ddof=1)
    print(f"{metric.replace('_', ' '):9} differences of pairs spread by {spread:.3f}:", end=" ")
    for count in (3, 5, 8, 20):
        smallest = stats.t.ppf(0.975, count - 1) * spread / np.sqrt(count)
        print(f"{count} seeds show {smallest:.3f}", end="; " if count < 20 else "\n")

# %% [markdown]
# (The smallest mean difference whose 95 % interval leaves out zero. Between two recipes with frozen BatchNorm there is less
# luck, so this is on the safe side.)
#
# **Predict.** By how much will your change move the aim? Fewer is negative.

# %%
my_guess = None

# %% [markdown]
# ## 3. Run it

# %%
after = case.run(idea, seeds=seeds or None, live=live, label="my-idea")
tl.plots.curves({"without": before, "with my change": after}, title="My change: validation loss")

# %%
compared = [tl.compare(before, after, metric, "behind") for metric in (aim, "climb", score)]
print(tl.guessed(my_guess, round(compared[0].effect, 3)))
for each in compared:
    print(tl.verdict_sentence(each, "My change"))

# %% [markdown]
# And by the rule of step two?

# %%
# NBVAL_CHECK_OUTPUT
steadier = compared[0].verdict == "helps"
no_worse = compared[-1].low is not None and compared[-1].low > -margin  # the whole interval
print(f"steadier: {steadier}, {score.replace('_', ' ')} not worse: {no_worse}")
print("it counts" if steadier and no_worse else "it does not count")

# %% [markdown]
# Our example reached its aim and does not count: a smooth curve, and a network that has learned less. With the curve alone we
# would have cheered.
#
# "Smaller than the noise" is a result, too. It says: *with so many seeds, nothing was shown*. It does not say that there is
# nothing. Write it down. A list of what you tried in vain is worth as much as the winner.
#
# ## 4. Did it do what you said?
#
# A change that does nothing also gives curves, and some of them look better (page `03`). So look inside. What would be
# different if your change had *not* arrived? Here: the rate that the optimizer ends with, and the BatchNorm layers that still
# train.

# %%
# NBVAL_CHECK_OUTPUT
trains, layers = tl.batchnorm.live_layers(case.trainer(idea).network.base)
print(f"the rate is the one asked for: {np.isclose(after[0].curve('learning_rate')[-1], idea.learning_rate)}")
print(f"BatchNorm layers that train: {trains} of {layers}")

# %% [markdown]
# ## 5. Your own script
#
# None of this needs our package. Train your script a few times without the change and with it, seed by seed, and keep
# `history.history["val_loss"]` of each. Take care that this is the *plain* loss: no label smoothing, no class weights, and the
# same loss in both. Then paste the lists in place of ours:

# %%
without = [run.curve("val_nll") for run in before]
changed = [run.curve("val_nll") for run in after]


def jitter(losses):
    """Ups and downs of a loss curve; zero if it has a single valley (page 01)."""
    x = np.log(losses)
    moves = np.abs(np.diff(x)).sum()
    return (moves - (x[0] - x.min()) - (x[-1] - x.min())) / (len(x) - 1)


old, new = ([jitter(losses) for losses in runs] for runs in (without, changed))
interval = stats.ttest_rel(new, old).confidence_interval(0.95)
print(f"jitter {np.mean(old):.3f} → {np.mean(new):.3f}, change {np.mean(new) - np.mean(old):+.3f}")
print(f"95 % interval {interval.low:+.3f} to {interval.high:+.3f}, {len(old)} pairs")

# %% [markdown]
# ## Where to begin
#
# If the validation loss of your own fine-tuning jumps, ask in this order. Each question costs less than the one after it.
#
# 1. **Is it a jump, or few pictures?** Count how many validation pictures changed sides (page `01`).
# 2. **Is it the weights, or BatchNorm's averages?** Evaluate the same *training* pictures with both sets of statistics (page `03`).
#    If they differ, freeze each BatchNorm layer, and check that the averages stand still.
# 3. **Is the set honest?** The same patient, or the same face, on both sides (pages `05` and `10`).
# 4. **Does it still jump?** Average the weights, or use warm-up and cosine (pages `04` and `11`).
# 5. **Does it climb?** Then it is too sure. Stop early, look at the temperature (pages `05` and `06`).
# 6. **Whatever you did:** several seeds, one change, the score beside it.
#
# ## Remember
#
# - Decide what counts before you look.
# - One change, several seeds, paired.
# - Prove that the change arrived.
# - Keep the null results.
#
# **More:** the *Deep Learning Tuning Playbook* (Google Research); Bouthillier et al. 2021 (arXiv 2103.03098) on where variance
# comes from.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
