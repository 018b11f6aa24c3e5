import { requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { AtomAxis, Atoms } from './atoms.ts';
import { type Trace, trace } from './trace.ts';
import type { ChannelGraph, ChannelGroup, ChannelSlot } from './types.ts';

/** A channel: its atoms, in the order in which axes and their parts come. */
interface Channel {
  root: number;
  atoms: number[];
}

/** The graph, with what is behind it: which channel of which group an atom belongs to. */
export interface Analysis extends Trace {
  graph: ChannelGraph;
  /** The group and channel of the atom that stands for a channel. */
  channels: Map<number, { group: ChannelGroup; channel: number }>;
  /** In which of the ways its axis is divided a slot is. */
  divisions: Map<ChannelSlot, number>;
}

function collect(atoms: Atoms): Channel[] {
  const byRoot = new Map<number, Channel>();
  for (let atom = 0; atom < atoms.count; atom++) {
    const root = atoms.channel(atom);
    const channel = byRoot.get(root);
    if (channel === undefined) byRoot.set(root, { root, atoms: [atom] });
    else channel.atoms.push(atom);
  }
  for (const { atoms: own } of byRoot.values()) {
    own.sort((a, b) => atoms.axisOf(a) - atoms.axisOf(b) || atoms.part(a) - atoms.part(b) || a - b);
  }
  return [...byRoot.values()];
}

/** What two channels must have in common to change places: equal parts in the same axes. */
function signature(atoms: Atoms, { atoms: own }: Channel): string {
  return own.map((atom) => `${atoms.axisOf(atom)}:${atoms.part(atom)}`).join();
}

/** Whether two atoms of a channel play the same part in one axis, so that their order is not known. */
function ambiguous(atoms: Atoms, { atoms: own }: Channel): boolean {
  return own.some((atom, i) => {
    const before = own[i - 1];
    return (
      before !== undefined &&
      atoms.axisOf(before) === atoms.axisOf(atom) &&
      atoms.part(before) === atoms.part(atom)
    );
  });
}

function slotsOf(
  atoms: Atoms,
  channels: readonly Channel[],
  divisions: Analysis['divisions'],
): ChannelSlot[] {
  const slots: ChannelSlot[] = [];
  const first = (channels[0] as Channel).atoms;
  for (let from = 0; from < first.length; ) {
    const id = atoms.axisOf(first[from] as number);
    let to = from + 1;
    while (to < first.length && atoms.axisOf(first[to] as number) === id) to++;
    const axis = atoms.axes[id] as AtomAxis;
    if (axis.source !== null) {
      const { index, ...source } = axis.source;
      const start = axis.first;
      const positions = channels.flatMap(({ atoms: own }) =>
        own.slice(from, to).map((atom) => atom - start),
      );
      const each = to - from;
      const slot = {
        ...source,
        weightIndex: index,
        each,
        positions: Int32Array.from(positions),
      };
      slots.push(slot);
      divisions.set(slot, axis.column);
    }
    from = to;
  }
  return slots;
}

/** Finds the groups, and keeps what is needed to rebuild the model at other sizes. */
export function analyse(who: string, model: tf.LayersModel): Analysis {
  requireModel(who, model);
  const found = trace(who, model);
  const { atoms } = found;
  const fixed = atoms.fixedChannels();
  const across = atoms.acrossChannels();
  const bySignature = new Map<string, Channel[]>();
  for (const channel of collect(atoms)) {
    const key = `${fixed.get(channel.root) ?? ''}|${signature(atoms, channel)}`;
    const members = bySignature.get(key);
    if (members === undefined) bySignature.set(key, [channel]);
    else members.push(channel);
  }
  const channels: Analysis['channels'] = new Map();
  const divisions: Analysis['divisions'] = new Map();
  const names = new Map<string, number>();
  const groups = [...bySignature.values()].map((members) => {
    const slots = slotsOf(atoms, members, divisions);
    const [first] = members as [Channel];
    const reason =
      fixed.get(first.root) ??
      (ambiguous(atoms, first)
        ? 'its channels lie in an order that cannot be told apart'
        : undefined);
    const axes = first.atoms.map((atom) => atoms.axes[atoms.axisOf(atom)] as AtomAxis);
    const name = axes.find(({ label }) => label !== null)?.label ?? 'padding';
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    const group: ChannelGroup = {
      id: count === 1 ? name : `${name}#${count}`,
      size: members.length,
      ...(reason !== undefined && { fixed: reason }),
      slots,
      across: [...new Set(members.flatMap(({ root }) => [...(across.get(root) ?? [])]))],
      tied: [],
    };
    members.forEach(({ root }, channel) => {
      channels.set(root, { group, channel });
    });
    return group;
  });
  const groupsOf = (own: readonly number[]) =>
    new Set(own.map((atom) => channels.get(atoms.channel(atom))?.group));
  const pairs = atoms.pairs.filter((sides) => sides.every((side) => groupsOf(side).size === 1));
  for (const tie of [...atoms.ties, ...pairs.map((sides) => sides.flat())]) {
    const tied = groupsOf(tie);
    const ids = [...tied].flatMap((group) => (group === undefined ? [] : [group.id]));
    for (const group of tied) {
      group?.tied.push(...ids.filter((id) => id !== group.id && !group.tied.includes(id)));
    }
  }
  return { ...found, graph: { groups, untracked: found.untracked }, channels, divisions };
}

/**
 * Finds which channels of which weights belong together: what must be permuted, kept or merged at once.
 *
 * The model is walked from its inputs to its outputs. Each position of a weight's axis is followed by index, through
 * reshapes, concatenations and slices; never matched by size. Layers it has no rule for are named in `untracked`, and
 * what they touch is fixed, as are the inputs and outputs of the network.
 *
 * @param model Any built LayersModel: Sequential or functional, models in models, shared layers; it is not changed.
 * @returns Groups in the order in which the model makes them.
 * @throws TypeError When it is no layers model.
 * @throws Error When it is masked: bake it first.
 * @example
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ name: 'a', units: 4, inputShape: [2] }), tf.layers.dense({ name: 'b', units: 1 })],
 * });
 * const [input, hidden, output] = channelGraph(model).groups;
 * hidden.id; // a
 * hidden.slots.map(({ layer, weight, axis }) => `${layer}.${weight}[${axis}]`); // a.kernel[1], a.bias[0], b.kernel[0]
 * output.fixed; // output 'b' of the network
 */
export function channelGraph(model: tf.LayersModel): ChannelGraph {
  return analyse('channelGraph', model).graph;
}
