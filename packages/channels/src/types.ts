/**
 * What a weight axis is to a group's channels: a kernel's output axis (`output`), a value per channel that is added or
 * inserted (`bias`: biases, position and class embeddings), a norm's parameter or statistic per channel (`norm`), a
 * slope per channel of an activation (`slope`), a depthwise kernel's channel axis (`depthwise`), or the axis a kernel
 * reads the channels from (`input`).
 */
export type SlotRole = 'output' | 'bias' | 'norm' | 'slope' | 'depthwise' | 'input';

/** Where the channels of a group lie in one axis of one weight tensor. */
export interface ChannelSlot {
  /** Path of the layer: its name, after those of the models and wrappers around it. */
  layer: string;
  /** The weight's name in its layer, e.g. `kernel`. */
  weight: string;
  /** The weight's index in `layer.weights`. */
  weightIndex: number;
  axis: number;
  role: SlotRole;
  /** How many positions of the axis each channel takes: 1, or more behind a flatten, a depth multiplier, within a head. */
  each: number;
  /** The positions, [size, each] row-major: position k of channel c is `positions[c * each + k]`. */
  positions: Int32Array;
}

/** Channels that may change places with each other, and everywhere they lie. */
export interface ChannelGroup {
  /** Stable name: the first layer that makes the channels, numbered (`#2`) where a layer makes several groups. */
  id: string;
  /** Number of channels. */
  size: number;
  /** Why the channels must stay as they are; undefined where they may be permuted, kept or merged. */
  fixed?: string;
  slots: ChannelSlot[];
  /**
   * Layers that compute over all channels together (layer norms, softmax). Permuting does not disturb them; with fewer
   * channels they see other statistics, so that keeping channels is not the same as setting the others to zero.
   */
  across: string[];
  /** Ids of the other groups that must keep the same size: the dims of all heads of an attention layer. */
  tied: string[];
}

/** A layer the graph does not follow; its channels are fixed. */
export interface UntrackedLayer {
  layer: string;
  className: string;
  reason: string;
}

/** The channel groups of a model. */
export interface ChannelGraph {
  groups: ChannelGroup[];
  untracked: UntrackedLayer[];
}
