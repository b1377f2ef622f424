# %% [markdown]
# # 13 · Your own run
#
# **Question.** "I have an idea of my own. How do I find out whether it helps?"
#
# **You will learn** to change a recipe, to decide *beforehand* what would count, and to read the curves of your own script
# with the same numbers as this course.
#
# **Time:** 10 minutes. Then as long as you like: eight trainings, about a minute each, for each idea. **Before:** pages
# `01` and `11`.

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
# A recipe holds every choice of a training run. `but` changes some of them. This example lowers the rate once BatchNorm
# is frozen. Its runs are recorded, so nothing trains. **Put your own change in its place**, and the cell of step three
# trains it, with each of the seeds that the other recipes have; `live` above can stay as it is. If you stop that cell,
# run it again: it goes on where it was.

# %%
base = case.measured.but(batchnorm="frozen")
idea = base.but(learning_rate=1e-4)
print(tl.difference_text(base, idea))

# %% [markdown]
# What can be changed? Everything in this table. A name or a value that is not known gets an error that lists what is;
# `help(tl.Recipe)` says what each of them means. (The drawn faces are stored small, and the network enlarges them.)

# %%
print(base.table())

# %% [markdown]
# Change **one** thing. If you change two and it helps, you will not know which did it, and you will carry the other one
# along for years.
#
# ## 2. Decide what counts, before you look
#
# Once you have seen the curves, you will find a number that likes your idea. So write down now: which number shall fall
# (`jitter`, `climb` or `train_inference_gap`), which one may not get worse, and by how much. It counts if the whole interval of
# the first lies below zero, and the whole interval of the second above minus the margin. The margin here is the
# course's; put in your own.

# %%
aim = "jitter"
score, margin = case.score, tl.verdicts.MARGINS[case.score]
print(f"aim: lower {aim}; {score.replace('_', ' ')} may not fall by more than {margin}")

# %% [markdown]
# And how many seeds? That depends on how much the results differ from seed to seed. Two recipes that we know tell: frozen
# BatchNorm, without and with a warm-up and a cosine schedule.

# %%
before = case.run(base, seeds=seeds or None, live=live, label="frozen-batchnorm")
known = tl.fix("warmup-cosine").apply(base)
known = case.run(known, seeds=seeds or None, live=live, label="frozen-batchnorm+warmup-cosine")
for metric in (aim, score):
    old, new = (tl.values(runs, metric) for runs in (before, known))
    spread = np.std([new[seed] - old[seed] for seed in old], ddof=1)
    print(f"{metric.replace('_', ' '):9} differences of pairs spread by {spread:.3f}")
    for count in (3, 5, 8, 20):
        half = stats.t.ppf(0.975, count - 1) * spread / np.sqrt(count)
        print(f"{count:11} seeds: an interval of ± {half:.3f}")

# %% [markdown]
# Read it like this. A *measured* change larger than the half width is shown. If the *true* change is only that large,
# you will see it every second time; so plan for one that is clearly larger. For the score, the half width should be
# smaller than the margin, or even a harmless change will fail. This is the spread of one known pair. Yours may spread more,
# so plan for more seeds than the table says, and look at the interval that you get in step three.
#
# Fix the number now, too. Adding seeds until it works is another way of looking first.
#
# **Predict.** By how much will your change move the aim? A fall is a negative number.

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
# "Larger than the noise" means that the interval leaves out zero. And by the rule of step two?

# %%
# NBVAL_CHECK_OUTPUT
steadier = compared[0].verdict == "helps"
no_worse = compared[-1].low is not None and compared[-1].low > -margin  # the whole interval
print(f"{aim} lower: {steadier}, {score.replace('_', ' ')} not worse: {no_worse}")
print("it counts" if steadier and no_worse else "it does not count")

# %% [markdown]
# Our example reached its aim and does not count: a smooth curve, and a network that has learned less in so many epochs.
# With the jitter alone we would have cheered. (With more epochs it may catch up, or not. That is a new idea, and wants a
# new decision.)
#
# "Smaller than the noise" is a result, too. It says: *with so many seeds, nothing was shown*. It does not say that there is
# nothing. Write it down. A list of what you tried in vain is worth as much as the winner.
#
# ## 4. Did it do what you said?
#
# A change that does nothing also gives curves, and some of them look better (page `03`). So look inside, and ask: what
# would be different if my change had *not* arrived? A good check gives **another answer without the change**, so look
# at both:

# %%
for name, runs in (("without", before), ("with my change", after)):
    print(f"{name:15} the rate of the last step: {runs[0].curve('learning_rate')[-1]:.0e}")

# %% [markdown]
# **Put a check of your own change in its place.** BatchNorm: how many layers train (`tl.batchnorm.live_layers`)?
# Dropout: is there such a layer in `case.trainer(idea).network.model.layers`? Batch size: how many steps has an epoch?
# Class weights: print them.
#
# %% [markdown]
# ## 5. Your own script
#
# This step needs only NumPy and SciPy. Call `keras.utils.set_random_seed(seed)` at the top of your script. Give the split a
# fixed number of its own (`random_state=0`, say), so that it is the same in each run. Run the script with the same seeds
# without the change and with it, eight or more. Keep `history.history["val_loss"]` of each, in the order of the seeds.
#
# Take care that this is the *plain* loss. If your change touches the loss (smoothing, weight decay), compile with
# `metrics=[keras.metrics.CategoricalCrossentropy(name="nll")]` and keep `val_nll`. Then paste the lists in place of
# ours, one list a run:

