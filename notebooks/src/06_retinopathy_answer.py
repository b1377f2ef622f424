# %% [markdown]
# # 06 · Retina: the steady run, and the answer
#
# **Question.** "What exactly stops the spikes?" (DataScience StackExchange 121657)
#
# **You will learn** what to change in the posted recipe, what each change brings, what we could not reproduce, and how to
# write it in ordinary Keras.
#
# **Time:** 10 minutes, less than one of them computing. **Before:** pages `03` and `04`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)
steady_recipe = tl.steady(case)

# %% [markdown]
# ## Two changes
#
# INTRO

# %%
print(tl.difference_text(case.measured, steady_recipe))

# %%
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
freeze, second_fix = tl.fix("frozen-batchnorm"), tl.fix("SECOND")
asked = ("jitter", "climb", "mode_gap", "auc", "nll")
first = tl.alone(case, posted, freeze, asked, seeds=seeds or None, live=live)

# %% [markdown]
# **Predict.** Frozen BatchNorm raised jitter to about {{after retinopathy frozen-batchnorm jitter}}. What is it with the second change
# on top?

# %%
my_guess = None

# %%
second = tl.alone(case, first.after, second_fix, asked, seeds=seeds or None, live=live)
steady = second.after
print(tl.guessed(my_guess, second.compared[0].after, "jitter"))

# %%
steps = {"as posted": posted, "BatchNorm frozen": first.after, "SECONDWORDS": steady}
tl.plots.curves(steps, title="From the posted run to the steady one: validation loss")

# %%
tl.plots.curves(
    steps, column="val_auc", title="From the posted run to the steady one: AUC", log=False
)

# %% [markdown]
# ## Did each change do what it says?

# %%
checked = [fix.check(case.trainer(steady_recipe)).require() for fix in (freeze, second_fix)]
for each in checked:
    print(each.found)

# %%
# NBVAL_CHECK_OUTPUT
for each in checked:
    print(each)

# %% [markdown]
# ## What each step brings
#
# First step, frozen BatchNorm against the run as posted:

# %%
print(first.sentences)

# %% [markdown]
# Second step, on top of it:

# %%
print(second.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(first.verdicts)
print(second.verdicts)

# %% [markdown]
# STEPS
#
# ## Chosen and judged on different seeds
#
# We *chose* this recipe because it looked good on seeds 0 to 7. So the protocol asks for a judgement on seeds that had no
# part in the choice. The posted run does not jump on these pictures, so the steady one must not either; and its AUC must not
# be worse.

# %%
print(tl.findings.steadiness("retinopathy").words)

# %% [markdown]
# JUDGED
#
# ## And on photographs?

# %%
photographs = tl.case("retinopathy", data="real")
tl.plots.curves(
    {
        "as posted": photographs.recorded(photographs.measured),
        "BatchNorm frozen": photographs.recorded(freeze.apply(photographs.measured)),
        "SECONDWORDS": photographs.recorded(tl.steady(photographs)),
    },
    title="On photographs: validation loss",
)

# %%
print("first step, against the run as posted")
print(tl.beside_real([first], photographs))
print()
print("second step, against frozen BatchNorm")
print(tl.beside_real([second], photographs))

# %% [markdown]
# REAL
#
# ## The answer
#
# ANSWER
#
# ## To copy
#
# Ordinary Keras 3, no `tlhelpers`. A test of this course runs it, smaller and without ImageNet's weights. It takes the sizes
# of the post, which we could not train here: our numbers come from a smaller backbone and smaller pictures.
#
# ```python
# CODE
# ```
#
# NOTES
#
# ## Remember
#
# REMEMBER
#
# **Next:** `07`, the second question: faces.
#
# **More:** MORE
# *Page text: CC BY 4.0. Code: Apache-2.0.*
