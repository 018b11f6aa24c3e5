export { prototype } from './prototype.ts';
