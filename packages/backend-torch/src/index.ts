export { registerTorch, type TorchInfo, type TorchOptions } from './register.ts'; export { fallbackCounts } from './fallback.ts';
