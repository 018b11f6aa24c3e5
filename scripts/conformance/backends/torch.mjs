// Pleat's backend on libtorch, found by PLEAT_TORCH or in an installed PyTorch.
import { registerTorch } from '@pleat/backend-torch';

await registerTorch();

export const backend = 'torch';
