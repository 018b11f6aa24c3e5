// TensorFlow through tfjs-node, repaired: found beside the program or in what `pleat setup tensorflow` built.
import { registerTensorflow } from '@pleat/backend-cuda';

await registerTensorflow();

export const backend = 'tensorflow';
