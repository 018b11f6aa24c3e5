export { backendWasm } from './backend-wasm.ts';
