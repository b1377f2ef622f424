"""What a `tf.data.Dataset` is made of: its ops, and how large the tensors in its memory are."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

from tlhelpers.doctor.samples.sample import Unread

# Bytes of tensors with which a graph is worth its detour through a string (100 MB take over 1 s).
_SMALL_GRAPH = 2**24
# Ops that run somebody's Python, or read or write what is no part of the graph.
_PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc", "GeneratorDataset"})
_OUTSIDE_OPS = ("Snapshot", "SaveDataset", "DataService", "Iterator", "OneShotIterator")
_RANDOM_OPS = (
    *("Random", "StatelessRandom", "StatelessTruncated", "Truncated", "ParameterizedTr"),
    *("StatelessParameterized", "Stateful", "RngReadAndSkip", "StatelessSampleDistorted"),
    "SampleDistorted",
)
# These choose the order of images: shuffles, and the mixing of data sets.
_ORDER_OPS = frozenset({"RandomDataset", "RandomDatasetV2"})


def fits_a_graph(dataset: Any) -> bool:
    """Whether its graph, with the tensors in it, is small enough to be made into a string."""
    return in_memory(dataset) <= _SMALL_GRAPH


def in_memory(dataset: Any) -> int:
    """Bytes of the tensors in its memory."""
    return sum(
        math.prod(tensor.shape) * tensor.dtype.size
        for part in _parts(dataset)
        for tensor in getattr(part, "_tensors", ())
        if tensor.dtype.size and tensor.shape.is_fully_defined()
    )


def draws_random(dataset: Any) -> bool:
    """Whether any of its ops draws random numbers other than for the order of images."""
    return any(map(_is_random, _ops(dataset)))


def _ops(source: Any) -> set[str]:
    if fits_a_graph(source):
        return ops_of_graph(graph_of(source))
    return {
        op
        for part in _parts(source)
        for function in part._functions()
        for op in ops_of_graph(function.function.graph.as_graph_def())
    }


def _is_random(op: str) -> bool:
    return op.startswith(_RANDOM_OPS) and op not in _ORDER_OPS and "PartitionedCall" not in op


def refuse(ops: set[str]) -> None:
    """Raise `Unread` where making these ops again would take something from training."""
    if ops & _PYTHON_OPS:
        raise Unread(
            "A tf.data.Dataset that runs Python code (from_generator, py_function or "
            "numpy_function), which may be read once only."
        )
    if any("IteratorGetNext" in op for op in ops):
        raise Unread(
            "A tf.data.Dataset that draws from an iterator inside its functions, which can be "
            "read once only."
        )
    if outside := sorted(op for op in ops if op.startswith(_OUTSIDE_OPS)):
        raise Unread(f"A tf.data.Dataset with state outside its graph ({outside[0]}).")


def graph_of(source: Any) -> Any:
    """The serialized graph, parsed."""
    tf = sys.modules["tensorflow"]
    serialized = tf.raw_ops.DatasetToGraphV2(
        input_dataset=tf.data.experimental.to_variant(source),
        external_state_policy=1,  # ignore: random ops, tables
        strip_device_assignment=True,
    )
    return tf.compat.v1.GraphDef.FromString(serialized.numpy())


def ops_of_graph(graph: Any) -> set[str]:
    """Names of its ops, those inside its functions too."""
    return {node.op for node in graph.node} | {
        node.op for function in graph.library.function for node in function.node_def
    }


def _parts(dataset: Any) -> Iterator[Any]:
    """A dataset, and all that it is made of."""
    todo, seen = [dataset], set()
    while todo:
        part = todo.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            todo += part._inputs()
