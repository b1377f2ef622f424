# %% [markdown]
# # How long is one step?
#
# **In one sentence.** The same learning rate is a step several times as long in ResNet50 as in
# EfficientNet, and long steps make a validation loss jump.
#
# **You will be able to** measure the step length of your own network, and choose a learning rate that
# fits it.
#
# **Time.** 7 minutes to read, 1 to train, 7 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import keras
import numpy as np

import tlhelpers as tl

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# Each circle is a public Keras training. Higher means more jumping from epoch to epoch.

# %%
tl.plots.field_survey({}, "ResNet50 jumps at rates at which EfficientNet does not")

# %% [markdown]
# Look at the black bars. EfficientNet takes several times ResNet50's rate and still jumps less. Within
# each family, a lower rate jumps less.
#
# MobileNet does not fit: at `1e-4` its few logs jump too. MobileNetV2's BatchNorm has a very long
# memory, and [page 04](04_batchnorm_lags.ipynb) shows what that does.
#
# ## Why
#
# Adam moves every weight by about the learning rate, whatever the size of its gradient. So the same
# step matters more where the weights are small. And if `n` weights feed one output and pull the same
# way, their small moves add up. Together:
#
# $$\text{step length} \approx \text{rate} \cdot \frac{\sqrt{\text{fan-in}}}{\text{rms of the kernel}}$$
#
# ResNet50 has small weights and wide layers. The [scale of a kernel before BatchNorm changes no
# output](https://arxiv.org/abs/1706.05350). What counts is how far a step turns the filter. Here is
# one network, trained twice on the same images at `1e-4`. The second time its kernels are rescaled to
# ResNet50's step. Its outputs are the same at the start.

# %%
recipe = retina.case.measured
angles = {
    name: tl.microscope.turning(retina.case.trainer(recipe.but(kernel_scale=scale)), steps=40)
    for name, scale in {"EfficientNet's step": 1.0, "ResNet50's step": 1 / 8}.items()
}
tl.plots.turning(angles, "The same learning rate turns the filters several times as far")

# %% [markdown]
# BatchNorm's running statistics have to follow every turn. Where filters turn fast, they trail behind,
# and the weights themselves overshoot. Here are whole trainings that differ in nothing but the step:

# %%
quick = tl.study("retinopathy").case
scales = {"EfficientNet's step": 1.0, "four times that": 1 / 4, "ResNet50's step": 1 / 8}
tl.plots.curves(
    {
        name: quick.recorded(quick.measured.but(kernel_scale=scale), (24, 25, 26))
        for name, scale in scales.items()
    },
    title="The longer the step, the more validation jumps",
)

# %% [markdown]
# ## Measure yours
#
# Plain Keras, no training needed. Use the model that you pass to `fit`.


# %%
def step_length(model, rate):
    lengths = []
    for layer in model._flatten_layers():
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
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
# If your step is long, take a lower rate. Or let it fall: warm up while the head is still random, then
# follow a cosine to zero. This is the question's own program with a falling rate.
#
# ```diff
# {{changes retinopathy warmup-cosine}}
# ```
#
# The question had a third idea. It built a `ReduceLROnPlateau` and never passed it to `fit`:
#
# ```diff
# {{changes retinopathy plateau}}
# ```
#
# ## Does it help?

# %%
on_retina = retina.effects(["learning-rate-1e-5", "plateau"])
on_faces = faces.effects(["learning-rate-1e-4", "warmup-cosine"])
tl.plots.effects(on_retina, "Retina: a tenth of the rate is steady, and has not finished learning")

# %% tags=["nbval-check-output"]
for question, found in {"retina": on_retina, "faces": on_faces}.items():
    for effect in found:
        print(f"{question}: {effect}")

# %% [markdown]
# A tenth of the rate steadies both questions. On the retina it costs score, because ten epochs are too
# few at that rate. With a low rate, train longer. The callback left out has no clear effect within ten
# epochs, and the second exercise shows why.
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
# The step is proportional to the rate. Keras's guide recommends a rate close to this for
# fine-tuning, and now you know why.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** Now pass the callback that the question left out. In how many of its ten
# epochs does a run train below `1e-4`? Take the mean over the runs.

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
# A jumping loss keeps setting lucky new records, and every record resets the patience. So the callback
# acts late, and most of the training is over by then.
# </details>

# %% [markdown]
# ## Key points
#
# - Step length is rate · √fan-in / rms of the kernel. The rate alone tells you little.
# - Advice on learning rates does not carry over from one backbone to another. Measure yours.
# - Lower the rate and train longer, or let it fall on a schedule. `ReduceLROnPlateau` trusts the very
#   curve that jumps.
#
# <details><summary>How sure are we?</summary>
#
# The public logs are a convenience sample: learning rates, authors and images differ together. ResNet50's
# step was measured on torchvision's weights; those of Keras may differ somewhat, so measure them. The
# formula is the longest step, where all inputs pull together. Each step length
# above was trained with three seeds only.
# </details>
#
# **Read more:** [Hoffer et al.](https://arxiv.org/abs/1803.01814) on BatchNorm and the scale of weights;
# [Yang et al.](https://arxiv.org/abs/2203.03466) on learning rates and width.
