export { deviceInfo, type MemoryStats, memoryStats } from './device.ts';
export { DriverError } from './driver/driver.ts';
export type { DeviceInfo, Driver } from './driver/types.ts';
export type { TorchChoice } from './engines/torch.ts';
export type { CudaEngine } from './engines/types.ts';
export { CudaNotFoundError, type Missing } from './errors.ts';
export { type CudaInfo, type CudaOptions, registerCuda } from './register.ts';
export {
  installTensorflow,
  TensorflowInstallError,
  type TensorflowInstallOptions,
  type TensorflowPhase,
} from './tensorflow/install.ts';
export {
  locateTensorflow,
  type TensorflowLocation,
  type TensorflowPackage,
  type TensorflowPlaces,
} from './tensorflow/locate.ts';
export {
  registerTensorflow,
  type TensorflowInfo,
  TensorflowNotFoundError,
  type TensorflowOptions,
} from './tensorflow/register.ts';
