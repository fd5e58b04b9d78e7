import numpy as np
import tensorflow as tf
import tf2_bridge

od_graph_def = tf.compat.v1.GraphDef()


class FrozenInference(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        with tf.io.gfile.GFile("frozen.pb", 'rb') as fid:
            od_graph_def.ParseFromString(fid.read())
            tf.import_graph_def(od_graph_def, name='')
        # Get handles to input and output tensors
        ops = tf.compat.v1.get_default_graph().get_operations()
        all_tensor_names = {output.name for op in ops for output in op.outputs}
        tensor_dict = {}
        for key in ['scores', 'classes', 'boxes']:
            tensor_name = key + ':0'
            if tensor_name in all_tensor_names:
                tensor_dict[key] = tf.compat.v1.get_default_graph().get_tensor_by_name(
                    tensor_name)
        image_tensor = tf.compat.v1.get_default_graph().get_tensor_by_name('x:0')

        self.tensor_dict = self.function([image_tensor], tensor_dict)


model = FrozenInference()
model.build()


def run_inference_for_single_image(image):
    # Run inference
    output_dict = model.tensor_dict(np.expand_dims(image, 0))
    return output_dict


for i in range(3):
    output = run_inference_for_single_image(np.full([4], i))
    print(output['scores'], output['classes'][0])
