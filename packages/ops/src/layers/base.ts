import * as tf from '@tensorflow/tfjs';

/** What every layer takes: name, inputShape, batchSize, trainable ... as in tfjs. */
export type LayerArguments = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;
export type Initializer = ReturnType<typeof tf.initializers.zeros>;
/** An initialiser as tfjs' own layers take it: an object, its name, or its serialised form. */
export type InitializerLike = NonNullable<
  Parameters<typeof tf.layers.dense>[0]['kernelInitializer']
>;

/** The one input tensor of a layer, which tfjs passes alone or in an array. */
export function onlyTensor<T extends tf.Tensor = tf.Tensor>(inputs: tf.Tensor | tf.Tensor[]): T {
  return (Array.isArray(inputs) ? inputs[0] : inputs) as T;
}

/** The one input shape of a layer, which tfjs passes alone or in an array. */
export function onlyShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

/** The size of an axis that must be known when the layer is built. */
export function knownSize(className: string, shape: tf.Shape, axis: number): number {
  const size = shape.at(axis);
  if (size == null) {
    throw new Error(
      `${className}: expected axis ${axis} of the input shape to be known, got [${shape}]; give inputShape.`,
    );
  }
  return size;
}

interface Initialised {
  kernelInitializer: Initializer;
}

/**
 * Reads an initialiser in any of its forms, and gives its serialised form along.
 *
 * tfjs exports neither its reader nor its writer of initialisers, but its dense layer runs both.
 */
export function readInitializer(initializer: InitializerLike): {
  initializer: Initializer;
  config: tf.serialization.ConfigDict;
} {
  const carrier = tf.layers.dense({
    units: 1,
    name: 'pleat_initializer',
    kernelInitializer: initializer,
  });
  return {
    initializer: (carrier as unknown as Initialised).kernelInitializer,
    config: carrier.getConfig().kernelInitializer as tf.serialization.ConfigDict,
  };
}
