// Whatever computes on an NVIDIA GPU, in the order that --engine cuda tries.
import { registerCuda } from '@pleat/backend-cuda';

export const { backend } = await registerCuda();
