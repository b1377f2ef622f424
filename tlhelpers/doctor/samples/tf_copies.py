"""The same `tf.data.Dataset` once more, with shuffle seeds, caches and variables of its own."""

from __future__ import annotations

import collections
import inspect
import sys
from typing import Any

from tlhelpers.doctor.samples.sample import Unread
from tlhelpers.doctor.samples.tf_graphs import (
    fits_a_graph,
    graph_of,
    in_memory,
    ops_of_graph,
    refuse,
)

# Bytes of tensors in a graph at most, where there is no other way than through a string.
_LARGEST_GRAPH = 2**28
# What makes a dataset again, from attributes of the Python object that have the same names.
_SAME_AGAIN = {
    "_BatchDataset": "BatchDatasetV2",
    "_ParallelBatchDataset": "ParallelBatchDataset",
    "_PrefetchDataset": "PrefetchDataset",
    "_RepeatDataset": "RepeatDataset",
    "_TakeDataset": "TakeDataset",
    "_SkipDataset": "SkipDataset",
    "CacheDataset": "CacheDatasetV2",
    "_ShuffleDataset": "ShuffleDatasetV3",
    "_MapDataset": "MapDataset",
    "_ParallelMapDataset": "ParallelMapDatasetV2",
    "_OptionsDataset": "OptionsDataset",
    "_ZipDataset": "ZipDataset",
}
_SHUFFLES = frozenset({"ShuffleDatasetV2", "ShuffleDatasetV3", "ShuffleAndRepeatDatasetV2"})
_RESOURCE, _VARIANT = 20, 21  # of the enum DataType


def private_dataset(source: Any) -> tuple[Any, bool]:
    """The same dataset with state of its own, and whether it has a cache."""
    tf = sys.modules["tensorflow"]
    if fits_a_graph(source):
        variant, cached = _from_graph(source)
        alive = None
    else:
        again = _Again()
        variant, cached = again.variant(source), again.cached
        alive = again
    own = tf.data.experimental.from_variant(variant, source.element_spec)
    own._doctor_keeps = alive  # variables live as long as somebody holds them
    return own, cached


def _from_graph(source: Any) -> tuple[Any, bool]:
    """Through its serialized graph, in which variables are new ones with the same values.

    Seeds of shuffles and memory caches are not: the graph points at the original's.
    """
    tf = sys.modules["tensorflow"]
    graph = graph_of(source)
    ops = ops_of_graph(graph)
    refuse(ops)
    nodes = {node.name: node for node in graph.node}
    users: dict[str, set[str]] = collections.defaultdict(set)
    for node in graph.node:
        for name in node.input:
            users[_bare(name)].add(node.op)
    instead = {}
    for node in graph.node:
        kind = node.attr["dtype"].type if node.op == "Const" else None
        if kind == _RESOURCE and users[node.name] <= _SHUFFLES:
            _replaced(node, "DummySeedGenerator")
        elif kind == _RESOURCE and users[node.name] <= {"CacheDatasetV2"}:
            _replaced(node, "DummyMemoryCache")
        elif kind in (_RESOURCE, _VARIANT):
            raise Unread(
                "A tf.data.Dataset that uses an iterator inside its functions, which can be read "
                "once only."
            )
        elif node.op.startswith("CacheDataset"):
            name = nodes[_bare(node.input[1])].attr["value"].tensor.string_val
            if any(name):  # on disk: not ours to write, nor to read while it is written
                instead[node.name] = node.input[0]
    in_functions = (node for function in graph.library.function for node in function.node_def)
    if any(node.op.startswith("CacheDataset") for node in in_functions):
        raise Unread("A tf.data.Dataset with a cache inside a function.")
    for node in graph.node:
        for place, name in enumerate(node.input):
            while _bare(name) in instead:
                name = instead[_bare(name)]
            node.input[place] = name
    variant = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    return variant, any(op.startswith("CacheDataset") for op in ops)


def _bare(name: str) -> str:
    return name.lstrip("^").partition(":")[0]


def _replaced(node: Any, op: str) -> None:
    for attribute in list(node.attr):
        del node.attr[attribute]
    node.op = op


class _Again:
    """Makes the ops of a dataset again, around the same tensors: for large ones.

    Images in memory are most of a graph, and a graph of 500 MB takes 10 s and 6 GB to copy.
    """

    def __init__(self) -> None:
        self.cached = False
        self.variables: dict[int, Any] = {}

    def variant(self, dataset: Any) -> Any:
        """The dataset as a tensor, with state of its own."""
        tf = sys.modules["tensorflow"]
        kind = type(dataset).__name__
        if kind in ("_TensorSliceDataset", "_TensorDataset"):
            return dataset._variant_tensor  # nothing in it changes
        if fits_a_graph(dataset) or kind not in _SAME_AGAIN:
            size = in_memory(dataset)
            if size > _LARGEST_GRAPH:
                raise Unread(
                    f"A tf.data.Dataset with {size / 2**20:.0f} MB of tensors in memory under a "
                    f"{kind.strip('_')}, which are too many to copy."
                )
            variant, cached = _from_graph(dataset)
            self.cached |= cached
            return variant
        if kind == "CacheDataset":
            self.cached = True
            if dataset._filename.numpy():
                return self.variant(dataset._input_dataset)
        op = getattr(tf.raw_ops, _SAME_AGAIN[kind])
        values = {**dataset._common_args}
        for name, parameter in inspect.signature(op).parameters.items():
            if name not in values and name != "name":
                value = self._argument(dataset, name)
                if value is not None:
                    values[name] = value
                elif parameter.default is parameter.empty:
                    raise Unread(f"A tf.data.Dataset with a {kind.strip('_')} of unknown {name}.")
        return op(**values)

    def _argument(self, dataset: Any, name: str) -> Any:
        tf = sys.modules["tensorflow"]
        if name == "input_dataset":
            return self.variant(dataset._input_dataset)
        if name == "input_datasets":
            return [self.variant(part) for part in dataset._inputs()]
        if name == "seed_generator":
            return tf.raw_ops.DummySeedGenerator()
        if name == "cache":
            return tf.raw_ops.DummyMemoryCache()
        if name == "serialized_options":
            return dataset.options()._to_proto().SerializeToString()
        if name == "f":
            refuse(ops_of_graph(dataset._map_func.function.graph.as_graph_def()))
            return dataset._map_func.function
        if name == "other_arguments":
            return self._captured(dataset._map_func.function)
        return getattr(dataset, f"_{name}", None)

    def _captured(self, function: Any) -> list:
        """What a function captures, with a copy of each variable."""
        tf = sys.modules["tensorflow"]
        handles = {id(variable.handle): variable for variable in function.graph.variables}
        captured = []
        for tensor in function.captured_inputs:
            if id(tensor) in handles:
                if id(tensor) not in self.variables:
                    value = handles[id(tensor)].read_value()
                    self.variables[id(tensor)] = tf.Variable(value, trainable=False)
                tensor = self.variables[id(tensor)].handle
            elif tensor.dtype in (tf.resource, tf.variant):
                raise Unread("A tf.data.Dataset whose functions use a table or an iterator.")
            captured.append(tensor)
        return captured
