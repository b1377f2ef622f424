# %% [markdown]
# # 04 · Head first, rate, schedule
#
# **Question.** "Train the head first. Lower the rate. Warm up. Use a schedule." Which of these steadies the loss? And
# what about the `ReduceLROnPlateau` that the post built and never used?
#
# **You will learn** how to see which rate your training really has, and what three pieces of advice do to a run that jumps, each
# alone, and again once BatchNorm is frozen.
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
plateau = tl.alone(
    case, posted, fix, ("jitter", "climb", "mode_gap", "auc"), seeds=seeds or None, live=live
)

# %% [markdown]
# ## The callback that was never passed
#
# The post builds a `ReduceLROnPlateau`: after three epochs without a better validation loss it halves the rate. But the
# list given to `fit` holds only the `EarlyStopping`. No error appears; Python is content with an object that nobody uses.
# Ask `model.optimizer.learning_rate` after each epoch, and you see it: always the same number.

# %%
for name, runs in (("as posted", posted), ("callback passed", plateau.after)):
    for run in list(runs)[:4]:
        rates = " ".join(f"{rate:.1e}" for rate in run.curve("learning_rate"))
        print(f"{name:15} seed {run.seed}: {rates}")

# %%
halved = sum(
    run.curve("learning_rate")[-1] < posted[0].curve("learning_rate")[0] for run in plateau.after
)
print(
    f"passed to fit, it acted in {halved} of {len(plateau.after)} runs within {case.measured.epochs} epochs"
)

# %% [markdown]
# **Predict.** Will the runs with the callback be steadier, less steady, or is the difference smaller than the noise? Write
# "helps", "hurts" or "smaller than the noise".

# %%
my_guess = None

# %%
print(tl.guessed(my_guess, plateau.compared[0].verdict))
print(plateau.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(fix.check(case.trainer(fix.apply(case.measured))).require())
print(plateau.verdicts)

# %% [markdown]
# PLATEAU
#
# ## Three more pieces of advice
#
# - **Head first.** Train the head alone for ten epochs, on a backbone that stands still. Only then fine-tune. Otherwise
#   the random head sends random gradients through the backbone.
# - **A lower rate.** A tenth of the posted one.
# - **Warm-up and cosine.** The rate climbs from zero during the first epoch, then falls to zero along a cosine. It needs no
#   validation loss to decide.
#
# We ask the faces of the second question, because their posted run jumps (page `07`). The retina's does not, so nothing can
# steady it (page `02`). First the checks: does the backbone wait, does the rate do what it should?

# %%
faces = tl.case("ferplus", profile=profile)
advice = [tl.fix(name) for name in ("head-first", "rate-1e-4", "warmup-cosine")]
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
asked = ("jitter", "climb", "mode_gap", "macro_f1")
alone = [tl.alone(faces, faces_posted, each, asked) for each in advice]
words = ("head first", "lower rate", "warm-up and cosine")
least = min(range(3), key=lambda i: alone[i].compared[0].after)
print(tl.guessed(my_guess, words[least]))
tl.plots.curves(
    {trial.fix.title: trial.after for trial in alone},
    column="learning_rate",
    title="The rate after each epoch",
    log=False,
)

# %%
tl.plots.curves(
    {"as posted": faces_posted, **{trial.fix.title: trial.after for trial in alone}},
    title="Validation loss: as posted, and with one change",
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
# - **Head first** did nothing that we could show. Its gradients may have been random for a while; jitter over ten epochs
#   does not come from there.
# - **A tenth of the rate** takes jitter and climb away. But a large part of the mode gap stays, and the score does not
#   rise: a smooth curve that reads wrong.
# - **Warm-up and cosine** lowered all three, each by less. (One question at a time. Page `12` corrects for asking many, and
#   then it is not enough.)
#
# And once BatchNorm is frozen, before and after (pages `03` and `08`)?

# %%
frozen = faces.recorded(tl.fix("frozen-batchnorm").apply(faces.measured))
behind = [tl.alone(faces, frozen, each, asked) for each in advice[1:]]
tl.plots.curves(
    {"BatchNorm frozen": frozen, **{f"and {t.fix.title}": t.after for t in behind}},
    title="Faces: validation loss with BatchNorm frozen, and with one more change",
)

# %%
for trial in behind:
    print(trial.sentences)

# %% [markdown]
# Both make the loss steadier. **A tenth of the rate pays for it**: after ten epochs the network knows much less. Given more
# epochs it may catch up; that was not measured. **Warm-up and cosine costs nothing that we could show.** It takes long
# steps while there is far to go, and short ones at the end.
#
# (Page `11` takes another way, averaged weights. They left less jitter still, and raised the score.)
#
# ## Remember
#
# - Look at the rate after each epoch. A callback that is not in the list does nothing, in silence.
# - A steady loss is not the aim. A rate of zero would give the steadiest of all. Look at the score, and at the mode gap.
# - First freeze BatchNorm, then ask about the rate. With live BatchNorm, a lower rate hid the trouble.
# - If you want one schedule: warm-up and cosine. It needs no validation loss to decide.
#
# **Next:** `05`, an honest validation set.
#
# **More:** Kumar et al. 2022 (arXiv 2202.10054); Loshchilov & Hutter 2017 (arXiv 1608.03983); the Keras guide *Transfer
# learning & fine-tuning*.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
