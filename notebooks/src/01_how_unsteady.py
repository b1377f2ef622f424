# %% [markdown]
# # 01 · How unsteady is unsteady?
#
# **Question.** A validation loss goes up and down. How much of that is noise, and how much is a
# problem?
#
# **You will learn** to put a number on an unsteady curve, to tell noise of the *pictures* from noise
# of the *seed*, and why two single runs cannot be compared.
#
# **Time:** 10 minutes. **Before:** page `00`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)

# %% [markdown]
# ## One recipe, several seeds
#
# We take the retinopathy recipe (page `02` shows it in full) and train it several times. **Nothing
# changes but the seed**: the head's first weights, the order of the pictures, and which units
# dropout leaves out.
#
# **Predict.** After the last epoch, by what factor does the worst validation loss exceed the best?

# %%
my_guess = None

# %%
runs = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
last = list(tl.values(runs, "nll").values())
print(tl.guessed(my_guess, max(last) / min(last), "times"))

# %%
tl.plots.curves(
    {"the posted recipe": runs},
    title="The same recipe and the same pictures: only the seed differs",
)

# %% [markdown]
# If you had run only one of these, you would have told one of several different stories.
#
# ## A number for "unsteady"
#
# We look at the **logarithm** of the validation NLL. Then a fall from 2 to 1 counts as much as one
# from 0.2 to 0.1.
#
# A curve that falls, and then rises, is not unsteady. It learned, and then it overfitted. So we add up
# the sizes of all steps between epochs. From that sum we subtract the distance from the first point down
# to the lowest, and from the lowest up to the last. What is left, divided by the number of steps, is the
# **jitter**. How far the curve ends above its lowest point is the **climb**.
#
# Four curves drawn by hand show it:

# %%
examples = {
    "falls": [1.0, 0.8, 0.6, 0.5, 0.45, 0.4],
    "falls, then overfits": [1.0, 0.6, 0.4, 0.5, 0.6, 0.8],
    "zigzag": [1.0, 0.6, 0.9, 0.5, 0.8, 0.4],
    "learns nothing": [0.7, 0.7, 0.7, 0.7, 0.7, 0.7],
}
print(f"{'curve':22} jitter  climb")
for name, curve in examples.items():
    print(f"{name:22} {tl.stability.jitter(curve):6.2f} {tl.stability.climb(curve):6.2f}")

# %% [markdown]
# Only the zigzag has jitter. Of these four, only the curve that overfits has climb. (On a curve that jumps, a lucky low
# point or a jump in the last epoch makes climb, too. Jitter sees neither a high first point nor a jump at the very
# end.)
#
# **Watch the last line.** A network that learns nothing is perfectly steady. So jitter never stands
# alone: a score, here the AUC, always stands beside it.

# %%
print("seed  jitter  climb    AUC")
for run in runs:
    jitter, climb, auc = (tl.metrics.METRICS[m].of(run) for m in ("jitter", "climb", "auc"))
    print(f"{run.seed:4}  {jitter:6.3f} {climb:6.3f} {auc:6.3f}")

# %% [markdown]
# ## Noise of the pictures
#
# With other validation pictures, each point of the curve would lie elsewhere. But every epoch is
# scored on **the same** pictures, so most of that luck cancels when we look at the *change* from one
# epoch to the next. What remains can be computed from how differently the loss changed from patient to
# patient. The grey bars show it, drawn around zero.

# %%
tl.plots.steps(
    runs[0], "How far the validation loss moves from epoch to epoch, and the noise of that"
)

# %% [markdown]
# The steps are real on *these* pictures. The bar says how far a step could differ on *other* pictures. Inside it, we cannot
# say that the loss in general has moved. So we can also ask: how much jitter could a flat curve show if its steps were nothing
# but that noise? (The bars cover 95 %, in nats; for the answer their standard errors are taken, in logarithms.)

