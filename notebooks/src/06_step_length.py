# %% [markdown]
# # How long is one step?
#
# **In one sentence.** At the same learning rate, ResNet50 takes steps several times longer than
# EfficientNet-Lite0, and long steps make the validation loss jump.
#
# **You will be able to** measure the step length of your own network, and choose a learning rate that
# fits it.
#
# **Time.** 10 minutes to read, 1 to train, 9 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# Each circle is a public Keras training. Higher means more jumping from epoch to epoch.

# %%
quick = tl.study("retinopathy").case
scales = {
    "EfficientNet-Lite0's step": 1.0,
    "four times that": 1 / 4,
    "eight times: ResNet50's": 1 / 8,
}
stepping = {
    name: quick.recorded(quick.measured.but(kernel_scale=scale), (24, 25, 26))
    for name, scale in scales.items()
}
ours = "one network of ours, with the step of that backbone"
tl.plots.field_survey(
    {
        "ResNet50": {ours: stepping["eight times: ResNet50's"]},
        "EfficientNet": {ours: stepping["EfficientNet-Lite0's step"]},
    },
    "At 1e-4, ResNet50 jumps more than EfficientNet; so does our network with its step",
)

# %% [markdown]
# Look at the black bars. EfficientNet jumps less, even at several times the learning rate. At `1e-5`
# hardly any run jumps. But the logs at `1e-5` come from other authors and use other images, so they prove little. Our
# network is calmer than EfficientNet's logs, so something besides the step must make those jump. (Those are of B0 to B5, whose step we did not measure.)
#
# At `1e-4`, MobileNet and the other networks jump, too. MobileNetV2's BatchNorm has a very long
# memory, which is a separate problem ([page 04](04_batchnorm_lags.ipynb), exercise 1).
#
# ## Why
#
# Adam moves every weight by about the learning rate, whatever the size of its gradient. The same move is a
# larger share of a small weight. A filter with n inputs sums n terms. Small changes can all push the same way, and
# then their sum grows like n. The output itself grows only like √n, because its terms partly cancel. As a share of the
# output, a step is therefore at most about:
#
# $$\text{step length} \approx \text{rate} \cdot \frac{\sqrt{\text{fan-in}}}{\text{rms of the kernel}}$$
#
# Fan-in is the n of a filter; rms, the root mean square, is the typical size of its weights.
#
# ResNet50 has small weights and wide layers, so its steps are long. You can lengthen the step of any
# network: make its kernels smaller. [BatchNorm undoes the scale](https://arxiv.org/abs/1706.05350), so the
# outputs stay the same, but each step now turns the filters further. Here is one network, trained twice
# on the same images at `1e-4`. For the second run, we shrank its kernels until its step was as long as
# ResNet50's.

# %%
recipe = retina.case.measured
angles = {
    name: tl.microscope.turning(retina.case.trainer(recipe.but(kernel_scale=scale)), steps=40)
    for name, scale in {"EfficientNet-Lite0's step": 1.0, "ResNet50's step": 1 / 8}.items()
}
tl.plots.turning(angles, "The same learning rate turns the filters several times as far")

# %% [markdown]
# BatchNorm's running statistics have to follow every turn. When the filters turn fast, the statistics
# fall behind, and the weights overshoot as well. These full trainings differ only in the step, three
# seeds each:

# %% slide="figure"
tl.plots.curves(
    stepping, title="Validation is calm with the short step, and jumps with the longer ones"
)

# %% [markdown]
# ## Measure yours
#
# Plain Keras, no training needed. Use the model that you pass to `fit`. The formula is for Adam; with SGD the number means nothing.


# %% slide="code"
def step_length(model, rate):
    kinds, lengths = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D), []
    for layer in model._flatten_layers():
        if layer.trainable and isinstance(layer, kinds):  # frozen layers take no step
            kernel = keras.ops.convert_to_numpy(layer.kernel)
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            fan_in = np.prod(kernel.shape[: 2 if depthwise else 3])
            lengths.append(rate * np.sqrt(fan_in) / np.sqrt(np.mean(kernel**2)))
    return np.median(lengths)


# %%
base = tl.backbone("efficientnet-lite0").build(48)  # yours: keras.applications.ResNet50(...)
print("EfficientNet-Lite0:", f"{step_length(base, 1e-4):.2g}")
tl.similarity.rescale(base, 1 / 8)
print("with ResNet50's step:", f"{step_length(base, 1e-4):.2g}")
print("ResNet50, published:", f"{tl.similarity.published()['resnet50'].step.at(1e-4).median:.2g}")

