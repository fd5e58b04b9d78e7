"""What is not understood is not lifted: each precondition, with the line it fails on."""

from __future__ import annotations

import pytest

from migrator.lift import Refusal, lift
from migrator.lift.graph_symbols import REFUSED, below
from migrator.lift.plain import lift_plain
from migrator.names import Module

HEAD = """\
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([2, 1]), name="w")
y = tf.matmul(x, w)
"""
RUN = """\
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {x: np.ones((1, 2))}))
"""

#: name -> (source, precondition, line)
CASES: dict[str, tuple[str, str, int]] = {
    "no session": (HEAD, "nothing", 1),
    "a variable in a loop": (
        HEAD + "for i in range(3):\n    v = tf.Variable(1.0)\n" + RUN,
        "straight line",
        8,
    ),
    "a variable under a condition": (
        HEAD + "if np.ones(1):\n    v = tf.Variable(1.0)\n" + RUN,
        "straight line",
        8,
    ),
    "tensors put into a list in a loop": (
        HEAD + "z = []\nfor i in range(3):\n    z.append(tf.nn.relu(y))\n" + RUN,
        "unseen function",
        9,
    ),
    "a condition that a tensor decides": (
        HEAD + "if y > 1.0:\n    y = tf.nn.relu(y)\n" + RUN,
        "host use",
        7,
    ),
    "a loop that binds more than tensors": (
        HEAD + "for i in range(3):\n    y = tf.nn.relu(y)\n" + RUN + "print(i)\n",
        "straight line",
        8,
    ),
    "a loop over what changes later": (
        HEAD + "k = [1, 2]\nfor i in k:\n    y = y * i\nk.append(3)\n" + RUN,
        "host values",
        10,
    ),
    "a loop over random numbers": (
        HEAD + "for i in np.random.rand(3):\n    y = y * i\n" + RUN,
        "straight line",
        8,
    ),
    "a loop that makes another placeholder": (
        HEAD + "for i in range(2):\n    y = y * tf.placeholder(tf.float32)\n" + RUN,
        "straight line",
        8,
    ),
    "a loop that trains": (
        HEAD
        + "o = tf.train.AdamOptimizer()\nfor i in range(2):\n"
        + "    t = o.minimize(tf.reduce_mean(y))\n"
        + RUN,
        "straight line",
        9,
    ),
    "exec": (HEAD + "exec('y = 1')\n" + RUN, "dynamic code", 7),
    "globals": (HEAD + "globals()['y'] = 1\n" + RUN, "dynamic code", 7),
    "a patched TensorFlow": (HEAD + "tf.matmul = np.dot\n" + RUN, "dynamic code", 7),
    "an unseen function": (HEAD + "np.add(y, 1)\n" + RUN, "unseen function", 7),
    "a printed tensor that no run builds": (
        HEAD + "z = y + 1.0\nprint(z)\n" + RUN,
        "unseen function",
        8,
    ),
    "a printed tensor that only the train step builds": (
        HEAD
        + "z = tf.reduce_mean(y)\nprint(z)\nt = tf.train.AdamOptimizer().minimize(z)\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n",
        "unseen function",
        8,
    ),
    "a printed tensor in a loop": (
        HEAD + "for i in range(2):\n    print(i, y)\n" + RUN,
        "unseen function",
        8,
    ),
    "an asserted tensor": (HEAD + "assert y > 1.0\n" + RUN, "host use", 7),
    "a summary without a form": (HEAD + "s = tf.summary.audio('y', y, 1)\n" + RUN, "symbol", 7),
    "a summary whose tag is computed": (
        HEAD + "s = tf.summary.scalar('y' + str(1), y)\n" + RUN,
        "summary",
        7,
    ),
    "a summary that is printed": (
        HEAD
        + "s = tf.summary.scalar('y', tf.reduce_mean(y))\n"
        + RUN.replace("run(y", "run(s"),
        "summary",
        10,
    ),
    "one of two summaries": (
        HEAD
        + "s = tf.summary.scalar('y', tf.reduce_mean(y))\nr = tf.summary.scalar('r', y[0, 0])\n"
        + "writer = tf.summary.FileWriter('logs')\n"
        + RUN
        + "    if np.ones(1):\n        z = sess.run(s, {x: np.ones((1, 2))})\n"
        + "    else:\n        z = sess.run(r, {x: np.ones((1, 2))})\n"
        + "    writer.add_summary(z, 1)\n",
        "one meaning",
        16,
    ),
    "a Saver under computed names": (
        HEAD + "saver = tf.train.Saver({str(1): w})\n" + RUN,
        "Saver",
        7,
    ),
    "a tuple of variables": (HEAD + "v = tuple([tf.Variable(1.0)])\n" + RUN, "unseen function", 7),
    "restored slots that are named after a scope": (
        HEAD
        + "with tf.name_scope('training'):\n"
        + "    t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + "saver = tf.train.Saver()\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n    saver.restore(sess, 'm')\n",
        "slots",
        14,
    ),
    "saved slots that are named after a variable scope": (
        HEAD
        + "with tf.variable_scope('training'):\n"
        + "    t = tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_mean(y))\n"
        + "saver = tf.train.Saver()\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n    saver.save(sess, 'm')\n",
        "slots",
        14,
    ),
    "saved slots of several optimizers": (
        HEAD
        + "t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + "u = tf.train.AdamOptimizer().minimize(tf.reduce_sum(y))\n"
        + "saver = tf.train.Saver()\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n    sess.run(u, {x: np.ones((1, 2))})\n"
        + "    saver.save(sess, 'm')\n",
        "slots",
        15,
    ),
    "a summary of nothing": (
        HEAD + "s = tf.summary.merge_all()\n" + RUN.replace("run(y", "run(s"),
        "summary",
        10,
    ),
    "summaries in a computed list": (
        HEAD
        + "s = tf.summary.scalar('y', tf.reduce_mean(y))\nm = tf.summary.merge(list([s]))\n"
        + RUN,
        "summary",
        8,
    ),
    "control dependencies": (
        HEAD + "with tf.control_dependencies([y]):\n    z = tf.identity(y)\n" + RUN,
        "symbol",
        7,
    ),
    "a fetch by name": (HEAD + RUN.replace("sess.run(y", "sess.run('y:0'"), "fetch", 9),
    "an unknown fetch": (HEAD + RUN.replace("sess.run(y", "sess.run(np.ones(2)"), "fetch", 9),
    "an unknown feed": (
        HEAD + "feeds = dict()\n" + RUN.replace("{x: np.ones((1, 2))}", "feeds"),
        "feed",
        10,
    ),
    "a placeholder that is not fed": (HEAD + RUN.replace(", {x: np.ones((1, 2))}", ""), "feed", 9),
    "a tensor that is fed": (HEAD + RUN.replace("{x: ", "{y: "), "feed", 9),
    "two sessions": (HEAD + RUN + RUN, "one session", 10),
    "initialized twice": (
        HEAD + RUN + "    sess.run(tf.global_variables_initializer())\n",
        "initialization",
        10,
    ),
    "a graph that is reset in its session": (
        HEAD + RUN + "    tf.reset_default_graph()\n",
        "one graph",
        10,
    ),
    "a tensor of a graph that was reset": (
        HEAD + RUN + "tf.reset_default_graph()\nz = tf.constant(1.0) * y\n" + RUN,
        "host use",
        11,
    ),
    "a session of a graph that was reset": (
        HEAD
        + "sess = tf.Session()\nsess.run(tf.global_variables_initializer())\n"
        + "tf.reset_default_graph()\n"
        + HEAD
        + "sess.run(w)\n",
        "method",
        16,
    ),
    "a function that runs one of several graphs": (
        HEAD
        + "sess = tf.Session()\nsess.run(tf.global_variables_initializer())\n"
        + "def f():\n    return sess.run(y, {x: np.ones((1, 2))})\n"
        + "tf.reset_default_graph()\nb = tf.constant(1.0)\nwith tf.Session() as other:\n"
        + "    print(other.run(b))\n",
        "one graph",
        9,
    ),
    "a function that reads the variables of two graphs": (
        HEAD
        + "def f(t):\n    return t * w\nz = f(y)\n"
        + RUN.replace("run(y", "run(z")
        + "tf.reset_default_graph()\n"
        + HEAD.partition("\n\n")[2]
        + "z = f(y)\n"
        + RUN.replace("run(y", "run(z"),
        "one meaning",
        8,
    ),
    "a computed variable name": (
        HEAD + "n = 'v'\nv = tf.Variable(1.0, name=n)\n" + RUN,
        "variable name",
        8,
    ),
    "a name in use": (
        HEAD + "v = tf.get_variable('w', [2])\n" + RUN,
        "variable name",
        7,
    ),
    "a name that an operation may have": (
        (HEAD + RUN).replace('name="w"', 'name="matmul"'),
        "variable name",
        5,
    ),
    "a second graph": (HEAD + "g = tf.Graph()\nh = tf.Graph()\n" + RUN, "one graph", 8),
    "a function that reads a name with two meanings": (
        HEAD + "def f():\n    return sess.run(y, {x: [[1.0, 2.0]]})\ny = y + 1.0\n" + RUN,
        "one meaning",
        8,
    ),
    "a function called twice": (
        "import tensorflow as tf\n\ndef f():\n    w = tf.Variable(1.0)\n"
        "    with tf.Session() as sess:\n        sess.run(tf.global_variables_initializer())\n"
        "        return sess.run(w)\n\nprint(f())\nprint(f())\n",
        "one call",
        10,
    ),
    "a function that makes variables": (
        HEAD + "def f(t):\n    return t * tf.Variable(1.0)\nz = f(y)\n" + RUN,
        "variable in a function",
        8,
    ),
    "a function that makes two variables": (
        HEAD
        + "def f():\n    a = tf.Variable(1.0)\n    return tf.Variable(2.0)\nb = f()\n"
        + RUN,
        "variable in a function",
        9,
    ),
    "a function that names a variable itself": (
        HEAD + "def f(n):\n    return tf.Variable(1.0, name='v' + n)\nb = f('1')\n" + RUN,
        "variable name",
        8,
    ),
    "a function that is given a computed name": (
        HEAD + "def f(n):\n    return tf.Variable(1.0, name=n)\nb = f('v' + '1')\n" + RUN,
        "variable name",
        9,
    ),
    "a function that makes a variable on one way": (
        HEAD
        + "def f(n):\n    if n:\n        return tf.Variable(1.0)\n    return 1.0\nb = f(1)\n"
        + RUN,
        "variable in a function",
        9,
    ),
    "a function that makes a variable in a loop": (
        HEAD + "def f():\n    return tf.Variable(1.0)\nfor i in range(2):\n    b = f()\n" + RUN,
        "straight line",
        10,
    ),
    "a function that makes a variable, handed on": (
        HEAD + "def f():\n    return tf.Variable(1.0)\nb = f()\nc = list(map(f, []))\n" + RUN,
        "variable in a function",
        10,
    ),
    "a function that makes a variable for another": (
        HEAD
        + "def f():\n    return tf.Variable(1.0)\ndef g():\n    return f()\nb = g()\n"
        + RUN,
        "host use",
        8,
    ),
    "a function that reads tensors, handed on": (
        HEAD + "def f(t):\n    return t + y\nz = f(y)\nu = list(map(f, []))\n" + RUN,
        "function",
        10,
    ),
    "a function that reads tensors of a function": (
        HEAD + "def f(t):\n    return t + y\ndef g(t):\n    return f(t)\nz = g(y)\n" + RUN,
        "function",
        8,
    ),
    "a function that reads one tensor or another": (
        HEAD
        + "def f(k):\n    if k:\n        return tf.identity(y)\n    return y + v\n"
        + "z = f(True)\nv = y * 2.0\nz = f(False)\n"
        + RUN,
        "function",
        11,
    ),
    "an export of two meta graphs": (
        HEAD
        + RUN
        + "    b = tf.saved_model.builder.SavedModelBuilder('e')\n"
        + "    s = tf.saved_model.signature_def_utils.predict_signature_def({'x': x}, {'y': y})\n"
        + "    b.add_meta_graph_and_variables(sess, ['serve'], {'s': s})\n"
        + "    b.add_meta_graph(['gpu'], {'s': s})\n    b.save()\n",
        "method",
        13,
    ),
    "an output of a signature with host values": (
        HEAD
        + "k = 2.0\n"
        + RUN
        + "    tf.saved_model.simple_save(sess, 'd', {'x': x}, {'z': y * k})\n",
        "export",
        11,
    ),
    "one Adam for two ops of a run": (
        HEAD
        + "v = tf.Variable(1.0)\no = tf.train.AdamOptimizer()\n"
        + "t = o.minimize(tf.reduce_mean(y), var_list=[w])\n"
        + "u = o.minimize(tf.square(v), var_list=[v])\n"
        + RUN
        + "    sess.run([t, u], {x: np.ones((1, 2))})\n",
        "one update",
        14,
    ),
    "a tensor without a name beside an assign op": (
        HEAD + "a = w.assign_add(w)\n" + RUN + "    print(sess.run([a, w * 2.0]))\n",
        "fetch",
        11,
    ),
    "a function that uses a variable's name otherwise": (
        HEAD
        + "def f(n):\n    a = tf.constant(1.0, name=n)\n    return tf.Variable(a, name=n)\n"
        + "with tf.name_scope('s'):\n    b = f('b')\n"
        + RUN,
        "variable in a function",
        9,
    ),
    "a session of an earlier graph object": (
        HEAD.replace("x =", "g = tf.Graph()\nx =")
        + RUN
        + "h = tf.Graph()\nwith tf.Session(graph=g) as sess:\n    sess.run(tf.constant(1.0))\n",
        "session",
        12,
    ),
    "graph behind a block of another graph": (
        HEAD
        + RUN
        + "with tf.Graph().as_default():\n    v = tf.Variable(1.0)\nu = tf.Variable(2.0)\n"
        + RUN,
        "order",
        11,
    ),
    "an embedding in parts": (
        HEAD + "z = tf.nn.embedding_lookup([w, w], [0])\n" + RUN,
        "partitions",
        7,
    ),
    "a default whose type is not told": (
        HEAD + "p = tf.placeholder_with_default(np.ones(2), [2])\n" + RUN,
        "placeholder",
        7,
    ),
    "a default of integers and others": (
        HEAD + "p = tf.placeholder_with_default([1, 2.0], [2])\n" + RUN,
        "placeholder",
        7,
    ),
    "a default that the graph computes": (
        HEAD + "p = tf.placeholder_with_default(y, [None, 1])\n" + RUN,
        "placeholder",
        7,
    ),
    "a signature of another method": (
        HEAD
        + RUN
        + "    s = tf.saved_model.build_signature_def({'x': x}, {'y': y}, 'a/b')\n",
        "export",
        10,
    ),
    "a signature that classifies under other keys": (
        HEAD
        + RUN
        + "    s = tf.saved_model.build_signature_def({'x': x}, {'y': y},\n"
        + "        tf.saved_model.signature_constants.CLASSIFY_METHOD_NAME)\n",
        "export",
        10,
    ),
    "an export with something to run first": (
        HEAD
        + "u = w.assign_add(w)\n"
        + RUN
        + "    b = tf.saved_model.builder.SavedModelBuilder('e')\n"
        + "    s = tf.saved_model.signature_def_utils.predict_signature_def({'x': x}, {'y': y})\n"
        + "    b.add_meta_graph_and_variables(sess, ['serve'], {'s': s}, main_op=u)\n"
        + "    b.save()\n",
        "export",
        13,
    ),
    "an export under a computed key": (
        HEAD
        + "k = 's'\nk = k + 't'\n"
        + RUN
        + "    b = tf.saved_model.builder.SavedModelBuilder('e')\n"
        + "    s = tf.saved_model.signature_def_utils.predict_signature_def({'x': x}, {'y': y})\n"
        + "    b.add_meta_graph_and_variables(sess, ['serve'], {k: s})\n    b.save()\n",
        "export",
        14,
    ),
    "a group of what makes no change": (HEAD + "g = tf.group(y)\n" + RUN, "group", 7),
    "what a group gives is used": (
        HEAD + "g = tf.group(w.assign_add(w))\n" + RUN.replace("run(y", "run(g"),
        "fetch",
        10,
    ),
    "a slot shared by a computed rate": (
        HEAD
        + "s = tf.Variable(0, trainable=False)\n"
        + "o = tf.train.AdamOptimizer(tf.train.exponential_decay(0.1, s, 5, 0.9))\n"
        + "t = o.minimize(tf.reduce_mean(y))\nu = o.minimize(tf.reduce_sum(y))\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n    sess.run(u, {x: np.ones((1, 2))})\n",
        "optimizer",
        8,
    ),
    "a function with effects": (
        HEAD + "def f(t):\n    print('once')\n    return t + 1.0\nz = f(y)\n" + RUN,
        "function",
        8,
    ),
    "an export with another tag": (
        HEAD
        + RUN
        + "    b = tf.saved_model.builder.SavedModelBuilder('e')\n"
        + "    s = tf.saved_model.signature_def_utils.predict_signature_def({'x': x}, {'y': y})\n"
        + "    b.add_meta_graph_and_variables(sess, ['train'], {'s': s})\n    b.save()\n",
        "export",
        12,
    ),
    "a fetch of several tensors": (
        HEAD + "z = tf.nn.top_k(y, 1)\n" + RUN.replace("run(y", "run(z"),
        "fetch",
        10,
    ),
    "the op that trains is used": (
        HEAD
        + "t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + RUN.replace("print(sess.run(y", "print(sess.run([t, y]"),
        "fetch",
        10,
    ),
    "a call that is fed to what no fetch needs": (
        HEAD
        + "z = tf.placeholder(tf.float32)\n"
        + RUN.replace("np.ones((1, 2))", "np.ones((1, 2)), z: next(iter([1]))"),
        "feed",
        10,
    ),
    "a call that is fed to a variable's run": (
        HEAD + RUN.replace("run(y, {x: np.ones((1, 2))", "run(w, {x: next(iter([1]))"),
        "feed",
        9,
    ),
    "a try that steers by the shape of a feed": (
        HEAD + RUN + "    try:\n        print(sess.run(y, {x: [[1]]}))\n"
        "    except ValueError:\n        print('no')\n",
        "feed",
        11,
    ),
    "a Saver without a name": (
        HEAD + RUN + "    tf.train.Saver().save(sess, 'm')\n",
        "Saver",
        10,
    ),
    "saves under so many names that some go": (
        HEAD
        + "s = tf.train.Saver(max_to_keep=2)\n"
        + RUN
        + "    for i in range(3):\n        s.save(sess, 'm%d' % i)\n",
        "Saver",
        12,
    ),
    "a save in a function under a name that it is given": (
        HEAD
        + "s = tf.train.Saver()\ndef keep(path):\n    s.save(sess, path)\n"
        + RUN
        + "    keep('m')\n",
        "Saver",
        9,
    ),
    "two sessions at once": (
        HEAD + "s = tf.Session()\ns.run(tf.global_variables_initializer())\n" + RUN,
        "one session",
        9,
    ),
    "a session and a number bound together": (
        HEAD + "k, s = 0, tf.Session()\nk += 1\nprint(s.run(w), k)\n",
        "assignment",
        7,
    ),
    "graph built with what a run gives": (
        HEAD + RUN + "    z = y * sess.run(w)\n    print(sess.run(z, {x: [[1, 2]]}))\n",
        "host values",
        10,
    ),
    "a fetch that is made with another run": (
        HEAD + RUN.replace("run(y", "run(y * sess.run(w)[0]"),
        "fetch",
        9,
    ),
    "a host value that changes": (
        HEAD + "k = 2.0\nz = y * k\nk = 3.0\n" + RUN.replace("run(y", "run(z"),
        "host values",
        9,
    ),
    "a list that grows": (
        HEAD + "k = [1.0]\nz = y * k\nk.append(2.0)\n" + RUN.replace("run(y", "run(z"),
        "host values",
        9,
    ),
    "a host call in the graph": (
        HEAD + "z = y * np.random.rand()\n" + RUN.replace("run(y", "run(z"),
        "host calls",
        7,
    ),
    "an initial value drawn out of turn": (
        HEAD
        + "v = tf.Variable(np.random.rand(2))\nnoise = np.random.rand(2)\nz = y + 1.0\n"
        + RUN.replace("run(y", "run(z"),
        "host calls",
        7,
    ),
    "comparison by identity": (
        HEAD + "z = y == 1.0\n" + RUN.replace("run(y", "run(z"),
        "operator",
        7,
    ),
    "a class": (HEAD + "class A:\n    b = tf.constant(1)\n" + RUN, "class", 8),
    "a Saver of computed variables": (
        HEAD + "saver = tf.train.Saver([v for v in [w]])\n" + RUN,
        "host use",
        7,
    ),
    "two Savers, one of which deletes": (
        HEAD
        + "a = tf.train.Saver()\nb = tf.train.Saver()\n"
        + RUN
        + "    a.save(sess, 'm/best')\n    b.save(sess, 'm/last', global_step=1)\n",
        "one Saver",
        8,
    ),
    "a second session that starts anew": (
        HEAD + RUN + "with tf.Session() as sess:\n    sess.run(w)\n",
        "one session",
        10,
    ),
    "a second session that restores a part": (
        HEAD
        + "v = tf.Variable(1.0)\nsaver = tf.train.Saver([w])\n"
        + RUN
        + "with tf.Session() as sess:\n    saver.restore(sess, 'm')\n",
        "one session",
        12,
    ),
    "a second session that restores no slots": (
        HEAD
        + "saver = tf.train.Saver()\n"
        + "t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + RUN
        + "with tf.Session() as sess:\n    saver.restore(sess, 'm')\n",
        "one session",
        12,
    ),
    "a second session that may restore": (
        HEAD
        + "saver = tf.train.Saver()\n"
        + RUN
        + "with tf.Session() as sess:\n    if np.ones(1):\n        saver.restore(sess, 'm')\n",
        "one session",
        11,
    ),
    "a second session while the first is open": (
        HEAD
        + "saver = tf.train.Saver()\n"
        + RUN
        + "    other = tf.Session()\n    saver.restore(other, 'm')\n",
        "one session",
        11,
    ),
    "restored slots of several optimizers": (
        HEAD
        + "t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + "u = tf.train.AdamOptimizer().minimize(tf.reduce_sum(y))\nsaver = tf.train.Saver()\n"
        + RUN
        + "    sess.run(t, {x: np.ones((1, 2))})\n    sess.run(u, {x: np.ones((1, 2))})\n"
        + "    saver.restore(sess, 'm')\n",
        "slots",
        15,
    ),
    "a restore that may fail": (
        HEAD
        + "saver = tf.train.Saver()\n"
        + RUN
        + "    try:\n        saver.restore(sess, 'm')\n    except ValueError:\n        pass\n",
        "restore",
        12,
    ),
    "an export that leaves a placeholder out": (
        HEAD
        + "k = tf.placeholder(tf.float32)\nz = y * k\n"
        + RUN
        + "    tf.saved_model.simple_save(sess, 'd', {'x': x}, {'z': z})\n",
        "export",
        12,
    ),
    "two updates in one run": (
        HEAD
        + "a = w.assign_add(w)\nb = w.assign(w)\n"
        + RUN
        + "    sess.run([a, b])\n",
        "one update",
        12,
    ),
    "an argument without a place": (
        HEAD + "z = tf.nn.embedding_lookup(w, [0], 'div')\n" + RUN,
        "arguments",
        7,
    ),
    "gradients of two losses": (
        HEAD
        + "o = tf.train.AdamOptimizer()\na = o.compute_gradients(tf.reduce_mean(y))\n"
        + "b = o.compute_gradients(tf.reduce_sum(y))\nt = o.apply_gradients(list(zip(a, b)))\n"
        + RUN,
        "gradients",
        10,
    ),
    "gradients that are fetched": (
        HEAD
        + "g = tf.gradients(tf.reduce_mean(y), [w])\n"
        + RUN.replace("run(y", "run(g"),
        "fetch",
        10,
    ),
    "gradients by an input": (
        HEAD + "g = tf.gradients(tf.reduce_mean(y), [x])\n" + RUN,
        "gradients",
        7,
    ),
    "gradients that nobody computed": (
        HEAD
        + "t = tf.train.AdamOptimizer().apply_gradients([(w, w)])\n" + RUN,
        "gradients",
        7,
    ),
    "a variable after all were asked for": (
        HEAD + "t = tf.trainable_variables()\nv = tf.Variable(1.0)\n" + RUN,
        "order",
        7,
    ),
    "a momentum that the graph computes": (
        HEAD
        + "t = tf.train.MomentumOptimizer(0.1, tf.reduce_mean(x)).minimize(tf.reduce_mean(y))\n"
        + RUN,
        "optimizer",
        7,
    ),
    "a device that a function chooses": (
        HEAD + "with tf.device(lambda op: '/cpu:0'):\n    z = y + 1.0\n" + RUN,
        "device",
        7,
    ),
    "a train op among the values of a dictionary": (
        HEAD
        + "t = tf.train.AdamOptimizer().minimize(tf.reduce_mean(y))\n"
        + RUN.replace("run(y", "run({'t': t, 'y': y}"),
        "fetch",
        10,
    ),
    "two statements on a line": (HEAD + "z = y + 1; k = 2\n" + RUN.replace("run(y", "run(z"),
                                 "layout", 7),
    "a comment that would be lost": (
        HEAD + RUN.replace("run(tf", "run(  # now\n        tf"),
        "comment",
        1,
    ),
    "a from-import that stays": (
        "from tensorflow import set_random_seed\n" + HEAD + "set_random_seed(1)\n" + RUN,
        "import",
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_name(name: str) -> None:
    """A precondition that fails is named, with the line."""
    source, precondition, line = CASES[name]
    with pytest.raises(Refusal) as caught:
        lift_plain(Module(source), "script.py")
    refusal = caught.value
    assert refusal.precondition == precondition, refusal.sentence
    assert getattr(refusal.node, "lineno", 1) == line
    assert refusal.sentence
    assert not refusal.sentence.endswith(".")


def test_variables_that_may_be_uninitialized_are_refused() -> None:
    """A handler of the error that they gave would never run: they are initialized when made."""
    handled = "\ntry:\n    sess.run(w)\nexcept tf.errors.FailedPreconditionError:\n    pass\n"
    source = HEAD + "sess = tf.Session()\nsess.run(tf.global_variables_initializer())" + handled
    with pytest.raises(Refusal) as caught:
        lift(Module(source), "script.py")
    assert caught.value.precondition == "initialization"


#: What happens to an object between the graph that reads it and the session's run.
CHANGES = {
    "a method of its class": "c.set(9.0)",
    "a function of the file": "put(c, 9.0)",
    "a function that adds in place": "scale(k)",
    "an alias": "a = k; a[0] = 9.0",
    "a view": "a = k[:1]; a[:] = 9.0",
    "a loop over it": "for q in [k]:\n    q[0] = 9.0",
    "an output": "np.add(k, 1.0, out=k)",
    "a copy": "np.copyto(k, [9.0, 9.0])",
    "its class": "C.k = 9.0",
    "its dictionary": "c.__dict__.update(k=9.0)",
}
_MUTABLE = """\
class C(object):
    k = 2.0
    def set(self, v):
        self.k = v
def put(c, v):
    c.k = v
def scale(a):
    a *= 3
c = C()
k = np.ones(2)
z = y * c.k * k[0]
"""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_the_graph_is_built_with_does_not_change(change: str) -> None:
    """An object that the graph reads is not changed before its methods are traced."""
    run = RUN.replace("run(y", "run(z")
    assert "c.k * k[0]" in lift_plain(Module(HEAD + _MUTABLE + run), "kept.py").text
    with pytest.raises(Refusal) as refused:
        lift_plain(Module(HEAD + _MUTABLE + change + "\n" + run), "changed.py")
    assert refused.value.precondition == "host values"


def test_the_common_part_lifts() -> None:
    """What the cases above share is no reason for a refusal."""
    assert "class Script(tf.Module)" in lift_plain(Module(HEAD + RUN), "script.py").text


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("contrib.slim.assign_from_checkpoint_fn", "restores variables in a session"),
        ("contrib.framework.assign_from_values", "restores variables in a session"),
        ("contrib.slim.dataset_data_provider.DatasetDataProvider", "readers and queues"),
        ("contrib.slim.learning.train", "managed sessions"),
    ],
)
def test_reasons_tell_what_a_symbol_is(symbol: str, words: str) -> None:
    """Only what opens managed sessions is refused for them."""
    found = below(symbol, REFUSED)
    assert found is not None
    assert words in REFUSED[found]
