# %% [markdown]
# # 04 · Head first, rate, schedule
#
# **Question.** "Train the head first. Lower the rate. Warm up. Use a schedule." Which of these steadies the loss? And
# what about the `ReduceLROnPlateau` that the post built and never used?
#
# **You will learn** how to see which rate your training really has, and what four pieces of advice do, each alone, where
# there is something to steady and where there is not.
#
# **Time:** 15 minutes, about one of them computing. **Before:** page `03`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
asked = ("jitter", "climb", "mode_gap", "auc")


def alone(name, this=case, before=posted, asked=asked):
    """One change to a recipe, and what the pairs say."""
    return tl.alone(this, before, tl.fix(name), asked, seeds=seeds or None, live=live)


def check(name):
    """The mechanism check of a fix; stops the page if it fails."""
    fix = tl.fix(name)
    return fix.check(case.trainer(fix.apply(case.measured))).require()


# %% [markdown]
# ## The callback that was never passed
#
# The post builds a `ReduceLROnPlateau`: after three epochs without a better validation loss it halves the rate. But the
# list given to `fit` holds only the `EarlyStopping`. No error appears; Python is content with an object that nobody uses.
# Your history shows it: the rate of each epoch is the same number.

# %%
plateau = alone("plateau")
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
print(check("plateau"))
print(plateau.verdicts)

# %% [markdown]
# PLATEAU
#
# ## Three more pieces of advice
#
# - **Head first.** Train the head alone for ten epochs, on a backbone that stands still. Only then fine-tune. Otherwise
#   the random head sends random gradients through the whole backbone.
# - **A lower rate.** A tenth of the posted one.
# - **Warm-up and cosine.** The rate climbs from zero during the first epoch, then falls to zero along a cosine. It needs no
#   validation loss to decide.
#
# Each comes with its check: does the rate do what it should, does the backbone wait?

# %%
names = ("head-first", "rate-1e-5", "warmup-cosine")
checked = [check(name) for name in names]
for each in checked:
    print(each.found)

# %%
# NBVAL_CHECK_OUTPUT
for each in checked:
    print(each)

# %%
trials = {name: alone(name) for name in names}
tl.plots.curves(
    {trial.fix.title: trial.after for trial in trials.values()},
    column="learning_rate",
    title="The rate after each epoch",
    log=False,
)

# %%
tl.plots.curves(
    {"as posted": posted, **{trial.fix.title: trial.after for trial in trials.values()}},
    title="Validation loss: as posted, and with one change",
)

# %%
tried = (plateau, *trials.values())
tl.plots.forest(
    [comparison for trial in tried for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in tried},
    title="Each change alone, against the posted recipe",
)

# %%
# NBVAL_CHECK_OUTPUT
for trial in trials.values():
    print(trial.verdicts)

# %% [markdown]
# ALONE
#
# ## Where there is something to steady
#
# Page `02` showed that on these pictures the posted run does not jump. So nothing can steady it. Page `03` found a run
# that does: with BatchNorm frozen, it sorts better and its *weights* jump. Was the rate too high for it? We ask two of
# them again, with BatchNorm frozen before and after.

# %%
frozen = alone("frozen-batchnorm").after
behind = [alone(name, before=frozen) for name in ("rate-1e-5", "warmup-cosine")]
for trial in behind:
    print(trial.sentences)

# %%
# NBVAL_CHECK_OUTPUT
for trial in behind:
    print(trial.verdicts)

# %%
tl.plots.curves(
    {"BatchNorm frozen": frozen, **{f"and {t.fix.title}": t.after for t in behind}},
    title="Validation loss with BatchNorm frozen, and with one more change",
)

# %% [markdown]
# BEHIND
#
# ## And for faces?
#
# The faces of the second question jump as posted (page `07`). The same three pieces of advice, for them. (These are
# recorded runs, whatever the profile of this page.)

# %%
faces = tl.case("ferplus")
faces_posted = faces.recorded(faces.measured)
on_faces = [
    tl.alone(faces, faces_posted, tl.fix(name), ("jitter", "climb", "mode_gap", "macro_f1"))
    for name in ("head-first", "rate-1e-4", "warmup-cosine")
]
tl.plots.forest(
    [comparison for trial in on_faces for comparison in trial.compared],
    {trial.fix.name: trial.fix.title for trial in on_faces},
    title="Faces: each change alone, against the posted recipe",
)

# %%
for trial in on_faces:
    print(trial.sentences)

# %% [markdown]
# FACES
#
# ## Remember
#
# - Print the rate of each epoch. A callback that is not in the list does nothing, in silence.
# REMEMBER
#
# **Next:** `05`, an honest validation set.
#
# **More:** Kumar et al. 2022 (arXiv 2202.10054); Loshchilov & Hutter 2017 (arXiv 1608.03983); the Keras guide *Transfer
# learning & fine-tuning*.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
