export { drawSource, fillLayer, materialize } from './fill.ts';
export { planPrototype } from './plan.ts';
export type {
  Distribution,
  LayerFill,
  LayerShape,
  OffsetRule,
  PrototypeOptions,
  PrototypePlan,
  PrototypeSource,
  RescaleRule,
  ResolvedOptions,
  Strategy,
} from './types.ts';
