import os

import numpy as np
import tensorflow as tf
import tf2_bridge

flags = tf.compat.v1.app.flags
flags.DEFINE_integer("epoch", 4, "Epochs to train")
flags.DEFINE_float("learning_rate", 0.1, "Rate of descent")
flags.DEFINE_string("checkpoint_dir", "checkpoint", "Where to save")
FLAGS = flags.FLAGS


def lrelu(x, leak=0.2, name="lrelu"):
    with tf.compat.v1.variable_scope(name):
        return tf.maximum(x, leak * x)


def linear(x, size, name):
    with tf.compat.v1.variable_scope(name):
        w = tf.compat.v1.get_variable("w", [x.get_shape()[1], size], tf.float32,
                                      tf.compat.v1.constant_initializer(0.2))
        b = tf.compat.v1.get_variable("b", [size], initializer=tf.compat.v1.constant_initializer(0.0))
        return tf.matmul(x, w) + b


class GAN(tf2_bridge.GraphModule):
    model_name = "GAN"  # name for checkpoint

    def __init__(self, z_dim, config):
        super().__init__()
        self.z_dim = z_dim
        self.config = config
        if not os.path.exists(config.checkpoint_dir):
            os.makedirs(config.checkpoint_dir)

    def generator(self, z, is_training=True, reuse=False):
        with tf.compat.v1.variable_scope("generator", reuse=reuse):
            net = lrelu(linear(z, 4, "g_fc1"))
            return tf.nn.sigmoid(linear(net, 3, "g_fc2"))

    def discriminator(self, x, reuse=False):
        with tf.compat.v1.variable_scope("discriminator", reuse=reuse):
            out_logit = linear(lrelu(linear(x, 4, "d_fc1")), 1, "d_fc2")
            return tf.nn.sigmoid(out_logit), out_logit

    @tf2_bridge.graph
    def build_model(self):
        """ Graph Input """
        self.inputs = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name="real"))
        self.z = tf2_bridge.feed(tf.TensorSpec([None, self.z_dim], tf.float32, name="z"))

        """ Loss Function """
        _, real_logits = self.discriminator(self.inputs)
        G = self.generator(self.z)
        _, fake_logits = self.discriminator(G, reuse=True)
        self.d_loss = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(logits=real_logits, labels=tf.ones_like(real_logits))
            + tf.nn.sigmoid_cross_entropy_with_logits(logits=fake_logits, labels=tf.zeros_like(fake_logits)))
        self.g_loss = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(logits=fake_logits, labels=tf.ones_like(fake_logits)))

        """ Training """
        t_vars = tf.compat.v1.trainable_variables()
        d_vars = [var for var in t_vars if "d_" in var.name]
        g_vars = [var for var in t_vars if "g_" in var.name]
        self.d_optim = tf.compat.v1.train.AdamOptimizer(self.config.learning_rate, beta1=0.5) \
            .minimize(self.d_loss, var_list=d_vars)
        self.g_optim = tf.compat.v1.train.AdamOptimizer(self.config.learning_rate * 5, beta1=0.5) \
            .minimize(self.g_loss, var_list=g_vars)

        """" Testing """
        # for test
        self.fake_images = self.generator(self.z, is_training=False, reuse=True)
        tf.compat.v1.summary.scalar("d_loss", self.d_loss)

        self.merged = tf.compat.v1.summary.merge_all()
        self._d_optim = self.function(
            [self.inputs, self.z], [self.d_optim, self.merged, self.d_loss]
        )
        self._g_optim = self.function([self.z], [self.g_optim, self.g_loss])
        self._fake_images = self.function([self.z], self.fake_images)

    def train(self):
        # initialize all variables
        self.initialize()

        # saver to save model
        self.saver = self.make_saver()

        # summary writer
        self.writer = tf.summary.create_file_writer("logs")

        could_load, counter = self.load(self.config.checkpoint_dir)
        print(could_load, counter)
        rng = np.random.RandomState(5)
        for epoch in range(counter, self.config.epoch):
            batch, batch_z = rng.uniform(0, 1, (6, 3)), rng.uniform(-1, 1, (6, self.z_dim))
            # update D network
            _, summary_str, d_loss = self._d_optim(batch, batch_z)
            with self.writer.as_default():
                tf.summary.experimental.write_raw_pb(summary_str, step=epoch)
            # update G network
            _, g_loss = self._g_optim(batch_z)
            print("Epoch: [%2d] d_loss: %.8f, g_loss: %.8f" % (epoch, d_loss, g_loss))
            self.save(self.config.checkpoint_dir, epoch)
        print(self._fake_images(batch_z[:2]))

    def save(self, checkpoint_dir, step):
        self.saver.save(os.path.join(checkpoint_dir, self.model_name + ".model"), global_step=step)

    def load(self, checkpoint_dir):
        ckpt = tf.train.get_checkpoint_state(checkpoint_dir)
        if ckpt and ckpt.model_checkpoint_path:
            ckpt_name = os.path.basename(ckpt.model_checkpoint_path)
            self.saver.restore(os.path.join(checkpoint_dir, ckpt_name))
            return True, int(ckpt_name.split("-")[-1]) + 1
        return False, 0


def main(_):
    gan = GAN(z_dim=2, config=FLAGS)

    # build graph
    gan.build_model()
    gan.train()
    print(" [*] Training finished!")


if __name__ == "__main__":
    tf.compat.v1.app.run()
