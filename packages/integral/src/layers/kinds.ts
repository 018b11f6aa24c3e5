/** The layer classes that have an integral form: every layer whose weights have a channel axis. */
export const integralClasses = [
  'Dense',
  'Conv1D',
  'Conv2D',
  'Conv3D',
  'Conv2DTranspose',
  'Conv3DTranspose',
  'DepthwiseConv2D',
  'SeparableConv2D',
  'BatchNormalization',
  'LayerNormalization',
  'PReLU',
  'Embedding',
  'PleatBatchNorm',
  'PleatLayerNorm',
  'PleatMultiHeadAttention',
  'PleatClassToken',
  'PleatPositionEmbedding',
] as const;

const prefix = 'PleatIntegral';

/** The class name of the integral form of a layer class, or null where there is none. */
export function integralName(className: string): string | null {
  return (integralClasses as readonly string[]).includes(className) ? prefix + className : null;
}

/** The class name behind an integral one, or null for any other class. */
export function plainName(className: string): string | null {
  const name = className.startsWith(prefix) ? className.slice(prefix.length) : '';
  return (integralClasses as readonly string[]).includes(name) ? name : null;
}
