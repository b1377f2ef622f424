# %% [markdown]
# # 04 · Head first, rate, schedule
#
# **Question.** "Train the head first. Lower the rate. Warm up. Use a schedule." Which of these steadies the loss? And
# what about the `ReduceLROnPlateau` that the post built and never used?
#
# **You will learn** how to see which rate your training really has, and what three pieces of advice do to a run that
# jumps, each alone, and again once BatchNorm is frozen.
#
# **Time:** 15 minutes, less than one of them computing. **Before:** page `03`. (Faces come later, from page `07` on; you
# need not know more of them here than that their posted run jumps.)

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
fix = tl.fix("plateau")
plateau = tl.trial(
    case,
    posted,
    fix,
    ("jitter", "climb", "train_inference_gap", "auc"),
    seeds=seeds or None,
    live=live,
)

# %% [markdown]
# ## The callback that was never passed
#
# The post builds a `ReduceLROnPlateau`: after three epochs without a better validation loss it halves the rate. But the
# list given to `fit` holds only the `EarlyStopping`. No error appears; Python is content with an object that nobody uses.
# One more callback would have shown it, with the same number after each epoch:
#
# ```python
# tell = keras.callbacks.LambdaCallback(
#     on_epoch_end=lambda epoch, logs: print(epoch, float(model.optimizer.learning_rate))
# )
# model.fit(..., callbacks=[stop, plateau, tell])  # all that you built
# ```
#
# We pass the callback. First the check, with a validation loss that stands still:

# %%
# NBVAL_CHECK_OUTPUT
print(fix.check(case.trainer(fix.apply(case.measured))).require())

# %% [markdown]
# **Predict.** In how many of our runs on the retina will it halve the rate?

# %%
my_guess = None

# %%
start = case.measured.learning_rate
acted = [run.seed for run in plateau.after if run.curve("learning_rate")[-1] < 0.9 * start]
print(tl.guessed(my_guess, len(acted), f"of {len(plateau.after)} runs"))
for run in plateau.after:
    if run.seed in acted:
        print(f"seed {run.seed}:", " ".join(f"{rate:.1e}" for rate in run.curve("learning_rate")))

