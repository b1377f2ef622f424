# %% [markdown]
# # The retina: what stops the spikes
#
# **In one sentence.** Validate an average of the weights with BatchNorm statistics of its own: the
# jumps are gone, and the score did not fall.
#
# **You will be able to** say what the jumps were, see them in your own run, and change the program.
#
# **Time.** 7 minutes to read, 5 to change your program, 1 for the exercise. **You need** pages
# [01](01_retina_spikes.ipynb), [03](03_is_it_noise.ipynb), [04](04_batchnorm_lags.ipynb) and
# [07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

resnet50 = tl.study("retinopathy", "witness").judged()  # recorded

# %% slide="figure"
tl.plots.curves(
    {
        "the question's recipe": resnet50.posted,
        "averaged weights, their own statistics": resnet50.steady,
    },
    title="ResNet50 at 48 px, five trainings each: the jumps are gone",
)

# %% [markdown] slide="code" slide_from="some = "
# This is ResNet50 itself, on drawn retinas, in batches of 8. It was pretrained on drawn faces, and not on ImageNet. Both panels
# have the same recipe, and only Dropout and flips draw other numbers. What differs is what is validated and kept.
#
# ## What it is
#
# Every layer of ResNet50 trains, and at `1e-4` each step turns its filters a long way. Two things
# follow. The weights swing across the valley instead of settling in it. And BatchNorm's running statistics
# describe a network that no longer exists. Take away either the lag or the swing, and more than half of the
# jumping goes ([page 04](04_batchnorm_lags.ipynb)). The two overlap, because long steps make the statistics lag. With both gone, little is left.
# We measured this on small images, and expect it at 224 px.
#
# The question creates `ReduceLROnPlateau` but never passes it to `fit`. With it passed, we saw no clear
# effect within ten epochs.
#
# ## How you see it in your own run
#
# After a bad epoch, measure BatchNorm's statistics again and evaluate a second time; [page 04](04_batchnorm_lags.ipynb)
# has the function. Or run `python -m tlhelpers.doctor train.py` ([page 15](15_your_own_training.ipynb) installs it). If the second loss stays calm,
# the statistics lag. If it jumps as well, the weights swing. If it jumps less, it is both. This page cures both.
#
# ## The program to copy
#
# These lines change. `UpdateBatchNorm` is a short callback, included in the whole program below.
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
# The order matters: `SwapEMAWeights`, then `UpdateBatchNorm`, then all callbacks that look at the model. **Keep
# `restore_best_weights=True`**: a training that stops early without it leaves you raw weights with the
# average's statistics. To check, call `model.evaluate` after `fit`: it gives the best `val_loss` again. A jump should no longer
# end your training early, as it did in the question. If a slow climb still does, let `EarlyStopping` watch the score instead ([page 09](09_overfit_or_overconfident.ipynb)).
#
# The program needs Keras 3.3 or newer. If your batches have another size, change it in `fit` and in `steps`. Leave `UpdateBatchNorm` as it is.
#
# With `tf.data`, write your number of batches for `steps`, and `some = np.concatenate([x for x, _ in train.take(32)])`, then
# `UpdateBatchNorm(some)`. Shuffle `train` well, and take as many batches as give a thousand images. Everything else is the question's own, its loss included: behind a
# softmax, `categorical_crossentropy` gives better calibrated probabilities ([page 09](09_overfit_or_overconfident.ipynb)).
#
# ## Does it help?
#
# The figure above says it for the loss of ResNet50, and its AUC did not fall either. These two lines are from the small network
# of [page 01](01_retina_spikes.ipynb), eight trainings each.

# %% tags=["nbval-check-output"]
retina = tl.study("retinopathy", profile, live, seeds)
for effect in retina.effects(["weight-average-update-bn", "learning-rate-1e-5"]):
    print(effect)

# %% [markdown]
# So **if you can change only one number**, take a tenth of the learning rate. In this small network the curve is about as steady, but AUC
# was lower, and in four runs thirty epochs instead of ten did not close the gap. ResNet50 itself still jumped, about a third as much, in two runs.
#
# **Do you need `UpdateBatchNorm`?** In the small network averaging alone had no clear effect. In ResNet50 it is open. Two runs trained that way were nearly as calm
# as with both. In the five of page 04 we averaged the weights only to read them. There it left three times as much jumping as both. So take both: `UpdateBatchNorm` costs 32 forward passes an epoch, beside hundreds of training steps. Freezing BatchNorm at this step cured neither network
# ([page 05](05_freezing_batchnorm.ipynb)).
#
# If your curve still jumps, take the readings of page 04 again, on the new run, and compare its steps with the noise of your validation images
# ([page 03](03_is_it_noise.ipynb)). [Page 14](14_everything_tried.ipynb) has everything else that we tried.
#
# ## Try it
#
# **Exercise (1 minute).** Somebody wants the averaged weights but already has
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
# Each callback sees the model as the ones before it left it. Only after both does the model hold the averaged
# weights with the statistics that fit them. `save_best_only` then saves exactly what was validated.
# </details>

# %% [markdown]
# ## Key points
#
# - The jumps are weights that swing, and statistics that do not keep up with them.
# - Averaged weights with statistics measured for them cure both.
# - A tenth of the learning rate is the second choice: in the small network it scored lower, and ResNet50 still jumped with it.
#
# <details><summary>How sure are we?</summary>
#
# The ResNet50 of the first figure was trained from scratch on drawn faces before. In the five pairs of the figure
# {{steadiness retinopathy witness}}
# In five earlier pairs, the loss rose even further without the change. Jitter could not show it: in one run the loss rose and stayed up.
# All ten pairs were computed in mixed bfloat16, with the change and without; the question's program computes in float32.
#
# On the small network, whose step is as long as ResNet50's, the change was chosen on eight seeds and then tested once on eight others. There
# {{steadiness retinopathy}}
#
# In an earlier PyTorch program, with a ResNet50 pretrained on real faces, jitter fell from 0.17, 0.11 and 0.56 to 0.01, 0.01 and 0.02.
# In our small network on real photographs at 96 px, it fell from {{before retinopathy weight-average-update-bn jitter real}} to
# {{after retinopathy weight-average-update-bn jitter real}} in three pairs. That is the jitter of the NLL. Keras's own `val_loss`, which for this loss swings less, hardly
# jumped there.
# </details>
#
# **Read more:** Izmailov et al., [Averaging Weights Leads to Wider Optima](https://arxiv.org/abs/1803.05407);
# [torch.optim.swa_utils](https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema).
