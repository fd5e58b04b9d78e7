"""A custom op is carried with the library that registers it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from migrator.checker import CannotOpen
from migrator.convert import CannotConvert, convert

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]

SOURCE = """
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

REGISTER_OP("MigratorTwice")
    .Input("x: float")
    .Output("y: float")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      context->set_output(0, context->input(0));
      return absl::OkStatus();
    });

class Twice : public tensorflow::OpKernel {
 public:
  explicit Twice(tensorflow::OpKernelConstruction* made) : OpKernel(made) {}
  void Compute(tensorflow::OpKernelContext* context) override {
    tensorflow::Tensor* found = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, context->input(0).shape(), &found));
    auto from = context->input(0).flat<float>();
    for (int i = 0; i < from.size(); ++i) found->flat<float>()(i) = 2 * from(i);
  }
};
REGISTER_KERNEL_BUILDER(Name("MigratorTwice").Device(tensorflow::DEVICE_CPU), Twice);
"""

WRITE = """
import subprocess, sys, tensorflow.compat.v1 as tf
source, library, folder = sys.argv[1:]
flags = tf.sysconfig.get_compile_flags() + tf.sysconfig.get_link_flags()
subprocess.run(["g++", "-w", "-O0", "-shared", "-fPIC", source, "-o", library, *flags], check=True)
ops = tf.load_op_library(library)
with tf.Graph().as_default(), tf.Session() as session:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", [2, 1], use_resource=False)
    y = ops.migrator_twice(x=tf.matmul(x, w), name="net/twice")
    session.run(tf.global_variables_initializer())
    tf.saved_model.simple_save(session, folder, {"x": x}, {"y": y})
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="a custom op is compiled with g++")
def test_a_custom_op(tmp_path: Path, tf2_python: str) -> None:
    """Refused by its node without the library; converted and checked with it."""
    source, library = tmp_path / "twice.cc", tmp_path / "twice.so"
    before, after = tmp_path / "old", tmp_path / "new"
    source.write_text(SOURCE)
    subprocess.run(
        [tf2_python, "-c", WRITE, str(source), str(library), str(before)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        timeout=300,
        check=True,
    )
    with pytest.raises(CannotConvert, match="--op-library") as caught:
        convert(before, after)
    assert caught.value.node == "net/twice"
    with pytest.raises(CannotOpen, match=r"twice\.cc does not load"):
        convert(before, after, op_libraries=[source])
    assert not after.exists()
    found = convert(before, after, op_libraries=[library])
    assert found.match
    assert found.trainable_variables == ("w",)
    assert str(library) in found.said[-1]
    assert (after / "saved_model.pb").exists()