# %%
excess, noise = [], []
for run in runs:
    noise.append(tl.stability.noise_jitter(run.curve("val_nll"), run.curve("val_nll_se")[1:]))
    excess.append(tl.metrics.METRICS["jitter"].of(run) - noise[-1])
print(f"jitter measured, mean over seeds:      {np.mean(excess) + np.mean(noise):.3f}")
print(f"jitter that picture noise could give:  {np.mean(noise):.3f}")

# %%
# NBVAL_CHECK_OUTPUT
beyond = np.mean(excess) > 0
print("more jitter than the noise of the pictures explains:", "yes" if beyond else "no")

# %% [markdown]
# The second number is the **most** that a *flat* curve would show on average with such noise: the mean length of its steps.
# Jitter takes two distances off that, so a flat curve of independent readings shows about seven tenths of it, and a curve
# that falls hides more. That is how the first number can be the smaller one. So small jitter may be missed here, and
# wherever this number is taken off on later pages.
#
# A "no" does not mean that all is well. It means that this test shows no jumping beyond the noise of the pictures, on
# average over these runs. Other trouble may be there. Read on.

# %% [markdown]
# ## A curve that reads wrong
#
# There is a second way to be misled, and a smooth curve can hide it. A network with BatchNorm layers
# has two modes: one for training, one for validation. Page `03` explains them. **The same weights on
# the same pictures** should give the same loss in both. If they do not, a part of the validation loss
# comes from the mode, and the loss does not speak about the weights alone.
#
# The **mode gap** is the average difference of the two, again in logarithms. We measure it on training
# pictures, where both modes are at hand. It is not a perfect ruler: training mode uses the statistics of
# small batches, which are noisy and cost something themselves. So even perfect statistics need not give
# zero; they may give less.

# %%
gaps = tl.statistics.noise_floor(tl.values(runs, "train_inference_gap"))
print(f"mode gap: {gaps.mean:.3f}, from {gaps.smallest:.3f} to {gaps.largest:.3f} over the seeds")
print(
    f"on training pictures, averaged over the epochs, validation mode reads "
    f"{100 * np.expm1(gaps.mean):.0f} % higher than training mode"
)

# %% [markdown]
# ## Noise of the seed
#
# Now the seeds. How far apart may two *single* runs of the **same** recipe be, in 95 of 100 cases?
# This is the **noise floor**. Any change to the recipe that moves a single run by less has shown
# nothing at all.

# %%
for name in ("jitter", "train_inference_gap", "nll", "auc"):
    floor = tl.statistics.noise_floor(tl.values(runs, name))
    print(
        f"{name:8} mean {floor.mean:.3f}, from {floor.smallest:.3f} to {floor.largest:.3f}; "
        f"two single runs may differ by {floor.smallest_difference:.3f}"
    )

# %% [markdown]
# When you next read of a gain from one run before and one run after, ask how large the seed noise of *that* recipe is. Here
# the last number of each line says how large a gain would have to be.
#
# **What helps: pairs.** Run *before* and *after* with the same seeds and look at the differences,
# seed by seed. What a lucky seed gives to both cancels. The average difference gets a 95 % interval
# (Student's t). If the interval contains zero, the verdict is *smaller than the noise*: these runs do not show a
# difference, which is not the same as showing that there is none. With fewer than five pairs we describe and do not judge.
#
# ## Remember
#
# - One run is an anecdote. The seed alone moves the result.
# - Jitter counts ups and downs beyond one valley; a score must stand beside it.
# - The mode gap hints at how much of the validation loss comes from the mode and not from the weights.
# - Two kinds of noise: the choice of pictures, and the seed.
# - Compare in pairs of the same seed, and respect the interval.
#
# **Next:** `02`, the run as posted.
#
# **More:** Bouthillier et al. 2021, *Accounting for variance in machine learning benchmarks*;
# Summers & Dinneen 2021, *Nondeterminism and instability in neural network optimization*.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