# %% [markdown]
# ## In Keras
#
# A median step near 0.05 is ResNet50's at `1e-4`, by torchvision's weights. With that step the retina's loss jumped. Near 0.007 it hardly did.
# The limit depends on the task, so compare your own runs. If your step is long, lower the rate, and watch the score:
#
# ```diff
# {{changes retinopathy learning-rate-1e-5}}
# ```
#
# Or keep the rate and [average the weights](07_average_the_weights.ipynb). Or let the rate fall. That raised the score
# of the faces, and had no clear effect on the jumping:
#
# <details><summary>A warm-up, then a cosine to zero</summary>
#
# Of the question's 30 epochs, this makes the first a warm-up. Write your own numbers, and take `EarlyStopping` out, or training
# may end before the rate has fallen.
#
# ```diff
# {{changes retinopathy warmup-cosine}}
# ```
# </details>
#
# The question built a `ReduceLROnPlateau` and never passed it to `fit`. Passing it is one line (not with a cosine, whose rate it cannot set):
#
# ```diff
# {{changes retinopathy plateau}}
# ```
#
# ## Does it help?

# %%
on_retina = retina.effects(["learning-rate-1e-5", "warmup-cosine", "plateau"])
on_faces = faces.effects(["learning-rate-1e-4", "warmup-cosine"])
tl.plots.effects(on_retina, "Retina: a tenth of the rate is steadier, and scores lower")

# %% tags=["nbval-check-output"]
for question, found in {"retina": on_retina, "faces": on_faces}.items():
    for effect in found:
        print(f"{question}: {effect}")

# %% [markdown]
# A tenth of the rate steadies both trainings. On the retina the score drops, and thirty epochs in place
# of ten did not bring it back (four runs). The falling rate raises the score of the faces. `ReduceLROnPlateau` makes no clear
# difference in ten epochs; exercise 2 shows one likely reason.
#
# **A short step did not make ResNet50 itself calm.** At `1e-5` its step is as short as EfficientNet-Lite0's at `1e-4`. Yet in two runs it
# still jumped, about a third as much ([page 14](14_everything_tried.ipynb)). With fresh statistics the same runs were calm: what
# was left was BatchNorm's lag. So lower the rate *and* measure the statistics again, or average the weights.
#
# ## Try it
#
# **Exercise 1 (3 minutes).** EfficientNet-Lite0 is calm at `1e-4`. At which learning rate does ResNet50
# take a step of the same length? Compare medians.

# %% tags=["exercise"]
my_answer = None  # start from: tl.similarity.published()["resnet50"].step.median

tl.check("06-same-step", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# steps = tl.similarity.published()
# my_answer = 1e-4 * steps["efficientnet-lite0"].step.median / steps["resnet50"].step.median
# ```
#
# About `1.4e-5`: the step is proportional to the rate. That is near the `1e-5` that Keras's guide on
# fine-tuning uses. ResNet50's weights are calm there; its running statistics may still lag.
# </details>

# %% [markdown]
# **Exercise 2 (6 minutes).** With `ReduceLROnPlateau` passed to `fit`, for how many of the ten epochs is
# the rate below `1e-4`? Take the mean over the runs. Rates are stored in float32, so compare with
# `0.99e-4`.

# %% tags=["exercise"]
my_answer = None  # start from: [run.curve("learning_rate") for run in retina.runs("plateau")]

tl.check("06-plateau", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# rates = [run.curve("learning_rate") for run in tl.study("retinopathy").runs("plateau")]
# my_answer = np.mean([(rate < 0.99e-4).sum() for rate in rates])
# ```
#
# About three. In four runs the rate first falls after epoch 5 or 6, in three after epoch 8, in one never: each lucky
# new record resets the patience. And half the rate is still five times what steadied the curve.
# </details>

# %% [markdown]
# ## Key points
#
# - Step length is rate · √fan-in / rms of the kernel. The rate alone tells you little.
# - Advice on learning rates does not carry over from one backbone to another. Measure yours.
# - Lower the rate and compare the score, or average the weights. `ReduceLROnPlateau` trusts the very
#   curve that jumps.
#
# <details><summary>How sure are we?</summary>
#
# The public logs are a convenience sample: learning rates, authors and images differ together. ResNet50's
# step was measured on torchvision's weights; those of Keras may differ somewhat, so measure them. The
# formula is an upper limit: the step if all changes push the same way. Each step length
# above was trained with three seeds only.
# </details>
#
# **Read more:** [Hoffer et al.](https://arxiv.org/abs/1803.01814) on BatchNorm and the scale of weights;
# [Yang et al.](https://arxiv.org/abs/2203.03466) on learning rates and width.
