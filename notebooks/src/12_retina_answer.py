# %% [markdown]
# # The retina: what stops the spikes
#
# **In one sentence.** Validate an average of the weights with BatchNorm statistics of its own: the
# spikes are gone, and the score is as good or better.
#
# **You will be able to** say what the spikes were, see them in your own run, and change the program.
#
# **Time.** 5 minutes to read, 3 for the exercise. **You need** pages
# [01](01_retina_spikes.ipynb), [04](04_batchnorm_lags.ipynb) and
# [07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

retina = tl.study("retinopathy", profile, live, seeds)
answer = "weight-average-update-bn"

# %% slide="figure"
tl.plots.curves(
    {"the question's recipe": retina.runs(), "the answer": retina.runs(answer)},
    title="Eight trainings each: the spikes are gone",
)

# %% [markdown] slide="code" slide_from="some = "
# ## What it is
#
# Every layer of ResNet50 trains, and at `1e-4` each step turns its filters a long way. Two things
# follow. The weights swing around the valley instead of lying in it. And BatchNorm's running statistics
# describe a network that no longer exists. In our runs, fresh statistics took away most of the jumping,
# averaging the weights nearly as much, and both together almost all of it.
#
# `ReduceLROnPlateau` was built in the question but never passed to `fit`. With it passed, we saw no
# clear effect within ten epochs.
#
# ## How you see it in your own run
#
# After a bad epoch, measure BatchNorm's statistics again and evaluate a second time
# ([page 04](04_batchnorm_lags.ipynb) has the function), or run
# `python -m tlhelpers.doctor train.py`. If the second number is good, this page is for you.
#
# ## The program to copy
#
# These lines change. `UpdateBatchNorm` is a short callback, in the whole program below.
#
# ```diff
# {{changes retinopathy weight-average-update-bn}}
# ```
#
# <details><summary>The whole program, callback included</summary>
#
# ```python
# {{program retinopathy weight-average-update-bn}}
# ```
# </details>
#
# The order of the callbacks matters: first the average goes in, then it gets its statistics, then
# `EarlyStopping` looks.
#
# ## Does it help?

# %%
changes = [answer, "learning-rate-1e-5", "weight-average", "plateau", "frozen-batchnorm"]
effects = retina.effects(changes)
tl.plots.effects(effects, "Retina: what each change does")

# %% tags=["nbval-check-output"]
for effect in effects:
    print(effect)

# %% [markdown]
# **If you can change only one number**, take a tenth of the learning rate. It is as steady, but it
# learns more slowly, so give it more epochs. **Do not freeze BatchNorm here.** At this step it
# steadies nothing ([page 05](05_freezing_batchnorm.ipynb)).
#
# ## Try it
#
# **Exercise (3 minutes).** Somebody wants the averaged weights but already has
# `ModelCheckpoint(save_best_only=True)` in the list of callbacks. Where does it belong?
#
# a) first · b) between `SwapEMAWeights` and `UpdateBatchNorm` · c) after both · d) it does not matter

# %% tags=["exercise"]
my_answer = None  # a letter, such as "a"

tl.check("12-checkpoint", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = "c"
# ```
#
# A callback sees the model as those before it leave it. Only after both does it hold the averaged
# weights with the statistics that fit them.
# </details>

# %% [markdown]
# ## Key points
#
# - The spikes are weights that swing, and statistics that do not keep up with them.
# - An average of the weights with statistics of its own cures both.
# - A tenth of the learning rate is the one-number cure. It needs more epochs.
#
# <details><summary>How sure are we?</summary>
#
# The figures are from drawn images and a small network whose step is as long as ResNet50's. The change
# was chosen on eight seeds and then tested once on eight others:
# {{steadiness retinopathy}}
# In a first look at ResNet50 itself, trained from scratch on faces and then on drawn retinas, the
# same change took jitter from 0.17, 0.11 and 0.56 to 0.01, 0.01 and 0.02.
# [Page 14](14_everything_tried.ipynb) has everything that was tried.
# </details>
#
# **Read more:** Izmailov et al., [Averaging Weights Leads to Wider Optima](https://arxiv.org/abs/1803.05407);
# [torch.optim.swa_utils](https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema).
