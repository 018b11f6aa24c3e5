/** A layer as tfjs writes it in a model's JSON. */
export interface LayerConfig {
  className: string;
  config: Readonly<Record<string, unknown>>;
}

type Config = LayerConfig['config'];

/** What is the same for every layer. */
function shared(config: Config): Record<string, unknown> {
  const keys = ['name', 'trainable', 'batchInputShape', 'dtype'];
  return Object.fromEntries(keys.filter((key) => key in config).map((key) => [key, config[key]]));
}

const standards: Readonly<Record<string, (config: Config) => LayerConfig | null>> = {
  // The tanh form has none: tfjs reads 'gelu_new' back from JSON as 'geluNew', which it does not know.
  PleatGelu: (config) =>
    config.approximate
      ? null
      : { className: 'Activation', config: { ...shared(config), activation: 'gelu' } },
  PleatBatchNorm: (config) => ({
    className: 'BatchNormalization',
    config: {
      ...shared(config),
      axis: -1,
      momentum: config.momentum ?? 0.9,
      epsilon: config.epsilon ?? 1e-5,
      center: config.center ?? true,
      scale: config.scale ?? true,
    },
  }),
  PleatLayerNorm: (config) => ({
    className: 'LayerNormalization',
    config: {
      ...shared(config),
      axis: -1,
      epsilon: config.epsilon ?? 1e-5,
      center: config.center ?? true,
      scale: config.scale ?? true,
    },
  }),
  PleatGlobalAveragePool: (config) => ({
    className: 'GlobalAveragePooling2D',
    config: { ...shared(config), dataFormat: 'channelsLast' },
  }),
};

/**
 * The stock tfjs layer equal to one of this package's, as configurations; the weights keep their order.
 *
 * @param layer - A layer's class name and configuration, as in a model's JSON.
 * @returns The stock layer's, or null when stock tfjs has none that is equal.
 * @example
 * ```js
 * toStandardLayer({ className: 'PleatGelu', config: { name: 'a' } });
 * // { className: 'Activation', config: { name: 'a', activation: 'gelu' } }
 * ```
 */
export function toStandardLayer(layer: LayerConfig): LayerConfig | null {
  const convert = Object.hasOwn(standards, layer.className)
    ? standards[layer.className]
    : undefined;
  return convert?.(layer.config) ?? null;
}
