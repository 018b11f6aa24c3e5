export {
  registerTrainingKernels,
  registerWasm,
  type WasmInfo,
  type WasmOptions,
} from './register.ts';
