# %% [markdown]
# # Is it overfitting, or is it only too sure?
#
# **In one sentence.** A validation loss that climbs while the score stays means overconfidence, and you can
# fix that after training.
#
# **You will be able to** tell overconfidence from overfitting, fit a temperature, and check that your
# loss is the one you think it is.
#
# **Time.** 13 minutes to read, 1 to train, 7 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np

faces = tl.study("ferplus", profile, live, seeds)
retina = tl.study("retinopathy", profile, live, seeds)
runs = list(faces.runs("weight-average-update-bn"))
steady = (runs[4:5] or runs)[0]

# %% [markdown]
# ## See it
#
# You have cured the jumping, and now the loss climbs. Is that overfitting? Here is such a training: the
# faces, with [averaged weights](07_average_the_weights.ipynb). Beside it we train a small head on frozen
# features of the retina, and we make a fifth of its labels wrong.

# %%
x_train, y_train, x_val, y_val = retina.case.arrays
base = tl.backbone("efficientnet-lite0").build(x_train.shape[1])
pooled = keras.layers.GlobalAveragePooling2D()(base.get_layer("block10_add").output)
features = keras.Model(base.input, pooled)
few, divided = x_train[:800] / 255, x_val / 255  # as on page 01
f_train, f_val = (features.predict(x, verbose=0) for x in (few, divided))

keras.utils.set_random_seed(1)
y_wrong = y_train[:800].copy()
flipped = np.random.default_rng(0).random(len(y_wrong)) < 0.2
y_wrong[flipped] = y_wrong[flipped][:, ::-1]

normalize = keras.layers.Normalization()
normalize.adapt(f_train)
head = keras.Sequential(
    [normalize, keras.layers.Dense(512, "relu"), keras.layers.Dense(2, "softmax")]
)
head.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
epochs = []
for _ in range(10):
    past = head.fit(f_train, y_wrong, epochs=2, verbose=0, validation_data=(f_val, y_val)).history
    epochs.append(
        {name: values[-1] for name, values in past.items()} | {"p": head.predict(f_val, verbose=0)}
    )
noisy = {name: [epoch[name] for epoch in epochs] for name in epochs[0]}

# %% slide="figure"
tl.plots.history(
    {"faces, averaged weights": steady.history, "retina, wrong labels": noisy},
    "Both losses climb, but only one network gets worse",
    "Dashed: training. Points: validation. Look at the loss first, then at the accuracy below it.",
    metric="accuracy",
    one_scale=False,
)

# %% [markdown]
# The loss curve alone cannot tell you which case you have. On the left it climbs from epoch 5 on, and the
# accuracy stays. On the right the accuracy falls. (There, each point is two epochs.)
#
# ## Why
#
# The loss scores two things: whether the answer is right, and how sure it is. Accuracy scores only the
# first.
#
# Once most training images are right, the cheapest way to lower the training loss is more confidence. The
# weights grow, and every answer gets surer, on validation images too. A wrong answer at 99.9 %
# costs three times as much as one at 90 %. So a few confident mistakes lift the mean while no
# prediction changes. That is **overconfidence**.
#
# **Overfitting**, as we use the word here, means that the answers get worse. The network memorizes details
# of its training images, such as our wrong labels. A training can have some of both.
#
# ## In Keras
#
# Divide all logits by one number, the *temperature*. Above one, answers become less sure, and the
# predicted class stays. Fit it on one half of the validation images and test it on the other.


# %% slide="code"
def nll(p, labels):
    return -np.log(np.clip(p[np.arange(len(labels)), labels], 1e-7, 1)).mean()


def softened(p, temperature):
    powers = np.clip(p, 1e-7, 1) ** (1 / temperature)  # a softmax of log(p) / temperature
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(p, labels):
    return min(np.geomspace(0.3, 10, 200), key=lambda t: nll(softened(p, t), labels))


# %% [markdown]
# `p` is what `model.predict` gives you behind a softmax, and `labels` are class numbers: `y_val.argmax(axis=1)` if yours are
# one-hot. With one sigmoid output, take `p = np.hstack([1 - p, p])` and `labels = y_val.ravel().astype(int)`. If your
# model ends in logits, apply the softmax first. `p` and `labels` need the same order: do not shuffle validation.
#
# Then answer with `softened(p, temperature)`, `p` prepared likewise.
#
# A refit also hides lag. So look at fresh statistics first ([page 04](04_batchnorm_lags.ipynb)), and refit only what still climbs.
# Keep patients whole when you halve the images, as
# `tl.calibration.halves` does. Now refit the confidence after every epoch of both trainings. For this test, each class
# gets an offset beside the temperature, since a network can be too sure of one class only:

# %%
labels = y_val.argmax(axis=1)
patients = retina.case.split.validation.groups
noisy["val_nll"] = [nll(p, labels) for p in noisy["p"]]
refitted = [tl.calibration.recalibrated(p, labels, patients) for p in noisy["p"]]
noisy["val_nll_recalibrated"] = [nll(p, labels) for p in refitted]

tl.plots.readings(
    {"faces, averaged weights": steady.history, "retina, wrong labels": noisy},
    "With its confidence refitted, the left loss stays down and the right one still climbs",
    ("val_nll", "val_nll_recalibrated"),
    caption="Refitted: a temperature and an offset for each class, fitted on the other half.",
)

