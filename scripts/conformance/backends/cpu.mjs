// The baseline: tfjs' own plain JavaScript backend.
import '@tensorflow/tfjs-backend-cpu';

export const backend = 'cpu';
