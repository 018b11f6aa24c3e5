export { codec } from './codec.ts';
