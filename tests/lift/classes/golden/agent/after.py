"""A deep Q network with a target network that is replaced now and then."""

import numpy as np
import tensorflow as tf
import tf2_bridge

np.random.seed(1)
tf.random.set_seed(1)

METHOD = dict(name="kl_pen", lam=0.5)


class DeepQNetwork(tf2_bridge.GraphModule):
    def __init__(
            self,
            n_actions,
            n_features,
            learning_rate=0.01,
            replace_target_iter=3,
            memory_size=20,
            output_graph=False,
    ):
        super().__init__()
        self.n_actions = n_actions
        self.n_features = n_features
        self.lr = learning_rate
        self.replace_target_iter = replace_target_iter

        # total learning step
        self.learn_step_counter = 0

        # initialize zero memory [s, a, r, s_]
        self.memory = np.zeros((memory_size, n_features * 2 + 2))

        self.build()

        if output_graph:
            # $ tensorboard --logdir=logs
            with tf.summary.create_file_writer("logs/").as_default():
                tf.summary.graph(self.graph_def)

        self.cost_his = []

    @tf2_bridge.graph
    def build(self):
        # consist of [target_net, evaluate_net]
        self._build_net()
        t_params = tf.compat.v1.get_collection('target_net_params')
        e_params = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES, scope='eval_net')
        self.replace_target_op = [tf.compat.v1.assign(t, e) for t, e in zip(t_params, e_params)]

        self._choose_action = self.function([self.s], self.q_eval)
        self._replace_target = self.function([], self.replace_target_op)
        self._q_next_and_q_eval = self.function(
            [self.s_, self.s], [self.q_next, self.q_eval]
        )
        self._train_step_2 = self.function(
            [self.s, self.q_target], [self._train_op, self.loss]
        )
        if METHOD["name"] == "kl_pen":
            self._train_step = self.function(
                [self.s, self.q_target, self.tflam],
                [self._train_op, self.loss, self.penalty],
            )

    def _build_net(self):
        # ------------------ build evaluate_net ------------------
        self.s = tf2_bridge.feed(tf.TensorSpec([None, self.n_features], tf.float32, name='s'))  # input
        self.q_target = tf2_bridge.feed(tf.TensorSpec([None, self.n_actions], tf.float32, name='Q_target'))  # for calculating loss
        with tf.compat.v1.variable_scope('eval_net'):
            # c_names(collections_names) are the collections to store variables
            c_names, n_l1, w_initializer, b_initializer = \
                ['eval_net_params', tf.compat.v1.GraphKeys.GLOBAL_VARIABLES], 4, \
                tf.compat.v1.constant_initializer(0.3), tf.compat.v1.constant_initializer(0.1)  # config of layers
            with tf.compat.v1.variable_scope('l1'):
                w1 = tf.compat.v1.get_variable('w1', [self.n_features, n_l1], initializer=w_initializer, collections=c_names)
                b1 = tf.compat.v1.get_variable('b1', [1, n_l1], initializer=b_initializer, collections=c_names)
                l1 = tf.nn.relu(tf.matmul(self.s, w1) + b1)
            with tf.compat.v1.variable_scope('l2'):
                w2 = tf.compat.v1.get_variable('w2', [n_l1, self.n_actions], initializer=w_initializer, collections=c_names)
                self.q_eval = tf.matmul(l1, w2)

        with tf.compat.v1.variable_scope('loss'):
            self.loss = tf.reduce_mean(tf.math.squared_difference(self.q_target, self.q_eval))
            if METHOD["name"] == "kl_pen":
                self.tflam = tf2_bridge.feed(tf.TensorSpec(None, tf.float32, name='lambda'))
                self.penalty = tf.reduce_mean(tf.abs(self.q_eval))
                self.aloss = self.loss + self.tflam * self.penalty
            else:
                self.aloss = self.loss
        with tf.compat.v1.variable_scope('train'):
            self._train_op = tf.compat.v1.train.RMSPropOptimizer(self.lr).minimize(self.aloss, var_list=tf.compat.v1.get_collection('eval_net_params'))

        # ------------------ build target_net ------------------
        self.s_ = tf2_bridge.feed(tf.TensorSpec([None, self.n_features], tf.float32, name='s_'))    # input
        with tf.compat.v1.variable_scope('target_net'):
            c_names = ['target_net_params', tf.compat.v1.GraphKeys.GLOBAL_VARIABLES]
            with tf.compat.v1.variable_scope('l1'):
                w1 = tf.compat.v1.get_variable('w1', [self.n_features, n_l1], initializer=w_initializer, collections=c_names)
                b1 = tf.compat.v1.get_variable('b1', [1, n_l1], initializer=b_initializer, collections=c_names)
                l1 = tf.nn.relu(tf.matmul(self.s_, w1) + b1)
            with tf.compat.v1.variable_scope('l2'):
                w2 = tf.compat.v1.get_variable('w2', [n_l1, self.n_actions], initializer=w_initializer, collections=c_names)
                self.q_next = tf.matmul(l1, w2)

    def store_transition(self, s, a, r, s_):
        if not hasattr(self, 'memory_counter'):
            self.memory_counter = 0
        transition = np.hstack((s, [a, r], s_))
        self.memory[self.memory_counter % len(self.memory), :] = transition
        self.memory_counter += 1

    def choose_action(self, observation):
        # to have batch dimension when feed into tf placeholder
        observation = observation[np.newaxis, :]
        actions_value = self._choose_action(observation)
        return np.argmax(actions_value)

    def learn(self):
        # check to replace target parameters
        if self.learn_step_counter % self.replace_target_iter == 0:
            self._replace_target()
            print('target_params_replaced')

        batch_memory = self.memory[:self.memory_counter, :]
        q_next, q_eval = self._q_next_and_q_eval(
            batch_memory[:, -self.n_features:],  # fixed params
            batch_memory[:, :self.n_features],  # newest params
        )

        # change q_target w.r.t q_eval's action
        q_target = q_eval.copy()
        batch_index = np.arange(len(q_eval), dtype=np.int32)
        eval_act_index = batch_memory[:, self.n_features].astype(int)
        reward = batch_memory[:, self.n_features + 1]
        q_target[batch_index, eval_act_index] = reward + 0.9 * np.max(q_next, axis=1)

        # train eval network
        if METHOD["name"] == "kl_pen":
            _, self.cost, penalty = self._train_step(
                batch_memory[:, :self.n_features], q_target, METHOD["lam"]
            )
            METHOD["lam"] *= float(penalty)
        else:
            _, self.cost = self._train_step_2(
                batch_memory[:, :self.n_features], q_target
            )
        self.cost_his.append(self.cost)
        self.learn_step_counter += 1


agent = DeepQNetwork(2, 3)
rng = np.random.RandomState(2)
state = rng.uniform(-1, 1, 3)
for _ in range(8):
    action = agent.choose_action(state)
    after = rng.uniform(-1, 1, 3)
    agent.store_transition(state, action, float(after.sum()), after)
    agent.learn()
    print(action, agent.cost, METHOD["lam"])
    state = after
