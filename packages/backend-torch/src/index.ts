export type { TorchMemory } from './backend.ts';
export { fallbackCounts } from './fallback.ts';
export { type TorchKernels, torchKernels } from './kernels/index.ts';
export { copyName, engineCache, privateCopies } from './locate/cache.ts';
export { describeTorch } from './locate/describe.ts';
export {
  TorchInstallError,
  type TorchInstallErrorCode,
  TorchNotFoundError,
} from './locate/errors.ts';
export { type InstallOptions, installTorch } from './locate/install/install.ts';
export type { InstallProgress } from './locate/install/progress.ts';
export { chooseTorch, type LocateOptions, locateTorch } from './locate/locate.ts';
export type { TorchDevice, TorchLocation, TorchSource } from './locate/types.ts';
export { profileTorch, type TorchCall, type TorchProfile } from './profile.ts';
export { registerTorch, type TorchInfo, type TorchOptions } from './register.ts';
