# %% [markdown]
# # The faces: steady, and better
#
# **In one sentence.** Averaged weights with BatchNorm statistics measured for them made the curve smooth
# and raised the score.
#
# **You will be able to** say what made the curve jump, and change the program.
#
# **Time.** 6 minutes to read, 5 to change your program, 4 for the exercise. **You need** pages
# [02](02_faces_jump.ipynb), [03](03_is_it_noise.ipynb), [04](04_batchnorm_lags.ipynb) and
# [07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl

faces = tl.study("ferplus", profile, live, seeds)
answer = "weight-average-update-bn"

# %% slide="figure"
tl.plots.curves(
    {
        "the question's recipe": faces.runs(),
        "SwapEMAWeights alone": faces.runs("weight-average"),
        "averaged, fresh statistics": faces.runs(answer),
    },
    title="Eight trainings each: an average needs BatchNorm statistics of its own",
)

# %% [markdown] slide="code" slide_from="some = "
# ## What it is
#
# Adam at `1e-3` moves the upper blocks so fast that BatchNorm's running statistics trail behind. In our runs most of
# the jumping is that lag. The rest is weights that swing. We expect the same of ResNet50, whose steps are as long.
#
# Look at the middle panel. Keras can average weights by itself, but it validates the average with
# the statistics of the *raw* weights, and the loss starts several times too high. With statistics measured for the
# average, all eight curves are smooth.
#
# MobileNetV2's BatchNorm momentum is 0.999, so its statistics remember ten times as many steps as ResNet50's.
# With MobileNetV2, suspect lag first. The change below cures it as well, because it measures the statistics again.
#
# ## How you see it in your own run
#
# After a bad epoch, measure BatchNorm's statistics again and evaluate once more, as on
# [page 04](04_batchnorm_lags.ipynb). Or run `python -m tlhelpers.doctor train.py`;
# [page 15](15_your_own_training.ipynb) installs it. If the second loss stays calm,
# the statistics lag. If it jumps as well, the weights swing. If it jumps less, it is both. The change below cures both.
#
# ## The program to copy
#
# These lines change. `UpdateBatchNorm` is a short callback, included in the whole program below.
#
# ```diff
# {{changes ferplus weight-average-update-bn}}
# ```
#
# <details><summary>The whole program, callback included</summary>
#
# ```python
# {{program ferplus weight-average-update-bn}}
# ```
# </details>
#
# It needs Keras 3.3 or newer. **One line to change in your own:** `Rescaling(1 / 255)` is the question's, and ResNet50 was not trained with that
# ([page 08](08_data_path.ipynb)). Put `x = keras.applications.resnet50.preprocess_input(x)` in its place; for MobileNetV2, `mobilenet_v2.preprocess_input`. If your
# batches have another size, change it in `fit` and in `steps`.
#
# After 100 epochs the model holds the last average. In our runs the loss was lowest after
# a few epochs, and later ones made the network only surer ([page 09](09_overfit_or_overconfident.ipynb)). To stop in time and keep the best epoch, let `EarlyStopping` watch the
# score that you report. Put it behind the two callbacks. For rare classes the score is F1, as on [page 11](11_rare_classes.ipynb):
#
# ```python
# keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=10, restore_best_weights=True)
# ```
#
# ## Does it help?

# %% tags=["nbval-check-output"]
for effect in faces.effects([answer, "learning-rate-1e-4", "warmup-cosine"]):
    print(effect)

# %% [markdown]
# A decaying rate raises the score about as much as this change does, and a tenth of the rate is nearly as steady. Only
# the average with fresh statistics clearly did both. Freezing BatchNorm alone had no clear effect ([page 05](05_freezing_batchnorm.ipynb)).
# [Page 14](14_everything_tried.ipynb) has everything else that we tried.
#
# The change was chosen on these eight seeds, and then tested on eight others. There it held, too. But on those the question's recipe jumps
# so little that noise alone is not ruled out.
#
# **And 'disgust'?** The answer finds more fear, hardly more disgust, and almost no contempt. FER+ has few
# such faces, and the voters disagree about them. [Page 11](11_rare_classes.ipynb) shows what the labels
# allow, and what class weights do.
#
# ## Try it
#
# **Exercise (4 minutes).** In how many of the eight seeds does the answer end with a higher macro-F1
# than the question's recipe? Count with `run.curve("val_macro_f1")[-1]`. `faces.runs()` and
# `faces.runs(answer)` have the same order of seeds.

# %% tags=["exercise"]
my_answer = None  # a number of seeds

tl.check("13-pairs", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = sum(
#     new.curve("val_macro_f1")[-1] > old.curve("val_macro_f1")[-1]
#     for old, new in zip(faces.runs(), faces.runs(answer))
# )
# ```
#
# All eight. A useless change would manage that once in 256 times. But we chose it among many, on these seeds. So the
# test on eight fresh seeds below weighs more.
# </details>

# %% [markdown]
# ## Key points
#
# - Lagging statistics caused most of the jumping, swinging weights the rest.
# - Averaged weights need statistics of their own. Keras's callback does not measure them.
# - A steady curve alone does not find the rarest classes.
#
# <details><summary>How sure are we?</summary>
#
# Drawn faces, and a small network with ResNet50's step length; its BatchNorm remembers the same share of an epoch. The change was
# chosen on eight seeds and then tested once on eight others. There
# {{steadiness ferplus}}
# On all real FER+ faces, three pairs of runs: jitter {{before ferplus weight-average-update-bn jitter everything}}
# without it and {{after ferplus weight-average-update-bn jitter everything}} with it, macro-F1
# {{before ferplus weight-average-update-bn macro_f1 everything}} and
# {{after ferplus weight-average-update-bn macro_f1 everything}}. These, too, are runs of the small network: ResNet50 itself was not tried with this recipe.
# </details>
#
# **Read more:** Izmailov et al., [Averaging Weights Leads to Wider Optima](https://arxiv.org/abs/1803.05407);
# Barsoum et al., [FER+](https://arxiv.org/abs/1608.01041).
