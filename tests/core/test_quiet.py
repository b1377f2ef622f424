"""Keras, imported without the start-up lines of its backend."""

import re
import subprocess
import sys

import pytest

from tlhelpers.core import paths


@pytest.mark.parametrize("in_a_kernel", [True, False])
def test_the_package_starts_keras_quietly_in_a_kernel_and_nowhere_else(in_a_kernel):
    """A page's first output would else be TensorFlow's start-up lines."""
    fake = "sys.modules['ipykernel'] = types.ModuleType('ipykernel'); " if in_a_kernel else ""
    code = f"import sys, types; {fake}import tlhelpers; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (str(in_a_kernel), "")


@pytest.mark.parametrize(
    "source", sorted((paths.NOTEBOOKS / "src").glob("*.py")), ids=lambda s: s.stem
)
def test_pages_import_the_package_before_keras(source):
    text = source.read_text(encoding="utf-8")
    keras = re.search(r"^(import|from) keras\b", text, re.MULTILINE)
    ours = re.search(r"^(import|from) tlhelpers\b", text, re.MULTILINE)
    assert ours and (keras is None or ours.start() < keras.start())
