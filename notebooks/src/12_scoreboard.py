# %% [markdown]
# # 12 · Scoreboard: everything that was tried
#
# **Question.** Which of all these changes count?
#
# **You will learn** to read all results at once: each change alone, each taken out of the steady recipe, what did
# nothing, and where real pictures disagree with drawn ones.
#
# **Time:** 10 minutes, none of them training: everything here is recorded. **Before:** pages `06` and `11`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

# Recorded runs of the quick profile, whatever the parameters say: a scoreboard trains nothing.
faces, eyes = tl.findings.found("ferplus"), tl.findings.found("retinopathy")


def of(design, findings):
    """Findings of one design, those that lower jitter most first."""
    chosen = [found for found in findings if found.question.design == design]
    return sorted(chosen, key=lambda found: found.jitter.effect)


def forest(findings, title):
    """A row a change, a panel a metric."""
    return tl.plots.forest(
        [one for f in findings for one in (f.jitter, f.climb, f.mode_gap, f.score)],
        {f.question.fix: tl.fix(f.question.fix).title for f in findings},
        title=title,
    )


def board(findings):
    """The verdict of each change, a line each."""
    for found in findings:
        p = "    –" if found.p is None else f"{found.p:5.3f}"
        print(f"{tl.fix(found.question.fix).title:36} {p}  {found.verdict}")


# %% [markdown]
# ## The rules were written first
#
# Look at many changes, and one of them will look good by luck. So the rules stand in a file, `recordings/PROTOCOL.md`,
# which also says what had been seen when each version of it was written. In short, a change **counts** if
#
# 1. **it is steadier**: jitter falls, with a p-value below 0.05 *after* correcting for the number of changes asked about
#    (Holm's correction);
# 2. **the score is not worse**: the whole interval lies above a small loss that was fixed beforehand;
# 3. **it is better than nothing**: better than always giving the same answer.
#
# The second and third rule are there for a reason. A rate of zero gives the steadiest curve of all.
#
# **Predict.** How many changes to the faces' recipe were tried alone, and how many of them count? Guess the second number.

# %%
my_guess = None

# %%
alone = of("alone", faces)
counting = [found for found in alone if found.verdict == tl.findings.COUNTS]
print(f"{len(alone)} were tried")
print(tl.guessed(my_guess, len(counting), "count"))

# %% [markdown]
# ## Faces, each change alone

# %%
forest(alone, "Faces: each change alone, against the posted recipe")

# %% [markdown]
# The colours look at one change and one number at a time. The verdict corrects for asking so often. The number is the
# corrected p-value of jitter.

# %%
board(alone)

# %% [markdown]
# **Those that count act on BatchNorm's averages, and on nothing else**: measure the statistics anew, or let them forget faster.
#
# Others are steadier, but could not be shown to keep the score. Look at *a tenth of the rate*. Its jitter and climb are
# the lowest of all. Yet a large part of the mode gap is still there: a smooth curve that reads wrong. That is why jitter
# never stands alone on these pages.
#
# Frozen BatchNorm is not shown to lower jitter, and averaged weights just miss. Yet together they make the steady recipe
# (below). A change is not good or bad as such; it is measured in a recipe.
#
# And at the bottom: clipped gradients, head first, logit adjustment, the backbone's own inputs. Each is good advice
# somewhere. Here we could show nothing.
#
# ## Retina, each change alone

# %%
alone_eyes = of("alone", eyes)
forest(alone_eyes, "Retina: each change alone, against the posted recipe")

# %%
board(alone_eyes)

# %% [markdown]
# EYES
#
# ## What each part of the steady recipes does
#
# Both steady recipes were composed *after* looking at such runs (pages `06` and `11`). Here each part is taken out: the row shows
# what the part brings to the rest of the recipe.

# %%
forest(of("removed", faces), "Faces: what each part brings to the steady recipe")

# %%
forest(of("removed", eyes), "Retina: what each part brings to the steady recipe")

# %%
for name, findings in (("faces", faces), ("retina", eyes)):
    for found in of("removed", findings):
        title = tl.fix(found.question.fix).title
        print(f"{name:7} {title:28} p {found.p:.4f}  {found.verdict}")

# %% [markdown]
# And the ladder, one step after the other. Lines join runs of the same seed.


# %%
def ladder(findings):
    """Runs of each step from the posted recipe to the steady one."""
    steps = [found for found in findings if found.question.design == "ladder"]
    named = {f"+ {tl.fix(found.question.fix).title}": found.after for found in steps}
    return {"as posted": steps[0].before, **named}


tl.plots.paired(ladder(faces), "jitter", "Faces: jitter, step by step")

# %%
tl.plots.paired(ladder(faces), "macro_f1", "Faces: macro-F1, step by step")

# %%
tl.plots.paired(ladder(eyes), "jitter", "Retina: jitter, step by step")

# %%
tl.plots.paired(ladder(eyes), "auc", "Retina: AUC, step by step")

# %% [markdown]
# **The judgement.** On seeds that had no part in the choice:

# %%
for name in ("ferplus", "retinopathy"):
    print(name)
    print(tl.findings.steadiness(name).words)
    print()

# %% [markdown]
# ## What did nothing
#
# A change whose effect on jitter is smaller than its noise is not shown to work. That is no proof that it does nothing:
# the interval says how much it might still do.

# %%
for name, findings in (("faces", alone), ("retina", alone_eyes)):
    for found in findings:
        one = found.jitter
        if one.low <= 0 <= one.high:
            title = tl.fix(found.question.fix).title
            print(
                f"{name:7} {title:34} jitter {one.effect:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
            )

# %% [markdown]
# MYTHS
#
# ## Drawn pictures beside photographs
#
# The same changes, recorded on real FER+ and on real EyePACS photographs, as far as we have them. Each number on the right is
# one pair of runs; three pairs are described and not judged.


# %%
def on_both(findings):
    """The changes that are recorded on real pictures as well, in one figure."""
    about = findings[0].before[0].about
    drawn, real = tl.case(about["case"]), tl.case(about["case"], data="real")
    asked = ("jitter", "climb", "mode_gap", drawn.score)
    trials = [tl.alone(drawn, f.before, tl.fix(f.question.fix), asked) for f in findings]
    trials = tl.on_both(trials, real)
    return tl.plots.forest(
        [one for trial in trials for one in trial.compared],
        {trial.fix.name: trial.fix.title for trial in trials},
        f"Drawn pictures, and beside them {real.data_words}",
        tl.real_pairs(trials, real),
    )


on_both(alone)

# %%
on_both(alone_eyes)

# %% [markdown]
# **Faces.** Whatever touches BatchNorm goes the same way on both, in each pair: jitter and mode gap down, macro-F1 up. Two
# signs disagree. Balanced and effective-number class weights lower jitter on drawn faces and raise it on real ones, in
# each pair. And freezing BatchNorm raised climb on real faces. Drawn faces are handy; they are not the world.
#
# EYESREAL
#
# ## Remember
#
# REMEMBER
#
# **Next:** `13`, your own run. (It is not written yet.)
#
# **More:** `recordings/PROTOCOL.md`; `tlhelpers findings --case ferplus` prints these tables.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
