import { type OpenLibrary, openLibrary } from '../driver/libraries.ts';
import type { DeviceInfo, Driver } from '../driver/types.ts';
import { locateTensorflow } from '../tensorflow/locate.ts';
import { registerTensorflow } from '../tensorflow/register.ts';
import type { Candidate, Started } from './types.ts';

/** What the candidate calls; tests give their own. */
export interface TensorflowParts {
  locate: typeof locateTensorflow;
  register: typeof registerTensorflow;
  open: OpenLibrary;
}

/** What the TensorFlow 2.9.1 of tfjs-node-gpu 4.22 loads by name before it uses a GPU (CUDA 11.2, cuDNN 8.1). */
const libraries = [
  'libcudart.so.11.0',
  'libcublas.so.11',
  'libcublasLt.so.11',
  'libcufft.so.10',
  'libcurand.so.10',
  'libcusolver.so.11',
  'libcusparse.so.11',
  'libcudnn.so.8',
];

const name = '@tensorflow/tfjs-node-gpu';

/** TensorFlow on a GPU, through `@tensorflow/tfjs-node-gpu`. */
export function tensorflowCandidate(
  { locate, register, open }: TensorflowParts = {
    locate: locateTensorflow,
    register: registerTensorflow,
    open: openLibrary,
  },
): Candidate {
  return {
    name: 'tensorflow',
    async start({ index }: DeviceInfo, _driver: Driver): Promise<Started> {
      const found = locate().filter((location) => location.package === name);
      const usable = found.find(({ problem }) => problem === null);
      if (!usable) {
        const why = found.map(({ problem, origin }) => `${problem} (${origin})`).join('; ');
        throw new Error(why || `${name} is not installed; npm install ${name}`);
      }
      // The first GPU is all that tfjs-node can address, and the driver reads the variable once.
      if (index !== 0) {
        throw new Error(
          `${name} computes on the first GPU alone; start Node.js with CUDA_VISIBLE_DEVICES=${index} and ask for device 0`,
        );
      }
      const { tensorflow, folder, gpu } = await register({ path: usable.folder });
      if (gpu)
        return { backend: 'tensorflow', version: tensorflow, path: folder, device: 'cuda:0' };
      const missing = libraries.filter((library) => open([library]) === undefined);
      const lacks =
        missing.length > 0
          ? `it wants CUDA 11.2 and cuDNN 8.1, of which ${missing.join(', ')} cannot be loaded`
          : 'its own messages say why (TF_CPP_MIN_LOG_LEVEL=0 shows them all)';
      throw new Error(
        `TensorFlow ${tensorflow} of ${name} ${usable.version} does not use the GPU: ${lacks}; install those libraries where LD_LIBRARY_PATH finds them`,
      );
    },
  };
}
