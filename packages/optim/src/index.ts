export { optim } from './optim.ts';