# %%
without = [run.curve("val_nll") for run in before]
changed = [run.curve("val_nll") for run in after]
assert len(without) == len(changed), "the same seeds, in the same order"


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
# Then the score: one number a run in place of `old` and `new`, and the same `ttest_rel`. It passes if `interval.low` lies
# above minus your margin.
#
# ## Where to begin
#
# If the validation loss of your own fine-tuning will not hold still, ask in this order:
#
# 1. **Do the pictures arrive as the backbone wants them?** Each has its own `preprocess_input` (page `08`).
# 2. **Is it a few pictures?** Evaluate two halves of your validation pictures apart. If only one half jumps, a few
# pictures do it (page `01`).
# 3. **Does it read wrong?** Measure BatchNorm's averages anew, with the same weights, and evaluate the validation pictures
# again. The function below does that. If the curve is smooth then, the averages lagged: freeze each BatchNorm layer, and
# average the weights (page `11`).
# 4. **Do the weights jump?** If it jumps with fresh averages as well, it is the weights. Average them, with BatchNorm frozen so
# that its averages cannot fall behind those of the weights; or let the rate fall to zero (pages `04` and `11`). Freezing alone
# will not do: on the retina the loss jumped more with it (page `06`).
# 5. **Does it overfit?** If it climbs with fresh averages as well, the network is too sure of its answers. Stop early, look
# at the temperature (pages `05` and `06`).
# 6. **Is the split honest?** No patient and no face may be on both sides (pages `05` and `10`).
#
# And always: several seeds, one change, the score beside it.
#
# The functions for the third question, in ordinary Keras:
#
# ```python
# import keras
# import numpy as np
#
#
# def live_batchnorm(model):
#     """BatchNorm layers that train, in models inside the model as well."""
#     found = []
#     for one in model.layers:
#         if hasattr(one, "layers"):
#             found += live_batchnorm(one)
#         elif isinstance(one, keras.layers.BatchNormalization) and one.trainable:
#             found.append(one)
#     return found
#
#
# def fresh_loss(batches, evaluate):
#     """Validation loss with BatchNorm's averages measured anew; they are put back afterwards."""
#     layers = live_batchnorm(model)
#     assert layers, "no BatchNorm layer trains: no averages that could lag; see question 4"
#     before = [(one.momentum, one.get_weights()) for one in layers]
#     try:
#         for i, pictures in enumerate(batches):
#             for one in layers:
#                 one.momentum = i / (i + 1)  # so that each batch counts alike
#             model(pictures, training=True)  # moves the averages, and no weights
#         for one, (_, weights) in zip(layers, before):
#             moved = any((a != b).any() for a, b in zip(one.get_weights(), weights))
#             assert moved, f"{one.name} stood still, so nothing was measured anew in it"
#         return evaluate()
#     finally:
#         for one, (momentum, weights) in zip(layers, before):
#             one.momentum = momentum
#             one.set_weights(weights)
# ```
#
# They want some training batches, shuffled, and prepared exactly as for `fit`. Build and compile `model` anew before, as at
# the start of your training. From arrays:
#
# ```python
# order = np.random.default_rng(0).permutation(len(train_pictures))
# batches = [train_pictures[order[i : i + 32]] for i in range(0, min(960, len(order)), 32)]
#
#
# def evaluate():
#     of = model.evaluate(validation_pictures, validation_labels, verbose=0, return_dict=True)
#     return of[name]
#
#
# name = "loss"  # "nll" if your loss is not the plain one, see above
# shown, fresh = [], []
# for epoch in range(10):
#     history = model.fit(
#         train_pictures,
#         train_labels,
#         validation_data=(validation_pictures, validation_labels),
#         initial_epoch=epoch,
#         epochs=epoch + 1,
#     )
#     shown.append(history.history[f"val_{name}"][0])
#     fresh.append(fresh_loss(batches, evaluate))
#     print(f"as Keras shows it {shown[-1]:.3f}, with fresh averages {fresh[-1]:.3f}")
# print(f"jitter as Keras shows it {jitter(shown):.3f}, with fresh averages {jitter(fresh):.3f}")
# ```
#
# `jitter` stands above, under "Your own script". With a `tf.data` dataset, `batches = [batch[0] for batch in
# train_data.take(30)]`, and `evaluate` and `fit` get the datasets; it must be shuffled over all classes. Leave callbacks and
# `use_ema` out of this test: `fit` for one epoch at a time starts and ends them anew each time. Draw `shown` and `fresh` as
# two curves.
#
# ## Remember
#
# - Decide what counts before you look.
# - One change, several seeds, paired.
# - Prove that the change arrived.
# - Keep the null results.
#
# **More:** the *Deep Learning Tuning Playbook* (Google Research); Bouthillier et al. 2021 (arXiv 2103.03098) on where
# variance comes from. *Page text: CC BY 4.0. Code: Apache-2.0.*
