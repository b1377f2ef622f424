# %% [markdown]
# # 00 · Start here
#
# **Question.** Two people fine-tuned Keras models and asked the same thing: *why will my validation
# loss not hold still?* One trained ResNet50 on photographs of the retina, the other ResNet50 and
# MobileNetV2 on faces. This course rebuilds their trainings *in small*: with drawn pictures of both kinds and, in the profile
# `quick`, a smaller backbone. It measures how unsteady they are, and then changes **one thing at a time**. What it shows is
# how to find out. Whether it holds for your pictures, you must measure.
#
# **You will learn** what this course does, whether your machine can run it, what the pictures look
# like, and how to read a page.
#
# **Time:** 5 minutes. Nothing is trained here.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %% [markdown]
# Each page begins with these three values. Leave them as they are the first time.
#
# - `profile`: how much work a page does. `quick` suits a laptop. `smoke` only shows that everything
#   works; its results mean nothing. `full` wants a GPU.
# - `live`: train everything anew instead of reading recorded results.
# - `seeds`: how often each training is repeated; 0 means the profile's own number.

# %%
import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)

# %% [markdown]
# ## Can this machine run the course?

# %%
report = tl.machine.report()
for sentence, enough in report:
    print("ok     " if enough else "PROBLEM", sentence)

# %%
# NBVAL_CHECK_OUTPUT
print("This machine can run the course:", "yes" if all(ok for _, ok in report) else "no")

# %% [markdown]
# If a line says PROBLEM, put that right first. For `quick`, a processor is enough.
#
# ## The pictures
#
# The first question is about *diabetic retinopathy* (DR): damage to the blood vessels of the retina.
# Doctors grade it in five steps. The person who asked had two classes: **no DR** or **DR**.
#
# The real photographs cannot be shipped with a course, so the pictures below are **drawn on the
# spot**. They copy what matters for training: two eyes of each patient, the real shares of the
# grades, different cameras, and some wrong labels.
#
# **The lesions are drawn larger than they are.** At this size, real ones would be invisible.

# %%
from tlhelpers.data import synthetic

rows = {
    name: synthetic.grade_images(grade, count=8, size=96, seed=3)
    for grade, name in enumerate(synthetic.GRADES)
}
tl.plots.contact_sheet(
    rows,
    "Five grades of the same eight eyes",
    "Synthetic fundus pictures, drawn just now. Each row is one grade, each column the same eye. "
    "Lesions are enlarged.",
)

# %% [markdown]
# What to look for:
#
# | grade | what a doctor sees |
# | --- | --- |
# | no DR | disc (bright), macula (dark), vessels; no lesions |
# | mild | a few small round red dots |
# | moderate | more red dots, dark blots, yellow specks |
# | severe | many dark blots all over, pale fluffy patches |
# | proliferative | fine new vessels, large bleedings |
#
# Cameras add dust, reflections and blur. These are not lesions. Neither is the bright disc. The dots of *mild* and the new
# vessels of *proliferative* are hard to see at this size, for you and for the network.
#
# **This is a course about training networks. Nothing in it is medical advice, and no network
# trained here may be used to judge an eye.**

# %% [markdown]
# ## How to read a page
#
# Most pages ask one question in several steps. They all go the same way:
#
# 1. **Predict.** You write down a guess. An empty guess is fine, too.
# 2. **Run.** Most trainings were recorded and are *replayed* in a second. The caption of each figure
#    says so. What is not recorded is trained now, with a progress bar.
# 3. **Figure, then verdict.** *Helps* or *hurts*: the 95 % interval of the change leaves out zero. *Smaller than the noise*: it
#    contains zero, so nothing was shown. *No difference*: the runs came out the same. *Described only*: too few runs to judge.
# 4. **Mechanism check.** If a page says that something was frozen, a cell proves that it stood still.
#
# Here is a prediction to practise. Of 100 photographs in the real collection, how many show no DR?
# Replace `None` by a number and run the two cells.

# %%
my_guess = None

# %%
share = 100 * synthetic.GRADE_SHARES[0]
print(tl.guessed(my_guess, share, "of 100 photographs"))

# %% [markdown]
# So a network that says "no DR" to everything is right that often. Keep it in mind: **accuracy alone
# tells little here.** That is why the pages also show the *AUC*, the chance that a random eye with DR
# gets a higher score than a random eye without. Guessing gives 0.5, perfect sorting gives 1.
#
# ## Words
#
# | word | meaning here |
# | --- | --- |
# | backbone | the network that was trained on ImageNet, a million everyday photographs |
# | head | the few new layers on top of it, which start from random weights |
# | fine-tuning | training the head and the backbone on new pictures |
# | epoch | one pass over all training pictures |
# | validation loss, NLL | how surprised the network is by the right answers on pictures that it did not train on; lower is better. NLL is short for *negative log-likelihood* |
# | seed | the number that decides what is random in a training: the head's first weights, the order of the pictures, dropout. The pictures and the split stay the same |
# | recipe | every choice of one training |
# | run | what one training left behind |
# | fix | a named change to a recipe |
#
# ## Remember
#
# - Nothing is judged by a single lucky run. What has fewer than five pairs of runs is described, and gets no verdict.
# - A change that did nothing is shown as a change that did nothing.
#
# **Next:** `01`, how unsteady is unsteady?
#
# **More:** the two questions are DataScience StackExchange 121657 and CrossValidated 642170.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