# %% [markdown]
# **That is the test**; for a first look at your own run, the temperature alone will do. The part of the climb that goes away was overconfidence. The part that stays is overfitting:
# improve the labels, add images, augment, or stop earlier. On the right, both are at work. In its first epochs
# refitting helps for the opposite reason: that network is not sure enough.
#
# In your own training, keep `p` after each epoch with a `LambdaCallback`, as on
# [page 04](04_batchnorm_lags.ipynb), last in the list of callbacks. Or let the [doctor](15_your_own_training.ipynb) draw this figure.
#
# ## What early stopping watches
#
# `EarlyStopping` on `val_loss` ends a training at the climb, whichever kind it is. With
# overconfidence that can be too early. Let it watch the score that you report:
#
# ```python
# auc = keras.metrics.AUC(multi_label=True, name="auc")  # one-hot labels; into metrics of compile
# stop = keras.callbacks.EarlyStopping("val_auc", mode="max", patience=5, restore_best_weights=True)
# # fit(..., callbacks=[..., stop]): last, behind SwapEMAWeights and UpdateBatchNorm
# ```
#
# The best epoch of a curve that jumps is partly luck. Steady the curve first.
#
# ## Is it the loss you think it is?
#
# The retina question combines a softmax of two outputs with `binary_crossentropy`. On paper that equals
# categorical cross-entropy. On the TensorFlow backend it does not. Keras finds
# [the logits behind the softmax](https://github.com/keras-team/keras/blob/master/keras/src/backend/tensorflow/nn.py)
# and treats each output as a sigmoid of its own. Compare what Keras says with your own arithmetic:

# %%
head.compile(loss="binary_crossentropy")
shown = head.evaluate(f_val, y_val, verbose=0, return_dict=True)["loss"]
by_hand = nll(head.predict(f_val, verbose=0), labels)
print(f"Keras: {shown:.2f}, from the probabilities: {by_hand:.2f}")

# %% [markdown]
# Trained like that, the output of class 1 learns the logit that a single sigmoid would need, and the other output learns
# its negative. The softmax
# sees their difference, which is twice as much. So a network trained with it needs a temperature of about two, even if it is otherwise well calibrated. After a
# softmax, use categorical cross-entropy. The change is one line:
#
# ```diff
# {{changes retinopathy categorical-crossentropy}}
# ```
#
# ## Does it help?
#
# Label smoothing, the other common remedy, penalizes confident answers during training. This is its effect
# on the faces, with averaged weights for comparison:

# %%
softer = ["label-smoothing", "weight-average-update-bn"]
tried = faces.effects(softer)
tl.plots.effects(tried, "Faces: label smoothing, and averaged weights")

# %% tags=["nbval-check-output"]
for effect in tried:
    print(effect)

# %% [markdown]
# And the confidence? This is the temperature that each recipe still needs. At one, the confidence is
# right. Below one, the network is not sure enough.

# %%
recipes = ("posted", *softer)
names = ("the question's recipe", "label smoothing", "averaged, fresh statistics")
for words, recipe in zip(names, recipes, strict=True):
    found = [fit_temperature(run.probabilities, run.labels) for run in faces.runs(recipe)]
    print(f"{words:30} {np.mean(found):.1f}")

# %% [markdown]
# The faces use categorical cross-entropy. So the temperature of the question's recipe is not the
# doubling above. It is overconfidence, some of it perhaps lag.
#
# Label smoothing changes what `val_loss` measures. Never compare it with a run without smoothing: score
# both by hand, as above.
#
# ## Try it
#
# **Exercise 1 (3 minutes).** Three trainings, with the readings of page 04 and of this page. Which one is
# `"overfitting"`, which is `"overconfidence"`, and in which does BatchNorm `"lag"`?

# %%
from tlhelpers.course.book import page09

tl.plots.readings(
    page09.three_curves(),
    "Three trainings, three troubles",
    ("val_nll", "val_nll_fresh", "val_nll_recalibrated"),
    score="val_accuracy",
    caption="Every reading uses the same images. Where you see no orange, it lies under the blue.",
)

# %% tags=["exercise"]
my_answer = None  # {"A": "...", "B": "...", "C": "..."}

tl.check("09-which", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {"A": "overfitting", "B": "lag", "C": "overconfidence"}
# ```
#
# A loses accuracy, and still climbs with its confidence refitted. In B, fresh statistics take the jumps away, and accuracy comes back
# after each; the slow climb that is left is overconfidence. C keeps its accuracy, and only refitting the confidence takes the climb away.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** Fit the temperature of this run on every second image, beginning with the
# first. Then look at the loss of the other images before and after.

# %% tags=["exercise"]
my_answer = None  # the temperature; start from: run = tl.study("ferplus").runs()[0]; run.probabilities, run.labels

tl.check("09-temperature", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# run = tl.study("ferplus").runs()[0]
# my_answer = fit_temperature(run.probabilities[::2], run.labels[::2])
# others, truth = run.probabilities[1::2], run.labels[1::2]
# print(nll(others, truth), "->", nll(softened(others, my_answer), truth))
# ```
#
# The loss falls on images that had no part in the fit, and the accuracy is the same to the last image.
# </details>

# %% [markdown]
# ## Key points
#
# - Look at the score before you call a climbing loss overfitting.
# - Confidence refitted on one half and tested on the other tells the two apart, and fixes overconfidence.
# - After a softmax, use categorical cross-entropy.
#
# **Read more:** Guo et al., [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599).