# %%
print(plateau.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(plateau.verdicts)

# %% [markdown]
# A loss that still falls gives the callback no reason to act. Where it did not act, the two runs of a pair are the same to
# the last digit, so these intervals speak of hardly anything. So few runs in which it did act cannot show an effect in
# either direction. What we can say: within these ten epochs, the forgotten callback is not what makes the runs as they
# are. (The runs of the post were longer. There it may have had more to do. On the faces, which jump, it was not tried: their
# post names no schedule.)
#
# ## Three more pieces of advice
#
# - **Head first.** Train the head alone for ten epochs, on a backbone that stands still. Only then fine-tune, for the same
#   ten epochs as the others: these alone are drawn below. Otherwise the random head sends random gradients through the
#   backbone.
# - **A lower rate.** A tenth of the posted one.
# - **Warm-up and cosine.** The rate climbs from zero during the first epoch, then falls to zero along a cosine.
#
# We now change to the course's second data set: drawn *faces*, with the recipe of the second question. Its posted run
# jumps (page `07`); the retina's does not, so nothing can steady it (page `02`). Macro-F1, their score, is explained on
# page `07`: it counts each expression alike. The faces' posted rate is

# %%
faces = tl.case("ferplus", profile=profile)
print(faces.posted.learning_rate)

# %% [markdown]
# Does the backbone wait, and does the rate do what it should?

# %%
advice = [tl.fix(name) for name in ("head-first", "learning-rate-1e-4", "warmup-cosine")]
checked = [each.check(faces.trainer(each.apply(faces.measured))).require() for each in advice]
for each in checked:
    print(each.found)

# %%
# NBVAL_CHECK_OUTPUT
for each in checked:
    print(each)

# %% [markdown]
# **Predict.** Which of the three leaves the least jitter? Write "head first", "lower rate" or "warm-up and cosine".

# %%
my_guess = None

# %% [markdown]
# (From here on the runs are recorded ones of the `quick` profile, whatever profile you chose.)

# %%
faces = tl.case("ferplus")
faces_posted = faces.recorded(faces.measured)
asked = ("jitter", "climb", "train_inference_gap", "macro_f1")
alone = [tl.trial(faces, faces_posted, each, asked) for each in advice]
words = ("head first", "lower rate", "warm-up and cosine")
least = min(range(3), key=lambda i: alone[i].compared[0].after)
print(tl.guessed(my_guess, words[least]))
tl.plots.curves(
    {"as posted": faces_posted, **{trial.fix.title: trial.after for trial in alone}},
    column="learning_rate",
    title="Faces: the rate after each epoch (the warm-up is over by then)",
    log=False,
)

# %%
tl.plots.curves(
    {"as posted": faces_posted, **{trial.fix.title: trial.after for trial in alone}},
    title="Faces: validation loss as posted, and with one change",
)

# %%
tl.plots.forest(
    [comparison for trial in alone for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in alone},
    title="Faces: each change alone, against the posted recipe",
)

# %%
for trial in alone:
    print(trial.sentences)

# %% [markdown]
# - **Head first**: nothing is shown. (Ours keeps the posted rate after the head-only stage. A lower one is often
#   advised there; that is another recipe.)
# - **A tenth of the rate** takes jitter and climb away. It takes away more than half of the mode gap and leaves the rest: a smooth curve
#   that still reads wrong. No change of the score is shown.
# - **Warm-up and cosine** lowers jitter and mode gap by less, and climb as much. At its end the rate is next to zero, so
#   the last epochs *must* be flat.
#
# Now a caution. "It helps" above answers one question at a time. We tried many changes on this recipe, and among many some
# look good by luck. **Corrected for that, only the lower rate of these three is shown to be steadier** (page `12`). Take the
# warm-up and cosine as likely, and not as shown.
#
# ## Once BatchNorm is frozen
#
# Freezing BatchNorm (pages `03` and `08`) is another kind of change. It mends what validation reads, and the score:

# %%
freeze = tl.trial(faces, faces_posted, tl.fix("frozen-batchnorm"), asked)
frozen = freeze.after
print(freeze.sentences)

# %% [markdown]
# The curve still jumps. Now the same three pieces of advice again, with BatchNorm frozen in both recipes that we compare:

# %%
behind = [tl.trial(faces, frozen, each, asked) for each in advice]
tl.plots.curves(
    {"BatchNorm frozen": frozen, **{f"+ {trial.fix.title}": trial.after for trial in behind}},
    title="Faces: validation loss with BatchNorm frozen, and with one more change",
)

# %%
tl.plots.forest(
    [comparison for trial in behind for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in behind},
    title="Faces: each change on top of frozen BatchNorm",
)

# %%
for trial in behind:
    print(trial.sentences)

# %% [markdown]
# **Head first**: once more nothing is shown, and for the score the interval is narrow. **A tenth of the rate** makes the
# loss steadier and pays for it: macro-F1 after the tenth epoch is clearly lower. Given more epochs it may catch up; that was
# not measured. **Warm-up and cosine** makes it steadier at no cost that we could show. A part of that is by construction: the
# last epochs hardly move. Which of its two halves does it, we did not ask. (These six intervals were not corrected for
# each other.)
#
# (Page `11` takes another way, averaged weights. They left less jitter still, and raised the score.)
#
# ## In your own code
#
# ```python
# for layer in base.layers:  # page 03
#     if isinstance(layer, keras.layers.BatchNormalization):
#         layer.trainable = False
# steps = -(-len(train_pictures) // 32)  # in an epoch
# rate = keras.optimizers.schedules.CosineDecay(
#     0.0,
#     warmup_target=highest,  # the rate that you have now: the faces' is 1e-3
#     warmup_steps=steps,
#     decay_steps=(epochs - 1) * steps,
# )
# model.compile(keras.optimizers.Adam(rate), ...)
# ```
#
# The price: you fix the number of epochs beforehand, and an `EarlyStopping` cuts the schedule short. A
# `ReduceLROnPlateau` cannot be used beside it: Keras does not let anyone set a rate that has a schedule.
#
# ## Remember
#
# - Look at the rate after each epoch. A callback that is not in the list does nothing, in silence.
# - A steady loss is not the aim. A rate of zero would give the steadiest of all. Look at the score, and at the mode gap.
# - Freeze BatchNorm first, then ask about the rate. With live BatchNorm, a lower rate made a smooth curve that still read
#   wrong.
# - If you want one schedule for a run like the faces': warm-up and cosine, behind frozen BatchNorm.
# - If your rate is low already, do not lower it further for steadiness alone. On the drawn retina, whose rate is a tenth of
#   the faces', warm-up and cosine changed the AUC after ten epochs by {{effect retinopathy warmup-cosine auc}}, a lower rate
#   by {{effect retinopathy learning-rate-1e-5 auc}} (live BatchNorm; page `12`). Head first changed it by {{effect retinopathy
#   head-first auc}}, and the loss then climbed more.
#
# **Next:** `05`, an honest validation set.
#
# **More:** Kumar et al. 2022 (arXiv 2202.10054); Loshchilov & Hutter 2017 (arXiv 1608.03983); the Keras guide *Transfer
# learning & fine-tuning*.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
