import * as tf from '@tensorflow/tfjs';
import type { LayerMaker } from './layers.ts';

/**
 * How a residual block whose output shape differs from its input's passes the input on (He et al. 2016, section
 * 3.3): `A` samples every second pixel and pads channels with zeros (no parameters), `B` is a 1 x 1 convolution.
 */
export type Shortcut = 'A' | 'B';

/** One stage of equal blocks; the first block has the stride. */
interface Stage {
  name: string;
  blocks: number;
  filters: number;
  stride: 1 | 2;
  shortcut: Shortcut;
}

/**
 * Samples every `stride`-th pixel, then puts zero channels around the old ones.
 *
 * Both are stock layers: pooling over windows of one pixel, and 2-D zero padding told that channels come first, so that the
 * last axis, which is really the channels, is one of the two it pads.
 */
function identityShortcut(
  x: tf.SymbolicTensor,
  name: string,
  filters: number,
  stride: number,
): tf.SymbolicTensor {
  const missing = filters - x.shape[3]!;
  const before = Math.floor(missing / 2);
  let y = x;
  if (stride > 1) {
    const sample = tf.layers.averagePooling2d({
      name: `${name}_sample`,
      poolSize: 1,
      strides: stride,
    });
    y = sample.apply(y) as tf.SymbolicTensor;
  }
  if (missing === 0) return y;
  const pad = tf.layers.zeroPadding2d({
    name: `${name}_pad`,
    padding: [
      [0, 0],
      [before, missing - before],
    ],
    dataFormat: 'channelsFirst',
  });
  return pad.apply(y) as tf.SymbolicTensor;
}

/** conv - BN - ReLU - conv - BN, plus the shortcut, then ReLU (He et al. 2016, figure 2 left). */
function basicBlock(
  make: LayerMaker,
  x: tf.SymbolicTensor,
  name: string,
  { filters, stride, shortcut }: Pick<Stage, 'filters' | 'stride' | 'shortcut'>,
): tf.SymbolicTensor {
  let y = make.conv3x3(x, `${name}_conv1`, filters, stride);
  y = make.batchNorm(y, `${name}_norm1`);
  y = make.relu(y, `${name}_relu1`);
  y = make.conv3x3(y, `${name}_conv2`, filters);
  y = make.batchNorm(y, `${name}_norm2`);
  let past = x;
  if (stride !== 1 || x.shape[3] !== filters) {
    if (shortcut === 'A') past = identityShortcut(x, `${name}_shortcut`, filters, stride);
    else {
      past = make.conv(x, `${name}_shortcut`, { filters, kernelSize: 1, strides: stride });
      past = make.batchNorm(past, `${name}_shortcut_norm`);
    }
  }
  return make.relu(make.add([past, y], `${name}_add`), `${name}_relu2`);
}

/** Appends the blocks of one stage. */
export function basicStage(
  make: LayerMaker,
  x: tf.SymbolicTensor,
  stage: Stage,
): tf.SymbolicTensor {
  let y = x;
  for (let block = 1; block <= stage.blocks; block++) {
    const stride = block === 1 ? stage.stride : 1;
    y = basicBlock(make, y, `${stage.name}_block${block}`, { ...stage, stride });
  }
  return y;
}
