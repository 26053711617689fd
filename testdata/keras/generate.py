"""Writes the Keras files of this folder, and `names.tsv`: what Keras calls each array in them.

Needs keras==3.15.1, jax==0.10.2 (any backend does; KERAS_BACKEND names it), h5py==3.16.0, numpy. Run it in this folder. Keras
puts the time of writing into archives, so the bytes differ each time; the names do not.

Every variable is given content of its own first, by which it is found again in the files.
"""

import json
import os
import shutil
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py
import keras
import numpy as np
from keras import layers

ROWS = ["file\tpath\tlayer\tclass\tvariable"]


def functional():
    """Layers of many kinds, out of alphabetical order, nested and more than ten of a class."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Embedding(9, 4, name="words")(tokens)
    x = layers.Conv1D(5, 2, name="scan")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(x)
    x = layers.GRU(3, return_sequences=True, name="again")(x)
    x = layers.MultiHeadAttention(2, 3, name="attend")(x, x)
    x = layers.LayerNormalization(name="ln")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    x = layers.Flatten(name="flat")(x)
    y = layers.SeparableConv2D(2, 3, name="parts")(image)
    y = layers.DepthwiseConv2D(3, name="depth")(y)
    y = layers.BatchNormalization(scale=False, name="unscaled")(y)
    y = layers.PReLU(name="slope")(y)
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    inner = keras.Input((4,), name="inner_input")
    nested = keras.Model(inner, layers.Dense(2, name="deepest")(inner), name="core")
    head = keras.Sequential([layers.Dense(4, name="first"), nested, layers.Dense(2, use_bias=False, name="last")], name="head")
    x = head(layers.Concatenate(name="join")([x, y]))
    for number in range(11):
        x = layers.Dense(2, name=f"z{10 - number}")(x)
    return keras.Model([tokens, image], x, name="demo")


def sequential(dtype=None):
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="d_one", dtype=dtype), layers.BatchNormalization(name="bn"),
         layers.Dropout(0.1), layers.Dense(2, name="a_two", dtype=dtype)], name="small")


def compiled(model):
    model.compile(keras.optimizers.SGD(momentum=0.9), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def mark(model):
    """Content by which variables are told from each other: what each holds, to its name."""
    marks = {}

    def visit(layer, path):
        children = getattr(layer, "layers", None) if isinstance(layer, keras.Model) else None
        if children is not None:
            for child in children:
                visit(child, path + [child.name])
            return
        for variable in layer.variables:
            add(variable, "/".join(path), type(layer).__name__, variable.path)

    def add(variable, layer, kind, path):
        number = len(marks) + 1
        dtype = np.dtype(keras.backend.standardize_dtype(variable.dtype)) if variable.dtype != "bfloat16" else None
        values = (np.arange(np.prod(variable.shape)) + 100 * number).reshape(variable.shape)
        if dtype is not None and dtype.itemsize == 1:
            values = values % 100 + number
        variable.assign(values.astype("float32") if dtype is None else values.astype(dtype))
        held = np.asarray(keras.ops.convert_to_numpy(variable.value))
        assert held.tobytes() not in marks, path
        marks[held.tobytes()] = (layer, kind, path)

    for layer in model.layers:
        visit(layer, [layer.name])
    for variable in model.optimizer.variables if getattr(model, "optimizer", None) else []:
        add(variable, "optimizer", "", variable.path)
    return marks


def note(name, marks, file, prefix=""):
    """A row for each dataset, in the order in which h5py visits them. A variable is named from its layer on; the optimizer's
    by their number, where the file knows nothing more of them."""

    def visit(path, item):
        if not isinstance(item, h5py.Dataset):
            return
        layer, kind, variable = marks[np.asarray(item[()]).tobytes()]
        if path.startswith("optimizer/vars/"):
            variable = path.split("/")[-1]
        parts, owner = variable.split("/"), layer.split("/")[-1] if kind else "SGD"
        if owner in parts:
            variable = "/".join(parts[len(parts) - parts[::-1].index(owner):])
        ROWS.append(f"{name}\t{prefix}{path}\t{layer}\t{kind}\t{variable}")

    file.visititems(visit)


def note_h5(name, marks):
    with h5py.File(name) as file:
        note(name, marks, file)


def note_keras(name, marks):
    with zipfile.ZipFile(name) as archive, archive.open("model.weights.h5") as weights, h5py.File(weights) as file:
        note(name, marks, file)


def like_keras_2(source, target, weights_only):
    """The file as Keras 2 left it: names end in `:0`; lists of them in parts; strings of fixed length."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        root = new if weights_only else new.create_group("model_weights")
        if not weights_only:
            new.attrs["keras_version"], new.attrs["backend"] = b"2.10.0", b"tensorflow"
            new.attrs["model_config"] = old.attrs["model_config"]
        group = old["model_weights"]
        names = np.array([name.encode() for name in group.attrs["layer_names"]])
        for part, piece in enumerate(np.array_split(names, 2)):
            root.attrs[f"layer_names{part}"] = piece
        for layer in group.attrs["layer_names"]:
            target_group = root.create_group(layer)
            weights = list(group[layer].attrs["weight_names"])
            target_group.attrs["weight_names"] = np.array([f"{name}:0".encode() for name in weights]) if weights else []
            for name in weights:
                target_group.create_dataset(f"{name}:0", data=group[layer][name][()])


keras.utils.set_random_seed(1)
model = functional()
marks = mark(model)
model.save_weights("functional.weights.h5")
note_h5("functional.weights.h5", marks)
compiled(model)
marks = mark(model)
model.save("functional.keras")
note_keras("functional.keras", marks)
model.save("functional.h5")
note_h5("functional.h5", marks)
like_keras_2("functional.h5", "keras2.h5", False)
note_h5("keras2.h5", marks)

small = sequential()
marks = mark(small)
small.save("sequential.h5")
note_h5("sequential.h5", marks)
like_keras_2("sequential.h5", "keras2_weights.h5", True)
note_h5("keras2_weights.h5", marks)
small.save("sequential.keras")
note_keras("sequential.keras", marks)
with zipfile.ZipFile("sequential.keras") as archive, zipfile.ZipFile("deflated.keras", "w", zipfile.ZIP_DEFLATED) as out:
    for member in archive.infolist():
        out.writestr(member.filename, archive.read(member))
note_keras("deflated.keras", marks)
small.save_weights("sharded.weights.json", max_shard_size=1e-7)
for shard in sorted(Path().glob("sharded_*.weights.h5")):
    note_h5(shard.name, marks)

for dtype in ["bfloat16", "float16"]:
    small = sequential(dtype)
    small.save(f"{dtype}.h5")
    small.save(f"{dtype}.keras")
quantized = keras.Sequential([keras.Input((8,)), layers.Dense(6, name="q")], name="quantized")
quantized.quantize("int8")
marks = mark(quantized)
quantized.save_weights("int8.weights.h5")
note_h5("int8.weights.h5", marks)

Path("names.tsv").write_text("\n".join(ROWS) + "\n")
